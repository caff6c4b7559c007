import { type Budget, createBudget } from '../../src/accounts/budget.ts';
import type { RequestBudget } from '../../src/providers/provider.ts';

/** A budget with a clock that stands still until it is moved. */
export function openBudget(...budgets: RequestBudget[]) {
  let at = Date.parse('2026-03-01T12:00:00Z');
  const budget = createBudget(budgets, () => at);
  return {
    ...budget,
    now: () => at,
    pass(ms: number): void {
      at += ms;
    },
    /** Makes so many requests as may be made now, at most `most`, and says how many. */
    spendAll(priority: 'person' | 'poll', most = 1_000): number {
      let made = 0;
      while (made < most && budget.waitMs(priority) === 0) {
        spend(budget);
        made += 1;
      }
      return made;
    },
    /** What an answer tells of a window of a hundred that ends so soon. */
    told(remaining: number, resetInMs: number, limit = 100): void {
      budget.hear({ limit, remaining, resetAt: at + resetInMs });
    },
    pollsAMinute: () => budget.pollsPerMs() * 60_000,
  };
}

/** Requests that are answered at once. */
export function spend(budget: Pick<Budget, 'begin' | 'end'>, count = 1): void {
  for (let made = 0; made < count; made++) {
    budget.begin();
    budget.end();
  }
}
