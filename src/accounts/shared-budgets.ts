import type { AccountSettings } from './account.ts';
import { type Budget, createBudget } from './budget.ts';

/**
 * The budgets of accounts. Accounts with the same key at the same place are one to the provider: they share a budget,
 * with all the limits that are configured for any of them.
 */
export function createSharedBudgets(now: () => number) {
  /** By who shares them and their limits. */
  let kept = new Map<string, Budget>();
  let byAccount = new Map<string, Budget>();

  return {
    /** Shares budgets out among accounts; one that is as it was goes on counting. */
    share(accounts: readonly AccountSettings[]): void {
      const [before, groups] = [kept, Map.groupBy(accounts, identityOf)];
      kept = new Map();
      byAccount = new Map();
      for (const [identity, group] of groups) {
        const all = group.flatMap(({ requestBudgets }) => requestBudgets);
        const limits = new Map(all.map((limit) => [`${limit.limit} ${limit.windowSeconds}`, limit]));
        const key = [identity, ...[...limits.keys()].sort()].join('\n');
        const budget = before.get(key) ?? createBudget([...limits.values()], now);
        kept.set(key, budget);
        for (const { name } of group) byAccount.set(name, budget);
      }
    },

    of: (account: string): Budget | undefined => byAccount.get(account),

    /** Names of accounts, those together that share a budget. */
    groups: (): string[][] =>
      [...Map.groupBy(byAccount.keys(), (name) => byAccount.get(name)).values()].map((names) => names.sort()),
  };
}

function identityOf({ provider, settings }: AccountSettings): string {
  const { baseUrl, apiKey, sessionId } = settings;
  const place = typeof baseUrl === 'string' ? new URL(baseUrl).href.replace(/\/+$/, '') : null;
  return JSON.stringify([provider.name, place, apiKey, sessionId]);
}
