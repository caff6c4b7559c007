import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ProblemError } from '../model/problem.ts';
import type { MutationStore } from '../store/mutations.ts';
import type { MutationRow } from '../store/schema.ts';
import type { Result } from './parts.ts';
import { resultFromText, resultToText } from './result.ts';

export interface Request {
  /** Whose key it is: those of others are other keys, whatever they read. Absent: there is nobody else. */
  readonly holder?: string;
  readonly idempotencyKey: string | null;
  /** The mutation's name: "pauseCampaign". */
  readonly operation: string;
  /** All that was asked for, save the idempotency key and whether it is a dry run. */
  readonly input: unknown;
  readonly dryRun: boolean;
}

export interface OnceParts {
  readonly store: MutationStore;
  readonly now: () => number;
}

const keptMs = 24 * 3_600_000;
const longestKey = 200;
/** A request that is being worked on says so this often; one that has not for so long was cut off. */
const heartbeatMs = 3_000;
const silentMs = 5 * heartbeatMs;
/** While another request with the same key is being worked on, its answer is looked for this often. */
const lookAgainMs = 50;

const argument = ['idempotencyKey'];

/**
 * Does what is asked for with an idempotency key once, however often it is asked for, also after a restart and by
 * several processes on one database: the key is taken in the database before anything is done.
 */
export function createOnce({ store, now }: OnceParts) {
  const running = new Set<Promise<Result>>();

  async function answerTo(row: MutationRow): Promise<Result> {
    for (let known: MutationRow | null = row; known; known = await store.get(row.key)) {
      if (known.answer !== null) return resultFromText(known.answer);
      if (now() - known.aliveAt > silentMs) break;
      await delay(lookAgainMs);
    }
    throw cutOff();
  }

  /** Works, and says all the while that it does. */
  async function workWith(key: string, work: () => Promise<Result>): Promise<Result> {
    const heartbeat = setInterval(() => store.alive(key, now()).catch(() => {}), heartbeatMs);
    try {
      const result = await work();
      await store.finish(key, resultToText(result));
      return result;
    } catch (error) {
      // Nobody foresaw it, so nobody knows how far it came.
      await store.finish(key, resultToText({ keys: [], problems: [cutOff()] })).catch(() => {});
      throw error;
    } finally {
      clearInterval(heartbeat);
    }
  }

  /**
   * @returns what `work` gives, or gave to the first request with the key
   * @throws ProblemError BAD_INPUT for a key that is none, CONFLICT for one that was used for something else
   */
  async function once(request: Request, work: () => Promise<Result>): Promise<Result> {
    const { idempotencyKey: told, holder, operation, dryRun } = request;
    if (told === null) return work();
    if (told.trim() === '' || told.length > longestKey || told.includes('\0') || !told.isWellFormed()) {
      throw new ProblemError('BAD_INPUT', `An idempotency key has 1 to ${longestKey} characters.`, {
        argument,
      });
    }
    // A holder has no line breaks.
    const key = holder === undefined ? told : `${holder}\n${told}`;
    const startedAt = now();
    await store.forget(startedAt - keptMs);
    const input = hash('sha256', canonical(request.input));
    const mutation = { key, operation, input, startedAt, aliveAt: startedAt };
    // A dry run does nothing, so it neither takes a key nor is it answered from one.
    const earlier = dryRun ? await store.get(key) : await store.begin(mutation);
    if (earlier && (earlier.operation !== operation || earlier.input !== mutation.input)) {
      const message = 'This idempotency key was used for another request: take a new one for each.';
      throw new ProblemError('CONFLICT', message, { argument });
    }
    if (dryRun) return work();
    if (earlier) return answerTo(earlier);
    return workWith(key, work);
  }

  return {
    once(request: Request, work: () => Promise<Result>): Promise<Result> {
      const result = once(request, work).finally(() => running.delete(result));
      running.add(result);
      return result;
    },

    /** Resolves once all that was begun has been answered. */
    async idle(): Promise<void> {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

export type Once = ReturnType<typeof createOnce>['once'];

function cutOff(): ProblemError {
  const message =
    'The first request with this key was cut off, and nobody knows how far it came: look at the campaign, then ask with a new key.';
  return new ProblemError('PROVIDER_UNAVAILABLE', message, { argument });
}

/** JSON whose objects name their members in one order, without those that are null: the same may be written in several ways. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    const told = Object.entries(inner).filter(([, member]) => member !== null);
    return Object.fromEntries(told.sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
