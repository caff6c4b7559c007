import { z } from 'zod';
import type { Account } from './account.ts';
import { savedBudget } from './budget.ts';
import { savedHealth } from './health.ts';

const savedAccount = z.object({ health: savedHealth, budget: savedBudget });

type Kept = Pick<Account, 'health' | 'budget'>;

/**
 * How an account is doing, as JSON, for the replica that takes care of it next; see `Budget.save`.
 * @param account undefined: there is none any more
 * @param isLast no request is made after this
 * @returns null: it need not be saved, as what was saved last will do
 */
export function saveAccount(
  account: Kept | undefined,
  isLast: boolean,
): { readonly saved: string; readonly keep: () => void } | null {
  if (!account) return null;
  const { budget, health } = account;
  if (!isLast && !health.isWorthSaving() && !budget.isWorthSaving()) return null;
  const [inBudget, inHealth] = [budget.save(isLast), health.save()];
  return {
    saved: JSON.stringify({ health: inHealth.saved, budget: inBudget.saved }),
    keep() {
      inBudget.keep();
      inHealth.keep();
    },
  };
}

/**
 * An account is doing as another replica has found. What another version has saved is found out anew.
 * @param isOurs whether it is this replica that takes care of it now
 */
export function restoreAccount(account: Kept | undefined, saved: string, isOurs: boolean): void {
  const { data } = savedAccount.safeParse(JSON.parse(saved));
  if (!data || !account) return;
  account.health.restore(data.health);
  account.budget.restore(data.budget, { pending: isOurs });
}
