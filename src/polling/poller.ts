import type { Logger } from 'pino';
import type { Account } from '../accounts/account.ts';
import type { Observed, Observer } from '../campaigns/observe.ts';
import { type Campaign, campaignKey, isActive } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';
import { type Facts, nextInterval, nextListInterval } from './planner.ts';
import { createDueQueue, type Tracked } from './queue.ts';

/** A campaign that is followed already when the poller starts. */
export interface Followed extends Omit<Facts, 'deleted' | 'unchanged'> {
  readonly key: string;
  readonly externalId: string;
  readonly deletedAt: number | null;
}

export interface PollerParts {
  readonly account: Account;
  readonly observer: Observer;
  readonly logger: Logger;
  readonly now: () => number;
  /** Told of every read of a single campaign that failed. */
  readonly onFailure: (key: string, error: ProblemError) => void;
}

/** So many requests of one account are under way at most. */
const mostInFlight = 4;
/** After a failure that is not the account's (the database's, say), it is tried again after this. */
const ownFailurePauseMs = 5_000;

/** Reads one account's campaigns again and again: each when it is due, the list when there is one. */
export function createPoller({ account, observer, logger, now, onFailure }: PollerParts) {
  const tracked = new Map<string, Tracked>();
  const queue = createDueQueue();
  const active = new Set<string>();
  const running = new Set<Promise<void>>();
  const ending = new AbortController();
  const call = { priority: 'poll', signal: ending.signal } as const;
  let listDueAt = account.list ? 0 : Number.POSITIVE_INFINITY;
  let listInterval = account.polling.fastestMs;
  let listing = false;
  let wake = () => {};
  let loop: Promise<void> = Promise.resolve();

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
    };
    tracked.set(key, fresh);
    return fresh;
  }

  /** Sets when a campaign is due again, never sooner than the floor allows. */
  function schedule(one: Tracked, facts: Facts): void {
    const interval = nextInterval(facts, account.polling, now());
    const isBusy = isActive({ status: facts.status, deletedAt: facts.deleted ? 0 : null });
    if (isBusy) active.add(one.key);
    else active.delete(one.key);
    one.urgent = isBusy;
    putAt(one, interval === null ? Number.POSITIVE_INFINITY : now() + interval);
  }

  function putAt(one: Tracked, dueAt: number): void {
    one.dueAt = Math.max(dueAt, one.lastReadAt + account.polling.fastestMs);
    queue.put(one);
    wake();
  }

  /** After any reading, whoever asked for it. */
  function observed(campaign: Campaign, { cause }: Observed): void {
    if (!campaign.followed) {
      forget(campaign.key);
      return;
    }
    const fresh = !tracked.has(campaign.key);
    const one = track(campaign.key, campaign.externalId);
    const changed = one.revision !== campaign.revision;
    one.revision = campaign.revision;
    const fromList = cause === 'POLL' && !one.reading;
    if (!fromList || account.list?.covers === 'everything') {
      one.lastReadAt = now();
      one.unchanged = changed ? 0 : one.unchanged + 1;
    }
    if (!fromList) {
      schedule(one, factsOf(campaign, one));
    } else if (account.list?.covers === 'everything') {
      schedule(one, factsOf(campaign, one));
      // The list comes round again; only when it does not is the campaign read by itself.
      if (one.dueAt !== Number.POSITIVE_INFINITY) putAt(one, one.dueAt + 2 * listInterval);
    } else if (fresh || changed) {
      // The list has told of something new: the rest of it is worth a look at once.
      schedule(one, factsOf(campaign, one));
      putAt(one, now());
    }
  }

  function forget(key: string): void {
    const one = tracked.get(key);
    if (one) one.dueAt = Number.POSITIVE_INFINITY;
    tracked.delete(key);
    active.delete(key);
  }

  async function readOne(one: Tracked): Promise<void> {
    one.reading = true;
    try {
      const reading = await account.read(one.externalId, call);
      one.lastReadAt = now();
      const { name, channel } = account;
      const [campaign] = await observer.observe([
        { account: name, channel, externalId: one.externalId, reading, cause: 'POLL' },
      ]);
      // Configured to be followed, and not there: it may come yet.
      if (!campaign) putAt(one, now() + 12 * account.polling.fastestMs);
    } catch (error) {
      one.lastReadAt = now();
      if (error instanceof ProblemError && !ending.signal.aborted) onFailure(one.key, error);
      putAt(one, now() + pauseAfter(error, `campaign ${one.externalId}`));
    } finally {
      one.reading = false;
      queue.put(one);
    }
  }

  async function readList(): Promise<void> {
    if (!account.list) return;
    listing = true;
    let pages = 0;
    try {
      for await (const readings of account.list.pages(call)) {
        pages += 1;
        const { name, channel } = account;
        await observer.observe(
          readings.map((reading) => ({
            account: name,
            channel,
            externalId: reading.externalId,
            reading,
            cause: 'POLL' as const,
          })),
        );
      }
      listInterval = nextListInterval(pages, active.size > 0, account.polling);
      listDueAt = now() + listInterval;
    } catch (error) {
      const unknown = error instanceof ProblemError && error.code === 'NOT_SUPPORTED';
      listDueAt = now() + (unknown ? account.polling.slowestMs : pauseAfter(error, 'the list'));
    } finally {
      listing = false;
    }
  }

  /** The account's health keeps count of the provider's failures; here only the pace follows from them. */
  function pauseAfter(error: unknown, what: string): number {
    if (ending.signal.aborted) return 0;
    if (error instanceof ProblemError) {
      logger.debug({ account: account.name, code: error.code }, `reading ${what}: ${error.message}`);
      return Math.max(account.polling.fastestMs, account.health.retryAt() - now());
    }
    logger.error({ account: account.name, err: error }, `reading ${what} failed`);
    return ownFailurePauseMs;
  }

  /** Starts what is due, and says how long until more is, in ms. */
  function startDue(): number {
    const isDown = account.health.get().state === 'DOWN';
    while (running.size < (isDown ? 1 : mostInFlight)) {
      const readyAt = Math.max(now() + account.budget.waitMs('poll'), isDown ? account.health.retryAt() : 0);
      if (readyAt > now()) return readyAt - now();
      const start = nextJob();
      if (!start) return Math.min(listing ? Number.POSITIVE_INFINITY : listDueAt, queue.nextDueAt()) - now();
      const job = start().finally(() => {
        running.delete(job);
        wake();
      });
      running.add(job);
    }
    return Number.POSITIVE_INFINITY;
  }

  function nextJob(): (() => Promise<void>) | null {
    if (!listing && listDueAt <= now()) return readList;
    const one = queue.take(now());
    return one && (() => readOne(one));
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const waitMs = startDue();
      const timer = Number.isFinite(waitMs)
        ? setTimeout(wake, Math.min(Math.max(waitMs, 1), 60_000))
        : undefined;
      await woken;
      clearTimeout(timer);
    }
  }

  return {
    /** @param followed what the store knows to be followed; the first looks are at what is under way */
    start(followed: readonly Followed[], configured: readonly string[]): void {
      for (const { key, externalId, deletedAt, ...facts } of followed) {
        const one = track(key, externalId);
        schedule(one, { ...facts, deleted: deletedAt !== null, unchanged: 0 });
        if (one.dueAt !== Number.POSITIVE_INFINITY) putAt(one, now());
      }
      for (const externalId of configured) {
        const key = campaignKey(account.name, externalId);
        if (!tracked.has(key)) putAt(track(key, externalId), now());
      }
      loop = run();
    },
    observed,
    /** When the campaign will be read by itself, ms since 1970; null: not. */
    nextPollAt(key: string): number | null {
      const dueAt = tracked.get(key)?.dueAt ?? Number.POSITIVE_INFINITY;
      const soonest = account.list?.covers === 'everything' && !listing ? Math.min(dueAt, listDueAt) : dueAt;
      return tracked.has(key) && Number.isFinite(soonest) ? Math.max(soonest, now()) : null;
    },
    forget,
    followedCount: (): number => tracked.size,
    /** Ends the loop and calls off what is under way; resolves once nothing runs any more. */
    async stop(): Promise<void> {
      ending.abort();
      wake();
      await loop;
      await Promise.allSettled(running);
    },
  };
}

export type Poller = ReturnType<typeof createPoller>;

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
