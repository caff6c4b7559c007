import { type CampaignReading, type CampaignStatus, type Channel, hasEnded } from '../../model/campaign.ts';
import { type Counters, countersOf, hasAnyCounter } from '../../model/stats.ts';
import { firstTold, onlyTold, parseWire, statusWord } from '../read.ts';
import type { Answer } from './client.ts';
import { type ListEntry, listEntry, type StatsResult, statsResult, statusResult } from './wire.ts';

/** Source: providers/selzy-getCampaignStatus.txt: `stopped` is a pause. Both spellings of canceled are accepted. */
const statuses = new Map<string, CampaignStatus>([
  ['waitscensor', 'PENDING_APPROVAL'],
  ['censorhold', 'PENDING_APPROVAL'],
  ['declined', 'REJECTED'],
  ['waitsschedule', 'QUEUED'],
  ['scheduled', 'SCHEDULED'],
  ['inprogress', 'SENDING'],
  ['analysed', 'COMPLETED'],
  ['completed', 'COMPLETED'],
  ['stopped', 'PAUSED'],
  ['canceled', 'CANCELED'],
  ['cancelled', 'CANCELED'],
]);

const begun: ReadonlySet<CampaignStatus> = new Set(['SENDING', 'PAUSED', 'COMPLETED']);
/** CANCELED and UNKNOWN don't tell whether sending had begun. */
const perhapsBegun: ReadonlySet<CampaignStatus> = new Set([...begun, 'CANCELED', 'UNKNOWN']);

/** Whether Selzy may have counted something: before sending begins there is nothing to ask for. */
export function mayHaveStats(status: CampaignStatus): boolean {
  return perhapsBegun.has(status);
}

/**
 * From the answer of getCampaignStatus, which tells neither id nor name nor counters. Its times are UTC.
 * @param answer its result may hold secrets; `raw`, the same result, may not
 * @throws ProblemError PROVIDER_BAD_RESPONSE
 */
export function readCampaign(
  answer: Answer,
  { externalId, channel, raw }: { externalId: string; channel: Channel; raw: unknown },
): CampaignReading {
  const wire = parseWire(statusResult, answer.result, 'campaign');
  const told = readStatus(wire.status, wire.start_time);
  return {
    externalId,
    channel,
    ...told,
    ...onlyTold({ createdAt: wire.creation_time }),
    raw: { status: raw },
    warnings: [...answer.warnings, ...statusWarnings(told)],
  };
}

/**
 * The same reading with the counters of getCampaignCommonStats.
 * @param raw the results that it is made of, with secrets removed
 * @throws ProblemError PROVIDER_BAD_RESPONSE
 */
export function addStats(
  reading: CampaignReading,
  answer: Answer,
  raw: { status?: unknown; stats: unknown },
): CampaignReading {
  const wire = parseWire(statsResult, answer.result, 'statistics');
  const counters = readCounters(wire);
  const stats = hasAnyCounter(counters) ? { counters, final: isFinal(reading) } : undefined;
  return {
    ...reading,
    ...onlyTold({ stats: wire === null ? null : stats }),
    raw,
    warnings: [...(reading.warnings ?? []), ...answer.warnings, ...counterWarnings(counters)],
  };
}

/**
 * One entry of getCampaigns; null for one without a legible id or status, of which nothing could be kept.
 * @param raw the entry with secrets removed
 */
export function readListed(entry: unknown, channel: Channel, raw: unknown): CampaignReading | null {
  const wire = listEntry.safeParse(entry).data;
  if (!wire) return null;
  const told = readStatus(wire.status, wire.start_time);
  return {
    externalId: wire.id,
    channel,
    ...onlyTold({ name: wire.subject, sender: readSender(wire) }),
    ...told,
    raw,
    warnings: statusWarnings(told),
  };
}

type StatusReading = Pick<
  CampaignReading,
  'status' | 'providerStatus' | 'statusReason' | 'scheduledAt' | 'startedAt'
>;

/**
 * `start_time` is the plan; once sending has begun it is also when it did. That there is no reason, or no start yet, is
 * what the status itself tells.
 */
function readStatus(providerStatus: string, startTime: number | null | undefined): StatusReading {
  const word = statusWord(providerStatus);
  const status = statuses.get(word) ?? 'UNKNOWN';
  const unknownStart = mayHaveStats(status) ? undefined : null;
  return {
    status,
    providerStatus,
    statusReason: word === 'censorhold' ? 'Held for further check' : null,
    ...onlyTold({ scheduledAt: startTime, startedAt: begun.has(status) ? startTime : unknownStart }),
  };
}

/** While a campaign is `analysed`, its results still come in. */
function isFinal({ status, providerStatus }: CampaignReading): boolean {
  return hasEnded(status) && statusWord(providerStatus) !== 'analysed';
}

/** Selzy's `sent` is cumulative. What failed or bounced stands in the delivery report alone, and is not estimated. */
function readCounters(wire: StatsResult): Counters {
  return countersOf({
    recipients: wire?.total ?? null,
    sent: wire?.sent ?? null,
    delivered: wire?.delivered ?? null,
    opened: wire?.read_unique ?? null,
    openedTotal: wire?.read_all ?? null,
    clicked: wire?.clicked_unique ?? null,
    clickedTotal: wire?.clicked_all ?? null,
    unsubscribed: wire?.unsubscribed ?? null,
    complained: wire?.spam ?? null,
  });
}

function readSender({ sender_name: name, sender_email: email }: ListEntry): string | null | undefined {
  return name && email ? `${name} <${email}>` : firstTold(name, email);
}

function statusWarnings({ status, providerStatus }: StatusReading): string[] {
  return status === 'UNKNOWN' ? [`The status ${providerStatus} is not in Selzy's documents.`] : [];
}

function counterWarnings({ recipients, sent, delivered }: Counters): string[] {
  const warnings: string[] = [];
  if (sent !== null && recipients !== null && sent > recipients) {
    warnings.push(`sent is ${sent}, more than the total of ${recipients}.`);
  }
  if (delivered !== null && sent !== null && delivered > sent) {
    warnings.push(`delivered is ${delivered}, more than the ${sent} sent.`);
  }
  return warnings;
}
