import type { Account, AccountList, Polling } from '../../src/accounts/account.ts';
import { createBudget } from '../../src/accounts/budget.ts';
import { createHealth } from '../../src/accounts/health.ts';
import type { CampaignReading } from '../../src/model/campaign.ts';
import { providers } from '../../src/providers/index.ts';
import type { Provider, RequestBudget } from '../../src/providers/provider.ts';
import type { Clock } from './polling-clock.ts';

/** As the service polls unless told otherwise. */
export const polling: Polling = { fastestMs: 5_000, slowestMs: 3_600_000 };

interface ListKind {
  readonly covers: 'everything' | 'status';
  readonly page: number;
  /** How many campaigns one request reads; null: one. */
  readonly batch: number | null;
}

const lists = {
  selzy: { covers: 'status', page: 10_000, batch: null },
  bsg: { covers: 'status', page: 500, batch: null },
  octeth: { covers: 'everything', page: 500, batch: 100 },
  appizer: null,
} as const satisfies Record<string, ListKind | null>;

export type ProviderName = keyof typeof lists;

export const providerNames: readonly ProviderName[] = ['selzy', 'bsg', 'octeth', 'appizer'];

/** What stands behind a fake account. */
export interface Source {
  /** What a look at the campaign tells now. */
  read(externalId: string): CampaignReading | null;
  /** How many campaigns the list names. */
  readonly count: number;
  /** What the list tells now, in part; no more than there are. */
  listed(from: number, to: number): readonly CampaignReading[];
}

export interface FakeParts {
  readonly name: ProviderName;
  readonly source: Source;
  readonly clock: Clock;
  readonly budgets: readonly RequestBudget[];
  /** How long a request takes, in ms; asked twice for each: there and back. */
  readonly latency: () => number;
  /** Told of every request as it comes in. @param externalId null: the list, or several */
  readonly onRequest: (kind: 'list' | 'batch' | 'read', externalId: string | null) => void;
}

export function providerNamed(name: ProviderName): Provider {
  const provider = providers.find((one) => one.name === name);
  if (!provider) throw new Error(`There is no provider ${name}.`);
  return provider;
}

/** An account with the real budget and health, whose provider answers at once or in simulated time. */
export function createFakeAccount({ name, source, clock, budgets, latency, onRequest }: FakeParts) {
  const provider = providerNamed(name);
  const budget = createBudget(budgets, clock.now);
  const health = createHealth(clock.now, polling.fastestMs, () => {});
  const arrivals = createArrivals(budgets, clock.now);

  async function request<T>(kind: 'list' | 'batch' | 'read', id: string | null, answer: () => T): Promise<T> {
    for (let waitMs = budget.waitMs('poll'); waitMs > 0; waitMs = budget.waitMs('poll')) {
      await clock.sleep(Math.min(waitMs, 60_000));
    }
    budget.begin();
    await clock.sleep(latency());
    arrivals.count();
    onRequest(kind, id);
    const told = answer();
    await clock.sleep(latency());
    budget.end();
    health.succeeded();
    return told;
  }

  function createList({ covers, page, batch }: ListKind): AccountList {
    return {
      covers,
      async *pages() {
        for (let from = 0; from < source.count; from += page) {
          const askedAt = clock.now();
          const readings = await request('list', null, () => source.listed(from, from + page));
          yield { readings, askedAt };
        }
      },
      batch:
        batch === null
          ? null
          : {
              most: batch,
              async read(externalIds) {
                const askedAt = clock.now();
                const answers = await request('batch', null, () => externalIds.map(source.read));
                return { readings: answers.filter((reading) => reading !== null), askedAt };
              },
            },
    };
  }

  const kind = lists[name];
  const account: Account = {
    name,
    provider,
    channel: 'EMAIL',
    polling,
    budget,
    health,
    async read(externalId) {
      const askedAt = clock.now();
      const reading = await request('read', externalId, () => source.read(externalId));
      // Further requests complete the answer of the first.
      for (let more = 1; more < provider.requestsPerRead; more += 1)
        await request('read', externalId, () => {});
      return { reading, askedAt };
    },
    readAnew: async () => ({ reading: null, askedAt: clock.now() }),
    list: kind && createList(kind),
    changes: {},
    reports: null,
    ask: (_about, ask, call = { priority: 'person' }) => ask(call),
  };
  return { account, arrivals };
}

/** The provider's own count: of any stretch of a window's length, whenever it begins. */
function createArrivals(budgets: readonly RequestBudget[], now: () => number) {
  const windows = budgets.map(({ limit, windowSeconds }) => ({
    limit,
    lengthMs: windowSeconds * 1000,
    times: new Float64Array(limit),
  }));
  let made = 0;
  let tooMany = 0;
  return {
    count(): void {
      for (const { limit, lengthMs, times } of windows) {
        // The one that came `limit` requests ago must have left the window.
        if (made >= limit && (times[made % limit] ?? 0) > now() - lengthMs) tooMany += 1;
        times[made % limit] = now();
      }
      made += 1;
    },
    made: () => made,
    /** @throws when any request has passed a limit */
    assertWithin(): void {
      if (tooMany > 0) throw new Error(`${tooMany} of ${made} requests passed the budget.`);
    },
  };
}
