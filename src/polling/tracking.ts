import type { Account } from '../accounts/account.ts';
import type { Observed } from '../campaigns/observe.ts';
import { type Campaign, campaignKey, hasEnded, isActive } from '../model/campaign.ts';
import { factsOf, paceOf, type StoredFacts } from './pace.ts';
import { createDueQueue, newlyTracked, type Tracked } from './queue.ts';
import { createWaits } from './waits.ts';
import { type Watched, type Watching, wantsMoreThanStatus } from './watching.ts';

/** Campaigns that ended before this are not looked for when a list does not name them after a start. */
const longAgoMs = 30 * 24 * 3_600_000;
/** A campaign that is due within this part of its wait is read with others that are due. */
const earlyShare = 0.25;

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
  /** How many requests a read of one campaign takes; several can be read by one. */
  readonly requestsPerRead: () => number;
  /** Told whenever a campaign's turn may have come nearer. */
  readonly onMoved: () => void;
}

/** Which campaigns of an account are polled, and when each is due. */
export function createTracking({ account, watching, now, requestsPerRead, onMoved }: TrackingParts) {
  const tracked = new Map<string, Tracked>();
  const queue = createDueQueue();
  const active = new Set<Tracked>();
  const waits = createWaits({ supply, now, putAt });
  const listCoversAll = account.list?.covers === 'everything';
  /** Complete rounds so far: one that fails half-way says nothing of what it did not name. */
  let rounds = 0;
  let listInterval = account.polling.fastestMs;

  watching.onMore(hurry);

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
    onMoved();
  }

  /** Reads per ms that there are; the list has its part of the budget too. */
  function supply(): number {
    const all = account.budget.pollsPerMs();
    const forList = rounds > 0 ? 1 / listInterval : 0;
    return Math.max(all - forList, all / 2) / requestsPerRead();
  }

  function schedule(one: Tracked, facts: StoredFacts, isWatched: boolean): void {
    const listed = rounds > 0 ? (account.list?.covers ?? null) : null;
    const { unchanged } = one;
    const { intervalMs, why } = paceOf(
      { ...facts, unchanged, listed, watched: isWatched },
      account.polling,
      now(),
    );
    one.facts = facts;
    one.urgent = isWatched;
    one.why = why;
    if (isActive({ status: facts.status, deletedAt: facts.deleted ? 0 : null })) active.add(one);
    else active.delete(one);
    waits.set(one, isWatched ? 'watched' : 'others', intervalMs);
  }

  /** Whether somebody looks at what only reads of the campaign itself can tell. */
  function isWatched(one: Tracked, campaign: Campaign): boolean {
    const interest = watching.subscribedTo(campaign);
    const isWatched = interest === 'everything' || (interest === 'status' && !listTellsStatus());
    one.watchedAs = { version: watching.version(), byList: listTellsStatus(), isWatched };
    return isWatched || watching.isQueried(one.key);
  }

  /** Whether who wants the status alone is served by the list. */
  function listTellsStatus(): boolean {
    return account.list?.covers === 'status' && rounds > 0;
  }

  /** Somebody has begun to look: what was to be read late is read at once, or as soon as the floor allows. */
  function hurry(watched: Watched): void {
    const { keys, filter } = watched;
    if (!wantsMoreThanStatus(watched) && listTellsStatus()) return;
    for (const key of keys ?? []) {
      const one = tracked.get(key);
      if (one) bringForward(one);
    }
    // Of what else a filter asks for, nothing is known here: the read will tell.
    if (!filter?.accounts.includes(account.name)) return;
    for (const one of waits.members()) {
      if (!filter.statuses || (one.facts && filter.statuses.includes(one.facts.status))) bringForward(one);
    }
  }

  function bringForward(one: Tracked): void {
    if (one.dueAt === Number.POSITIVE_INFINITY || one.facts?.deleted) return;
    one.unchanged = 0;
    putFirst(one);
  }

  /** Makes a campaign due at once, and lets it go before others. */
  function putFirst(one: Tracked): void {
    one.urgent = true;
    putAt(one, now());
  }

  /**
   * A list that tells all comes round again, and only when it does not is the campaign read by itself; unless the list
   * comes round more rarely than the campaign is due.
   */
  function leaveToList(one: Tracked): void {
    if (one.dueAt === Number.POSITIVE_INFINITY) return;
    const isSoon = listInterval <= (one.urgent ? 1 : 2) * one.intervalMs;
    putAt(one, isSoon ? one.dueAt + 2 * listInterval : one.dueAt);
  }

  function forget(key: string): void {
    const one = tracked.get(key);
    if (!one) return;
    one.dueAt = Number.POSITIVE_INFINITY;
    tracked.delete(key);
    active.delete(one);
    waits.drop(one);
  }

  return {
    putAt,
    forget,
    nextDueAt: () => queue.nextDueAt(),
    count: () => tracked.size,
    activeCount: () => active.size,
    /** How many times longer campaigns wait than they would if there were requests enough for all. */
    stretch: waits.stretch,
    /** Whether the list has ever been read whole. */
    listWorks: () => rounds > 0,
    get: (key: string): Tracked | null => tracked.get(key) ?? null,
    all: (): Iterable<Tracked> => tracked.values(),

    /**
     * Takes the campaigns whose turn it is, if any are due: those that one request can read.
     * @param most how many that are
     */
    take(most: number): Tracked[] {
      const taken: Tracked[] = [];
      for (let one = queue.take(now()); one; one = queue.take(now())) {
        one.reading = true;
        if (one.alone || most === 1) {
          if (taken.length === 0) return [one];
          // Its turn comes with the next request.
          one.reading = false;
          queue.put(one);
          break;
        }
        taken.push(one);
        if (taken.length === most) return taken;
      }
      if (taken.length > 0) fillUp(taken, most);
      return taken;
    },

    /** What the store knows to be followed is looked at soon, the active first, unless it has ended for good. */
    resume(campaigns: readonly Followed[]): void {
      for (const { key, externalId, revision, deletedAt, ...facts } of campaigns) {
        const one = track(key, externalId);
        one.revision = revision;
        schedule(one, { ...facts, deleted: deletedAt !== null }, false);
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
      putFirst(track(campaignKey(account.name, externalId), externalId));
    },

    /** After any reading, whoever asked for it. */
    observed(campaign: Campaign, { fromList, askedAt }: Observed): void {
      if (!campaign.followed) {
        forget(campaign.key);
        return;
      }
      const fresh = !tracked.has(campaign.key);
      const one = track(campaign.key, campaign.externalId);
      const changed = one.revision !== campaign.revision;
      one.revision = campaign.revision;
      one.askedAt = Math.max(one.askedAt, askedAt);
      if (fromList && !listCoversAll) {
        if (!fresh && !changed) return;
        one.unchanged = 0;
        // The list has told of something new: the rest of it is worth a look at once.
        schedule(one, factsOf(campaign), isWatched(one, campaign));
        putFirst(one);
        return;
      }
      one.lastReadAt = now();
      one.unchanged = changed ? 0 : one.unchanged + 1;
      schedule(one, factsOf(campaign), isWatched(one, campaign));
      if (fromList) leaveToList(one);
    },

    /**
     * A read has said what the last one did, and nothing else has been seen of the campaign since.
     * @returns false: it can't be told who looks at it now without the campaign itself
     */
    sawAgain(one: Tracked): boolean {
      const { facts, watchedAs } = one;
      const isKnown = watchedAs?.version === watching.version() && watchedAs.byList === listTellsStatus();
      if (tracked.get(one.key) !== one || !facts || !isKnown) return false;
      one.lastReadAt = now();
      one.unchanged += 1;
      schedule(one, facts, watchedAs.isWatched || watching.isQueried(one.key));
      return true;
    },

    /** Whether the list says of a campaign what it said last, and nothing else has been seen of it since. */
    isListedAs(externalId: string, print: string): boolean {
      const one = tracked.get(campaignKey(account.name, externalId));
      return !!one?.listedAs && one.listedAs.print === print && one.listedAs.revision === one.revision;
    },

    /** The round has named this campaign, with something new of it or not. */
    listed(externalId: string, print: string, isNews: boolean, askedAt: number): void {
      const one = tracked.get(campaignKey(account.name, externalId));
      if (!one) return;
      one.listedIn = rounds + 1;
      // What was overtaken by another answer was not stored: said again, it is news.
      one.listedAs = askedAt < one.askedAt ? null : { print, revision: one.revision };
      if (one.facts?.deleted) {
        // The list still names what a look at it has not found: another look, ever more rarely.
        const pauseMs = account.polling.fastestMs * 2 ** Math.min(one.unchanged, 20);
        putAt(one, one.lastReadAt + Math.min(account.polling.slowestMs, pauseMs));
      } else if (!isNews && listCoversAll) {
        one.lastReadAt = now();
        one.unchanged += 1;
        one.dueAt = now() + one.intervalMs;
        leaveToList(one);
      }
    },

    /**
     * The round is complete. A campaign that the last one named and this one does not may be deleted, or just too old
     * for the list: a look will tell.
     * @param intervalMs how soon the list comes round again
     */
    endRound(intervalMs: number): void {
      listInterval = intervalMs;
      for (const one of tracked.values()) {
        if (one.listedIn === rounds && !one.facts?.deleted) putAt(one, now());
      }
      rounds += 1;
    },
  };

  /** Those that are due soon come along for nothing. */
  function fillUp(taken: Tracked[], most: number): void {
    const due = now();
    for (const one of active) {
      if (taken.length === most) return;
      if (one.reading || one.alone || one.lastReadAt + account.polling.fastestMs > due) continue;
      if (one.dueAt - due > one.intervalMs * earlyShare) continue;
      one.reading = true;
      taken.push(one);
    }
  }
}

export type Tracking = ReturnType<typeof createTracking>;
