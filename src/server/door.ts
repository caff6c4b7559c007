import type { IncomingMessage } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { createAccess, open } from '../access/access.ts';
import { type Grant, sees } from '../access/grant.ts';
import type { AuthSettings } from '../access/settings.ts';
import type { Viewer } from '../graphql/context.ts';
import { workAtHand } from '../tracing/work.ts';
import { createCount } from './count.ts';
import { refusal, unauthenticated } from './refuse.ts';
import { createSessions, type Parting } from './sessions.ts';
import type { Limits } from './settings.ts';

export interface DoorParts {
  /** Who may come in; null: everybody. */
  readonly auth: AuthSettings | null;
  /** The accounts that there are now. */
  readonly accounts: ReadonlyMap<string, unknown>;
  readonly limits: Pick<Limits, 'requestsPerMinute' | 'failedSignInsPerMinute' | 'connectionsPerToken'>;
  readonly now: () => number;
  readonly logger: Logger;
}

/** Lets requests and connections in: by their token, and so many of each. */
export function createDoor({ auth: first, accounts, limits, now, logger }: DoorParts) {
  const accessOf = (auth: AuthSettings | null) => createAccess(auth, now, (problem) => logger.warn(problem));
  let auth = first;
  let access = accessOf(auth);
  const requests = new RateLimiterMemory({ points: limits.requestsPerMinute, duration: 60 });
  const failures = new RateLimiterMemory({ points: limits.failedSignInsPerMinute, duration: 60 });
  const connections = createCount(limits.connectionsPerToken);
  const sessions = createSessions(now);

  /** @returns why nothing more is tried from there for a while, if so */
  async function countFailure({ remoteAddress }: IncomingMessage['socket']): Promise<GraphQLError | null> {
    const waitMs = await waitFor(failures, remoteAddress ?? '');
    return waitMs === null ? null : tooMany('failed sign-ins', 'failedSignInsPerMinute', waitMs);
  }

  /** What the holder of a grant may see now. */
  const viewerOf = (grant: Grant): Viewer => ({
    id: grant.id,
    role: grant.role,
    accounts: [...accounts.keys()].filter((name) => sees(grant, name)),
  });

  return {
    viewerOf,

    /** null: the grant holds no longer. */
    viewerNow: (grant: Grant): Viewer | null => (access.isStillGranted(grant) ? viewerOf(grant) : null),

    /**
     * @param authorization "Bearer <token>"
     * @returns why not, if not. Only what is refused is counted by address, as many may come from one.
     */
    async signIn(
      authorization: string | undefined,
      { socket }: IncomingMessage,
    ): Promise<Grant | GraphQLError> {
      const grant = await access.authenticate(authorization);
      // It may have taken a while, and the configuration be another by now.
      if (grant && access.isStillGranted(grant)) {
        const work = workAtHand();
        if (work) work.who = grant.name;
        return grant;
      }
      return (await countFailure(socket)) ?? unauthenticated();
    },

    /**
     * Looks a secret up that may be a guess. One that is not known counts as a failed sign-in.
     * @returns whether it is known, or why that is not looked up
     */
    async lookUp(
      { socket }: IncomingMessage,
      isKnown: () => Promise<boolean>,
    ): Promise<boolean | GraphQLError> {
      // First, or as many as come at the same moment would be looked up.
      const refused = await countFailure(socket);
      if (refused) return refused;
      const known = await isKnown();
      if (known) await failures.reward(socket.remoteAddress ?? '');
      return known;
    },

    /** Counts an operation. @returns why it may not be run, if so */
    async count(grant: Grant): Promise<GraphQLError | null> {
      // Without tokens there are none to keep apart, and nobody but this machine.
      if (grant === open) return null;
      const waitMs = await waitFor(requests, grant.id);
      return waitMs === null ? null : tooMany('requests', 'requestsPerMinute', waitMs);
    },

    /**
     * A connection that stays open begins.
     * @param close called once its grant holds no longer, or the service stops
     * @returns a function to be called when it has ended; null: its token has as many as may be
     */
    begin(grant: Grant, close: (why: Parting) => void): (() => void) | null {
      const countOff = connections.add(grant.id);
      if (!countOff) return null;
      const end = sessions.begin(grant, close);
      // The same, where the client took its time to ask.
      if (!access.isStillGranted(grant)) close('forbidden');
      return () => {
        end();
        countOff();
      };
    },

    /** Shows everybody out, as the service stops. */
    leave: sessions.leave,

    /** From now on others may come in; who may not any more is shown out. */
    change(next: AuthSettings | null): void {
      if (isDeepStrictEqual(next, auth)) return;
      access = accessOf(next);
      auth = next;
      sessions.recheck(access);
    },
  };
}

export type Door = ReturnType<typeof createDoor>;

/** How long to wait, in ms; null: not. */
async function waitFor(limiter: RateLimiterMemory, key: string): Promise<number | null> {
  try {
    await limiter.consume(key);
    return null;
  } catch (error) {
    if (error instanceof RateLimiterRes) return error.msBeforeNext;
    throw error;
  }
}

function tooMany(what: string, setting: keyof DoorParts['limits'], waitMs: number): GraphQLError {
  const message = `There were too many ${what} within a minute (limits.${setting}). Wait a little.`;
  const retryAfterSeconds = Math.ceil(waitMs / 1000);
  return refusal('LIMIT_EXCEEDED', message, { retryAfterSeconds });
}
