import type { Polling } from '../accounts/account.ts';
import { type Campaign, type CampaignStatus, hasEnded, isBeforeStart } from '../model/campaign.ts';

/** What is stored of a campaign that says how soon it is worth another look. */
export interface StoredFacts {
  readonly status: CampaignStatus;
  readonly scheduledAt: number | null;
  readonly changedAt: number;
  /** Whether the counters are known not to move any more. */
  readonly statsFinal: boolean;
  readonly deleted: boolean;
}

export function factsOf(campaign: Campaign): StoredFacts {
  return {
    status: campaign.status,
    scheduledAt: campaign.scheduledAt,
    changedAt: campaign.changedAt,
    statsFinal: campaign.stats?.final ?? false,
    deleted: campaign.deletedAt !== null,
  };
}

/** All that says so. */
export interface Facts extends StoredFacts {
  /** How many looks in a row have found nothing new. */
  readonly unchanged: number;
  /** What a list that works would tell of the campaign; null: there is none. */
  readonly listed: 'everything' | 'status' | null;
  /** Whether somebody looks at it, by a subscription or by a query within the last minute. */
  readonly watched: boolean;
}

/** How long a campaign is left alone, and why. */
export interface Pace {
  /** ms; null: it is not read by itself, save through lists. */
  readonly intervalMs: number | null;
  readonly why: string;
}

const minuteMs = 60_000;
/** Counters of an ended campaign are looked at for so long after the last change. */
const afterEndMs = 3 * 24 * 60 * minuteMs;
/** Before its scheduled start a campaign is read as if it were sending. */
const nearStartMs = minuteMs;

/**
 * For what happens now, and for what waits for somebody: how many times the floor is waited at first, and at most after
 * looks that found nothing new. Each such look makes the wait half as long again.
 */
const steps = {
  watched: { moving: [1, 1], resting: [3, 12] },
  // Its status comes with the list: only counters are missed.
  listed: { moving: [60, 240], resting: [720, 720] },
  alone: { moving: [24, 120], resting: [48, 240] },
} as const;
const stepFactor = 1.5;
/** The same for counters that may still move after the end; here each look in vain doubles the wait. */
const stepsAfterEnd = { watched: [2, 60], others: [240, Number.POSITIVE_INFINITY] } as const;

/**
 * How long to wait before a campaign is read again. Pure.
 * @param now ms since 1970
 */
export function paceOf(facts: Facts, polling: Polling, now: number): Pace {
  const { status, changedAt } = facts;
  const isLongAgo = now - changedAt > afterEndMs;
  if (facts.deleted) return paceOfDeleted(facts, polling, isLongAgo);
  if (hasEnded(status)) {
    if (facts.statsFinal) return { intervalMs: null, why: 'ended, counters final' };
    if (isLongAgo) return { intervalMs: null, why: 'ended, nothing has moved for three days' };
    const [first, most] = stepsAfterEnd[facts.watched ? 'watched' : 'others'];
    const floors = Math.min(most, first * 2 ** Math.min(facts.unchanged, 30));
    return within(polling, floors, 'ended, counters may still move');
  }
  const kind = facts.watched ? 'watched' : facts.listed === 'status' ? 'listed' : 'alone';
  // There are no counters then, so the list tells all that moves.
  if (kind === 'listed' && isBeforeStart(status)) return { intervalMs: null, why: whyOf(facts, now) };
  const [first, most] = steps[kind][isMoving(facts, now) ? 'moving' : 'resting'];
  const pace = within(
    polling,
    Math.min(most, first * stepFactor ** Math.min(facts.unchanged, 30)),
    whyOf(facts, now),
  );
  const untilStart = startsIn(facts, now) - nearStartMs;
  return untilStart > 0 && pace.intervalMs !== null && pace.intervalMs > untilStart
    ? within(polling, untilStart / polling.fastestMs, 'about to start')
    : pace;
}

/** It may have been a passing fault: where no list would tell, it is looked for a while longer. */
function paceOfDeleted({ listed }: Facts, { slowestMs }: Polling, isLongAgo: boolean): Pace {
  const why = 'deleted at the provider';
  return { intervalMs: listed || isLongAgo ? null : slowestMs, why };
}

function startsIn({ status, scheduledAt }: Facts, now: number): number {
  return status === 'SCHEDULED' && scheduledAt !== null ? scheduledAt - now : 0;
}

function isMoving(facts: Facts, now: number): boolean {
  switch (facts.status) {
    case 'SENDING':
    case 'QUEUED':
    case 'UNKNOWN':
      return true;
    case 'SCHEDULED':
      return startsIn(facts, now) <= nearStartMs;
    default:
      return false;
  }
}

function whyOf(facts: Facts, now: number): string {
  const what =
    facts.status === 'SCHEDULED' && isMoving(facts, now)
      ? 'about to start'
      : facts.status.toLowerCase().replaceAll('_', ' ');
  if (facts.watched) return `${what}, watched`;
  return facts.listed === 'status' ? `${what}, its status comes with the list` : what;
}

function within({ fastestMs, slowestMs }: Polling, floors: number, why: string): Pace {
  return { intervalMs: Math.max(fastestMs, Math.min(slowestMs, floors * fastestMs)), why };
}
