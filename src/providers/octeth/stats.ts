import type { StatsReading } from '../../model/campaign.ts';
import { type Counters, countersOf, hasAnyCounter } from '../../model/stats.ts';
import type { CampaignWire, StatisticsWire } from './wire.ts';

type Counter = number | null;

/**
 * The counters of a campaign; null where the answer has none. Ratios in the answer are left alone: rates are computed
 * from the counters. Source: providers/README.md 3.6.
 */
export function readStats(
  wire: CampaignWire,
  ended: boolean,
): { stats: StatsReading | null; warnings: readonly string[] } {
  const counters = readCounters(wire);
  if (!hasAnyCounter(counters)) return { stats: null, warnings: [] };
  const estimate = counters.delivered === null ? estimateDelivered(counters) : null;
  if (estimate === null) return { stats: { counters, final: ended && allCounted(counters) }, warnings: [] };
  return {
    stats: { counters: { ...counters, delivered: estimate }, final: ended && allCounted(counters) },
    warnings: ['delivered is estimated: TotalSent less the bounces, since TotalDelivered is not told.'],
  };
}

/** Counters stand on the campaign itself, under Statistics, or in groups in either of these, by version. */
function readCounters(wire: CampaignWire): Counters {
  const places: readonly StatisticsWire[] = wire.statistics ? [wire, wire.statistics] : [wire];
  const first = (pick: (place: StatisticsWire) => Counter | undefined): Counter => {
    for (const place of places) {
      const counter = pick(place) ?? null;
      if (counter !== null) return counter;
    }
    return null;
  };
  return countersOf({
    recipients: first((at) => at.totalrecipients),
    sent: first((at) => at.totalsent),
    delivered: first((at) => at.totaldelivered),
    failed: first((at) => at.totalfailed),
    opened: first((at) => at.uniqueopens ?? at.openstatistics?.uniqueopens ?? at.openstatistics?.unique),
    openedTotal: first(
      (at) => at.totalopens ?? at.totalopened ?? at.openstatistics?.totalopens ?? at.openstatistics?.total,
    ),
    clicked: first((at) => at.uniqueclicks ?? at.clickstatistics?.uniqueclicks ?? at.clickstatistics?.unique),
    clickedTotal: first(
      (at) =>
        at.totalclicks ?? at.totalclicked ?? at.clickstatistics?.totalclicks ?? at.clickstatistics?.total,
    ),
    hardBounced: first((at) => at.totalhardbounces ?? at.bouncestatistics?.totalhardbounces),
    softBounced: first((at) => at.totalsoftbounces ?? at.bouncestatistics?.totalsoftbounces),
    unsubscribed: first(
      (at) =>
        at.totalunsubscriptions ??
        at.unsubscriptionstatistics?.totalunsubscriptions ??
        at.unsubscriptionstatistics?.total,
    ),
  });
}

/** null unless all three numbers are told: a bounce count that is missing is not 0. */
function estimateDelivered({ sent, hardBounced, softBounced }: Counters): Counter {
  if (sent === null || hardBounced === null || softBounced === null) return null;
  const rest = sent - hardBounced - softBounced;
  return rest < 0 ? null : rest;
}

/** Whether nothing is left to go out. Opens and clicks keep moving for good, so they have no say. */
function allCounted({ recipients, sent, failed }: Counters): boolean {
  return recipients === null || (sent ?? 0) + (failed ?? 0) >= recipients;
}
