import { type CampaignReading, type CampaignStatus, hasEnded } from '../../model/campaign.ts';
import { ProblemError } from '../../model/problem.ts';
import { isTimeZone } from '../../model/time-zone.ts';
import {
  firstTold,
  ifTold,
  listOf,
  objectOrFirst,
  onlyTold,
  parseWire,
  readNumber,
  readText,
  readTime,
  statusWord,
} from '../read.ts';
import { readStats } from './stats.ts';
import { type CampaignWire, campaign, campaignBody, pageBody, tagEntry } from './wire.ts';

/** What reading an answer depends on besides the answer. */
export interface Reading {
  /** The zone of the server's clock. */
  readonly timeZone: string;
  /** ms since 1970. */
  readonly now: number;
  /** Removes secrets from a JSON value. */
  readonly clean: (value: unknown) => unknown;
}

/** Source: providers/README.md 3.5. "Ready" depends on the schedule; "Active" stands in two samples and in no list. */
const statuses = new Map<string, CampaignStatus>([
  ['draft', 'DRAFT'],
  ['pendingapproval', 'PENDING_APPROVAL'],
  ['pending', 'PENDING_APPROVAL'],
  ['scheduled', 'SCHEDULED'],
  ['sending', 'SENDING'],
  ['active', 'SENDING'],
  ['paused', 'PAUSED'],
  ['sent', 'COMPLETED'],
  ['completed', 'COMPLETED'],
  ['failed', 'FAILED'],
]);

/** What "Ready" means, by ScheduleType. */
const readyStatuses = new Map<string, CampaignStatus>([
  ['notscheduled', 'DRAFT'],
  ['immediate', 'QUEUED'],
  ['future', 'SCHEDULED'],
  ['recursive', 'SCHEDULED'],
]);

/** 'campaignid' must be numeric (Campaign.Get, code 2): any other id names nothing. */
export function isCampaignId(externalId: string): boolean {
  return /^\d+$/.test(externalId);
}

/**
 * Reads the body of Campaign.Get; null where it says, as `Campaign: []`, that there is no such campaign.
 * @throws ProblemError PROVIDER_BAD_RESPONSE
 */
export function readCampaign(body: unknown, externalId: string, reading: Reading): CampaignReading | null {
  const answer = parseWire(campaignBody, body, 'answer');
  if (answer.campaign === undefined) {
    throw new ProblemError('PROVIDER_BAD_RESPONSE', "The provider's answer has no Campaign.");
  }
  const found = objectOrFirst(answer.campaign);
  if (isNothing(found)) return null;
  const wire = parseWire(campaign, found, 'campaign');
  const perSecond = readNumber(answer.campaignthroughput?.emailspersecond);
  return {
    ...readWire(wire, externalId, reading),
    ...(perSecond !== null && perSecond >= 0 && { throughputPerSecond: perSecond }),
    raw: reading.clean(body),
  };
}

/**
 * The entries of a page of Campaigns.Get and the number of all campaigns that match, null where it is not told.
 * @throws ProblemError PROVIDER_BAD_RESPONSE
 */
export function readPage(body: unknown): { entries: readonly unknown[]; total: number | null } {
  const { campaigns, totalcampaigns: total } = parseWire(pageBody, body, 'list');
  const readable = typeof campaigns === 'object' || campaigns === false || campaigns === '';
  // Without this, an answer to some other question would read as an account without campaigns.
  if (!readable && !(campaigns === undefined && total === 0)) {
    throw new ProblemError('PROVIDER_BAD_RESPONSE', "The provider's list has no Campaigns.");
  }
  return { entries: listOf(campaigns), total };
}

/** Reads one entry of Campaigns.Get; null where it is no campaign or has no id that Campaign.Get would take. */
export function readListEntry(entry: unknown, reading: Reading): CampaignReading | null {
  const wire = campaign.safeParse(entry).data;
  const externalId = wire?.campaignid?.trim();
  if (!wire || !externalId || !isCampaignId(externalId)) return null;
  return { ...readWire(wire, externalId, reading), raw: reading.clean(entry) };
}

