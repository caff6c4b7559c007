import type { Account, Polling } from '../../src/accounts/account.ts';
import { createBudget } from '../../src/accounts/budget.ts';
import { createHealth } from '../../src/accounts/health.ts';
import type { AccountList, BatchRead, ListPage, StatusRead } from '../../src/accounts/list.ts';
import type { CampaignReading, CampaignStatus, KnownStatus } from '../../src/model/campaign.ts';
import { ProblemError } from '../../src/model/problem.ts';
import { providers } from '../../src/providers/index.ts';
import { statusFilters } from '../../src/providers/octeth/list.ts';
import type { Provider, RequestBudget } from '../../src/providers/provider.ts';
import { createArrivals } from './polling-arrivals.ts';
import type { Clock } from './polling-clock.ts';

/** As the service polls unless told otherwise. */
export const polling: Polling = { fastestMs: 5_000, slowestMs: 3_600_000 };

interface ListKind {
  readonly covers: 'everything' | 'status';
  readonly page: number;
  /** How many campaigns one request reads; null: one. */
  readonly batch: number | null;
  /** The statuses that it can be narrowed to. */
  readonly statuses: readonly CampaignStatus[];
}

const lists = {
  selzy: { covers: 'status', page: 1_000, batch: null, statuses: [] },
  bsg: { covers: 'status', page: 500, batch: null, statuses: [] },
  octeth: { covers: 'everything', page: 500, batch: 100, statuses: [...statusFilters.keys()] },
  appizer: null,
} satisfies Record<string, ListKind | null>;

export type ProviderName = keyof typeof lists;

/** Where counters are a call of their own. */
const countersApart: ReadonlySet<ProviderName> = new Set(['selzy']);

export const providerNames: readonly ProviderName[] = ['selzy', 'bsg', 'octeth', 'appizer'];

/** What stands behind a fake account. */
export interface Source {
  /** What a look at the campaign tells now. */
  read(externalId: string): CampaignReading | null;
  /** The same of its counters alone; null: it has none. */
  readCounters(externalId: string, known: KnownStatus): CampaignReading | null;
  /** How many campaigns the list names. */
  readonly count: number;
  /** What the list tells now, in part; no more than there are. */
  listed(from: number, to: number): readonly CampaignReading[];
}

export type RequestKind = 'list' | 'batch' | 'in status' | 'read' | 'counters';

export interface FakeParts {
  readonly name: ProviderName;
  readonly source: Source;
  readonly clock: Clock;
  /** As configured; the provider counts no other way, unless it tells. */
  readonly budgets: readonly RequestBudget[];
  /** What the provider counts besides, by the clock, and tells with each answer. */
  readonly told?: RequestBudget | null;
  /** Whether the list can be asked for by ids, where the documents say so. */
  readonly knowsIds?: boolean;
  /** How long a request takes, in ms; asked twice for each: there and back. */
  readonly latency: () => number;
  /** Told of every request as it comes in. @param externalId null: the list, or several */
  readonly onRequest: (kind: RequestKind, externalId: string | null) => void;
}

export function providerNamed(name: ProviderName): Provider {
  const provider = providers.find((one) => one.name === name);
  if (!provider) throw new Error(`There is no provider ${name}.`);
  return provider;
}

/** An account with the real budget and health, whose provider answers at once or in simulated time. */
export function createFakeAccount(parts: FakeParts) {
  const { name, source, clock, budgets, told = null, latency, onRequest } = parts;
  const provider = providerNamed(name);
  const budget = createBudget(budgets, clock.now);
  const health = createHealth(clock.now, polling.fastestMs, () => {});
  const arrivals = createArrivals(budgets, told, clock.now);

  async function request<T>(kind: RequestKind, id: string | null, answer: () => T): Promise<T> {
    for (let waitMs = budget.waitMs('poll'); waitMs > 0; waitMs = budget.waitMs('poll')) {
      await clock.sleep(Math.min(waitMs, 60_000));
    }
    budget.begin();
    await clock.sleep(latency());
    const limit = arrivals.count();
    onRequest(kind, id);
    const said = answer();
    await clock.sleep(latency());
    budget.end();
    // A window that is over by now says nothing of the next.
    if (limit && limit.resetAt > clock.now()) budget.hear(limit);
    health.succeeded();
    return said;
  }

  async function read(externalId: string) {
    const askedAt = clock.now();
    const reading = await request('read', externalId, () => source.read(externalId));
    // Further requests complete the answer of the first.
    for (let more = 1; more < provider.requestsPerRead; more += 1)
      await request('read', externalId, () => {});
    return { reading, askedAt };
  }

  async function readCounters(externalId: string, known: KnownStatus) {
    const askedAt = clock.now();
    const reading = await request('counters', externalId, () => source.readCounters(externalId, known));
    return { reading, askedAt };
  }

  const account: Account = {
    name,
    provider,
    channel: 'EMAIL',
    polling,
    budget,
    health,
    read,
    readAnew: async () => ({ reading: null, askedAt: clock.now() }),
    readCounters: countersApart.has(name) ? readCounters : null,
    list: lists[name] && createList(lists[name], parts, request),
    changes: {},
    reports: null,
    ask: (_about, ask, call = { priority: 'person' }) => ask(call),
    closed: new AbortController().signal,
    close() {},
  };
  return { account, arrivals };
}

type Ask = <T>(kind: RequestKind, id: string | null, answer: () => T) => Promise<T>;

function createList(
  { covers, page, batch, statuses }: ListKind,
  { source, clock, knowsIds = true }: FakeParts,
  request: Ask,
): AccountList {
  async function* pages(): AsyncGenerator<ListPage> {
    for (let from = 0; from < source.count; from += page) {
      const askedAt = clock.now();
      const readings = await request('list', null, () => source.listed(from, from + page));
      yield { readings, askedAt };
    }
  }

  const readBatch: BatchRead['read'] = async (externalIds) => {
    const askedAt = clock.now();
    const answers = await request('batch', null, () => externalIds.map(source.read));
    if (!knowsIds) throw new ProblemError('NOT_SUPPORTED', 'This provider lists no campaigns by their ids.');
    return { readings: answers.filter((reading) => reading !== null), askedAt };
  };

  const pagesInStatus: StatusRead['pages'] = async function* (status) {
    for (let [from, total] = [0, 1]; from < total; from += page) {
      const askedAt = clock.now();
      const all = await request('in status', null, () =>
        source.listed(0, source.count).filter((reading) => reading.status === status),
      );
      total = all.length;
      if (from < total) yield { readings: all.slice(from, from + page), askedAt };
    }
  };

  return {
    covers,
    pages,
    batch: batch === null ? null : { most: batch, read: readBatch },
    inStatus:
      statuses.length === 0 ? null : { statuses: new Set(statuses), pageSize: page, pages: pagesInStatus },
  };
}
