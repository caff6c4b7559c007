import type { RateLimit } from '../../src/providers/http.ts';
import type { RequestBudget } from '../../src/providers/provider.ts';

/** A provider's own count of requests. */
export interface Arrivals {
  /** A request has come in. @returns what its answer says of the count; null: nothing */
  count(): RateLimit | null;
  made(): number;
  /** How many have passed a limit. */
  over(): number;
  /** @throws when any has */
  assertWithin(): void;
}

/**
 * @param budgets counted over any stretch of a window's length, whenever it begins
 * @param told counted by the clock, from one whole hour to the next, say; answers tell of it. null: there is none
 */
export function createArrivals(
  budgets: readonly RequestBudget[],
  told: RequestBudget | null,
  now: () => number,
): Arrivals {
  const windows = budgets.map((budget) => createSlidingWindow(budget, now));
  const fixed = told && createFixedWindow(told, now);
  let [made, over] = [0, 0];
  return {
    count() {
      made += 1;
      const isOver = windows.map((window) => window.count()).includes(true);
      const limit = fixed?.count() ?? null;
      if (isOver || (limit && limit.remaining < 0)) over += 1;
      return limit && { ...limit, remaining: Math.max(0, limit.remaining) };
    },
    made: () => made,
    over: () => over,
    assertWithin() {
      if (over > 0) throw new Error(`${over} of ${made} requests passed the budget.`);
    },
  };
}

function createSlidingWindow({ limit, windowSeconds }: RequestBudget, now: () => number) {
  const lengthMs = windowSeconds * 1000;
  const times = new Float64Array(limit);
  let made = 0;
  return {
    /** Whether this one is too many. */
    count(): boolean {
      // The one that came `limit` requests ago must have left the window.
      const isOver = made >= limit && (times[made % limit] ?? 0) > now() - lengthMs;
      times[made % limit] = now();
      made += 1;
      return isOver;
    },
  };
}

function createFixedWindow({ limit, windowSeconds }: RequestBudget, now: () => number) {
  const lengthMs = windowSeconds * 1000;
  let [resetAt, used] = [0, 0];
  return {
    /** What is left after this one; below 0: it is too many. */
    count(): RateLimit {
      if (now() >= resetAt) [resetAt, used] = [(Math.floor(now() / lengthMs) + 1) * lengthMs, 0];
      used += 1;
      return { limit, remaining: limit - used, resetAt };
    },
  };
}
