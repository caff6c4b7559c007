import type { CampaignStatus } from '../model/campaign.ts';
import type { DueQueue, Tracked } from './queue.ts';

/** A campaign that is due within this part of its wait is read with others that are due. */
const earlyShare = 0.25;

export interface TurnsParts {
  readonly queue: DueQueue;
  /** Campaigns that may change by themselves. */
  readonly active: ReadonlySet<Tracked>;
  readonly fastestMs: number;
  readonly now: () => number;
  readonly putAt: (one: Tracked, dueAt: number) => void;
}

/** Which campaigns the next request reads. What is taken is under way until it is released. */
export function createTurns({ queue, active, fastestMs, now, putAt }: TurnsParts) {
  /** Campaigns that have been put off to be read with others. */
  const joined = new WeakSet<Tracked>();

  /** Those that are due soon come along for nothing. */
  function fillUp(taken: Tracked[], most: number, isFitting: (one: Tracked) => boolean = () => true): void {
    const due = now();
    for (const one of active) {
      if (taken.length >= most) return;
      if (one.reading || one.alone || one.lastReadAt + fastestMs > due) continue;
      if (one.dueAt - due > one.intervalMs * earlyShare || !isFitting(one)) continue;
      one.reading = true;
      taken.push(one);
    }
  }

  /** When somebody else's campaign is due that is read by the next request but one; null: none is. */
  function nextUrgentAt(): number | null {
    let nextAt: number | null = null;
    for (const one of active) {
      if (!one.urgent || one.reading || one.alone || one.dueAt > now() + fastestMs) continue;
      if (nextAt === null || one.dueAt < nextAt) nextAt = one.dueAt;
    }
    return nextAt;
  }

  /** One that would be read alone goes with the next ones, once: from then on they are due together. */
  function joins(one: Tracked): boolean {
    const nextAt = one.urgent && !one.asked && one.lastReadAt > 0 && !joined.has(one) ? nextUrgentAt() : null;
    if (nextAt === null) {
      joined.delete(one);
      return false;
    }
    joined.add(one);
    one.reading = false;
    putAt(one, nextAt);
    return true;
  }

  function countIn(status: CampaignStatus): number {
    let count = 0;
    for (const { facts } of active) if (facts?.status === status) count += 1;
    return count;
  }

  return {
    /**
     * Takes the campaigns whose turn it is, if any are due: those that one request can read.
     * @param most how many that are
     */
    take(most: number): Tracked[] {
      const taken: Tracked[] = [];
      for (let one = queue.take(now()); one; one = queue.take(now())) {
        one.reading = true;
        if (one.alone || most === 1) {
          if (taken.length === 0) return [one];
          // Its turn comes with the next request.
          one.reading = false;
          queue.put(one);
          break;
        }
        taken.push(one);
        if (taken.length === most) return taken;
      }
      if (taken.length > 0) fillUp(taken, most);
      const [only] = taken;
      return taken.length === 1 && only && joins(only) ? [] : taken;
    },

    /**
     * Takes those that are in the status of one that was taken, and are due or soon will be.
     * @returns them, that one first, and how many campaigns are in that status
     */
    takeInStatus(first: Tracked): { readonly taken: readonly Tracked[]; readonly count: number } {
      const status = first.facts?.status ?? null;
      const taken = [first];
      if (status === null || first.alone) return { taken, count: 1 };
      fillUp(taken, Number.POSITIVE_INFINITY, ({ facts }) => facts?.status === status);
      return { taken, count: countIn(status) };
    },

    /** The request is over, or was not made. What was put meanwhile did not count. */
    release(taken: readonly Tracked[]): void {
      for (const one of taken) {
        one.reading = false;
        putAt(one, one.again ? now() : one.dueAt);
        one.again = false;
      }
    },
  };
}
