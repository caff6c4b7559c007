import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Child, startChild } from './child.ts';
import { createDatabase } from './databases.ts';
import { account } from './fanout-message.ts';
import { type PostgresCosts, postgresCosts } from './postgres-costs.ts';
import { startOptions } from './report.ts';

/** A replica, and the accounts that it takes care of. */
export interface Replica {
  readonly child: Child;
  /** Of its WebSocket endpoint. */
  readonly url: string;
  readonly accounts: readonly string[];
}

export interface ReplicaSet extends AsyncDisposable {
  /** Of PostgreSQL. */
  readonly database: string;
  /** The first of them takes care of the account whose campaigns clients look at. */
  readonly replicas: readonly Replica[];
  /** What they and PostgreSQL have spent so far. */
  costs(): Promise<{ readonly replicasCpuMs: number; readonly postgres: PostgresCosts }>;
}

const settleMs = 120_000;

/** Replicas in a process each, on a PostgreSQL of their own, once they have shared out the accounts. */
export async function startReplicas(count: number, accountCount = count): Promise<ReplicaSet> {
  const started: AsyncDisposable[] = [];
  const stop = async () => {
    for (const one of started.toReversed()) await one[Symbol.asyncDispose]();
  };
  try {
    const database = await createDatabase('postgres');
    started.push(database);
    const names = Array.from({ length: accountCount }, (_, place) =>
      place === 0 ? account : `other-${place}`,
    );
    const config = configFor(database.url, names);
    const running: { readonly child: Child; readonly url: string }[] = [];
    for (let place = 0; place < count; place += 1) {
      const child = startChild('replica-process.ts', ['--expose-gc', ...startOptions()]);
      started.push(child);
      running.push({ child, url: z.string().parse(await child.ask('start', config)) });
    }
    const replicas = await shared(running, names);
    return {
      database: database.url,
      replicas: replicas.toSorted(
        (one, other) => Number(other.accounts.includes(account)) - Number(one.accounts.includes(account)),
      ),
      async costs() {
        const each = await Promise.all(replicas.map(({ child }) => child.ask('cpuMs')));
        const all = z.array(z.number()).parse(each);
        return {
          replicasCpuMs: all.reduce((sum, one) => sum + one, 0),
          postgres: await postgresCosts(database.url),
        };
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configFor(database: string, names: readonly string[]) {
  return {
    server: { port: 0 },
    database,
    // Nothing is there, and nothing is asked: the changes come from the bench. Accounts with one key would go together.
    accounts: names.map((name) => ({
      name,
      provider: 'appizer',
      apiKey: `none-${name}`,
      baseUrl: 'http://127.0.0.1:9',
    })),
    polling: { fastest: 3_600, slowest: 3_600 },
  };
}

/** Waits until each has its share. */
async function shared(
  running: readonly { readonly child: Child; readonly url: string }[],
  names: readonly string[],
): Promise<Replica[]> {
  const tooLong = AbortSignal.timeout(settleMs);
  for (;;) {
    tooLong.throwIfAborted();
    await delay(1_000);
    const replicas: Replica[] = [];
    for (const one of running)
      replicas.push({ ...one, accounts: z.array(z.string()).parse(await one.child.ask('held', names)) });
    const counts = replicas.map(({ accounts }) => accounts.length);
    const isWhole = counts.reduce((sum, one) => sum + one, 0) === names.length;
    if (isWhole && Math.max(...counts) - Math.min(...counts) <= 1) return replicas;
  }
}
