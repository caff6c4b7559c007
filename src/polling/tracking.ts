import type { Account } from '../accounts/account.ts';
import type { Observed } from '../campaigns/observe.ts';
import { type Campaign, campaignKey, hasEnded, isActive } from '../model/campaign.ts';
import { type Facts, nextInterval } from './planner.ts';
import { createDueQueue, type Tracked } from './queue.ts';

/** Campaigns that ended before this are not looked for when a list does not name them after a start. */
const longAgoMs = 30 * 24 * 3_600_000;

/** A campaign that is followed already when the poller starts. */
export interface Followed extends Omit<Facts, 'deleted' | 'unchanged' | 'listed'> {
  readonly key: string;
  readonly externalId: string;
  readonly revision: number;
  readonly deletedAt: number | null;
}

/**
 * Which campaigns of an account are polled, and when each is due.
 * @param onMoved told whenever a campaign's turn may have come nearer
 */
export function createTracking(account: Account, now: () => number, onMoved: () => void) {
  const tracked = new Map<string, Tracked>();
  const queue = createDueQueue();
  const active = new Set<string>();
  const listCoversAll = account.list?.covers === 'everything';
  /** Complete rounds so far: one that fails half-way says nothing of what it did not name. */
  let rounds = 0;
  let listInterval = account.polling.fastestMs;

  function track(key: string, externalId: string): Tracked {
    const known = tracked.get(key);
    if (known) return known;
    const fresh: Tracked = {
      key,
      externalId,
      urgent: true,
      dueAt: now(),
      lastReadAt: 0,
      unchanged: 0,
      revision: null,
      reading: false,
      deleted: false,
      listedIn: null,
      listedAs: null,
      intervalMs: 0,
    };
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

  function schedule(one: Tracked, facts: Omit<Facts, 'listed'>): void {
    const interval = nextInterval({ ...facts, listed: rounds > 0 }, account.polling, now());
    one.deleted = facts.deleted;
    one.urgent = isActive({ status: facts.status, deletedAt: facts.deleted ? 0 : null });
    if (one.urgent) active.add(one.key);
    else active.delete(one.key);
    one.intervalMs = interval ?? Number.POSITIVE_INFINITY;
    putAt(one, now() + one.intervalMs);
  }

  /**
   * A list that tells all comes round again, and only when it does not is the campaign read by itself; unless the list
   * comes round more rarely than the campaign is due.
   */
  function leaveToList(one: Tracked): void {
    if (one.dueAt === Number.POSITIVE_INFINITY) return;
    const isSoon = listInterval <= 2 * one.intervalMs;
    putAt(one, isSoon ? one.dueAt + 2 * listInterval : one.dueAt);
  }

  function forget(key: string): void {
    const one = tracked.get(key);
    if (one) one.dueAt = Number.POSITIVE_INFINITY;
    tracked.delete(key);
    active.delete(key);
  }

  return {
    putAt,
    forget,
    take: () => queue.take(now()),
    nextDueAt: () => queue.nextDueAt(),
    count: () => tracked.size,
    activeCount: () => active.size,
    /** Whether the list has ever been read whole. */
    listWorks: () => rounds > 0,
    dueAt: (key: string): number | null => tracked.get(key)?.dueAt ?? null,

    /** What the store knows to be followed is looked at once, unless it has ended for good. */
    resume({ key, externalId, revision, deletedAt, ...facts }: Followed): void {
      const one = track(key, externalId);
      one.revision = revision;
      schedule(one, { ...facts, deleted: deletedAt !== null, unchanged: 0 });
      if (one.dueAt !== Number.POSITIVE_INFINITY) putAt(one, now());
      // As if a round before the first had named it, so that what has gone meanwhile is missed. What has long ended is
      // too old for some lists, and nobody deletes it.
      const isOld = hasEnded(facts.status) && now() - facts.changedAt > longAgoMs;
      if (deletedAt === null && !isOld) one.listedIn = 0;
    },

    /** A campaign that nothing is known of yet. */
    add(externalId: string): void {
      const key = campaignKey(account.name, externalId);
      if (!tracked.has(key)) putAt(track(key, externalId), now());
    },

    /** A campaign that is to be looked at now, whether anything is known of it or not. */
    soon(externalId: string): void {
      putAt(track(campaignKey(account.name, externalId), externalId), now());
    },

    /** After any reading, whoever asked for it. */
    observed(campaign: Campaign, { fromList }: Observed): void {
      if (!campaign.followed) {
        forget(campaign.key);
        return;
      }
      const fresh = !tracked.has(campaign.key);
      const one = track(campaign.key, campaign.externalId);
      const changed = one.revision !== campaign.revision;
      one.revision = campaign.revision;
      if (fromList && !listCoversAll) {
        if (!fresh && !changed) return;
        // The list has told of something new: the rest of it is worth a look at once.
        schedule(one, factsOf(campaign, one));
        putAt(one, now());
        return;
      }
      one.lastReadAt = now();
      one.unchanged = changed ? 0 : one.unchanged + 1;
      schedule(one, factsOf(campaign, one));
      if (fromList) leaveToList(one);
    },

    /** Whether the list says of a campaign what it said last, and nothing else has been seen of it since. */
    isListedAs(externalId: string, print: string): boolean {
      const one = tracked.get(campaignKey(account.name, externalId));
      return !!one?.listedAs && one.listedAs.print === print && one.listedAs.revision === one.revision;
    },

    /** The round has named this campaign, with something new of it or not. */
    listed(externalId: string, print: string, isNews: boolean): void {
      const one = tracked.get(campaignKey(account.name, externalId));
      if (!one) return;
      one.listedIn = rounds + 1;
      one.listedAs = { print, revision: one.revision };
      if (one.deleted) {
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
        if (one.listedIn === rounds && !one.deleted) putAt(one, now());
      }
      rounds += 1;
    },
  };
}

function factsOf(campaign: Campaign, one: Tracked): Omit<Facts, 'listed'> {
  return {
    status: campaign.status,
    scheduledAt: campaign.scheduledAt,
    changedAt: campaign.changedAt,
    statsFinal: campaign.stats?.final ?? false,
    deleted: campaign.deletedAt !== null,
    unchanged: one.unchanged,
  };
}
