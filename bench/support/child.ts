import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';

/** What a child answers: a value, or why there is none. */
const answerSchema = z.object({ id: z.number(), value: z.unknown(), error: z.string().optional() });

/** A process of its own that does what it is asked, one thing after another. */
export interface Child extends AsyncDisposable {
  ask(what: string, value?: unknown): Promise<unknown>;
}

/** @param name a file beside this one that calls `answerParent` */
export function startChild(name: string, execArgv: readonly string[] = []): Child {
  const path = new URL(name, import.meta.url);
  const child = fork(path, { execArgv: [...execArgv], serialization: 'advanced' });
  let asked = 0;
  return {
    async ask(what, value) {
      const id = ++asked;
      const answer = answerOf(child, id);
      child.send({ id, what, value });
      return answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

function answerOf(child: ChildProcess, id: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const end = () => {
      child.off('message', hear);
      child.off('exit', die);
    };
    const hear = (message: unknown) => {
      const answer = answerSchema.parse(message);
      if (answer.id !== id) return;
      end();
      if (answer.error === undefined) resolve(answer.value);
      else reject(new Error(answer.error));
    };
    const die = (code: number | null) => {
      end();
      reject(new Error(`The process ended (${code}) before it answered.`));
    };
    child.on('message', hear);
    child.on('exit', die);
  });
}

const questionSchema = z.object({ id: z.number(), what: z.string(), value: z.unknown() });

/** The child's side: answers questions by name until the parent lets go, then stops. */
export function answerParent(
  answers: Readonly<Record<string, (value: unknown) => unknown>>,
  stop: () => Promise<void>,
): void {
  process.on('message', async (message) => {
    const { id, what, value } = questionSchema.parse(message);
    try {
      const answer = answers[what];
      if (!answer) throw new Error(`Nobody here knows "${what}".`);
      process.send?.({ id, value: await answer(value) });
    } catch (error) {
      process.send?.({ id, value: null, error: error instanceof Error ? error.stack : String(error) });
    }
  });
  process.once('disconnect', () => {
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}

/** How long the process has computed so far, in all its threads. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
