import type { Account } from '../accounts/account.ts';
import type { Kind, Stretch, Wish } from '../accounts/demand.ts';
import type { Tracked } from './queue.ts';

export interface WaitsParts {
  /** Of the account, perhaps shared with others. */
  readonly budget: Account['budget'];
  readonly now: () => number;
  readonly putAt: (one: Tracked, dueAt: number) => void;
  /** How far apart waits are made that would be equal, as a part of them. */
  readonly jitter: number;
}

/** How long campaigns wait for their next read: as long as each would by itself, stretched where there is too little. */
export function createWaits({ budget, now, putAt, jitter }: WaitsParts) {
  const { demand } = budget;
  const members = new Set<Tracked>();
  /** The list, among those that ask for requests. */
  const theList = {};
  /** How far those that wait are stretched, for the most part. */
  let inForce: Stretch = { watched: 1, others: 1 };

  const stretchNow = () => demand.stretch(budget.pollsPerMs());

  /** Once there is twice as much for each as there was, or half, those that wait come nearer, or are put off. */
  function adapt(stretch: Stretch): void {
    const isNear = (kind: Kind) => stretch[kind] > inForce[kind] / 2 && stretch[kind] < inForce[kind] * 2;
    if (isNear('watched') && isNear('others')) return;
    inForce = stretch;
    for (const one of members) {
      const wish = demand.of(one);
      if (!wish || one.asked) continue;
      const waitMs = stretch[wish.kind] * wish.intervalMs;
      // In proportion, so that what is spread stays so.
      const left = Math.max(0, one.dueAt - now()) * (waitMs / one.intervalMs);
      one.intervalMs = waitMs;
      putAt(one, now() + left);
    }
  }

  return {
    /** The campaigns that wait for a read of their own. */
    members: (): Iterable<Tracked> => members,

    /** How many wait, of all accounts that share the budget. */
    count: demand.count,

    stretch: stretchNow,

    /** @param wish how long it would wait by itself; null: it is not read by itself */
    set(one: Tracked, wish: Wish | null): void {
      demand.set(one, wish);
      if (wish) members.add(one);
      else members.delete(one);
      const stretch = stretchNow();
      one.intervalMs = wish ? wish.intervalMs * stretch[wish.kind] : Number.POSITIVE_INFINITY;
      // What began together would stay together as waits grow.
      const shift = wish?.kind === 'others' ? 1 + jitter * (one.share - 0.5) : 1;
      putAt(one, now() + one.intervalMs * shift);
      adapt(stretch);
    },

    /**
     * What rounds of the list ask for.
     * @returns how long to wait for the next one, in ms
     */
    setList(wish: Wish): number {
      demand.set(theList, wish);
      return wish.intervalMs * stretchNow()[wish.kind];
    },

    drop(one: Tracked): void {
      demand.set(one, null);
      members.delete(one);
    },

    /** Nothing is asked for any more. */
    stop(): void {
      demand.set(theList, null);
      for (const one of members) demand.set(one, null);
      members.clear();
    },

    /**
     * Makes many due, so that it is no burst: each at any time of its wait, or of what it takes to read them all where
     * that is longer; or, where they are new, of that alone.
     * @returns by when all are due
     */
    spread(all: readonly Tracked[], from: number, areNew = false): number {
      const requests = all.reduce((sum, one) => sum + (demand.of(one)?.requests ?? 0), 0);
      const longEnough = requests / budget.pollsPerMs();
      let last = from;
      for (const one of all) {
        const wish = demand.of(one);
        // What somebody has asked for does not wait for the others.
        if (!wish || one.asked) continue;
        const span = areNew ? longEnough : Math.max(wish.intervalMs, longEnough);
        putAt(one, from + span * one.share);
        last = Math.max(last, from + span);
      }
      return last;
    },
  };
}
