import { createHash } from 'node:crypto';
import { type JWTVerifyOptions, jwtVerify } from 'jose';
import { z } from 'zod';
import { accountsIn, roleIn } from './claims.ts';
import { fingerprint, type Grant } from './grant.ts';
import { createKeySet } from './key-set.ts';
import type { JwtSettings } from './settings.ts';

/** So far may the issuer's clock be from ours. */
const clockToleranceSeconds = 5;
/** The signatures that are checked with a public key: a key set must never be taken for a shared secret. */
const publicKeyAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Checking a signature takes some 200 µs; a key that was withdrawn counts for so long after. */
const rememberedMs = 60_000;
const rememberedAtMost = 1_000;

/** Seconds, as far as a date can tell them. */
const claimsSchema = z.looseObject({ exp: z.number().max(8.64e12), sub: z.string().min(1).optional() });

/**
 * JWTs of one issuer, and what they grant.
 * @param now ms since 1970
 * @param log told why the issuer's keys can't be had
 */
export function createJwt(settings: JwtSettings, now: () => number, log: (problem: string) => void) {
  const { issuer, audience, rolesClaim, accountsClaim, source } = settings;
  const basis = fingerprint(['jwt', issuer, audience, rolesClaim, accountsClaim, source]);
  const isShared = 'secret' in source;
  const key = isShared ? Buffer.from(source.secret) : createKeySet(source.jwksUrl, now, log);
  const algorithms = isShared ? ['HS256'] : publicKeyAlgorithms;
  const remembered = new Map<string, { readonly grant: Grant; readonly until: number }>();

  /** Whatever is wrong with a token: who shows it is not let in, and told no more. */
  async function verify(token: string): Promise<Grant | null> {
    const options: JWTVerifyOptions = {
      algorithms,
      issuer,
      audience,
      requiredClaims: ['exp'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now()),
    };
    const verified = await jwtVerify(token, key, options).catch(() => null);
    return verified && grantOf(token, verified.payload);
  }

  function grantOf(token: string, payload: unknown): Grant | null {
    const claims = claimsSchema.safeParse(payload).data;
    const role = claims && roleIn(claims, rolesClaim);
    const accounts = claims && accountsIn(claims, accountsClaim);
    if (!claims || !role || !accounts) return null;
    const { sub, exp } = claims;
    const expiresAt = (Math.ceil(exp) + clockToleranceSeconds) * 1000;
    return { name: sub ?? 'JWT without sub', role, accounts, expiresAt, id: idOf(token, sub), basis };
  }

  function remember(digest: string, grant: Grant): void {
    const [oldest] = remembered.keys();
    if (oldest !== undefined && remembered.size >= rememberedAtMost) remembered.delete(oldest);
    remembered.set(digest, { grant, until: now() + rememberedMs });
  }

  return {
    basis,

    /**
     * @param digest of the token, any that is the same for no other
     * @returns null for what is no JWT of this issuer, or says not who may do what
     */
    async find(token: string, digest: string): Promise<Grant | null> {
      const known = remembered.get(digest);
      if (known && now() < known.until) return known.grant;
      remembered.delete(digest);
      const grant = isJws(token) ? await verify(token) : null;
      if (grant) remember(digest, grant);
      return grant;
    },
  };
}

function isJws(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

/** By the person, so that a fresh token is no fresh start; else by what is signed, which nobody else can vary. */
function idOf(token: string, sub: string | undefined): string {
  const counted = sub === undefined ? token.slice(0, token.lastIndexOf('.')) : sub;
  return `jwt:${createHash('sha256').update(counted).digest('base64url')}`;
}
