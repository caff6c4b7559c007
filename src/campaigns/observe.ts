import type { Campaign, Channel } from '../model/campaign.ts';
import { accountIn, type CampaignReading, campaignKey } from '../model/campaign.ts';
import type { LogEntry, LoggedCause } from '../model/change.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import { type LogWriter, NotOursError, type Write } from '../store/log-writer.ts';
import { nextStep } from './changes.ts';
import { createHolds } from './holds.ts';
import { createLooks } from './looks.ts';
import { createSightings, newsOf, type Sighted } from './sightings.ts';

/** What was read of one campaign; `reading: null` says that the provider no longer knows it. */
export interface Observed {
  readonly account: string;
  readonly channel: Channel;
  readonly externalId: string;
  readonly reading: CampaignReading | null;
  /** When the provider was asked, ms since 1970. */
  readonly askedAt: number;
  readonly cause: LoggedCause;
  /** A list names what a look at the campaign itself may not find: it does not bring back a deleted one. */
  readonly fromList?: boolean;
  /** Only the counters were asked for: the status that stands with them is the one that was known. */
  readonly countersAlone?: boolean;
}

export interface ObserverParts {
  readonly store: CampaignStore;
  readonly log: Pick<LogWriter, 'write'>;
  readonly now: () => number;
  /** Told once for each commit: its entries in the log's order, and the campaigns as they are after it. */
  readonly onCommit: (entries: readonly LogEntry[], changed: readonly Campaign[]) => void;
  /** Told for every campaign that was read, whether anything was different or not. */
  readonly onObserved: (campaign: Campaign, observed: Observed) => void;
}

type Sighting = Observed & Sighted;

interface Job {
  readonly observed: readonly Sighting[];
  readonly at: number;
  resolve(campaigns: readonly (Campaign | null)[]): void;
  reject(error: unknown): void;
}

/** One write takes at most about this many observations, so that none is long. */
const batchSize = 100;

/**
 * The one way in which anything learned from a provider gets into the store: a poll, a query, a mutation's read-back and
 * a webhook all end here. What arrives while a commit is running goes into the next one together.
 */
