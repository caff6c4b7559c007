import { type CampaignStatus, hasEnded, type StatsReading } from '../../model/campaign.ts';
import { countersOf, hasAnyCounter } from '../../model/stats.ts';
import { readCount } from '../read.ts';
import type { CampaignData } from './wire.ts';

/** The kinds for which BSG learns that a message was read. */
const typesWithReads = new Set(['viber', 'rcs']);

type Group = 'queued' | 'inFlight' | 'delivered' | 'undelivered' | 'failed' | 'unreported';

/**
 * In `/detail` every message stands in just one of these, so `sent` is only what is still under way.
 * Source: providers/bsg-campaign-detail.txt, providers/README.md 2.4.
 */
const groups = new Map<string, Group>([
  ['scheduled', 'queued'],
  ['moderation', 'queued'],
  ['accepted', 'queued'],
  ['sending', 'queued'],
  ['sent', 'inFlight'],
  ['delivered', 'delivered'],
  ['read', 'delivered'],
  ['undelivered', 'undelivered'],
  ['expired', 'undelivered'],
  ['failed', 'failed'],
  ['unknown', 'unreported'],
]);

/**
 * The counters of `/detail`; null where they are empty, undefined where they are not there.
 * @param warnings what is odd about them is added here, a sentence each
 */
export function readStats(
  wire: CampaignData,
  status: CampaignStatus,
  warnings: string[],
): StatsReading | null | undefined {
  const tally = tallyOf(wire, warnings);
  const { queued, inFlight, delivered, undelivered, failed, unreported } = tally;
  const messages = readCount(wire.total_messages);
  const all = sum(Object.values(tally));
  if (all !== null && messages !== null && all !== messages) {
    warnings.push(`The statistics add up to ${all}, while total_messages is ${messages}.`);
  }
  const counters = countersOf({
    recipients: readCount(wire.total_phones),
    messages,
    queued,
    sent: sum([inFlight, delivered, undelivered, unreported]),
    delivered,
    undelivered,
    failed,
    unreported,
    opened: readOpened(wire),
  });
  if (!hasAnyCounter(counters)) return wire.tellsStatistics ? null : undefined;
  return { counters, final: hasEnded(status) && queued === 0 && inFlight === 0 };
}

/** Sums the buckets by group; a group of which nothing was told is null. Several objects are added up. */
function tallyOf(wire: CampaignData, warnings: string[]): Readonly<Record<Group, number | null>> {
  const tally: Record<Group, number | null> = {
    queued: null,
    inFlight: null,
    delivered: null,
    undelivered: null,
    failed: null,
    unreported: null,
  };
  if (wire.statistics.length > 1) {
    warnings.push(`The statistics come in ${wire.statistics.length} parts, which were added up.`);
  }
  for (const [name, value] of wire.statistics.flatMap((part) => Object.entries(part))) {
    // not_viber_user, not_rcs_user, not_service_user: there is nobody to deliver to.
    const group = /^not_\w+_user$/.test(name) ? 'undelivered' : groups.get(name);
    if (!group || value === null) continue;
    const count = readCount(value);
    if (count === null) warnings.push(`statistics.${name} can't be read as a count.`);
    tally[group] = sum([tally[group], count]);
  }
  return tally;
}

/** 0 says something only of a kind that reports reads; the others send it too. */
function readOpened(wire: CampaignData): number | null {
  const read = sum(wire.statistics.map((part) => readCount(part.read)));
  return read === 0 && !typesWithReads.has(wire.kind) ? null : read;
}

/** The sum of what is known; null where nothing is. */
function sum(parts: readonly (number | null)[]): number | null {
  return parts.reduce((whole, part) => (part === null ? whole : (whole ?? 0) + part), null);
}
