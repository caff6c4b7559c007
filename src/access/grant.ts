import { createHmac, randomBytes } from 'node:crypto';
import type { roles } from './settings.ts';

export type Role = (typeof roles)[number];

/** What somebody who has signed in may do. It holds nothing of the secret that was shown. */
export interface Grant {
  /** For people and logs: the token's name, or the JWT's `sub`. */
  readonly name: string;
  /** `viewer` reads; `operator` also changes. */
  readonly role: Role;
  /** All others do not exist for the holder. */
  readonly accounts: '*' | ReadonlySet<string>;
  /** Until when it holds, ms since 1970; null: until the configuration is another. */
  readonly expiresAt: number | null;
  /** What limits are counted by: the same whenever the same token is shown. */
  readonly id: string;
  /** What it was given for, so that a later configuration can say whether it still gives the same. */
  readonly basis: string;
}

/** Whether an account exists for the holder of a grant. */
export function sees({ accounts }: Grant, account: string): boolean {
  return accounts === '*' || accounts.has(account);
}

/** @param names of accounts; `*` among them stands for all */
export function accountsOf(names: readonly string[]): Grant['accounts'] {
  return names.includes('*') ? '*' : new Set(names);
}

/** Hashes of what few could have chosen can be tried; with a key of this process's own they tell nothing outside it. */
const fingerprintKey = randomBytes(32);

/** Short, and the same for equal values for as long as the process lives. */
export function fingerprint(value: unknown): string {
  return createHmac('sha256', fingerprintKey).update(JSON.stringify(value)).digest('base64url');
}
