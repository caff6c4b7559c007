import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose';
import { z } from 'zod';

const timeoutMs = 5_000;
/** Keys are fetched anew behind the scenes once they are older, and not trusted any more when that fails for long. */
const renewAfterMs = 5 * 60_000;
const trustedForMs = 15 * 60_000;
/** Anybody can show a JWT with a key that is not known: it is not asked for more often than this, and no failure is. */
const coolDownMs = 10_000;
const tellEveryMs = 60_000;
const largestBytes = 1024 * 1024;

/**
 * The public keys at an issuer's address, fetched when they are first needed.
 * @param now ms since 1970
 * @param log told why they can't be had, once a minute at most
 * @returns the key that a JWT's header names; throws when there is none
 */
export function createKeySet(
  url: string,
  now: () => number,
  log: (problem: string) => void,
): JWTVerifyGetKey {
  // jose fetches and chooses; when to fetch is decided here, since it would ask again at once after a failure.
  const keys = createRemoteJWKSet(new URL(url), {
    timeoutDuration: timeoutMs,
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: fetchSmall,
  });
  let askedAt = Number.NEGATIVE_INFINITY;
  let loadedAt = Number.NEGATIVE_INFINITY;
  let toldAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | null = null;

  /** Also false when the clock was set back: keys must not get younger. */
  const isWithin = (ms: number, since: number) => Math.abs(now() - since) < ms;

  /** Never fails: whether there are keys shows afterwards. */
  async function load(): Promise<void> {
    if (!loading && isWithin(coolDownMs, askedAt)) return;
    loading ??= ask().finally(() => {
      loading = null;
    });
    await loading;
  }

  async function ask(): Promise<void> {
    askedAt = now();
    try {
      await keys.reload();
      loadedAt = askedAt;
    } catch (error) {
      if (isWithin(tellEveryMs, toldAt)) return;
      toldAt = now();
      log(
        `auth.jwt.jwksUrl: the keys can't be fetched (${reasonOf(error)}); a JWT that needs them is refused`,
      );
    }
  }

  return async (header, jws) => {
    if (!isWithin(trustedForMs, loadedAt)) await load();
    else if (!isWithin(renewAfterMs, loadedAt)) void load();
    if (!isWithin(trustedForMs, loadedAt)) throw new errors.JWKSNoMatchingKey();
    try {
      return await keys(header, jws);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await load();
      return keys(header, jws);
    }
  };
}

const fetchSmall: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new errors.JOSEError(`HTTP ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > largestBytes) throw new errors.JOSEError('the answer is larger than 1 MiB');
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks));
};

const failedRequest = z.object({ cause: z.object({ code: z.string() }) });

/** Other messages than jose's may quote the address. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JOSEError) return error.message;
  return failedRequest.safeParse(error).data?.cause.code ?? 'no connection';
}
