import { hash } from 'node:crypto';
import { createDemand, type Kind, type Stretch } from './demand.ts';
import type { Tracked } from './queue.ts';

export interface WaitsParts {
  /** Reads per ms that there are. */
  readonly supply: () => number;
  readonly now: () => number;
  readonly putAt: (one: Tracked, dueAt: number) => void;
}

/** How long campaigns wait for their next read: as long as each would by itself, stretched where there is too little. */
export function createWaits({ supply, now, putAt }: WaitsParts) {
  const demand = createDemand<Tracked>();
  /** The longest that waits have been made since they were last made shorter. */
  let longestStretch = 1;

  /** Once there is much more for each than there was, those that were put off for long come nearer. */
  function relax(stretch: Stretch): void {
    const { others } = stretch;
    if (2 * others > longestStretch) {
      longestStretch = Math.max(longestStretch, others);
      return;
    }
    longestStretch = others;
    for (const one of demand.members()) {
      const asked = demand.of(one);
      const waitMs = asked ? stretch[asked.kind] / asked.rate : Number.POSITIVE_INFINITY;
      if (waitMs >= one.intervalMs) continue;
      // In proportion, so that what is spread stays so.
      const left = Math.max(0, one.dueAt - now()) * (waitMs / one.intervalMs);
      one.intervalMs = waitMs;
      putAt(one, now() + left);
    }
  }

  return {
    /** The campaigns that wait for a read of their own. */
    members: (): Iterable<Tracked> => demand.members(),

    stretch: (): Stretch => demand.stretch(supply()),

    /** @param intervalMs how long it would wait by itself; null: it is not read by itself */
    set(one: Tracked, kind: Kind, intervalMs: number | null): void {
      demand.set(one, kind, intervalMs);
      const stretch = demand.stretch(supply());
      one.intervalMs = intervalMs === null ? Number.POSITIVE_INFINITY : intervalMs * stretch[kind];
      putAt(one, now() + one.intervalMs);
      relax(stretch);
    },

    drop: (one: Tracked): void => demand.set(one, 'others', null),

    /**
     * Makes many due, so that it is no burst: each at any time of its wait, or of what it takes to read them all where
     * that is longer.
     * @returns by when all are due
     */
    spread(all: readonly Tracked[], from: number): number {
      const longEnough = all.length / supply();
      let last = from;
      for (const one of all) {
        const asked = demand.of(one);
        if (!asked) continue;
        const span = Math.max(1 / asked.rate, longEnough);
        putAt(one, from + span * shareOf(one.key));
        last = Math.max(last, from + span);
      }
      return last;
    },
  };
}

/** A number from 0 to 1 that is always the same for a key, and spread evenly over keys. */
function shareOf(key: string): number {
  return Number.parseInt(hash('md5', key).slice(0, 8), 16) / 2 ** 32;
}
