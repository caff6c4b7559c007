import { hash } from 'node:crypto';
import { createDemand, type Stretch, type Wish } from './demand.ts';
import type { Tracked } from './queue.ts';

export interface WaitsParts {
  /** Requests per ms that there are. */
  readonly supply: () => number;
  readonly now: () => number;
  readonly putAt: (one: Tracked, dueAt: number) => void;
}

/** The list, among those that ask for requests. */
const theList = Symbol('list');

/** How long campaigns wait for their next read: as long as each would by itself, stretched where there is too little. */
export function createWaits({ supply, now, putAt }: WaitsParts) {
  const demand = createDemand<Tracked | typeof theList>();
  /** How far those that wait are stretched, for the most part. */
  let inForce = 1;

  /** Once there is twice as much for each as there was, or half, those that wait come nearer, or are put off. */
  function adapt(stretch: Stretch): void {
    const { others } = stretch;
    if (others > inForce / 2 && others < inForce * 2) return;
    inForce = others;
    for (const one of demand.members()) {
      const wish = demand.of(one);
      if (!wish || one === theList) continue;
      const waitMs = stretch[wish.kind] * wish.intervalMs;
      // In proportion, so that what is spread stays so.
      const left = Math.max(0, one.dueAt - now()) * (waitMs / one.intervalMs);
      one.intervalMs = waitMs;
      putAt(one, now() + left);
    }
  }

  return {
    /** The campaigns that wait for a read of their own. */
    *members(): Iterable<Tracked> {
      for (const one of demand.members()) if (one !== theList) yield one;
    },

    stretch: (): Stretch => demand.stretch(supply()),

    /** @param wish how long it would wait by itself; null: it is not read by itself */
    set(one: Tracked, wish: Wish | null): void {
      demand.set(one, wish);
      const stretch = demand.stretch(supply());
      one.intervalMs = wish ? wish.intervalMs * stretch[wish.kind] : Number.POSITIVE_INFINITY;
      putAt(one, now() + one.intervalMs);
      adapt(stretch);
    },

    /**
     * What rounds of the list ask for. They tell of all campaigns at once, so they wait longer only when those do that
     * somebody looks at.
     * @returns how long to wait for the next one, in ms
     */
    setList({ intervalMs, requests }: Pick<Wish, 'intervalMs' | 'requests'>): number {
      demand.set(theList, { kind: 'watched', intervalMs, requests });
      return intervalMs * demand.stretch(supply()).watched;
    },

    drop: (one: Tracked): void => demand.set(one, null),

    /**
     * Makes many due, so that it is no burst: each at any time of its wait, or of what it takes to read them all where
     * that is longer.
     * @returns by when all are due
     */
    spread(all: readonly Tracked[], from: number): number {
      const requests = all.reduce((sum, one) => sum + (demand.of(one)?.requests ?? 0), 0);
      const longEnough = requests / supply();
      let last = from;
      for (const one of all) {
        const wish = demand.of(one);
        if (!wish) continue;
        const span = Math.max(wish.intervalMs, longEnough);
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
