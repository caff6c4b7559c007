import type { CampaignReading, CampaignStatus, Channel, Money } from '../../model/campaign.ts';
import {
  firstTold,
  ifTold,
  objectOrFirst,
  onlyTold,
  parseWire,
  readDecimal,
  readText,
  readTime,
  statusWord,
} from '../read.ts';
import { readStats } from './statistics.ts';
import { type CampaignData, campaignData, dataOf, type MomentName, momentNames } from './wire.ts';

/** What BSG's answers leave to the configuration of the account. */
export interface Reading {
  /** IANA name; the answers' times carry no zone. */
  readonly timeZone: string;
  /** Used where `type` names no kind of message ("instant"). */
  readonly channel: Channel;
}

/** Source: providers/bsg-openapi.yaml, CampaignStatus; what each means: providers/README.md 2.6. */
const statuses = new Map<string, CampaignStatus>([
  ['creation', 'QUEUED'],
  ['moderation', 'PENDING_APPROVAL'],
  ['spam', 'REJECTED'],
  ['scheduled', 'SCHEDULED'],
  ['sending', 'SENDING'],
  ['paused', 'PAUSED'],
  ['stopped', 'CANCELED'],
  ['done', 'COMPLETED'],
]);

/** All kinds are sent to phone numbers. Source: providers/bsg-openapi.yaml, MessageType. */
const phoneTypes = new Set(['sms', 'viber', 'hlr', 'rcs', 'whatsapp']);

/**
 * Reads the answer of GET /api/campaigns/{id}/detail.
 * @param raw the body with secrets removed
 * @throws ProblemError PROVIDER_BAD_RESPONSE
 */
export function readDetail(
  body: unknown,
  externalId: string,
  raw: unknown,
  reading: Reading,
): CampaignReading {
  const wire = parseWire(campaignData, objectOrFirst(dataOf(body)), 'campaign');
  const warnings = oddities(wire, reading);
  if (wire.id !== null && wire.id !== externalId) {
    warnings.push(`The answer is headed with the id ${wire.id}.`);
  }
  const facts = readFacts(wire, reading);
  const stats = readStats(wire, facts.status, warnings);
  return {
    externalId,
    ...facts,
    ...onlyTold({ stats, cost: readCost(wire, warnings) }),
    raw,
    warnings,
  };
}

/**
 * Reads an entry of GET /api/campaigns; null where its id or status can't be read. Its short statistics count `sent`
 * in another way than `/detail`, and its price is an estimate: neither is taken.
 */
export function readEntry(entry: unknown, raw: unknown, reading: Reading): CampaignReading | null {
  const wire = campaignData.safeParse(entry).data;
  if (!wire || wire.id === null) return null;
  return { externalId: wire.id, ...readFacts(wire, reading), raw, warnings: oddities(wire, reading) };
}

/** What detail and list tell alike. */
function readFacts(wire: CampaignData, { timeZone, channel }: Reading) {
  const time = (name: MomentName) => ifTold(wire[name], (told) => readTime(told, timeZone));
  return {
    channel: phoneTypes.has(wire.kind) ? ('SMS' as const) : channel,
    status: statuses.get(statusWord(wire.status)) ?? ('UNKNOWN' as const),
    providerStatus: wire.status,
    ...onlyTold({
      name: wire.name,
      sender: wire.sender,
      createdAt: firstTold(time('created_at'), time('creation_at')),
      scheduledAt: firstTold(time('started_at'), time('start_date'), time('start_at')),
      startedAt: firstTold(time('actual_start_at'), time('real_start_at')),
      finishedAt: time('finished_at'),
    }),
  };
}

function readCost(wire: CampaignData, warnings: string[]): Money | null | undefined {
  if (wire.total_price === undefined) return undefined;
  const amount = readDecimal(wire.total_price);
  if (amount !== null) return { amount, currency: readText(wire.currency) };
  if (readText(wire.total_price) !== null) warnings.push(`total_price can't be read as an amount.`);
  return null;
}

function oddities(wire: CampaignData, { timeZone }: Reading): string[] {
  const warnings: string[] = [];
  if (!statuses.has(statusWord(wire.status))) warnings.push(`The status "${wire.status}" is not documented.`);
  for (const name of momentNames) {
    const told = wire[name];
    if (!told || told.startsWith('0000') || readTime(told, timeZone) !== null) continue;
    warnings.push(`${name} can't be read as a time.`);
  }
  return warnings;
}
