import type { CampaignReading, CampaignStatus, StatsReading } from '../../model/campaign.ts';
import { type Counters, countersOf, hasAnyCounter, ratesOf } from '../../model/stats.ts';
import { onlyTold, parseWire, readNumber, statusWord } from '../read.ts';
import { type CampaignBody, campaignBody } from './wire.ts';

/** Source: providers/appizer-campaign-status.txt, "Campaign Status Values"; both spellings of cancelled are accepted. */
const statuses = new Map<string, CampaignStatus>([
  ['pending', 'QUEUED'],
  ['sending', 'SENDING'],
  ['completed', 'COMPLETED'],
  ['failed', 'FAILED'],
  ['cancelled', 'CANCELED'],
  ['canceled', 'CANCELED'],
]);

/** How far a printed rate may be from the one computed here: Appizer rounds to three places or fewer. */
const rateTolerance = 0.006;

/**
 * @param raw the body with secrets removed
 * @throws ProblemError PROVIDER_BAD_RESPONSE
 */
export function readCampaign(body: unknown, externalId: string, raw: unknown): CampaignReading {
  const wire = parseWire(campaignBody, body, 'campaign');
  const status = statuses.get(statusWord(wire.status)) ?? 'UNKNOWN';
  const stats = readStats(wire, status);
  return {
    externalId,
    status,
    providerStatus: wire.status,
    ...onlyTold({
      createdAt: wire.created_at,
      startedAt: wire.sent_at,
      finishedAt: wire.completed_at,
      stats,
    }),
    raw,
    warnings: [
      ...idWarnings(wire, externalId),
      ...statusWarnings(wire),
      ...rateWarnings(wire, stats?.counters),
    ],
  };
}

function readStats(wire: CampaignBody, status: CampaignStatus): StatsReading | null | undefined {
  if (!wire.stats) return wire.stats;
  const { total_recipients: recipients, sent, delivered, opened, clicked, failed } = wire.stats;
  const counters = countersOf({
    recipients,
    sent,
    delivered,
    failed,
    queued: rest(recipients, sent, failed),
    // No receipt yet; Appizer does not say that they bounced (providers/README.md 4.4).
    unreported: rest(sent, delivered),
    opened,
    clicked,
  });
  if (!hasAnyCounter(counters)) return null;
  const ended = status === 'FAILED' || status === 'CANCELED' || status === 'COMPLETED';
  return { counters, final: ended && (counters.unreported ?? 0) === 0 };
}

/** What is left of a number once others are taken away; null where one is unknown or they don't fit together. */
function rest(whole: number | null, ...parts: readonly (number | null)[]): number | null {
  if (whole === null) return null;
  let left = whole;
  for (const part of parts) {
    if (part === null) return null;
    left -= part;
  }
  return left < 0 ? null : left;
}

function idWarnings(wire: CampaignBody, externalId: string): string[] {
  if (wire.campaign_id === null || wire.campaign_id === externalId) return [];
  return [`The answer is headed with the id ${wire.campaign_id}.`];
}

function statusWarnings({ status }: CampaignBody): string[] {
  return statuses.has(statusWord(status)) ? [] : [`The status "${status}" is not documented.`];
}

/** Rates are computed here, from the counters; the printed ones are only checked against them. */
function rateWarnings(wire: CampaignBody, counters: Counters | undefined): string[] {
  if (!wire.rates || !counters) return [];
  const rates = ratesOf(counters);
  const pairs = [
    ['delivery_rate', readNumber(wire.rates.delivery_rate), rates.delivery],
    ['open_rate', readNumber(wire.rates.open_rate), rates.open],
    ['click_rate', readNumber(wire.rates.click_rate), rates.click],
  ] as const;
  const warnings: string[] = [];
  for (const [name, printed, computed] of pairs) {
    if (printed === null || computed === null) continue;
    const fraction = printed > 1 ? printed / 100 : printed;
    if (printed > 1) warnings.push(`${name} is ${printed}, which reads as a percentage.`);
    if (Math.abs(fraction - computed) > rateTolerance) {
      warnings.push(`${name} is ${printed}, while the counters give ${computed.toFixed(3)}.`);
    }
  }
  return warnings;
}
