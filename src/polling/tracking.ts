import type { Account } from '../accounts/account.ts';
import type { Observed } from '../campaigns/observe.ts';
import {
  type Campaign,
  type CampaignStatus,
  campaignKey,
  hasEnded,
  isActive,
  type KnownStatus,
} from '../model/campaign.ts';
import { createListing } from './listing.ts';
import { createNamed } from './named.ts';
import { factsOf, paceOf, type StoredFacts } from './pace.ts';
import { createDueQueue, newlyTracked, type Tracked } from './queue.ts';
import { createTurns } from './turns.ts';
import { createWaits } from './waits.ts';
import { type Interest, type Watched, type Watching, wantsMoreThanStatus } from './watching.ts';

/** Campaigns that ended before this are not looked for when a list does not name them after a start. */
const longAgoMs = 30 * 24 * 3_600_000;
/** Before its start a campaign has no counters. */
const mayHaveCounters: ReadonlySet<CampaignStatus> = new Set(['SENDING', 'PAUSED', 'COMPLETED', 'CANCELED']);

/** A campaign that is followed already when the poller starts. */
export interface Followed extends Omit<StoredFacts, 'deleted'> {
  readonly key: string;
  readonly externalId: string;
  readonly revision: number;
  readonly deletedAt: number | null;
}

export interface TrackingParts {
  readonly account: Account;
  readonly watching: Watching;
  readonly now: () => number;
  /** Whether several campaigns are read by one request. */
  readonly isBatched: () => boolean;
  /** Told whenever a campaign's turn has been set, ms since 1970. */
  readonly onMoved: (dueAt: number) => void;
}

/** Requests for each campaign where one request reads several: some are due alone. */
const batchedCost = 0.1;

