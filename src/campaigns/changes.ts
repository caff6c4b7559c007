import {
  type Campaign,
  type CampaignReading,
  type Channel,
  campaignKey,
  isActive,
  type Throughput,
} from '../model/campaign.ts';
import type { ChangeKind, Facets, LogEntry, LoggedCause, StatusTransition } from '../model/change.ts';
import { counterNames, progressOf, type Stats } from '../model/stats.ts';

/** What an observation is made of, besides the stored campaign. */
export interface Observation {
  readonly account: string;
  /** Used where neither the reading nor the stored campaign tells one. */
  readonly channel: Channel;
  /** null: the provider no longer knows the campaign. */
  readonly reading: CampaignReading | null;
  readonly at: number;
  readonly cause: LoggedCause;
  /** When the counters were read before this, in ms; from it the throughput is measured. */
  readonly previousAt: number | null;
}

/** A campaign's next state, and the entry of the log that leads there. */
export interface Step {
  readonly campaign: Campaign;
  readonly entry: LogEntry;
}

const plainFields = [
  'channel',
  'name',
  'sender',
  'status',
  'providerStatus',
  'statusReason',
  'createdAt',
  'scheduledAt',
  'startedAt',
  'finishedAt',
  'deletedAt',
] as const;

/** Every name that `changedFields` can hold, and `stats` for all counters: what a subscription can ask for. */
export const fieldNames: ReadonlySet<string> = new Set([
  ...plainFields,
  'active',
  'progress',
  'throughput',
  'cost',
  'tags',
  'stats',
  ...[...counterNames, 'final', 'source'].map((name) => `stats.${name}`),
]);

/**
 * Compares an observation with what is stored. Pure.
 * @param seq the place in the log that the step will have
 * @returns null when nothing is different: equal readings write nothing
 */
export function nextStep(known: Campaign | null, observation: Observation, seq: number): Step | null {
  if (!observation.reading) return known && deletion(known, observation, seq);
  const next = merge(known, observation.reading, observation);
  const fields = differingFields(known, next);
  // Throughput is worth telling, but what is measured here differs with every reading: it makes no step by itself.
  if (fields.every((field) => field === 'throughput' && !next.throughput?.reported)) return null;
  return toStep(known, next, fields, observation, seq);
}

function deletion(known: Campaign, observation: Observation, seq: number): Step | null {
  if (known.deletedAt !== null) return null;
  const next = { ...known, throughput: null, deletedAt: observation.at };
  return toStep(known, next, differingFields(known, next), observation, seq);
}

function toStep(
  known: Campaign | null,
  next: Campaign,
  fields: readonly string[],
  observation: Observation,
  seq: number,
): Step {
  const { at, cause } = observation;
  const campaign = { ...next, revision: (known?.revision ?? 0) + 1, seq, changedAt: at, observedAt: at };
  const entry: LogEntry = {
    seq,
    key: campaign.key,
    account: campaign.account,
    fromRevision: campaign.revision - 1,
    revision: campaign.revision,
    at,
    cause,
    kinds: kindsOf(known, campaign, fields),
    transitions: transitionsOf(known, campaign, at),
    fields,
    providerStatus: campaign.providerStatus,
    stats: campaign.stats,
    after: facetsOf(campaign),
    before: known && facetsOf(known),
  };
  return { campaign, entry };
}

/** What the reading does not tell stays as it was. */
function merge(known: Campaign | null, reading: CampaignReading, observation: Observation): Campaign {
  const { account, at } = observation;
  const stats = mergeStats(known?.stats ?? null, reading, at);
  return {
    key: campaignKey(account, reading.externalId),
    account,
    externalId: reading.externalId,
    channel: reading.channel ?? known?.channel ?? observation.channel,
    name: told(reading.name, known?.name),
    sender: told(reading.sender, known?.sender),
    status: reading.status,
    providerStatus: reading.providerStatus,
    statusReason: reasonOf(known, reading),
    createdAt: told(reading.createdAt, known?.createdAt),
    scheduledAt: told(reading.scheduledAt, known?.scheduledAt),
    startedAt: told(reading.startedAt, known?.startedAt),
    finishedAt: told(reading.finishedAt, known?.finishedAt),
    stats,
    throughput: throughputOf(known, reading, stats, observation),
    cost: told(reading.cost, known?.cost),
    tags: reading.tags ?? known?.tags ?? [],
    revision: known?.revision ?? 0,
    seq: known?.seq ?? 0,
    changedAt: known?.changedAt ?? at,
    observedAt: at,
    deletedAt: null,
    followed: known?.followed ?? true,
  };
}

