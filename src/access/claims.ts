import { z } from 'zod';
import { accountsOf, type Grant, type Role } from './grant.ts';
import { roles } from './settings.ts';

export type Claims = Readonly<Record<string, unknown>>;

const claimsObject = z.record(z.string(), z.unknown());

/**
 * The role that a JWT gives: the one that may do more, where it names both. Other words are other services' roles.
 * @param claim where it stands: a string or an array
 */
export function roleIn(claims: Claims, claim: string): Role | null {
  const value = claimAt(claims, claim);
  const named: readonly unknown[] = Array.isArray(value) ? value : [value];
  return roles.findLast((role) => named.includes(role)) ?? null;
}

const accountNames = z.union([
  z.string().transform((text) => text.split(' ').filter((name) => name !== '')),
  z.array(z.string()),
]);

/**
 * The accounts that a JWT gives; null where it names none, or says something that is not understood.
 * @param claim where they stand: an array, or a string with spaces between the names
 */
export function accountsIn(claims: Claims, claim: string): Grant['accounts'] | null {
  const names = accountNames.safeParse(claimAt(claims, claim)).data ?? [];
  return names.length > 0 ? accountsOf(names) : null;
}

/** A name with dots is a claim's whole name (`https://example.com/roles`), or else leads inwards (`realm_access.roles`). */
function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    const inner = claimsObject.safeParse(value).data;
    if (!inner || !Object.hasOwn(inner, part)) return undefined;
    value = inner[part];
  }
  return value;
}
