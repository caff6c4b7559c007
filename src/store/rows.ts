import { type Campaign, campaignStatuses, isActive } from '../model/campaign.ts';
import type { Facets, LogEntry, Thinned } from '../model/change.ts';
import { foldName } from '../model/filter.ts';
import { countersOf, type Stats } from '../model/stats.ts';
import type { CampaignRow, ChangeRow } from './schema.ts';

export function campaignToRow(campaign: Campaign): CampaignRow {
  const { stats, throughput, cost, tags, followed, ...plain } = campaign;
  return {
    ...plain,
    ...countersOf(stats ?? {}),
    foldedName: foldName(campaign.name),
    statusRank: campaignStatuses.indexOf(campaign.status),
    active: isActive(campaign) ? 1 : 0,
    statsAsOf: stats?.asOf ?? null,
    statsSource: stats?.source ?? null,
    statsFinal: stats?.final ? 1 : 0,
    perSecond: throughput?.perSecond ?? null,
    perSecondReported: throughput?.reported ? 1 : 0,
    costAmount: cost?.amount ?? null,
    costCurrency: cost?.currency ?? null,
    tags: tagsToText(tags),
    followed: followed ? 1 : 0,
  };
}

/** Each as JSON on a line of its own, which no JSON text can break: so one tag can be looked for in the whole. */
export function tagsToText(tags: readonly string[]): string {
  return tags.length === 0 ? '' : `\n${tags.map((tag) => JSON.stringify(tag)).join('\n')}\n`;
}

function tagsFromText(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

export function campaignFromRow(row: CampaignRow): Campaign {
  return {
    key: row.key,
    account: row.account,
    externalId: row.externalId,
    channel: row.channel,
    name: row.name,
    sender: row.sender,
    status: row.status,
    providerStatus: row.providerStatus,
    statusReason: row.statusReason,
    createdAt: row.createdAt,
    scheduledAt: row.scheduledAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    stats: statsFromRow(row),
    throughput:
      row.perSecond === null ? null : { perSecond: row.perSecond, reported: row.perSecondReported === 1 },
    cost: row.costAmount === null ? null : { amount: row.costAmount, currency: row.costCurrency },
    tags: tagsFromText(row.tags),
    revision: row.revision,
    seq: row.seq,
    changedAt: row.changedAt,
    observedAt: row.observedAt,
    deletedAt: row.deletedAt,
    followed: row.followed === 1,
  };
}

function statsFromRow(row: CampaignRow): Stats | null {
  if (row.statsAsOf === null || row.statsSource === null) return null;
  return { ...countersOf(row), source: row.statsSource, final: row.statsFinal === 1, asOf: row.statsAsOf };
}

export function entryToRow(entry: LogEntry): ChangeRow {
  return {
    seq: entry.seq,
    key: entry.key,
    account: entry.account,
    revision: entry.revision,
    at: entry.at,
    cause: entry.cause,
    kinds: JSON.stringify(entry.kinds),
    transitions: JSON.stringify(entry.transitions),
    fields: JSON.stringify(entry.fields),
    providerStatus: entry.providerStatus,
    stats: entry.stats && JSON.stringify(entry.stats),
    after: JSON.stringify(entry.after),
    before: entry.before && JSON.stringify(differing(entry.before, entry.after)),
    fromRevision: null,
    merged: null,
  };
}

/** An entry's row, and up to which seq the log was thinned when it was read. */
export interface LoggedRow extends ChangeRow {
  readonly thinnedUpTo: number;
}

export function entryFromRow(row: LoggedRow): LogEntry {
  const after: Facets = JSON.parse(row.after);
  const isThinned = row.seq <= row.thinnedUpTo;
  const thinned = isThinned && row.merged !== null && thinnedFromText(row.merged, row.seq);
  return {
    seq: row.seq,
    key: row.key,
    account: row.account,
    fromRevision: (isThinned ? row.fromRevision : null) ?? row.revision - 1,
    revision: row.revision,
    at: row.at,
    cause: row.cause,
    kinds: JSON.parse(row.kinds),
    transitions: JSON.parse(row.transitions),
    fields: thinned ? [...thinned.changedBy.keys()] : JSON.parse(row.fields),
    providerStatus: row.providerStatus,
    stats: row.stats === null ? null : JSON.parse(row.stats),
    after,
    before: row.before === null ? null : { ...after, ...JSON.parse(row.before) },
    ...(thinned && { thinned }),
  };
}

/** Seqs as how far they are behind the entry's own: there may be hundreds of them. */
export function thinnedToText({ seqs, changedBy }: Thinned, seq: number): string {
  const behind = (other: number) => seq - other;
  const fields = [...changedBy].map(([field, by]) => [field, behind(by)]);
  return JSON.stringify({ steps: seqs.map(behind), fields: Object.fromEntries(fields) });
}

function thinnedFromText(text: string, seq: number): Thinned {
  const { steps, fields }: { steps: number[]; fields: Record<string, number> } = JSON.parse(text);
  return {
    seqs: steps.map((behind) => seq - behind),
    changedBy: new Map(Object.entries(fields).map(([field, behind]) => [field, seq - behind])),
  };
}

function differing(before: Facets, after: Facets): Partial<Facets> {
  const now = new Map<string, unknown>(Object.entries(after));
  return Object.fromEntries(
    Object.entries(before).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(now.get(name))),
  );
}
