import type { Account } from '../accounts/account.ts';
import type { Observed } from '../campaigns/observe.ts';
import { type Campaign, campaignKey, isActive } from '../model/campaign.ts';
import { type Facts, nextInterval } from './planner.ts';
import { createDueQueue, type Tracked } from './queue.ts';

/** A campaign that is followed already when the poller starts. */
export interface Followed extends Omit<Facts, 'deleted' | 'unchanged'> {
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
  let listRound = 0;
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
      listedIn: 0,
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

  function schedule(one: Tracked, facts: Facts): void {
    const interval = nextInterval(facts, account.polling, now());
    one.urgent = isActive({ status: facts.status, deletedAt: facts.deleted ? 0 : null });
    if (one.urgent) active.add(one.key);
    else active.delete(one.key);
    one.intervalMs = interval ?? Number.POSITIVE_INFINITY;
    putAt(one, now() + one.intervalMs);
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
    anyActive: () => active.size > 0,
    dueAt: (key: string): number | null => tracked.get(key)?.dueAt ?? null,

    /** What the store knows to be followed is looked at once, unless it has ended for good. */
    resume({ key, externalId, revision, deletedAt, ...facts }: Followed): void {
      const one = track(key, externalId);
      one.revision = revision;
      schedule(one, { ...facts, deleted: deletedAt !== null, unchanged: 0 });
      if (one.dueAt !== Number.POSITIVE_INFINITY) putAt(one, now());
    },

    /** A campaign that nothing is known of yet. */
    add(externalId: string): void {
      const key = campaignKey(account.name, externalId);
      if (!tracked.has(key)) putAt(track(key, externalId), now());
    },

    /** After any reading, whoever asked for it. */
    observed(campaign: Campaign, { cause }: Observed): void {
      if (!campaign.followed) {
        forget(campaign.key);
        return;
      }
      const fresh = !tracked.has(campaign.key);
      const one = track(campaign.key, campaign.externalId);
      const changed = one.revision !== campaign.revision;
      one.revision = campaign.revision;
      const fromList = cause === 'POLL' && !one.reading;
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
      // The list comes round again; only when it does not is the campaign read by itself.
      if (fromList && one.dueAt !== Number.POSITIVE_INFINITY) putAt(one, one.dueAt + 2 * listInterval);
    },

    /** A new round of the list begins. */
    beginRound(): void {
      listRound += 1;
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
      one.listedIn = listRound;
      one.listedAs = { print, revision: one.revision };
      if (isNews || !listCoversAll) return;
      one.lastReadAt = now();
      one.unchanged += 1;
      putAt(one, now() + one.intervalMs + 2 * listInterval);
    },

    /**
     * The round is complete. A campaign that the last one named and this one does not may be deleted, or just too old
     * for the list: a look will tell.
     * @param intervalMs how soon the list comes round again
     */
    endRound(intervalMs: number): void {
      listInterval = intervalMs;
      for (const one of tracked.values()) {
        if (one.listedIn > 0 && one.listedIn === listRound - 1) putAt(one, now());
      }
    },
  };
}

function factsOf(campaign: Campaign, one: Tracked): Facts {
  return {
    status: campaign.status,
    scheduledAt: campaign.scheduledAt,
    changedAt: campaign.changedAt,
    statsFinal: campaign.stats?.final ?? false,
    deleted: campaign.deletedAt !== null,
    unchanged: one.unchanged,
  };
}
