import { createHash } from 'node:crypto';
import type { Grant } from './grant.ts';
import { createJwt } from './jwt.ts';
import type { AuthSettings } from './settings.ts';
import { createTokens } from './tokens.ts';

/** Who is let in under one configuration; a reload makes another (contract/service.md, "Signing in"). */
export interface Access {
  /**
   * @param authorization `Bearer <token>`, from the header of HTTP or the payload of `connection_init`
   * @returns what the holder may do; null: not let in. It never fails.
   */
  authenticate(authorization: string | undefined): Promise<Grant | null>;
  /** Whether a grant, by whichever configuration it was given, would be given now exactly as it is. */
  isStillGranted(grant: Grant): boolean;
}

/** As large as Node.js lets all headers of a request be. */
const longestCharacters = 16_384;

/** Open to everybody, which is for loopback alone. */
export const open: Grant = {
  name: 'open',
  role: 'operator',
  accounts: '*',
  expiresAt: null,
  id: 'open',
  basis: 'open',
};

/**
 * @param settings null: everybody is let in, and may do everything
 * @param now ms since 1970
 * @param log told in a sentence, now and then, why an issuer's keys can't be had; no secrets are in it
 */
export function createAccess(
  settings: AuthSettings | null,
  now: () => number,
  log: (problem: string) => void,
): Access {
  if (!settings)
    return { authenticate: async () => open, isStillGranted: ({ basis }) => basis === open.basis };

  const tokens = createTokens(settings.tokens);
  const jwt = settings.jwt && createJwt(settings.jwt, now, log);
  const bases = new Set(tokens.grants.map(({ basis }) => basis));
  if (jwt) bases.add(jwt.basis);

  function isStillGranted({ basis, expiresAt }: Grant): boolean {
    return bases.has(basis) && (expiresAt === null || now() < expiresAt);
  }

  return {
    isStillGranted,

    async authenticate(authorization) {
      const token = bearerToken(authorization);
      if (token === null) return null;
      const digest = createHash('sha256').update(token).digest();
      const grant = tokens.find(digest) ?? (await jwt?.find(token, digest.toString('base64url')));
      return grant && isStillGranted(grant) ? grant : null;
    },
  };
}

/** RFC 6750, section 2.1; the scheme in any case (RFC 9110, section 11.1). */
function bearerToken(authorization = ''): string | null {
  if (authorization.length > longestCharacters) return null;
  return /^bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1] ?? null;
}
