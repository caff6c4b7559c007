import type { Access } from '../access/access.ts';
import type { Grant } from '../access/grant.ts';

/** A connection that stays open, and what it was let in by. */
interface Session {
  readonly grant: Grant;
  readonly close: () => void;
}

/** Timers can't wait for longer than 24 days. */
const longestDelayMs = 2 ** 31 - 1;

/** Connections that stay open for as long as what they were let in by holds. */
export function createSessions(now: () => number) {
  const open = new Set<Session>();

  function closeAt(session: Session, expiresAt: number): () => void {
    let timer: NodeJS.Timeout;
    const wait = () => {
      const leftMs = expiresAt - now();
      timer = setTimeout(leftMs > longestDelayMs ? wait : session.close, Math.min(leftMs, longestDelayMs));
      timer.unref();
    };
    wait();
    return () => clearTimeout(timer);
  }

  return {
    /**
     * @param close called once the grant holds no longer
     * @returns a function to be called when the connection has ended
     */
    begin(grant: Grant, close: () => void): () => void {
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
      for (const session of open) if (!access.isStillGranted(session.grant)) session.close();
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;