/** Which campaigns of an account are polled, and when each is due. */
export function createTracking({ account, watching, now, isBatched, onMoved }: TrackingParts) {
  const tracked = new Map<string, Tracked>();
  const queue = createDueQueue();
  const active = new Set<Tracked>();
  /** Campaigns of which only the list tells. */
  const listOnly = new Set<Tracked>();
  const waits = createWaits({ supply: account.budget.pollsPerMs, now, putAt });
  const listing = createListing({
    ...{ account, watching, isBatched, now },
    activeCount: () => active.size,
    waitFor: waits.setList,
  });
  const listCoversAll = account.list?.covers === 'everything';

  const named = createNamed({ account, listing, tracked, now, putAt, takeFromList });

  const stopListening = watching.onMore(hurry);

  function track(key: string, externalId: string): Tracked {
    const known = tracked.get(key);
    if (known) return known;
    const fresh = newlyTracked(key, externalId, now());
    tracked.set(key, fresh);
    return fresh;
  }

  /** Makes a campaign due, never sooner than the floor allows. */
  function putAt(one: Tracked, dueAt: number): void {
    // Forgotten while it was being read.
    if (tracked.get(one.key) !== one) return;
    one.dueAt = Math.max(dueAt, one.lastReadAt + account.polling.fastestMs);
    queue.put(one);
    onMoved(one.dueAt);
  }

  /** How many requests a read of a campaign takes. */
  function costOf(one: Tracked): number {
    if (isBatched()) return batchedCost;
    return knownStatus(one) ? 1 : account.provider.requestsPerRead;
  }

  /** The status, where a list tells it in time and the counters are a call of their own; null: both are to be read. */
  function knownStatus(one: Tracked): KnownStatus | null {
    const { facts, providerStatus } = one;
    if (!account.readCounters || !facts || facts.deleted || providerStatus === null) return null;
    if (!mayHaveCounters.has(facts.status) || !listing.tellsStatusOf(one)) return null;
    return { status: facts.status, providerStatus };
  }

  function schedule(one: Tracked, facts: StoredFacts, interest: Interest, isQueried: boolean): void {
    const isWatched = isQueried || interest === 'everything' || (interest === 'status' && !one.leftToList);
    const { unchanged } = one;
    const { intervalMs, why } = paceOf(
      { ...facts, unchanged, listed: listing.covers(), watched: isWatched },
      account.polling,
      now(),
    );
    one.facts = facts;
    one.urgent = isWatched;
    one.why = why;
    const mayMove = isActive({ status: facts.status, deletedAt: facts.deleted ? 0 : null });
    if (mayMove) active.add(one);
    else active.delete(one);
    listing.note(
      one,
      isOver(facts) ? 'nothing' : interest,
      isWatched && intervalMs === account.polling.fastestMs,
    );
    if (intervalMs === null && !isOver(facts)) listOnly.add(one);
    else listOnly.delete(one);
    const kind = isWatched ? 'watched' : 'others';
    waits.set(one, intervalMs === null ? null : { kind, intervalMs, requests: costOf(one) });
  }

  /** Notes what subscriptions want of a campaign, and schedules it by that. */
  function scheduleFor(campaign: Campaign, one: Tracked): void {
    const interest = watching.subscribedTo(campaign);
    one.leftToList = interest === 'status' && listing.servesStatus();
    one.watchedAs = { version: watching.version(), byList: listing.servesStatus(), interest };
    schedule(one, factsOf(campaign), interest, watching.isQueried(one.key));
  }

  /** Somebody has begun to look: what was to be read late is read at once, or as soon as the floor allows. */
  function hurry(watched: Watched): void {
    const { keys, filter } = watched;
    const looked = [...(keys ?? [])].flatMap((key) => tracked.get(key) ?? []);
    // Of what else a filter asks for, nothing is known here: the read will tell.
    if (filter?.accounts.includes(account.name)) {
      for (const one of [...waits.members(), ...listOnly]) {
        if (!filter.statuses || (one.facts && filter.statuses.includes(one.facts.status))) looked.push(one);
      }
    }
    const isStatusAlone = !wantsMoreThanStatus(watched);
    if (isStatusAlone)
      for (const one of looked) if (one.facts && !isOver(one.facts)) listing.note(one, 'status', false);
    const byList = isStatusAlone && listing.servesStatus();
    for (const one of looked) {
      if (byList) one.leftToList = true;
      else bringForward(one);
    }
  }

  /** Those that were left to a list that does not come round often enough any more, or not at all. */
  function takeFromList(): void {
    if (listing.servesStatus()) return;
    for (const one of tracked.values()) {
      if (!one.leftToList) continue;
      one.leftToList = false;
      bringForward(one);
    }
    if (!listing.hasGoneAway()) return;
    const all = [...listOnly];
    for (const one of all) if (one.facts) schedule(one, one.facts, 'nothing', false);
    waits.spread(all, now());
  }

  function bringForward(one: Tracked): void {
    if (one.facts && isOver(one.facts) && one.dueAt === Number.POSITIVE_INFINITY) return;
    if (one.facts?.deleted) return;
    one.unchanged = 0;
    putFirst(one);
  }

  /** Makes a campaign due at once, and lets it go before others. */
  function putFirst(one: Tracked): void {
    one.urgent = true;
    putAt(one, now());
  }

  function forget(key: string): void {
    const one = tracked.get(key);
    if (!one) return;
    one.dueAt = Number.POSITIVE_INFINITY;
    tracked.delete(key);
    active.delete(one);
    listOnly.delete(one);
    listing.forget(one);
    waits.drop(one);
  }

  return {
    putAt,
    forget,
    stop: stopListening,
    nextDueAt: () => queue.nextDueAt(),
    count: () => tracked.size,
    activeCount: () => active.size,
    /** How many times longer campaigns wait than they would if there were requests enough for all. */
    stretch: waits.stretch,
    knownStatus,
    listing,
    /** Whether the list tells of a campaign before it is read by itself, if it is. */
    comesWithList: (one: Tracked): boolean => listing.works() && (listCoversAll || listOnly.has(one)),
    ...named,
    ...createTurns({ queue, active, fastestMs: account.polling.fastestMs, now, putAt }),
    get: (key: string): Tracked | null => tracked.get(key) ?? null,
    all: (): Iterable<Tracked> => tracked.values(),

    /** What the store knows to be followed is looked at soon, the active first, unless it has ended for good. */
    resume(campaigns: readonly Followed[]): void {
      for (const { key, externalId, revision, deletedAt, ...facts } of campaigns) {
        const one = track(key, externalId);
        one.revision = revision;
        schedule(one, { ...facts, deleted: deletedAt !== null }, 'nothing', false);
        // As if a round before the first had named it, so that what has gone meanwhile is missed. What has long ended is
        // too old for some lists, and nobody deletes it.
        const isOld = hasEnded(facts.status) && now() - facts.changedAt > longAgoMs;
        if (deletedAt === null && !isOld) one.listedIn = 0;
      }
      const all = campaigns.flatMap(({ key }) => tracked.get(key) ?? []);
      const { first = [], rest = [] } = Object.groupBy(all, (one) => (active.has(one) ? 'first' : 'rest'));
      waits.spread(rest, waits.spread(first, now()));
    },

    /** A campaign that nothing is known of yet. */
    add(externalId: string): void {
      const key = campaignKey(account.name, externalId);
      if (!tracked.has(key)) putAt(track(key, externalId), now());
    },

    /** A campaign that is to be looked at now, whether anything is known of it or not. */
    soon(externalId: string): void {
      const one = track(campaignKey(account.name, externalId), externalId);
      // A read that is under way was asked for too early.
      one.again = one.reading;
      putFirst(one);
    },

    /** After any reading, whoever asked for it. */
    observed(campaign: Campaign, { fromList, countersAlone, askedAt }: Observed): void {
      if (!campaign.followed) {
        forget(campaign.key);
        return;
      }
      const fresh = !tracked.has(campaign.key);
      const one = track(campaign.key, campaign.externalId);
      const changed = one.revision !== campaign.revision;
      one.revision = campaign.revision;
      if (!countersAlone) one.askedAt = Math.max(one.askedAt, askedAt);
      // Until it has been read whole, the list's word is not all that is to be known.
      if (!fromList || one.providerStatus !== null) one.providerStatus = campaign.providerStatus;
      if (fromList && !listCoversAll) {
        if (!fresh && !changed) return;
        one.unchanged = 0;
        // The list has told of something new: the rest of it is worth a look at once.
        scheduleFor(campaign, one);
        putFirst(one);
        return;
      }
      one.lastReadAt = now();
      one.unchanged = changed ? 0 : one.unchanged + 1;
      scheduleFor(campaign, one);
      if (fromList) named.leaveToList(one);
    },

    /**
     * A read has said what the last one did, and nothing else has been seen of the campaign since.
     * @returns false: it can't be told who looks at it now without the campaign itself
     */
    sawAgain(one: Tracked): boolean {
      const { facts, watchedAs } = one;
      const isKnown =
        watchedAs?.version === watching.version() && watchedAs.byList === listing.servesStatus();
      if (tracked.get(one.key) !== one || !facts || !isKnown) return false;
      one.lastReadAt = now();
      one.unchanged += 1;
      schedule(one, facts, watchedAs.interest, watching.isQueried(one.key));
      return true;
    },

    /** Its counters were asked for alone, and there are none. */
    hadNoCounters(one: Tracked): void {
      one.lastReadAt = now();
      if (this.sawAgain(one)) return;
      // Who looks at it now is told by a read of the whole.
      one.providerStatus = null;
      putAt(one, now());
    },
  };
}

/** Whether its status changes no more, as far as is known. */
function isOver({ status, deleted }: StoredFacts): boolean {
  return deleted || hasEnded(status);
}

export type Tracking = ReturnType<typeof createTracking>;
