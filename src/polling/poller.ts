import type { Logger } from 'pino';
import type { Account, Answer, BatchRead, ListPage } from '../accounts/account.ts';
import type { Observed, Observer } from '../campaigns/observe.ts';
import { type Campaign, campaignKey } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';
import { fingerprint } from './fingerprint.ts';
import { nextListInterval, nextStep } from './planner.ts';
import type { Tracked } from './queue.ts';
import { createTracking, type Followed } from './tracking.ts';
import type { Watching } from './watching.ts';

export interface PollerParts {
  readonly account: Account;
  readonly observer: Observer;
  readonly watching: Watching;
  readonly logger: Logger;
  readonly now: () => number;
  /** Told of every read of a single campaign that failed, and (null) when a list makes up for it. */
  readonly onFailure: (key: string, error: ProblemError | null) => void;
}

/** So many answers may wait to be stored while more are asked for. */
const mostBeingStored = 12;
/** After a failure that is not the provider's (the database's, say), it is tried again after this. */
const ownFailurePauseMs = 5_000;
/** A failing list is tried at least this often. */
const longestListPauseMs = 60_000;
/** A campaign that is to be followed, and is not there yet, is looked for this much more rarely than the floor. */
const absentPace = 12;
/** Requests for each campaign where one request reads several, as is usual: some are due alone. */
export const usualBatchCost = 0.1;

/** Reads one account's campaigns again and again: each when it is due, and the list where there is one. */
export function createPoller({ account, observer, watching, logger, now, onFailure }: PollerParts) {
  const { fastestMs, slowestMs } = account.polling;
  const ending = new AbortController();
  const call = { priority: 'poll', signal: ending.signal } as const;
  const running = new Set<Promise<void>>();
  /** Requests that are not answered yet. */
  let underWay = 0;
  let wake = () => {};
  let loop: Promise<void> = Promise.resolve();
  /** How many campaigns one request reads: one, where the provider can't, or turns out not to. */
  let batchSize = account.list?.batch?.most ?? 1;
  const tracking = createTracking({
    account,
    watching,
    now,
    requestsPerRead: () => (batchSize > 1 ? usualBatchCost : account.provider.requestsPerRead),
    onMoved: () => wake(),
  });
  watching.onMore(() => hurryList());
  let listDueAt = account.list ? 0 : Number.POSITIVE_INFINITY;
  let listing = false;
  /** The last complete round. */
  let round: { readonly endedAt: number; readonly pages: number } | null = null;
  let listFailures = 0;
  let listWasLast = false;

  /** @param answered called once the request is over */
  async function readOne(one: Tracked, answered: () => void): Promise<void> {
    try {
      const answer = await account.read(one.externalId, call);
      answered();
      one.lastReadAt = now();
      one.alone = false;
      const [campaign] = await observer.observe([observation(one.externalId, answer)]);
      if (!campaign) tracking.putAt(one, now() + absentPace * fastestMs);
      else if (!campaign.followed) tracking.forget(one.key);
    } catch (error) {
      failed([one], error, `campaign ${one.externalId}`);
    } finally {
      release([one]);
    }
  }

  /** Several by one request. What it does not tell of is looked at by itself: it may be deleted. */
  async function readSeveral(all: readonly Tracked[], batch: BatchRead, answered: () => void): Promise<void> {
    try {
      const { readings, askedAt } = await batch.read(
        all.map(({ externalId }) => externalId),
        call,
      );
      answered();
      const told = new Set(readings.map(({ externalId }) => externalId));
      for (const one of all) {
        one.lastReadAt = told.has(one.externalId) ? now() : one.lastReadAt;
        one.alone = !told.has(one.externalId);
      }
      await observer.observe(
        readings.map((reading) => observation(reading.externalId, { reading, askedAt })),
      );
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'NOT_SUPPORTED') {
        logger.info({ account: account.name }, error.message);
        batchSize = 1;
      } else failed(all, error, `${all.length} campaigns`);
    } finally {
      release(all);
    }
  }

  function failed(all: readonly Tracked[], error: unknown, what: string): void {
    const pauseMs = pauseAfter(error, what);
    for (const one of all) {
      one.lastReadAt = now();
      if (error instanceof ProblemError && !ending.signal.aborted) onFailure(one.key, error);
      tracking.putAt(one, now() + pauseMs);
    }
  }

  /** What was put while it was being read did not count. */
  function release(all: readonly Tracked[]): void {
    for (const one of all) {
      one.reading = false;
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
      round = { endedAt: now(), pages };
      const interval = listInterval(pages);
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

  function listInterval(pages: number): number {
    const savesReads = account.list?.covers === 'everything' && batchSize === 1;
    const isNeeded = watching.needsList(account.name);
    return nextListInterval({ pages, active: tracking.activeCount(), savesReads, isNeeded }, account.polling);
  }

  /** Somebody has begun to look: the list comes round as often as is due to that. */
  function hurryList(): void {
    if (!round || listFailures > 0) return;
    const dueAt = round.endedAt + listInterval(round.pages);
    if (dueAt >= listDueAt) return;
    listDueAt = dueAt;
    wake();
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

  /** Starts what is due, and says how long until more is, in ms. */
  function startDue(): number {
    for (;;) {
      const step = nextStep({
        now: now(),
        budgetFreeAt: now() + account.budget.waitMs('poll'),
        retryAt: account.health.get().state === 'DOWN' ? account.health.retryAt() : null,
        underWay: Math.max(underWay, running.size - mostBeingStored),
        listDueAt: listing ? Number.POSITIVE_INFINITY : listDueAt,
        listWasLast,
        campaignDueAt: tracking.nextDueAt(),
      });
      if (step.kind === 'wait') return step.until - now();
      listWasLast = step.kind === 'list';
      start(step.kind === 'list' ? readList : readCampaigns);
    }
  }

  /** While an answer is being stored, the next request may be made. */
  function start(work: (answered: () => void) => Promise<void>): void {
    let isUnderWay = true;
    underWay += 1;
    const answered = () => {
      if (!isUnderWay) return;
      isUnderWay = false;
      underWay -= 1;
      wake();
    };
    const job = work(answered).finally(() => {
      running.delete(job);
      answered();
      wake();
    });
    running.add(job);
  }

  function readCampaigns(answered: () => void): Promise<void> {
    const all = tracking.take(batchSize);
    const [one] = all;
    const batch = account.list?.batch;
    if (all.length > 1 && batch) return readSeveral(all, batch, answered);
    return one ? readOne(one, answered) : Promise.resolve();
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
      tracking.resume(followed);
      for (const externalId of configured) tracking.add(externalId);
      loop = run();
    },

    observed(campaign: Campaign, observed: Observed): void {
      tracking.observed(campaign, observed);
    },

    /** When the campaign will be read by itself, ms since 1970; null: not. */
    nextPollAt(key: string): number | null {
      const dueAt = tracking.get(key)?.dueAt;
      if (dueAt === undefined) return null;
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
