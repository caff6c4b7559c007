import { createHash } from 'node:crypto';

/** The bearer tokens that were given out. */
export interface Tokens {
  /** A JWT with `iat` and `exp` in seconds; every one is different. */
  issue(restricted: boolean): string;
  /** What a token allows now; null for one that is unknown or has run out. */
  check(token: string): { restricted: boolean } | null;
  /** From now on every token given out so far is refused. */
  expireAll(): void;
}

function encoded(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

export function createTokens(lifetimeSeconds: number, now: () => number): Tokens {
  const live = new Map<string, { restricted: boolean; expiresAt: number }>();
  let issued = 0;
  return {
    issue(restricted) {
      const iat = Math.floor(now() / 1_000);
      const expiresAt = now() + lifetimeSeconds * 1_000;
      const claims = { iat, exp: Math.floor(expiresAt / 1_000), roles: [], id: 208 };
      const head = `${encoded({ typ: 'JWT', alg: 'RS256' })}.${encoded(claims)}`;
      issued += 1;
      const token = `${head}.${createHash('sha256').update(`${head} ${issued}`).digest('base64url')}`;
      for (const [old, { expiresAt: end }] of live) if (end <= now()) live.delete(old);
      live.set(token, { restricted, expiresAt });
      return token;
    },
    check(token) {
      const known = live.get(token);
      return known && now() < known.expiresAt ? { restricted: known.restricted } : null;
    },
    expireAll: () => live.clear(),
  };
}
