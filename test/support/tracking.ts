import type { Account } from '../../src/accounts/account.ts';
import { createBudget } from '../../src/accounts/budget.ts';
import { createHealth } from '../../src/accounts/health.ts';
import type { AccountList } from '../../src/accounts/list.ts';
import type { Campaign } from '../../src/model/campaign.ts';
import { type Facts, paceOf } from '../../src/polling/pace.ts';
import { createTracking, type Followed } from '../../src/polling/tracking.ts';
import { createWatching, type Watched } from '../../src/polling/watching.ts';
import { providers } from '../../src/providers/index.ts';
import { campaignWith } from './campaign.ts';

export const second = 1_000;
export const start = Date.parse('2026-03-01T12:00:00Z');
const polling = { fastestMs: 5 * second, slowestMs: 3_600 * second };

export interface TrackingOptions {
  /** Requests a minute; a fifth of them is people's. More than anything asks for, unless told otherwise. */
  readonly perMinute?: number;
  readonly requestsPerRead?: number;
  /** Whether counters are a call of their own. */
  readonly countersApart?: boolean;
  /** What the account's list tells; without, there is no list. */
  readonly covers?: AccountList['covers'];
}

export type TrackingAtHand = ReturnType<typeof openTracking>;

/** Campaigns of the account "shop", on a clock that stands still until it is moved. Nobody is asked. */
export function openTracking(options: TrackingOptions = {}) {
  let at = start;
  let moved = 0;
  const now = () => at;
  const watching = createWatching(now);
  const tracking = createTracking({
    account: stubAccount(options, now),
    watching,
    now,
    together: () => 1,
    jitter: 0,
    onMoved: () => {
      moved += 1;
    },
  });
  const trackedAs = (name: string) => tracking.get(`shop:${name}`);

  function tell(name: string, campaign: Partial<Campaign>, fromList: boolean): void {
    const whole = { ...campaignNamed(name), ...campaign };
    const { account, channel } = whole;
    const observed = { account, channel, externalId: name, reading: null, askedAt: at };
    tracking.observed(whole, { ...observed, cause: 'POLL', fromList });
  }
  return {
    ...tracking,
    watching,
    now,
    /** How often a campaign's turn may have come nearer. */
    moved: () => moved,
    pass(ms: number): void {
      at += ms;
    },
    /** What a read tells of a campaign. */
    read: (name: string, campaign: Partial<Campaign> = {}) => tell(name, campaign, false),
    /** A page of the list names a campaign, and says something new of it. */
    listNews(name: string, campaign: Partial<Campaign> = {}): void {
      tell(name, campaign, true);
      tracking.listed(name, `print of ${campaign.revision ?? 1}`, true, Number.POSITIVE_INFINITY);
    },
    /** A page of the list names campaigns, and says what it said before. */
    listAgain(...all: string[]): void {
      for (const name of all) tracking.listed(name, 'print', false, Number.POSITIVE_INFINITY);
    },
    /** In how many seconds a campaign is due. */
    dueIn: (name: string): number => ((trackedAs(name)?.dueAt ?? Number.NaN) - at) / second,
    watch: (...all: string[]) => watching.begin(byKey(...all)),
    /** As the poller does where a list of several did not tell of it. */
    setAlone(name: string): void {
      const one = trackedAs(name);
      if (one) one.alone = true;
    },
    /** Takes what is due, by name. */
    taken: (most: number): string[] =>
      tracking
        .take(most)
        .map(({ externalId }) => externalId)
        .toSorted(),
    /** As the poller does after a read. */
    release(name: string): void {
      const one = trackedAs(name);
      if (one) tracking.release([one]);
    },
  };
}

function stubAccount(
  { perMinute = 1_000_000, requestsPerRead = 1, countersApart = false, covers }: TrackingOptions,
  now: () => number,
): Account {
  const [provider] = providers;
  if (!provider) throw new Error('There is no provider.');
  const unasked = () => Promise.reject(new Error('Nothing is asked here.'));
  const pages = async function* () {};
  return {
    name: 'shop',
    provider: { ...provider, requestsPerRead },
    channel: 'EMAIL',
    polling,
    budget: createBudget([{ limit: perMinute, windowSeconds: 60 }], now),
    health: createHealth(now, second, () => {}),
    read: unasked,
    readAnew: unasked,
    readCounters: countersApart ? unasked : null,
    ask: unasked,
    list: covers ? { covers, pages, batch: null, inStatus: null } : null,
    changes: {},
    reports: null,
    closed: new AbortController().signal,
    close() {},
  };
}

function campaignNamed(externalId: string): Campaign {
  return campaignWith({ externalId, changedAt: start, observedAt: start });
}

/** How long a campaign that is SENDING waits by its pace, in seconds, unless told otherwise of it. */
export function waitOf(facts: Partial<Facts> = {}): number {
  const { status, scheduledAt, changedAt } = campaignNamed('1');
  const known = { status, scheduledAt, changedAt, statsFinal: false, deleted: false, unchanged: 0 };
  const { intervalMs } = paceOf({ ...known, listed: null, watched: false, ...facts }, polling, start);
  return (intervalMs ?? Number.POSITIVE_INFINITY) / second;
}

/** A campaign as the store knows it before the poller starts. */
export function followed(name: string, facts: Partial<Followed> = {}): Followed {
  const { key, externalId, status, scheduledAt, changedAt, revision, deletedAt } = campaignNamed(name);
  const known = { key, externalId, status, scheduledAt, changedAt, revision, deletedAt };
  return { ...known, statsFinal: false, ...facts };
}

export function byKey(...all: string[]): Watched {
  return { keys: new Set(all.map((name) => `shop:${name}`)), filter: null, fields: null };
}

export function byFilter(filter: Partial<NonNullable<Watched['filter']>>): Watched {
  return { keys: null, filter: { accounts: ['shop'], ...filter }, fields: null };
}

export const names = (count: number, prefix = 'c') =>
  Array.from({ length: count }, (_, place) => `${prefix}${place}`);