function readWire(wire: CampaignWire, externalId: string, reading: Reading): Omit<CampaignReading, 'raw'> {
  const { timeZone, now } = reading;
  const time = (value: unknown) => ifTold(value, (told) => readTime(told, timeZone));
  const scheduledAt = readSendTime(wire, timeZone);
  const { providerStatus, status, warnings: statusWarnings } = readStatus(wire, scheduledAt ?? null, now);
  const { stats, warnings: statsWarnings } = readStats(wire, hasEnded(status));
  const tags = readTags(wire.tags);
  return {
    externalId,
    status,
    providerStatus,
    ...onlyTold({
      name: firstTold(wire.campaignname, wire.name),
      statusReason: wire.campaignstatusreason,
      createdAt: time(wire.createdatetime),
      scheduledAt,
      startedAt: time(wire.sendprocessstartedon),
      finishedAt: time(wire.sendprocessfinishedon),
      stats: stats ?? undefined,
      tags,
    }),
    warnings: [
      ...idWarnings(wire, externalId),
      ...statusWarnings,
      ...statsWarnings,
      ...timeWarnings(wire, scheduledAt),
    ],
  };
}

function readStatus(wire: CampaignWire, scheduledAt: number | null, now: number) {
  const providerStatus = wire.campaignstatus ?? wire.status ?? '';
  const word = statusWord(providerStatus);
  const schedule = wire.scheduletype;
  if (word === 'ready') {
    const guess: CampaignStatus = scheduledAt !== null && scheduledAt > now ? 'SCHEDULED' : 'QUEUED';
    const known = readyStatuses.get(statusWord(schedule ?? ''));
    const odd = schedule !== null && !known;
    return {
      providerStatus,
      status: known ?? guess,
      warnings: odd ? [`The ScheduleType "${schedule}" is in no document.`] : [],
    };
  }
  const status = statuses.get(word) ?? 'UNKNOWN';
  return { providerStatus, status, warnings: statusWarnings(providerStatus, word) };
}

function statusWarnings(providerStatus: string, word: string): string[] {
  if (word === '') return ['The answer tells no status.'];
  if (word === 'active') {
    return [
      `UNDOCUMENTED_STATUS: "${providerStatus}" is in no list of Octeth's statuses; it is read as SENDING.`,
    ];
  }
  return statuses.get(word)
    ? []
    : [`UNDOCUMENTED_STATUS: "${providerStatus}" is in no list of Octeth's statuses.`];
}

/** SendDate and SendTime, in SendTimeZone where that is a zone (it is free text), else in the server's. */
function readSendTime(wire: CampaignWire, timeZone: string): number | null | undefined {
  if (wire.senddate === undefined) return undefined;
  const zone = wire.sendtimezone !== null && isTimeZone(wire.sendtimezone) ? wire.sendtimezone : timeZone;
  const date = readText(wire.senddate);
  const time = readText(wire.sendtime);
  return readTime(date === null || time === null ? date : `${date.slice(0, 10)} ${time}`, zone);
}

/** Tags are names, or objects with an id and a name, in a list, in a map, or in a text with commas. */
function readTags(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value.split(',').flatMap(tagNames);
  const alone = tagNames(value);
  return alone.length > 0 ? alone : listOf(value).flatMap(tagNames);
}

function tagNames(value: unknown): string[] {
  const wire = tagEntry.safeParse(value).data;
  const name = wire ? (wire.tag ?? wire.tagname ?? wire.name) : readText(value);
  return name === null ? [] : [name.trim()];
}

function isNothing(value: unknown): boolean {
  if (value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function idWarnings(wire: CampaignWire, externalId: string): string[] {
  if (wire.campaignid === null || wire.campaignid === externalId) return [];
  return [`The answer is headed with the id ${wire.campaignid}.`];
}

function timeWarnings(wire: CampaignWire, scheduledAt: number | null | undefined): string[] {
  const warnings: string[] = [];
  const times = [
    ['CreateDateTime', wire.createdatetime],
    ['SendDate', wire.senddate],
    ['SendProcessStartedOn', wire.sendprocessstartedon],
    ['SendProcessFinishedOn', wire.sendprocessfinishedon],
  ] as const;
  for (const [name, value] of times) {
    const text = readText(value);
    // 0000-00-00 is how MySQL says "none".
    if (text === null || text.startsWith('0000')) continue;
    const at = name === 'SendDate' ? scheduledAt : readTime(value);
    if (at === null) warnings.push(`${name} can't be read as a time.`);
  }
  if (scheduledAt && readText(wire.sendtime) === null && readText(wire.senddate)?.length === 10) {
    warnings.push('SendTime is not told: scheduledAt is the beginning of SendDate.');
  }
  if (scheduledAt && wire.sendtimezone !== null && !isTimeZone(wire.sendtimezone)) {
    warnings.push(`The SendTimeZone "${wire.sendtimezone}" is not known here; the account's zone is used.`);
  }
  return warnings;
}
