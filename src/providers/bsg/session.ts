import { ProblemError } from '../../model/problem.ts';
import type { Call } from '../http.ts';
import { readNumber } from '../read.ts';
import { tokenClaims } from './wire.ts';

/** How a token is had; each gives the token and throws ProblemError. */
export interface TokenCalls {
  logIn(): Promise<string>;
  refresh(bearer: string): Promise<string>;
}

/** The token that all calls of an account share. */
export interface Session {
  /**
   * A token that is good for now, after a log-in or a refresh where one is due.
   * @throws ProblemError
   */
  bearer(call: Call): Promise<string>;
  /**
   * Another token in place of one that was refused.
   * @throws ProblemError
   */
  replace(refused: string, call: Call): Promise<string>;
}

interface Token {
  readonly bearer: string;
  /** ms since 1970; Infinity where the token does not tell. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

const minute = 60_000;

/**
 * Keeps one token, and lets one log-in or refresh run at a time, for which all callers wait.
 * Source: providers/bsg-openapi.yaml, /api/auth/login and /api/auth/refresh.
 * @param now ms since 1970
 */
export function createSession(calls: TokenCalls, now: () => number): Session {
  let token: Token | null = null;
  let renewal: Promise<Token> | null = null;

  async function logIn(): Promise<Token> {
    return readToken(await calls.logIn(), now());
  }

  async function refresh(bearer: string): Promise<Token> {
    try {
      return readToken(await calls.refresh(bearer), now());
    } catch {
      return logIn();
    }
  }

  async function renewed(start: () => Promise<Token>, call: Call): Promise<string> {
    renewal ??= start()
      .then((fresh) => {
        token = fresh;
        return fresh;
      })
      .finally(() => {
        renewal = null;
      });
    const { bearer } = await unlessCalledOff(renewal, call.signal);
    return bearer;
  }

  return {
    async bearer(call) {
      const held = token;
      if (held === null || now() >= held.expiresAt) return renewed(logIn, call);
      if (now() < held.renewAt) return held.bearer;
      return renewed(() => refresh(held.bearer), call);
    },
    async replace(refused, call) {
      // Another call may have met the same refusal first.
      if (token !== null && token.bearer !== refused) return token.bearer;
      return renewed(logIn, call);
    },
  };
}

/** A token is renewed with a tenth of its life left, or a minute where that is more, but not before half is over. */
function readToken(bearer: string, receivedAt: number): Token {
  const claims = tokenClaims.safeParse(claimsOf(bearer)).data;
  const expiry = secondsToMs(claims?.exp);
  const life = expiry === null ? 0 : expiry - (secondsToMs(claims?.iat) ?? receivedAt);
  if (expiry === null || life <= 0) return { bearer, renewAt: Infinity, expiresAt: Infinity };
  // One that has run out on arrival was made by a clock other than ours: its life is counted from now.
  const expiresAt = expiry > receivedAt ? expiry : receivedAt + life;
  const margin = Math.min(Math.max(life / 10, minute), life / 2);
  return { bearer, renewAt: expiresAt - margin, expiresAt };
}

/** The middle part of a JWT. Its signature is the provider's own business. */
function claimsOf(bearer: string): unknown {
  try {
    return JSON.parse(Buffer.from(bearer.split('.')[1] ?? '', 'base64url').toString());
  } catch {
    return null;
  }
}

function secondsToMs(value: unknown): number | null {
  const seconds = readNumber(value);
  return seconds === null ? null : seconds * 1000;
}

/** A caller can leave; the log-in goes on for the others. */
async function unlessCalledOff<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return work;
  const { promise: calledOff, reject } = Promise.withResolvers<never>();
  const leave = () =>
    reject(new ProblemError('PROVIDER_UNAVAILABLE', 'The request to the provider was called off.'));
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  try {
    return await Promise.race([work, calledOff]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
