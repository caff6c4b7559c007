import type { Logger } from 'pino';
import type { Account, Answer } from '../accounts/account.ts';
import type { Observed, Observer } from '../campaigns/observe.ts';
import type { Campaign } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';
import { nextStep } from './planner.ts';
import { createReads } from './reads.ts';
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
  /** How far apart waits are made that would be equal, as a part of them. */
  readonly jitter?: number;
}

/** So many answers may wait to be stored while more are asked for. */
const mostBeingStored = 12;
/** After a failure that is not the provider's (the database's, say), it is tried again after this. */
const ownFailurePauseMs = 5_000;

/** Reads one account's campaigns again and again: each when it is due, and the list where there is one. */
export function createPoller({
  account,
  observer,
  watching,
  logger,
  now,
  onFailure,
  jitter = 0.2,
}: PollerParts) {
  const { fastestMs } = account.polling;
  const ending = new AbortController();
  const call = { priority: 'poll', signal: ending.signal } as const;
  const running = new Set<Promise<void>>();
  /** Requests that are not answered yet. */
  let underWay = 0;
  let wake = () => {};
  /** Until when the loop waits unless it is woken, ms since 1970. */
  let waitsUntil = 0;
  let loop: Promise<void> = Promise.resolve();
  const tracking = createTracking({
    account,
    watching,
    now,
    together: (status) => reads.together(status),
    jitter,
    onMoved(dueAt) {
      if (dueAt < waitsUntil || waitsUntil <= now()) wake();
    },
  });
  const common = { account, observer, tracking, logger, now, call, onFailure, observation, pauseAfter };
  const reads = createReads(common);
  const rounds = createRounds({
    ...common,
    watching,
    onMoved: () => wake(),
  });
  let listWasLast = false;

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

  /** Starts what is due, and says when more is, ms since 1970. */
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
      if (step.kind === 'wait') return step.until;
      listWasLast = step.kind === 'list';
      start(step.kind === 'list' ? rounds.read : reads.readDue);
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

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      waitsUntil = startDue();
      const timer = Number.isFinite(waitsUntil)
        ? setTimeout(wake, Math.min(Math.max(waitsUntil - now(), 1), 60_000))
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

    /** When the campaign will be read next, ms since 1970; null: not. */
    nextPollAt(key: string): number | null {
      const one = tracking.get(key);
      if (!one) return null;
      const soonest = tracking.comesWithList(one) ? Math.min(one.dueAt, rounds.dueAt()) : one.dueAt;
      return Number.isFinite(soonest) ? Math.max(soonest, now()) : null;
    },

    /** Follows a campaign that was configured, if it is not followed already. */
    add: (externalId: string) => tracking.add(externalId),

    /** Reads a campaign as soon as may be, known or not. */
    pollSoon: (externalId: string) => tracking.soon(externalId),

    /** Ends the polling of a campaign. */
    forget: (key: string) => tracking.forget(key),

    followedCount: () => tracking.count(),

    /** Ends the loop and calls off what is under way; resolves once nothing runs any more. */
    async stop(): Promise<void> {
      ending.abort();
      tracking.stop();
      rounds.stop();
      wake();
      await loop;
      await Promise.allSettled(running);
    },
  };
}

export type Poller = ReturnType<typeof createPoller>;
