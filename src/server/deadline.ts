import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { refusal } from './refuse.ts';

/** Ends the wait for operations that take longer than they may. What they have begun goes on, and is seen later. */
export function deadline(seconds: number): Plugin {
  const late = (): ExecutionResult => ({
    errors: [
      refusal(
        'TIMED_OUT',
        `This took longer than ${seconds} s (limits.operationSeconds). What it changes, if anything, will be seen: ask again for less, or later.`,
        // It is not the client that is wrong.
        { http: { status: 504, spec: true } },
      ),
    ],
  });
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn((args) => {
        const result: unknown = executeFn(args);
        return result instanceof Promise ? within(seconds * 1000, result, late) : result;
      });
    },
  };
}

async function within<T>(ms: number, result: Promise<T>, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late()), ms);
  });
  try {
    return await Promise.race([result, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
