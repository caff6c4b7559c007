import type { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { refusal } from './refuse.ts';

/** Ends the wait for operations that take longer than they may. What they have begun goes on, and is seen later. */
export function deadline(seconds: number): Plugin {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn((args) => {
        const result: unknown = executeFn(args);
        return result instanceof Promise
          ? within(seconds, result, () => ({ errors: [tooLate(seconds)] }))
          : result;
      });
    },
  };
}

/** @param late gives what is taken for the result where that has not come within so many seconds */
export async function within<T>(seconds: number, result: Promise<T>, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late()), seconds * 1000);
  });
  try {
    return await Promise.race([result, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

export function tooLate(seconds: number): GraphQLError {
  return refusal(
    'TIMED_OUT',
    `This took longer than ${seconds} s (limits.operationSeconds). What it changes, if anything, will be seen: ask again for less, or later.`,
    // It is not the client that is wrong.
    { http: { status: 504, spec: true } },
  );
}
