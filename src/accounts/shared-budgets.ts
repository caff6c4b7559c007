import type { AccountSettings } from './account.ts';
import { type Budget, createBudget } from './budget.ts';

/**
 * The budget of each account, by name. Accounts with the same key at the same place are one to the provider: they share
 * a budget, with all the limits that are configured for any of them.
 */
export function shareBudgets(accounts: readonly AccountSettings[], now: () => number): Map<string, Budget> {
  const groups = Map.groupBy(accounts, identityOf);
  const budgets = [...groups.values()].flatMap((group) => {
    const limits = group.flatMap(({ requestBudgets }) => requestBudgets);
    const different = new Map(limits.map((limit) => [`${limit.limit} ${limit.windowSeconds}`, limit]));
    const budget = createBudget([...different.values()], now);
    return group.map(({ name }): [string, Budget] => [name, budget]);
  });
  return new Map(budgets);
}

function identityOf({ provider, settings }: AccountSettings): string {
  const { baseUrl, apiKey, sessionId } = settings;
  const place = typeof baseUrl === 'string' ? new URL(baseUrl).href.replace(/\/+$/, '') : null;
  return JSON.stringify([provider.name, place, apiKey, sessionId]);
}
