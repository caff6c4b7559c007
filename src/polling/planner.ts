import type { Polling } from '../accounts/account.ts';
import { type CampaignStatus, hasEnded } from '../model/campaign.ts';

/** What is known of a campaign that says how soon it is worth another look. */
export interface Facts {
  readonly status: CampaignStatus;
  readonly scheduledAt: number | null;
  readonly changedAt: number;
  /** Whether the counters are known not to move any more. */
  readonly statsFinal: boolean;
  readonly deleted: boolean;
  /** How many looks in a row have found nothing new. */
  readonly unchanged: number;
  /** Whether a list that works would tell of the campaign. */
  readonly listed: boolean;
}

const minuteMs = 60_000;
/** Counters of an ended campaign are looked at for so long after the last change. */
const afterEndMs = 3 * 24 * 60 * minuteMs;
/** Before its scheduled start a campaign is watched as if it were sending. */
const nearStartMs = minuteMs;

/**
 * How long to wait before a campaign is read again, in ms; null: not at all, save through lists. Pure.
 * @param now ms since 1970
 */
export function nextInterval(facts: Facts, { fastestMs, slowestMs }: Polling, now: number): number | null {
  const atMost = (ms: number) => Math.max(fastestMs, Math.min(slowestMs, ms));
  // It may have been a passing fault: where no list would tell, it is looked for a while longer.
  if (facts.deleted) return facts.listed || now - facts.changedAt > afterEndMs ? null : slowestMs;
  if (hasEnded(facts.status)) {
    if (facts.statsFinal || now - facts.changedAt > afterEndMs) return null;
    return atMost(2 * fastestMs * 2 ** Math.min(facts.unchanged, 20));
  }
  switch (facts.status) {
    case 'SENDING':
    case 'QUEUED':
    case 'UNKNOWN':
      return fastestMs;
    case 'SCHEDULED': {
      const untilStart = facts.scheduledAt === null ? 0 : facts.scheduledAt - now;
      // It can be called off or moved at any time, so it is not left alone until its start.
      return untilStart <= nearStartMs
        ? fastestMs
        : atMost(Math.min(untilStart - nearStartMs, 6 * fastestMs));
    }
    default:
      return atMost(6 * fastestMs);
  }
}

export interface ListFacts {
  /** Requests that one round takes. */
  readonly pages: number;
  /** Campaigns that may change by themselves. */
  readonly active: number;
  /** Whether an entry tells as much as a single read, so that a round stands for as many of those. */
  readonly coversAll: boolean;
}

/**
 * How long to wait before an account's list is read again, in ms. Pure. A round costs as many requests as it has pages,
 * so it is read that much more rarely, unless it saves as many single reads.
 */
export function nextListInterval(
  { pages, active, coversAll }: ListFacts,
  { fastestMs, slowestMs }: Polling,
): number {
  const pace = active > 0 ? fastestMs : 4 * fastestMs;
  const saved = coversAll ? Math.max(1, active) : 1;
  return Math.max(fastestMs, Math.min(slowestMs, pace * Math.max(1, pages / saved)));
}
