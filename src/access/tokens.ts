import { timingSafeEqual } from 'node:crypto';
import { accountsOf, fingerprint, type Grant } from './grant.ts';
import type { TokenSettings } from './settings.ts';

/** The tokens that the configuration names, and what each of them grants. */
export function createTokens(settings: readonly TokenSettings[]) {
  const tokens = settings.map((token) => ({
    digest: Buffer.from(token.sha256, 'hex'),
    grant: grantOf(token),
  }));

  return {
    grants: tokens.map(({ grant }) => grant),

    /**
     * Compares with every token, also once it is found, so that the time it takes says nothing.
     * @param digest SHA-256 of what was shown
     */
    find(digest: Buffer): Grant | null {
      let found: Grant | null = null;
      for (const token of tokens) {
        if (timingSafeEqual(token.digest, digest)) found = token.grant;
      }
      return found;
    },
  };
}

function grantOf({ name, sha256, role, accounts, ...token }: TokenSettings): Grant {
  const expiresAt = token.expiresAt ?? null;
  const sorted = [...new Set(accounts)].toSorted();
  return {
    name,
    role,
    accounts: accountsOf(sorted),
    expiresAt,
    id: `token:${name}`,
    basis: fingerprint(['token', name, sha256, role, sorted, expiresAt]),
  };
}
