import pg from 'pg';
import type { ManyAccounts } from './many-accounts.ts';
import { configFile, type RunningProcess, runScript } from './process.ts';
import { until } from './wait.ts';

export interface Replica extends RunningProcess {
  readonly url: string;
  /** Where its requests come to at the simulated providers, as those of no other process. */
  readonly address: string;
}

export interface Replicas extends AsyncDisposable {
  /** Those that were started and have not ended. */
  readonly running: readonly Replica[];
  /** Starts one more; resolves once it is ready. */
  start(): Promise<Replica>;
  /** How often each account was taken by any of them. */
  takings(): Promise<ReadonlyMap<string, number>>;
  /** The replica that takes care of an account, and the others. */
  holderOf(account: string): Promise<{ readonly holder: Replica; readonly others: readonly Replica[] }>;
  /** Waits until these campaigns are known. */
  allKnown(ids: readonly string[]): Promise<void>;
  /** How many campaigns are known. */
  knownCount(): Promise<number>;
  /** How many accounts each of those that hold some holds, most first. */
  shares(): Promise<readonly number[]>;
}

/** Processes of the service over one database, all alike. @param more goes over their configuration */
export function createReplicas(database: string, accounts: ManyAccounts, more: object = {}): Replicas {
  const stack = new AsyncDisposableStack();
  const running = new Set<Replica>();
  let started = 0;

  async function start(): Promise<Replica> {
    started += 1;
    const address = `127.0.0.${10 + started}`;
    const service = stack.use(
      runScript('src/main.ts', [
        '--config',
        configFile({
          server: { port: 0 },
          database,
          polling: { fastest: 0.5, slowest: 60 },
          ...accounts.configurationFor(address),
          ...more,
        }),
      ]),
    );
    const replica = Object.assign(service, { address, url: await service.ready() });
    running.add(replica);
    service.ended.then(() => running.delete(replica));
    return replica;
  }

  return {
    get running() {
      return [...running];
    },
    start,

    async holderOf(account) {
      const all = [...running];
      const texts = await Promise.all(all.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
      const line = `campaign_graph_followed_campaigns{account="${account}"}`;
      const holders = all.filter((_, place) => texts[place]?.includes(line));
      const [holder] = holders;
      if (!holder || holders.length > 1) throw new Error(`${holders.length} replicas hold ${account}.`);
      return { holder, others: all.filter((one) => one !== holder) };
    },

    async takings() {
      const rows = await query(database, 'select account, fence::int from leases');
      return new Map(rows.map(({ account, fence }) => [account, fence]));
    },

    async allKnown(ids) {
      const keys = ids.map((id) => id.slice('campaign:'.length));
      const text = 'select count(*)::int as count from campaigns where key = any($1)';
      await until(async () => {
        const [row] = await query(database, text, [keys]);
        return row.count === ids.length;
      }, 60_000);
    },

    async knownCount() {
      const [row] = await query(database, 'select count(*)::int as count from campaigns');
      return row.count;
    },

    async shares() {
      const rows = await query(
        database,
        'select count(*)::int as count from leases where holder is not null group by holder order by 1 desc',
      );
      return rows.map(({ count }) => count);
    },

    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function query(url: string, text: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
