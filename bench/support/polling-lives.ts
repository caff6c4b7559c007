import type { CampaignStatus } from '../../src/model/campaign.ts';

/** What a campaign is from then on. */
export interface Moment {
  readonly at: number;
  readonly status: CampaignStatus;
  /** Whether the status is another, or only the counters are. */
  readonly isStep: boolean;
  /** Whether the counters will not move any more. */
  readonly final: boolean;
}

/** What happens to a campaign at its provider. All times are ms. */
export interface Life {
  readonly externalId: string;
  /** From when on it can be known. */
  readonly knownAt: number;
  readonly scheduledAt: number;
  /** When it completed or was canceled; its counters move on. */
  readonly endedAt: number;
  readonly moments: readonly Moment[];
  /** When people look at it; one after another. */
  readonly watched: { readonly from: number; readonly to: number }[];
}

export interface LivesOptions {
  readonly count: number;
  readonly start: number;
  readonly lengthMs: number;
  /** Whether the provider tells of a campaign before it starts. */
  readonly announced: boolean;
  readonly random: () => number;
}

const minute = 60_000;
const hour = 60 * minute;

/** Of all campaigns, so many have long ended at the beginning. */
const endedShare = 0.3;
/** Those that started so long before the beginning are still on their way then, or just over. */
const earlierMs = 8 * hour;
const shares = { onTheQuarter: 0.6, calledOff: 0.04, canceled: 0.05, paused: 0.08 };

/** Campaigns with lives as they are: most start on the quarter hour, send for minutes to hours, and end slowly. */
export function createLives({ count, start, lengthMs, announced, random }: LivesOptions): Life[] {
  const between = (low: number, high: number) => low + random() * (high - low);
  /** As many from 1 to 2 as from 2 to 4. */
  const about = (low: number, high: number) => low * (high / low) ** random();

  function longEnded(externalId: string): Life {
    const endedAt = start - between(4, 90) * 24 * hour;
    const moments = [{ at: endedAt, status: 'COMPLETED', isStep: true, final: true } as const];
    return { externalId, knownAt: endedAt, scheduledAt: endedAt - hour, endedAt, moments, watched: [] };
  }

  function live(externalId: string): Life {
    const at = start - earlierMs + random() * (lengthMs + earlierMs);
    const scheduledAt = random() < shares.onTheQuarter ? Math.ceil(at / (15 * minute)) * 15 * minute : at;
    const knownAt = announced ? Math.min(start, scheduledAt) - hour : scheduledAt;
    const moments: Moment[] = [];
    const add = (at: number, status: CampaignStatus, final = false) =>
      void moments.push({ at, status, isStep: moments.at(-1)?.status !== status, final });
    if (announced) add(knownAt, 'SCHEDULED');
    if (announced && scheduledAt > start && random() < shares.calledOff) {
      const endedAt = between(start, scheduledAt);
      add(endedAt, 'CANCELED', true);
      return { externalId, knownAt, scheduledAt, endedAt, moments, watched: [] };
    }
    const endedAt = send(add, scheduledAt);
    fade(add, endedAt, moments.at(-1)?.status ?? 'COMPLETED');
    return { externalId, knownAt, scheduledAt, endedAt, moments, watched: [] };
  }

  function send(add: (at: number, status: CampaignStatus) => void, scheduledAt: number): number {
    add(scheduledAt + (announced ? between(0, 5_000) : 0), 'QUEUED');
    let at = scheduledAt + between(10_000, 2 * minute);
    let left = about(10 * minute, 4 * hour);
    const pauseAt = random() < shares.paused ? between(0, left) : -1;
    const cancelAt = random() < shares.canceled ? between(0, left) : -1;
    add(at, 'SENDING');
    for (let paused = false; left > 0; ) {
      const step = Math.min(left, between(10_000, minute));
      at += step;
      left -= step;
      if (left <= cancelAt) break;
      if (left <= pauseAt && !paused) {
        paused = true;
        add(at, 'PAUSED');
        at += about(5 * minute, hour);
      }
      if (left > 0) add(at, 'SENDING');
    }
    add(at, left <= cancelAt ? 'CANCELED' : 'COMPLETED');
    return at;
  }

  /** Opens and clicks come ever more rarely, and then no more. */
  function fade(
    add: (at: number, status: CampaignStatus, final: boolean) => void,
    endedAt: number,
    status: CampaignStatus,
  ): void {
    const until = endedAt + about(hour, 24 * hour);
    let at = endedAt;
    for (let gap = 30_000; at < until; gap = Math.min(2 * hour, gap * between(1.1, 1.4))) {
      at += gap;
      add(at, status, at >= until);
    }
  }

  return Array.from({ length: count }, (_, place) => {
    const externalId = `${1_000_000 + place}`;
    return place < count * endedShare ? longEnded(externalId) : live(externalId);
  });
}

/** From its scheduled start until it has ended. */
export function isUnderWay({ scheduledAt, endedAt }: Life, at: number): boolean {
  return scheduledAt <= at && at <= endedAt;
}

/** @returns the place of the moment that is in force; -1: it is not known yet */
export function placeAt({ moments }: Life, at: number): number {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle]?.at ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function isWatched({ watched }: Life, at: number): boolean {
  return watched.some(({ from, to }) => from <= at && at < to);
}
