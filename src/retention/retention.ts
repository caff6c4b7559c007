import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { NotOurTurn, type RetentionStore } from '../store/retention.ts';
import type { RetentionSettings } from './settings.ts';
import { type Batch, thinStretch } from './thin.ts';

export interface RetentionParts {
  readonly store: RetentionStore;
  readonly settings: RetentionSettings;
  readonly logger: Logger;
  readonly now: () => number;
}

const dayMs = 24 * 3_600_000;
/** The first pass is soon after the start, when there is most else to do. */
const firstAfterMs = 5_000;
const everyMs = 3_600_000;

/**
 * Keeps the change log from growing for ever: thins the steps that moved only counters, and drops them in the end. All
 * others stay.
 */
export function createRetention({ store, settings, logger, now }: RetentionParts) {
  const { thinAfterDays, dropAfterDays } = settings;
  const ending = new AbortController();
  const { signal } = ending;
  let running: Promise<void> | null = null;

  /** At most half of the time is taken: the other half is everybody else's. */
  const batch: Batch = async (work) => {
    signal.throwIfAborted();
    const start = performance.now();
    const result = await work();
    await pause(performance.now() - start, undefined, { signal });
    return result;
  };

  async function drop(): Promise<number> {
    const before = now() - dropAfterDays * dayMs;
    let count = 0;
    for (let more = true; more; ) {
      const result = await batch(() => store.drop(before));
      count += result.dropped;
      more = result.more;
    }
    return count;
  }

  async function sweep(): Promise<number> {
    let count = 0;
    for (let gone = -1; gone !== 0; count += gone) gone = await batch(() => store.sweep());
    return count;
  }

  async function thin(): Promise<number> {
    const before = now() - thinAfterDays * dayMs;
    // What a pass before has left.
    let count = await sweep();
    for (let { thinned } = await store.state(); ; ) {
      const upTo = await thinStretch(store, { after: thinned, before, batch });
      if (upTo === thinned) return count;
      thinned = upTo;
      count += await sweep();
    }
  }

  async function tidy(): Promise<void> {
    const start = performance.now();
    await store.begin();
    try {
      const dropped = await drop();
      const thinned = await thin();
      const ms = Math.round(performance.now() - start);
      if (dropped + thinned > 0) logger.info({ dropped, thinned, ms }, 'change log tidied up');
    } finally {
      await store.end();
    }
  }

  /** One pass over what has come of age. Resolves at once where another process is at it, or once `stop` is called. */
  async function pass(): Promise<void> {
    try {
      await tidy();
    } catch (error) {
      if (error instanceof NotOurTurn || signal.aborted) return;
      logger.error({ err: error }, 'tidying up the change log failed');
    }
  }

  async function run(): Promise<void> {
    for (let waitMs = firstAfterMs; !signal.aborted; waitMs = everyMs) {
      await pause(waitMs, undefined, { signal }).catch(() => {});
      if (!signal.aborted) await pass();
    }
  }

  return {
    pass,

    start(): void {
      running ??= run();
    },

    /** Ends it between two batches; resolves once none runs any more. */
    async stop(): Promise<void> {
      ending.abort();
      await running;
    },
  };
}

export type Retention = ReturnType<typeof createRetention>;
