import { z } from 'zod';
import type { CampaignReading } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';
import { fromLocal, offsetMs } from '../model/time-zone.ts';

/** The API's counters are 32-bit integers; no campaign has as many messages. */
const largestCount = 2 ** 31 - 1;

/** A counter: 123, "123", "1 234"; null for anything that is no number of things. */
export function readCount(value: unknown): number | null {
  const number = readNumber(value);
  return number === null || number < 0 || number > largestCount ? null : Math.round(number);
}

/** A number: 5, "5", "1 234", "35,09" (one comma and no dot is a decimal comma); null for anything else. */
export function readNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  const text = decimalText(value);
  return text === null ? null : Number(text);
}

/** An exact decimal as a string, never by way of a float where the provider sent a string. */
export function readDecimal(value: unknown): string | null {
  if (typeof value !== 'number') return decimalText(value);
  return Number.isFinite(value) ? plainDecimal(value) : null;
}

/** A text that says something; null for an empty one or anything that is no text or number. */
export function readText(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}

/** true, "true", 1 and "1" are true; null where nothing was said. */
export function readBoolean(value: unknown): boolean | null {
  if (value === undefined || value === null) return null;
  return value === true || value === 1 || (typeof value === 'string' && /^(true|1|yes)$/i.test(value.trim()));
}

/** Some providers wrap what should be an object in an array; [] means none. */
export function objectOrFirst(value: unknown): unknown {
  return Array.isArray(value) ? (value[0] ?? null) : (value ?? null);
}

/** A list that may come as an array, as an object of its members, or as nothing. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

/**
 * ms since 1970 from "2024-01-15 10:30:00" (in `timeZone`), or with T, fractions, Z or an offset; null for nothing, for
 * MySQL's zero date and for what is no time.
 */
export function readTime(value: unknown, timeZone = 'UTC'): number | null {
  if (typeof value !== 'string') return null;
  const match = timePattern.exec(value.trim());
  if (!match?.groups) return null;
  const { date, time = '00:00', zone } = match.groups;
  if (!date || date.startsWith('0000')) return null;
  const asUtc = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(asUtc)) return null;
  if (!zone) return fromLocal(asUtc, timeZone);
  return zone === 'Z' || zone === 'z' ? asUtc : asUtc - offsetMs(zone);
}

/** Status words are compared without case, blanks, "_" and "-"; the untouched word goes to the user. */
export function statusWord(value: string): string {
  return value.toLowerCase().replaceAll(/[\s_-]/g, '');
}

/** What `read` makes of a value; undefined stays, as "not told" is not "none". */
export function ifTold<Value, Read>(
  value: Value | undefined,
  read: (value: Value) => Read,
): Read | undefined {
  return value === undefined ? undefined : read(value);
}

/** The first that says something, of one thing under several names; null: none does; undefined: none is there. */
export function firstTold<Value>(...values: readonly (Value | null | undefined)[]): Value | null | undefined {
  const unsaid = values.every((value) => value === undefined) ? undefined : null;
  return values.find((value) => value !== undefined && value !== null) ?? unsaid;
}

type Optional = Omit<CampaignReading, 'externalId' | 'status' | 'providerStatus' | 'raw'>;

/** The members of a reading that an answer tells: those that are undefined are left out. */
export function onlyTold(
  members: { readonly [Name in keyof Optional]: Optional[Name] | undefined },
): Optional {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** For zod: a value in any of the shapes that the readers above accept. */
export const count = z.unknown().optional().transform(readCount);
export const text = z.unknown().optional().transform(readText);

/** The same, with what is not there kept apart (undefined) from what is empty (null); the time is in UTC unless it says. */
export const optionalText = z
  .unknown()
  .optional()
  .transform((value) => ifTold(value, readText));
export const optionalTime = z
  .unknown()
  .optional()
  .transform((value) => ifTold(value, (told) => readTime(told)));

/**
 * Parses wire data, and says in one sentence what is wrong with it.
 * @throws ProblemError PROVIDER_BAD_RESPONSE
 */
export function parseWire<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  what: string,
): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.length ? ` at ${issue.path.join('.')}` : '';
  throw new ProblemError(
    'PROVIDER_BAD_RESPONSE',
    `The provider's ${what} can't be read${place}: ${issue?.message}.`,
  );
}

const timePattern =
  /^(?<date>\d{4}-\d{2}-\d{2})(?:[T ]+(?<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(?<zone>Z|z|[+-]\d{2}:?\d{2})?)?$/;

function decimalText(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const compact = value.replaceAll(/[\s\u00a0']/g, '');
  const dotted = /^[^.,]*,[^.,]*$/.test(compact) ? compact.replace(',', '.') : compact;
  return /^-?\d+(\.\d+)?$/.test(dotted) ? dotted : null;
}

/** String(1e-7) is "1e-7", which is no decimal. */
function plainDecimal(value: number): string {
  const plain = String(value);
  return plain.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : plain;
}
