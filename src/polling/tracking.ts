import type { Account } from '../accounts/account.ts';
import type { Observed } from '../campaigns/observe.ts';
import { type Campaign, type CampaignStatus, campaignKey, hasEnded } from '../model/campaign.ts';
import { createLooking } from './looking.ts';
import { createNamed } from './named.ts';
import { factsOf, type StoredFacts } from './pace.ts';
import { newlyTracked, type Tracked } from './queue.ts';
import { createScheduling } from './scheduling.ts';
import { createTurns } from './turns.ts';
import type { Watching } from './watching.ts';

/** Campaigns that ended before this are not looked for when a list does not name them after a start. */
const longAgoMs = 30 * 24 * 3_600_000;
/** While reads of it fail, a campaign that somebody looks at is tried at least every so many floors. */
const watchedFailing = 12;
/** A campaign that is to be followed, and is not there yet, is looked for this much more rarely than the floor at first. */
const absentPace = 12;

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
  /** How many campaigns in a status one request reads together, where there are so many; null: in whichever status. */
  readonly together: (status: CampaignStatus | null) => number;
  /** How far apart waits are made that would be equal, as a part of them. */
  readonly jitter: number;
  /** Told whenever a campaign's turn has been set, ms since 1970. */
  readonly onMoved: (dueAt: number) => void;
}

