import { hash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Account, Answer, ListPage } from '../accounts/account.ts';
import type { Observed, Observer } from '../campaigns/observe.ts';
import { type Campaign, type CampaignReading, campaignKey } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';
import { nextListInterval } from './planner.ts';
import type { Tracked } from './queue.ts';
import { createTracking, type Followed } from './tracking.ts';

export interface PollerParts {
  readonly account: Account;
  readonly observer: Observer;
  readonly logger: Logger;
  readonly now: () => number;
  /** Told of every read of a single campaign that failed, and (null) when a list makes up for it. */
  readonly onFailure: (key: string, error: ProblemError | null) => void;
}

/** So many requests of one account are under way at most. */
const mostInFlight = 4;
/** After a failure that is not the provider's (the database's, say), it is tried again after this. */
const ownFailurePauseMs = 5_000;
/** A failing list is tried at least this often. */
const longestListPauseMs = 60_000;
/** A campaign that is to be followed, and is not there yet, is looked for this much more rarely than the floor. */
const absentPace = 12;

/** Reads one account's campaigns again and again: each when it is due, and the list where there is one. */
export function createPoller({ account, observer, logger, now, onFailure }: PollerParts) {
  const { fastestMs, slowestMs } = account.polling;
  const ending = new AbortController();
  const call = { priority: 'poll', signal: ending.signal } as const;
  const running = new Set<Promise<void>>();
  let wake = () => {};
  let loop: Promise<void> = Promise.resolve();
  const tracking = createTracking(account, now, () => wake());
  let listDueAt = account.list ? 0 : Number.POSITIVE_INFINITY;
  let listing = false;
  let listFailures = 0;
  let listWasLast = false;

  async function readOne(one: Tracked): Promise<void> {
    one.reading = true;
    try {
      const answer = await account.read(one.externalId, call);
      one.lastReadAt = now();
      const [campaign] = await observer.observe([observation(one.externalId, answer)]);
      if (!campaign) tracking.putAt(one, now() + absentPace * fastestMs);
      else if (!campaign.followed) tracking.forget(one.key);
    } catch (error) {
      one.lastReadAt = now();
      if (error instanceof ProblemError && !ending.signal.aborted) onFailure(one.key, error);
      tracking.putAt(one, now() + pauseAfter(error, `campaign ${one.externalId}`));
    } finally {
      one.reading = false;
      // What was put while it was being read did not count.
      tracking.putAt(one, one.dueAt);
    }
  }

  async function readList(): Promise<void> {
    if (!account.list) return;
    listing = true;
    let pages = 0;
    try {
      for await (const page of account.list.pages(call)) {
        pages += 1;
        await takeIn(page);
      }
      const interval = nextListInterval(
        { pages, active: tracking.activeCount(), coversAll: account.list.covers === 'everything' },
        account.polling,
      );
      tracking.endRound(interval);
      listDueAt = now() + interval;
      listFailures = 0;
    } catch (error) {
      listFailures += 1;
      listDueAt = now() + listPauseAfter(error);
    } finally {
      listing = false;
    }
  }

  /** Most entries of a list say what they said the last time: those need no look at what is stored. */
  async function takeIn({ readings, askedAt }: ListPage): Promise<void> {
    const prints = new Map(readings.map((reading) => [reading.externalId, fingerprint(reading)]));
    const news = readings.filter(
      ({ externalId }) => !tracking.isListedAs(externalId, prints.get(externalId) ?? ''),
    );
    const fresh = new Set(news);
    await observer.observe(
      news.map((reading) => ({ ...observation(reading.externalId, { reading, askedAt }), fromList: true })),
    );
    for (const reading of readings) {
      const { externalId } = reading;
      const isNews = fresh.has(reading);
      if (!isNews) {
        observer.saw(observation(externalId, { reading, askedAt }));
        if (account.list?.covers === 'everything') onFailure(campaignKey(account.name, externalId), null);
      }
      tracking.listed(externalId, prints.get(externalId) ?? '', isNews);
    }
  }

  function observation(externalId: string, answer: Answer): Observed {
    return { account: account.name, channel: account.channel, externalId, ...answer, cause: 'POLL' };
  }

  /** The account's health keeps count of the provider's failures; here only the pace follows from them. */
  function pauseAfter(error: unknown, what: string): number {
    if (ending.signal.aborted) return 0;
    if (error instanceof ProblemError) {
      logger.debug({ account: account.name, code: error.code }, `reading ${what}: ${error.message}`);
      return Math.max(fastestMs, account.health.retryAt() - now());
    }
    logger.error({ account: account.name, err: error }, `reading ${what} failed`);
    return ownFailurePauseMs;
  }

  /** A list that fails while single reads succeed is tried ever more rarely. */
  function listPauseAfter(error: unknown): number {
    if (error instanceof ProblemError && error.code === 'NOT_SUPPORTED') {
      if (listFailures === 1)
        logger.warn({ account: account.name }, `there is no list to read: ${error.message}`);
      return slowestMs;
    }
    const longer = Math.min(longestListPauseMs, fastestMs * 2 ** Math.min(listFailures, 20));
    return Math.max(pauseAfter(error, 'the list'), longer);
  }

  /** Starts what is due, and says how long until more is, in ms. While the provider is down, one look at a time. */
  function startDue(): number {
    const isDown = account.health.get().state === 'DOWN';
    while (running.size < (isDown ? 1 : mostInFlight)) {
      const readyAt = Math.max(now() + account.budget.waitMs('poll'), isDown ? account.health.retryAt() : 0);
      if (readyAt > now()) return readyAt - now();
      const start = nextJob();
      if (!start)
        return Math.min(listing ? Number.POSITIVE_INFINITY : listDueAt, tracking.nextDueAt()) - now();
      const job = start().finally(() => {
        running.delete(job);
        wake();
      });
      running.add(job);
    }
    return Number.POSITIVE_INFINITY;
  }

  function nextJob(): (() => Promise<void>) | null {
    const listIsDue = !listing && listDueAt <= now();
    // In turns: else a list that fails would keep single reads from being tried where one is tried at a time.
    const one = listIsDue && !listWasLast ? null : tracking.take();
    listWasLast = listIsDue && one === null;
    if (listWasLast) return readList;
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
    /**
     * @param followed what the store knows to be followed
     * @param configured external ids that are to be followed, known or not
     */
    start(followed: readonly Followed[], configured: readonly string[]): void {
      for (const one of followed) tracking.resume(one);
      for (const externalId of configured) tracking.add(externalId);
      loop = run();
    },

    observed(campaign: Campaign, observed: Observed): void {
      tracking.observed(campaign, observed);
    },

    /** When the campaign will be read by itself, ms since 1970; null: not. */
    nextPollAt(key: string): number | null {
      const dueAt = tracking.dueAt(key);
      if (dueAt === null) return null;
      const isListed = account.list?.covers === 'everything' && tracking.listWorks();
      const soonest = isListed ? Math.min(dueAt, listDueAt) : dueAt;
      return Number.isFinite(soonest) ? Math.max(soonest, now()) : null;
    },

    /** Reads a campaign as soon as may be, known or not. */
    pollSoon: (externalId: string) => tracking.soon(externalId),

    /** Ends the polling of a campaign. */
    forget: (key: string) => tracking.forget(key),

    followedCount: () => tracking.count(),

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

/** What a list says of a campaign, in short. The answer itself may differ in what means nothing to us. */
function fingerprint({ raw: _raw, ...reading }: CampaignReading): string {
  return hash('sha1', JSON.stringify(reading), 'base64');
}
