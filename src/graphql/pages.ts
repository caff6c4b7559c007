import type { CampaignOrder as OrderInput } from '../generated/graphql.ts';
import type { Campaign } from '../model/campaign.ts';
import type { CampaignFilter } from '../model/filter.ts';
import { ProblemError } from '../model/problem.ts';
import { type CampaignOrder, type Page, type Place, placeOf } from '../store/campaigns.ts';

/** A page of campaigns; its total is counted only when it is asked for. */
export interface CampaignListing {
  readonly campaigns: readonly Campaign[];
  readonly order: CampaignOrder;
  readonly filter: CampaignFilter;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

export interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

const defaultSize = 50;
const largestSize = 500;

/** @throws ProblemError BAD_INPUT when it is out of range */
export function pageSize(value: number | null | undefined, path: string, usual = defaultSize): number {
  if (value === null || value === undefined) return usual;
  if (value >= 0 && value <= largestSize) return value;
  throw new ProblemError('BAD_INPUT', `${path} is ${value}; it can be 0 to ${largestSize}.`, {
    argument: [path],
  });
}

export function toOrder(input: OrderInput | null | undefined): CampaignOrder {
  return { field: input?.field ?? 'CHANGED_AT', direction: input?.direction ?? 'DESC' };
}

/** @throws ProblemError BAD_INPUT */
export function toPage(args: PageArguments, order: CampaignOrder): Page {
  const fromEnd = args.last !== null && args.last !== undefined;
  if (fromEnd && args.first !== null && args.first !== undefined) {
    throw new ProblemError('BAD_INPUT', 'Give first or last, not both.', { argument: ['last'] });
  }
  const after = args.after ? decodePlace(args.after, order, 'after') : null;
  const before = args.before ? decodePlace(args.before, order, 'before') : null;
  return {
    limit: fromEnd ? pageSize(args.last, 'last') : pageSize(args.first, 'first'),
    fromEnd,
    ...(after && { after }),
    ...(before && { before }),
  };
}

/** A place in a list, opaque to clients. It holds the order, for in another one it would mean another place. */
export function encodePlace(campaign: Campaign, { field }: CampaignOrder): string {
  const { value, key } = placeOf(campaign, field);
  return encodeCursor([field, value, key]);
}

function decodePlace(cursor: string, { field }: CampaignOrder, path: string): Place {
  const [ofField, value, key] = decodeCursor(cursor);
  const valueFits =
    field === 'NAME' ? typeof value === 'string' && !value.includes('\0') : Number.isSafeInteger(value);
  if (
    ofField === field &&
    valueFits &&
    (typeof value === 'string' || typeof value === 'number') &&
    typeof key === 'string' &&
    /^[\x21-\x7e]+$/.test(key)
  ) {
    return { value, key };
  }
  throw new ProblemError('BAD_INPUT', `${path} is no cursor of a list in this order.`, { argument: [path] });
}

export function encodeCursor(parts: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The parts of a cursor; none of what is no cursor at all. */
export function decodeCursor(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}
