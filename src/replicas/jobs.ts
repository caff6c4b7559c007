import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Result } from '../actions/parts.ts';
import { resultFromText, resultToText, settled } from '../actions/result.ts';
import { ProblemError } from '../model/problem.ts';
import { isLook, type Job, jobSchema } from './job.ts';
import type { JobRow, JobTable } from './job-table.ts';
import type { Leases } from './leases.ts';

export interface JobsParts {
  readonly table: JobTable;
  readonly leases: Pick<Leases, 'isOurs' | 'isLeaving' | 'holderOf' | 'isThere' | 'moved'>;
  readonly logger: Logger;
  /** Does a job of an account that is ours. */
  readonly perform: (account: string, job: Job) => Promise<Result>;
}

/** Longer than it takes an account to be taken over from a dead replica. */
const patienceMs = 10_000;
/** No job takes longer, as every request to a provider has a time-out. */
const longestMs = 5 * 60_000;
/** A word that was lost is made up for by looking, so often. */
const lookEveryMs = 1_000;

/** What a holder answers: what came of it, that it holds the account no more, or that nobody foresaw what happened. */
const answerSchema = z.union([
  z.object({ result: z.string() }),
  z.object({ moved: z.literal(true) }),
  z.object({ failed: z.literal(true) }),
]);

type Outcome = z.output<typeof answerSchema> | { readonly lost: true };

/**
 * Has everything that asks an account's provider done by the replica that holds the account, whichever replica people
 * have come to: so one process counts its budget, puts answers into their order and tells what a change has led to.
 */
export function createJobs({ table, leases, logger, perform }: JobsParts) {
  const asked = new Map<string, () => void>();
  const working = new Map<string, Set<Promise<unknown>>>();

  function work<T>(account: string, job: () => Promise<T>): Promise<T> {
    const all = working.get(account) ?? new Set();
    working.set(account, all);
    const one = job().finally(() => {
      all.delete(one);
      if (all.size === 0) working.delete(account);
    });
    all.add(one);
    return one;
  }

  const mayBegin = (account: string) => leases.isOurs(account) && !leases.isLeaving(account);

  /** Does a job that another replica has asked for, once. */
  async function take(id: string): Promise<void> {
    try {
      const row = await table.begin(id);
      if (row) await tell(row, JSON.stringify(await answerTo(row)));
    } catch (error) {
      logger.warn({ err: error }, 'a job of another replica could not be begun');
    }
  }

  /** While the answer can't be told, the job is not done again: it is told later. */
  async function tell(row: JobRow, answer: string): Promise<void> {
    const giveUpAt = performance.now() + longestMs;
    while (performance.now() < giveUpAt) {
      try {
        return await table.answer(row, answer);
      } catch (error) {
        logger.warn({ err: error }, 'what came of a job could not be told yet');
        await delay(lookEveryMs, undefined, { ref: false });
      }
    }
  }

  async function answerTo({ account, job }: JobRow): Promise<z.output<typeof answerSchema>> {
    const known = jobSchema.safeParse(JSON.parse(job)).data;
    if (!known || !mayBegin(account)) return { moved: true };
    try {
      return { result: resultToText(await work(account, () => settled(() => perform(account, known)))) };
    } catch (error) {
      logger.error({ err: error, account, job: known.kind }, 'a job failed in a way nobody foresaw');
      return { failed: true };
    }
  }

  /** Has another replica do it. */
  async function send(holder: string, account: string, job: Job): Promise<Outcome> {
    const id = randomUUID();
    const giveUpAt = performance.now() + longestMs;
    let told = Promise.withResolvers<void>();
    asked.set(id, () => told.resolve());
    try {
      await table.ask({ id, account, job: JSON.stringify(job) }, holder);
      for (;;) {
        await within(lookEveryMs, told.promise);
        const answer = await table.answerOf(id);
        if (typeof answer === 'string') return answerSchema.parse(JSON.parse(answer));
        if (answer === undefined || !leases.isThere(holder) || performance.now() > giveUpAt)
          return { lost: true };
        told = Promise.withResolvers();
      }
    } finally {
      asked.delete(id);
      table.withdraw(id).catch(() => {});
    }
  }

  return {
    /**
     * Has a job done by whoever holds the account.
     * @param waitMs how long an account may be nobody's before that is told
     * @throws ProblemError PROVIDER_UNAVAILABLE where nobody does, or its holder was lost over it
     */
    async ask(account: string, job: Job, waitMs = patienceMs): Promise<Result> {
      const giveUpAt = performance.now() + waitMs;
      while (performance.now() < giveUpAt) {
        if (mayBegin(account)) return work(account, () => perform(account, job));
        const holder = leases.holderOf(account);
        if (holder === null) {
          await within(Math.min(lookEveryMs, waitMs), leases.moved());
          continue;
        }
        const outcome = await send(holder, account, job);
        if ('result' in outcome) return resultFromText(outcome.result);
        if ('failed' in outcome) throw new Error('Another replica failed; its log tells why.');
        if ('lost' in outcome && !isLook(job)) throw cutOff();
        if ('moved' in outcome) await within(lookEveryMs, leases.moved());
      }
      throw nobodys(account);
    },

    /** Somebody has a job for us. */
    take,
    /** What we have asked for has been done. */
    done: (id: string): void => asked.get(id)?.(),

    /** Looks for words that were missed. */
    async look(): Promise<void> {
      for (const id of await table.waiting()) void take(id);
      await table.sweep();
    },

    /** Resolves once no job of these accounts is being done, or after so long. */
    async idle(accounts: readonly string[], mostMs: number): Promise<void> {
      const jobs = accounts.flatMap((account) => [...(working.get(account) ?? [])]);
      await within(mostMs, Promise.allSettled(jobs));
    },
  };
}

export type Jobs = ReturnType<typeof createJobs>;

async function within(ms: number, moment: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([moment, late]);
  clearTimeout(timer);
}

function cutOff(): ProblemError {
  return new ProblemError(
    'PROVIDER_UNAVAILABLE',
    'The replica that did this was lost over it, and nobody knows how far it came: look at the campaign before asking again.',
  );
}

function nobodys(account: string): ProblemError {
  return new ProblemError(
    'PROVIDER_UNAVAILABLE',
    `No replica takes care of the account ${account} at the moment. Try again in some seconds.`,
  );
}
