import type { Account } from '../accounts/account.ts';
import type { Kind } from '../accounts/demand.ts';
import {
  type CampaignStatus,
  hasEnded,
  isActive,
  isBeforeStart,
  type KnownStatus,
} from '../model/campaign.ts';
import { createListing, type Listing } from './listing.ts';
import { paceOf, type StoredFacts } from './pace.ts';
import { createDueQueue, type Tracked } from './queue.ts';
import { createWaits } from './waits.ts';
import type { Watching } from './watching.ts';

export interface SchedulingParts {
  readonly account: Account;
  readonly watching: Watching;
  readonly now: () => number;
  /** Every campaign that is polled, by key. */
  readonly tracked: ReadonlyMap<string, Tracked>;
  /** How many campaigns in a status one request reads together, where there are so many; null: in whichever status. */
  readonly together: (status: CampaignStatus | null) => number;
  /** How far apart waits are made that would be equal, as a part of them. */
  readonly jitter: number;
  /** Told whenever a campaign's turn has been set, ms since 1970. */
  readonly onMoved: (dueAt: number) => void;
}

/** When each campaign of an account is due, by what is known of it and by who looks: decided here, and nowhere else. */
export function createScheduling({
  account,
  watching,
  now,
  tracked,
  together,
  jitter,
  onMoved,
}: SchedulingParts) {
  const { fastestMs } = account.polling;
  const queue = createDueQueue();
  const active = new Set<Tracked>();
  /** Campaigns of which only the list tells. */
  const listOnly = new Set<Tracked>();
  /** Campaigns of which nothing is known yet. */
  const unknown = new Set<Tracked>();
  const waits = createWaits({ budget: account.budget, now, putAt, jitter });
  const listing: Listing = createListing({
    ...{ account, watching, now },
    isBatched: () => together(null) > 1,
    activeCount: () => active.size,
    waitFor: waits.setList,
  });

  /** Makes a campaign due, never sooner than the floor allows. */
  function putAt(one: Tracked, dueAt: number): void {
    // Forgotten while it was being read.
    if (tracked.get(one.key) !== one) return;
    one.dueAt = Math.max(dueAt, one.lastReadAt + fastestMs);
    queue.put(one);
    onMoved(one.dueAt);
  }

  /** Makes a campaign due at once, and lets it go before others. */
  function putFirst(one: Tracked): void {
    one.asked = true;
    one.urgent = true;
    putAt(one, now());
  }

  /** The status, where a list tells it in time and the counters are a call of their own; null: both are to be read. */
  function knownStatus(one: Tracked): KnownStatus | null {
    const { facts, providerStatus } = one;
    if (!account.readCounters || !facts || facts.deleted || providerStatus === null) return null;
    if (isBeforeStart(facts.status) || !listing.tellsStatusOf(one)) return null;
    return { status: facts.status, providerStatus };
  }

  /** How many requests a read of a campaign takes: a part of one, where others come along. */
  function costOf(one: Tracked, kind: Kind, { status }: StoredFacts): number {
    const most = together(status);
    const others = Math.max(1, waits.count(kind));
    if (most > 1) return Math.ceil(others / most) / others;
    return knownStatus(one) ? 1 : account.provider.requestsPerRead;
  }

  /** Sets when a campaign is due, unless somebody has asked for a look at it that has not been made. */
  function schedule(one: Tracked, facts: StoredFacts | null = one.facts): void {
    if (!facts) return;
    const { interest, unchanged } = one;
    const isForStatus = interest === 'status' && !one.leftToList;
    const isWatched = interest === 'everything' || isForStatus || watching.isQueried(one.key);
    const listed = listing.coverOf(one);
    const pace = paceOf({ ...facts, unchanged, listed, watched: isWatched }, account.polling, now());
    one.facts = facts;
    unknown.delete(one);
    one.urgent = isWatched;
    one.why = pace.why;
    if (isActive({ status: facts.status, deletedAt: facts.deleted ? 0 : null })) active.add(one);
    else active.delete(one);
    const { intervalMs } = pace;
    listing.note(one, isOver(facts) ? 'nothing' : interest, isWatched && intervalMs === fastestMs);
    if (intervalMs === null && !isOver(facts)) listOnly.add(one);
    else listOnly.delete(one);
    const kind = isWatched ? 'watched' : 'others';
    waits.set(one, intervalMs === null ? null : { kind, intervalMs, requests: costOf(one, kind, facts) });
    if (one.asked) putFirst(one);
  }

  return {
    ...{ queue, active, listOnly, unknown, waits, listing, putAt, putFirst, knownStatus, schedule },

    /** The active first, then the rest. @param areNew whether they wait for their first look, and for nothing else */
    spread(all: readonly Tracked[], areNew: boolean): void {
      const { first = [], rest = [] } = Object.groupBy(all, (one) => (active.has(one) ? 'first' : 'rest'));
      waits.spread(rest, waits.spread(first, now(), areNew), areNew);
    },

    drop(one: Tracked): void {
      one.dueAt = Number.POSITIVE_INFINITY;
      active.delete(one);
      listOnly.delete(one);
      unknown.delete(one);
      listing.forget(one);
      waits.drop(one);
    },
  };
}

export type Scheduling = ReturnType<typeof createScheduling>;

/** Whether its status changes no more, as far as is known. */
export function isOver({ status, deleted }: StoredFacts): boolean {
  return deleted || hasEnded(status);
}