export function createObserver({ store, log, now, onCommit, onObserved }: ObserverParts) {
  let waiting: Job[] = [];
  let isWorking = false;
  const looks = createLooks();
  const sightings = createSightings();
  const holds = createHolds(store.getMany);
  const running = new Set<Promise<unknown>>();

  function enqueue(observed: readonly Observed[]): Promise<readonly (Campaign | null)[]> {
    return new Promise((resolve, reject) => {
      waiting.push({ observed: observed.map(sightings.sight), at: now(), resolve, reject });
      if (!isWorking) void work();
    });
  }

  async function work(): Promise<void> {
    isWorking = true;
    while (waiting.length > 0) await settle(takeBatch());
    isWorking = false;
  }

  async function settle(batch: readonly Job[]): Promise<void> {
    try {
      const campaigns = await commit(batch);
      for (const job of batch) job.resolve(job.observed.map((one) => campaigns.get(keyOf(one)) ?? null));
    } catch (error) {
      // The others’ accounts may still be ours.
      if (error instanceof NotOursError && batch.length > 1) for (const job of batch) await settle([job]);
      else for (const job of batch) job.reject(error);
    }
  }

  function takeBatch(): Job[] {
    let size = 0;
    const batch: Job[] = [];
    for (const job of waiting) {
      if (batch.length > 0 && size + job.observed.length > batchSize) break;
      batch.push(job);
      size += job.observed.length;
    }
    waiting = waiting.slice(batch.length);
    return batch;
  }

  async function commit(batch: readonly Job[]): Promise<ReadonlyMap<string, Campaign>> {
    const { campaigns, writes } = await log.write(keysOf(batch), (known, head) => decide(known, head, batch));
    const entries = writes.flatMap((write) => write.entries).sort((one, other) => one.seq - other.seq);
    if (entries.length > 0) {
      onCommit(
        entries,
        writes.map(({ campaign }) => campaign),
      );
    }
    noteObserved(batch, campaigns);
    return campaigns;
  }

  function steps(known: ReadonlyMap<string, Campaign>, one: Sighting, at: number, seq: number) {
    const key = keyOf(one);
    const campaign = known.get(key) ?? null;
    if (one.news === 'nothing') return null;
    const isPartial = one.fromList || one.news === 'counters';
    if (isPartial && campaign && campaign.deletedAt !== null) return null;
    // What is not followed, polls leave alone: a list can't help naming it.
    if (campaign?.followed === false && one.cause === 'POLL') return null;
    const previousAt = looks.statsAt(key) ?? campaign?.stats?.asOf ?? null;
    return nextStep(campaign, { ...one, reading: newsOf(one, campaign), at, previousAt }, seq);
  }

  function decide(stored: ReadonlyMap<string, Campaign>, head: number, jobs: readonly Job[]): Write[] {
    const known = new Map(stored);
    const writes = new Map<string, Write>();
    let seq = head;
    for (const { observed, at } of jobs) {
      for (const one of observed) {
        const step = steps(known, one, at, seq + 1);
        if (!step) continue;
        seq += 1;
        const { key } = step.campaign;
        const earlier = writes.get(key);
        const isLast = one.news !== 'counters' || one.countersAlone;
        const raw = isLast && one.reading?.raw !== undefined ? JSON.stringify(one.reading.raw) : null;
        known.set(key, step.campaign);
        writes.set(key, {
          campaign: step.campaign,
          raw: raw ?? earlier?.raw ?? null,
          entries: [...(earlier?.entries ?? []), step.entry],
        });
      }
    }
    return [...writes.values()];
  }

  function noteObserved(batch: readonly Job[], campaigns: ReadonlyMap<string, Campaign>): void {
    for (const { observed, at } of batch) {
      for (const one of observed) {
        const campaign = campaigns.get(keyOf(one));
        // Ids that anybody makes up must not fill the memory.
        if (!campaign) sightings.forget(keyOf(one));
        if (!campaign || (!campaign.followed && one.cause === 'POLL')) continue;
        note(one, at, campaign);
        onObserved(campaign, one);
      }
    }
  }

  /** @param campaign as it is stored; null: there was a look at it before */
  function note(one: Observed, at: number, campaign: Campaign | null): void {
    const stored = { at: campaign?.observedAt ?? at, statsAt: campaign?.stats?.asOf ?? null };
    if (one.countersAlone) looks.noteCounters(keyOf(one), one.reading, at, stored);
    else looks.note(keyOf(one), one.reading, at, stored);
  }

  /** In parts, each written at once. */
  async function take(observed: readonly Observed[]): Promise<readonly (Campaign | null)[]> {
    const parts: Promise<readonly (Campaign | null)[]>[] = [];
    for (let start = 0; start < observed.length; start += batchSize) {
      parts.push(enqueue(observed.slice(start, start + batchSize)));
    }
    return (await Promise.all(parts)).flat();
  }

  async function observe(observed: readonly Observed[]): Promise<readonly (Campaign | null)[]> {
    const ends = holds.any() ? await holds.endsFor(observed) : [];
    if (!ends.some((end) => end)) return take(observed);
    const free = take(observed.filter((_one, place) => !ends[place]));
    const late = observed.map(async (one, place) => {
      await ends[place];
      return ends[place] ? observe([one]) : [];
    });
    const [taken, waited] = await Promise.all([free, Promise.all(late)]);
    let next = 0;
    return observed.map((_one, place) => (ends[place] ? waited[place]?.[0] : taken[next++]) ?? null);
  }

  return {
    /**
     * @returns each campaign as it is now; null for one that is unknown here and at the provider
     * @throws what the database throws; then nothing of it is stored
     */
    observe(observed: readonly Observed[]): Promise<readonly (Campaign | null)[]> {
      const task = observe(observed).finally(() => running.delete(task));
      running.add(task);
      return task;
    },

    /**
     * Makes a change at the provider and reads back what it led to. What others have read of the campaign meanwhile
     * waits until that is stored, so that the change is told as what it is, and once.
     * @param externalIds null: of a campaign that is only just being made
     */
    whileChanging: holds.during,

    /** A campaign was read, and is known to be as it was: nothing is compared or written. */
    saw(one: Observed): void {
      // A list that is older than it seems must not make a read-back look late.
      if (holds.isHeld(one)) return;
      const { news } = sightings.sight(one);
      if (news === (one.countersAlone ? 'counters' : 'all')) note(one, now(), null);
    },

    /** Another process takes care of these accounts: what was seen here will be older than what is stored. */
    forgetLooks(accounts: readonly string[]): void {
      const names = new Set(accounts);
      sightings.forgetAccounts(names);
      looks.forget((key) => names.has(accountIn(key)));
    },

    /** The last look at a campaign; null: there was none since the start. */
    look: looks.get,

    /** When the campaign was last read, in ms, whether anything was different or not. */
    observedAt: (campaign: Campaign): number => looks.at(campaign.key) ?? campaign.observedAt,

    /** Messages a second, measured between the last two looks that told the counters; null: not yet. */
    measuredPace: (campaign: Campaign): number | null => looks.perSecond(campaign.key),

    /** When its counters were last read; null where none are known. */
    statsObservedAt: (campaign: Campaign): number | null =>
      looks.statsAt(campaign.key) ?? campaign.stats?.asOf ?? null,

    /** Resolves once all that was given to `observe` is stored. */
    async stop(): Promise<void> {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

export type Observer = ReturnType<typeof createObserver>;

function keyOf(one: Observed): string {
  return campaignKey(one.account, one.externalId);
}

function keysOf(jobs: readonly Job[]): string[] {
  return [...new Set(jobs.flatMap((job) => job.observed.map(keyOf)))];
}
