import { setTimeout as delay } from 'node:timers/promises';
import type { Access } from '../access/access.ts';
import type { Grant } from '../access/grant.ts';

/** Why a connection is closed: its grant holds no longer, or the service stops. */
export type Parting = 'forbidden' | 'going away';

/** A connection that stays open, and what it was let in by. */
interface Session {
  readonly grant: Grant;
  readonly close: (why: Parting) => void;
}

/** When the service stops, so many are closed at a time, so that their clients don't all come back at once. */
const closedPerSecond = 500;
const longestLeaveMs = 3_000;
const stepMs = 20;

/** Timers can't wait for longer than 24 days. */
const longestDelayMs = 2 ** 31 - 1;

/** Connections that stay open for as long as what they were let in by holds. */
export function createSessions(now: () => number) {
  const open = new Set<Session>();

  function closeAt(session: Session, expiresAt: number): () => void {
    let timer: NodeJS.Timeout;
    const wait = () => {
      const leftMs = expiresAt - now();
      const close = () => session.close('forbidden');
      timer = setTimeout(leftMs > longestDelayMs ? wait : close, Math.min(leftMs, longestDelayMs));
      timer.unref();
    };
    wait();
    return () => clearTimeout(timer);
  }

  return {
    /**
     * @param close called once the grant holds no longer, or the service stops
     * @returns a function to be called when the connection has ended
     */
    begin(grant: Grant, close: Session['close']): () => void {
      const session = { grant, close };
      open.add(session);
      const stopWaiting = grant.expiresAt === null ? () => {} : closeAt(session, grant.expiresAt);
      return () => {
        stopWaiting();
        open.delete(session);
      };
    },

    /** The configuration is another: closes those that it would not let in as they are. */
    recheck(access: Access): void {
      for (const session of open) if (!access.isStillGranted(session.grant)) session.close('forbidden');
    },

    /** Closes all, over a few seconds where there are many. */
    async leave(): Promise<void> {
      const all = [...open];
      const spreadMs = Math.min(longestLeaveMs, (all.length / closedPerSecond) * 1000);
      const atATime = Math.ceil((all.length * stepMs) / Math.max(stepMs, spreadMs));
      for (let start = 0; start < all.length; start += atATime) {
        if (start > 0) await delay(stepMs);
        for (const session of all.slice(start, start + atATime)) session.close('going away');
      }
    },
  };
}