function told<Value>(read: Value | null | undefined, known: Value | null | undefined): Value | null {
  return read === undefined ? (known ?? null) : read;
}

/** A reason belongs to its status: it does not outlive it. */
function reasonOf(known: Campaign | null, reading: CampaignReading): string | null {
  if (reading.statusReason !== undefined) return reading.statusReason;
  return known?.status === reading.status ? known.statusReason : null;
}

function mergeStats(known: Stats | null, reading: CampaignReading, at: number): Stats | null {
  if (reading.stats === undefined) return known;
  // A provider that has no counters does not take back those of its report.
  if (reading.stats === null) return known?.source === 'DELIVERY_REPORT' ? known : null;
  const { counters, source = 'PROVIDER', final } = reading.stats;
  return { ...counters, source, final, asOf: at };
}

/** As this reading reports it, else measured between it and the one before, while sending. */
function throughputOf(
  known: Campaign | null,
  reading: CampaignReading,
  stats: Stats | null,
  { at, previousAt }: Observation,
): Throughput | null {
  if (reading.throughputPerSecond !== undefined && reading.throughputPerSecond !== null) {
    return { perSecond: reading.throughputPerSecond, reported: true };
  }
  if (reading.status !== 'SENDING') return null;
  if (reading.stats === undefined) return known?.throughput ?? null;
  const before = known?.stats?.sent ?? null;
  const now = stats?.sent ?? null;
  if (before === null || now === null || previousAt === null || at <= previousAt || now < before) return null;
  return { perSecond: ((now - before) * 1000) / (at - previousAt), reported: false };
}

function differingFields(known: Campaign | null, next: Campaign): string[] {
  const fields: string[] = plainFields.filter((name) => (known?.[name] ?? null) !== next[name]);
  if (!known || isActive(known) !== isActive(next)) fields.push('active');
  if (shareOf(known) !== shareOf(next)) fields.push('progress');
  if (!sameThroughput(known, next)) fields.push('throughput');
  if (known?.cost?.amount !== next.cost?.amount || known?.cost?.currency !== next.cost?.currency)
    fields.push('cost');
  if (!sameTags(known?.tags ?? [], next.tags)) fields.push('tags');
  for (const name of [...counterNames, 'final', 'source'] as const) {
    if ((known?.stats?.[name] ?? null) !== (next.stats?.[name] ?? null)) fields.push(`stats.${name}`);
  }
  return fields;
}

function shareOf(campaign: Campaign | null): number | null {
  return campaign?.stats ? progressOf(campaign.stats) : null;
}

function sameThroughput(known: Campaign | null, next: Campaign): boolean {
  return (
    known?.throughput?.perSecond === next.throughput?.perSecond &&
    known?.throughput?.reported === next.throughput?.reported
  );
}

function sameTags(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((tag, place) => tag === other[place]);
}

function kindsOf(known: Campaign | null, next: Campaign, fields: readonly string[]): ChangeKind[] {
  if (!known) return ['FOLLOWED'];
  const kinds: ChangeKind[] = [];
  if (known.deletedAt === null && next.deletedAt !== null) kinds.push('DELETED');
  if (known.deletedAt !== null && next.deletedAt === null) kinds.push('RESTORED');
  if (known.status !== next.status) kinds.push('STATUS');
  if (fields.some((field) => field.startsWith('stats.') || field === 'throughput')) kinds.push('STATS');
  if (fields.some((field) => detailFields.has(field)) || onlyTheWordDiffers(known, next))
    kinds.push('DETAILS');
  return kinds;
}

/** Another of the provider's words for one and the same status. */
function onlyTheWordDiffers(known: Campaign, next: Campaign): boolean {
  return known.status === next.status && known.providerStatus !== next.providerStatus;
}

const detailFields: ReadonlySet<string> = new Set([
  'channel',
  'name',
  'sender',
  'statusReason',
  'createdAt',
  'scheduledAt',
  'startedAt',
  'finishedAt',
  'cost',
  'tags',
]);

function transitionsOf(known: Campaign | null, next: Campaign, at: number): StatusTransition[] {
  if (known?.status === next.status) return [];
  return [{ from: known?.status ?? null, to: next.status, providerStatus: next.providerStatus, at }];
}

function facetsOf(campaign: Campaign): Facets {
  const { channel, name, status, tags, createdAt, deletedAt } = campaign;
  return { channel, name, status, tags, createdAt, deletedAt };
}
