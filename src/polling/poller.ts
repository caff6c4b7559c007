import type { Logger } from 'pino';
import type { Account, Answer, BatchRead } from '../accounts/account.ts';
import type { Observed, Observer } from '../campaigns/observe.ts';
import type { Campaign } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';
import { fingerprint } from './fingerprint.ts';
import { nextStep } from './planner.ts';
import type { Tracked } from './queue.ts';
import { createRounds } from './rounds.ts';
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
/** A campaign that is to be followed, and is not there yet, is looked for this much more rarely than the floor. */
const absentPace = 12;
/** Requests for each campaign where one request reads several, as is usual: some are due alone. */
export const usualBatchCost = 0.1;

/** Reads one account's campaigns again and again: each when it is due, and the list where there is one. */
export function createPoller({ account, observer, watching, logger, now, onFailure }: PollerParts) {
  const { fastestMs } = account.polling;
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
  const rounds = createRounds({
    ...{ account, observer, watching, tracking, logger, now, call, onFailure, observation, pauseAfter },
    isBatched: () => batchSize > 1,
    onMoved: () => wake(),
  });
  let listWasLast = false;

  /** @param answered called once the request is over */
  async function readOne(one: Tracked, answered: () => void): Promise<void> {
    try {
      const answer = await account.read(one.externalId, call);
      answered();
      one.lastReadAt = now();
      one.alone = false;
      const said = answer.reading && !answer.reading.incomplete ? fingerprint(answer.reading) : null;
      if (saidAgain(one, said)) {
        observer.saw(observation(one.externalId, answer));
        onFailure(one.key, null);
        return;
      }
      const [campaign] = await observer.observe([observation(one.externalId, answer)]);
      // What was overtaken by another answer was not stored: said again, it is news.
      const isLatest = campaign && answer.askedAt >= one.askedAt;
      one.readAs = isLatest && said !== null ? { print: said, revision: campaign.revision } : null;
      if (!campaign) tracking.putAt(one, now() + absentPace * fastestMs);
      else if (!campaign.followed) tracking.forget(one.key);
    } catch (error) {
      failed([one], error, `campaign ${one.externalId}`);
    } finally {
      release([one]);
    }
  }

  /** Most reads say what the last one did: those need no look at what is stored. */
  function saidAgain(one: Tracked, said: string | null): boolean {
    const { readAs, revision } = one;
    if (said === null || readAs?.print !== said || readAs.revision !== revision) return false;
    return tracking.sawAgain(one);
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
      const campaigns = await observer.observe(
        readings.map((reading) => observation(reading.externalId, { reading, askedAt })),
      );
      for (const campaign of campaigns) if (campaign?.followed === false) tracking.forget(campaign.key);
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

  /** Starts what is due, and says how long until more is, in ms. */
  function startDue(): number {
    for (;;) {
      const step = nextStep({
        now: now(),
        budgetFreeAt: now() + account.budget.waitMs('poll'),
        retryAt: account.health.get().state === 'DOWN' ? account.health.retryAt() : null,
        underWay: Math.max(underWay, running.size - mostBeingStored),
        listDueAt: rounds.nextAt(),
        listWasLast,
        campaignDueAt: tracking.nextDueAt(),
      });
      if (step.kind === 'wait') return step.until - now();
      listWasLast = step.kind === 'list';
      start(step.kind === 'list' ? rounds.read : readCampaigns);
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
      const soonest = isListed ? Math.min(dueAt, rounds.dueAt()) : dueAt;
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