/** Which campaigns of an account are polled, and when each is due. */
export function createTracking({ account, watching, now, together, jitter, onMoved }: TrackingParts) {
  const { fastestMs, slowestMs } = account.polling;
  const tracked = new Map<string, Tracked>();
  const scheduling = createScheduling({ account, watching, now, tracked, together, jitter, onMoved });
  const { listing, queue, active, waits, putAt, putFirst, schedule } = scheduling;
  const looking = createLooking({ account: account.name, watching, tracked, scheduling });
  const listCoversAll = account.list?.covers === 'everything';
  /** Campaigns that the list was the first to tell of, in the round that is under way. */
  let newcomers: Tracked[] = [];
  const named = createNamed({
    ...{ account, listing, tracked, now, putAt, schedule },
    takeFromList: looking.takeFromList,
    spreadNew() {
      scheduling.spread(newcomers, true);
      newcomers = [];
    },
  });

  function track(key: string, externalId: string): Tracked {
    const known = tracked.get(key);
    if (known) return known;
    const fresh = newlyTracked(key, externalId, now());
    tracked.set(key, fresh);
    scheduling.unknown.add(fresh);
    return fresh;
  }

  /** Notes what subscriptions want of a campaign, and schedules it by that. */
  function scheduleFor(campaign: Campaign, one: Tracked): void {
    const byList = listing.servesStatusOf(one);
    one.interest = watching.subscribedTo(campaign);
    one.leftToList = one.interest === 'status' && byList;
    one.watchedAs = { version: watching.version(), byList };
    schedule(one, factsOf(campaign));
  }

  /** It was looked at: what somebody wanted has been done. */
  function wasRead(one: Tracked, isNews: boolean): void {
    one.lastReadAt = now();
    one.unchanged = isNews ? 0 : one.unchanged + 1;
    one.failures = 0;
    one.asked = false;
  }

  /**
   * A read has said what the last one did, and nothing else has been seen of the campaign since.
   * @returns false: it can't be told who looks at it now without the campaign itself
   */
  function sawAgain(one: Tracked): boolean {
    const { facts, watchedAs } = one;
    const byList = listing.servesStatusOf(one);
    const isKnown = watchedAs?.version === watching.version() && watchedAs.byList === byList;
    if (tracked.get(one.key) !== one || !facts || !isKnown) return false;
    wasRead(one, false);
    schedule(one);
    return true;
  }

  /** Ever later, so that one that can't be read costs the others little. */
  function putOff(one: Tracked, firstMs: number, pauseMs: number): void {
    one.lastReadAt = now();
    one.asked = false;
    const most = one.urgent && one.facts ? watchedFailing * fastestMs : slowestMs;
    const backOffMs = Math.min(Math.max(most, firstMs), firstMs * 2 ** Math.min(one.failures, 20));
    one.failures += 1;
    putAt(one, now() + Math.max(pauseMs, backOffMs));
  }

  function forget(key: string): void {
    const one = tracked.get(key);
    if (!one) return;
    scheduling.drop(one);
    tracked.delete(key);
  }

  return {
    putAt,
    forget,
    stop: looking.stop,
    nextDueAt: () => queue.nextDueAt(),
    count: () => tracked.size,
    activeCount: () => active.size,
    /** How many times longer campaigns wait than they would if there were requests enough for all. */
    stretch: waits.stretch,
    knownStatus: scheduling.knownStatus,
    listing,
    sawAgain,
    /** Whether the list tells of a campaign before it is read by itself, if it is. */
    comesWithList: (one: Tracked): boolean =>
      listing.coverOf(one) !== null && (listCoversAll || scheduling.listOnly.has(one)),
    ...named,
    ...createTurns({ queue, active, fastestMs, now, putAt }),
    get: (key: string): Tracked | null => tracked.get(key) ?? null,
    all: (): Iterable<Tracked> => tracked.values(),

    /** What the store knows to be followed is looked at soon, the active first, unless it has ended for good. */
    resume(campaigns: readonly Followed[]): void {
      for (const { key, externalId, revision, deletedAt, ...facts } of campaigns) {
        const one = track(key, externalId);
        one.revision = revision;
        schedule(one, { ...facts, deleted: deletedAt !== null });
        // As if a round before the first had named it, so that what has gone meanwhile is missed. What has long ended is
        // too old for some lists, and nobody deletes it.
        const isOld = hasEnded(facts.status) && now() - facts.changedAt > longAgoMs;
        if (deletedAt === null && !isOld) one.listedIn = 0;
      }
      scheduling.spread(
        campaigns.flatMap(({ key }) => tracked.get(key) ?? []),
        false,
      );
      looking.resumed();
    },

    /** A campaign that nothing is known of yet. */
    add(externalId: string): void {
      const key = campaignKey(account.name, externalId);
      if (tracked.has(key)) return;
      const one = track(key, externalId);
      // There may be many, and what somebody looks at goes first.
      one.urgent = watching.needsList(account.name);
      putAt(one, now());
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
      const isNew = !tracked.has(campaign.key);
      const one = track(campaign.key, campaign.externalId);
      const changed = one.revision !== campaign.revision;
      one.revision = campaign.revision;
      if (!countersAlone) one.askedAt = Math.max(one.askedAt, askedAt);
      // Until it has been read whole, the list's word is not all that is to be known.
      if (!fromList || one.providerStatus !== null) one.providerStatus = campaign.providerStatus;
      if (fromList && !listCoversAll) {
        if (!isNew && !changed) return;
        one.unchanged = 0;
        scheduleFor(campaign, one);
        // The rest of it is worth a look: at once, but for those that a first round names by the thousand.
        if (isNew && one.interest === 'nothing') newcomers.push(one);
        else putFirst(one);
        return;
      }
      wasRead(one, changed);
      scheduleFor(campaign, one);
      if (fromList) named.leaveToList(one);
    },

    /** Its counters were asked for alone, and there are none. */
    hadNoCounters(one: Tracked): void {
      if (sawAgain(one)) return;
      // Who looks at it now is told by a read of the whole.
      wasRead(one, false);
      one.providerStatus = null;
      putAt(one, now());
    },

    /** A read of it has failed. @param pauseMs how long the account waits at least */
    failed(one: Tracked, pauseMs: number): void {
      // Where requests are scarce, it is tried no sooner than the others are read.
      const isStretched = one.urgent && Number.isFinite(one.intervalMs);
      putOff(one, isStretched ? Math.max(fastestMs, one.intervalMs) : fastestMs, pauseMs);
    },

    /** There is no such campaign. */
    absent(one: Tracked): void {
      one.urgent = false;
      putOff(one, absentPace * fastestMs, 0);
    },
  };
}

export type Tracking = ReturnType<typeof createTracking>;
