import type { Logger } from 'pino';
import type { Account } from '../accounts/account.ts';
import type { Observer } from '../campaigns/observe.ts';
import { hasEnded } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';
import type { Task } from '../model/task.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import type { Report, ReportStore } from '../store/reports.ts';
import type { TaskStore, UnfinishedTask } from '../store/tasks.ts';
import { collect } from './collect.ts';
import { afterDownload, type Course, type Further, freshCourse, nextOf, waitBefore } from './next.ts';
import { createRhythm, type Rhythm } from './rhythm.ts';
import { isSettled, rollUp } from './rollup.ts';

export interface FollowParts {
  /** Those that this process takes care of. */
  readonly ours: ReadonlyMap<string, Account>;
  readonly tasks: TaskStore;
  readonly reports: ReportStore;
  readonly campaigns: Pick<CampaignStore, 'get'>;
  readonly observer: Pick<Observer, 'observe'>;
  readonly logger: Logger;
  readonly now: () => number;
  /** Told of every task that has come further. */
  readonly onChange: (task: Task) => void;
}

/** Whoever reads a report while it is replaced has so long to finish. */
const sweepAfterMs = 60_000;

/**
 * Follows tasks until they are done: asks the provider ever more rarely, then fetches the file. Each look is by the
 * account as it is at that moment; where there is none any more, the task is left as it is.
 */
export function createFollowing({
  ours,
  tasks,
  reports,
  campaigns,
  observer,
  logger,
  now,
  onChange,
}: FollowParts) {
  const ending = new AbortController();
  const { signal } = ending;
  /** By what the path of a task's notifications has. */
  const rhythms = new Map<string, Rhythm>();
  const running = new Set<Promise<void>>();
  /** Reports of one campaign build on one another, so they are made one after the other. */
  const making = new Map<string, Promise<unknown>>();

  async function keep(known: Task, next: Task): Promise<Task> {
    if (next === known || isSame(known, next)) return known;
    const task = { ...next, updatedAt: now() };
    await tasks.update(task);
    onChange(task);
    return task;
  }

  async function follow(first: Task, notice: string, rhythm: Rhythm): Promise<void> {
    let task = first;
    let course: Course = freshCourse;
    for (let look = 0; task.completedAt === null; look += 1) {
      const wasWoken = await rhythm.pause(waitBefore(look));
      const account = ours.get(task.account);
      if (signal.aborted || !account) break;
      try {
        // Another replica may have taken care of it meanwhile.
        task = (await tasks.get(task.key)) ?? task;
        if (task.completedAt !== null) break;
        const next = await lookAt(account, task, course, wasWoken);
        task = await keep(task, next.task);
        course = next.course;
      } catch (error) {
        // The database, say: the task goes on from where it was.
        logger.error({ err: error, task: task.key }, 'following a task failed');
      }
    }
    // At once: whoever brings the account back has the task followed anew.
    rhythms.delete(notice);
  }

  async function lookAt(account: Account, task: Task, course: Course, wasWoken: boolean) {
    const calledOff = AbortSignal.any([signal, account.closed]);
    const asked = account.ask(null, (call) => resultOf(account, task.uuid, call), {
      priority: 'poll',
      signal: calledOff,
    });
    const reading = await asked.catch(toProblem);
    if (calledOff.aborted) return { task, course };
    const next = nextOf(task, reading, course, now());
    if (next.kind !== 'download') return settle(task, next);
    const begun = await keep(task, next.task);
    const made = await inTurn(task.campaignKey, () =>
      collect(reports, account, begun, next.url, calledOff, now).catch(toProblem),
    );
    if (calledOff.aborted) return { task: begun, course };
    if (made instanceof ProblemError) return settle(begun, afterDownload(begun, made, course, now()));
    await tellCampaign(account, begun, made, wasWoken);
    sweepSoon();
    const done = { ...begun, status: 'COMPLETED', completedAt: now(), problem: null } as const;
    return { task: done, course };
  }

  function sweepSoon(): void {
    setTimeout(sweep, sweepAfterMs).unref();
  }

  function sweep(): void {
    if (signal.aborted) return;
    reports
      .sweep()
      .catch((error: unknown) => logger.warn({ err: error }, 'deleting replaced reports failed'));
  }

  async function settle(task: Task, next: Further) {
    if (next.kind === 'wait') return next;
    await reports.discard(task.key);
    const { code, message, providerCode } = next.problem;
    const problem = { code, message, providerCode, at: now() };
    return { task: { ...task, status: 'FAILED', completedAt: now(), problem } as const, course: freshCourse };
  }

  function inTurn<T>(campaignKey: string, work: () => Promise<T>): Promise<T> {
    const turn = (making.get(campaignKey) ?? Promise.resolve()).then(work);
    const ended = turn
      .catch(() => {})
      .finally(() => {
        if (making.get(campaignKey) === ended) making.delete(campaignKey);
      });
    making.set(campaignKey, ended);
    return turn;
  }

  /** Where the provider gives no counters, those of the report are the campaign's. */
  async function tellCampaign(
    account: Account,
    task: Task,
    { counts, at }: Report,
    wasWoken: boolean,
  ): Promise<void> {
    const campaign = await campaigns.get(task.campaignKey);
    if (!campaign || campaign.deletedAt !== null || campaign.stats?.source === 'PROVIDER') return;
    const { externalId, status, providerStatus } = campaign;
    const final = hasEnded(status) && isSettled(counts);
    const stats = { counters: rollUp(counts), source: 'DELIVERY_REPORT', final } as const;
    // Polls leave alone what is not followed, but this was asked for.
    const cause = wasWoken ? 'WEBHOOK' : campaign.followed ? 'POLL' : 'QUERY';
    const reading = { externalId, status, providerStatus, stats };
    const { name, channel } = account;
    await observer.observe([{ account: name, channel, externalId, reading, askedAt: at, cause }]);
  }

  return {
    follow({ task, secretHash }: UnfinishedTask): void {
      const notice = noticeOf(task.account, secretHash);
      if (!ours.has(task.account) || rhythms.has(notice) || signal.aborted) return;
      const rhythm = createRhythm(signal);
      rhythms.set(notice, rhythm);
      const work = follow(task, notice, rhythm).finally(() => running.delete(work));
      running.add(work);
    },

    /** Deletes what newer reports have replaced, once nobody reads it any more. */
    sweepSoon,

    /** Has a task looked at now. @returns whether there is one that is being followed */
    wake(account: string, secretHash: string): boolean {
      const rhythm = ours.has(account) ? rhythms.get(noticeOf(account, secretHash)) : undefined;
      rhythm?.wake();
      return rhythm !== undefined;
    },

    /** Calls off what is under way; resolves once nothing runs any more. */
    async stop(): Promise<void> {
      ending.abort();
      await Promise.allSettled(running);
    },
  };
}

function resultOf(
  { reports, provider }: Account,
  uuid: string,
  call: Parameters<NonNullable<Account['reports']>['result']>[1],
) {
  if (reports) return reports.result(uuid, call);
  throw new ProblemError('NOT_SUPPORTED', `${provider.title} offers no reports.`);
}

function noticeOf(account: string, secretHash: string): string {
  return `${account}/${secretHash}`;
}

function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  throw error;
}

function isSame(one: Task, other: Task): boolean {
  return (
    one.status === other.status &&
    one.providerStatus === other.providerStatus &&
    one.problem === other.problem &&
    one.fileUrl === other.fileUrl &&
    one.completedAt === other.completedAt
  );
}
