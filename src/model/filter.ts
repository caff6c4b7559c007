import { type CampaignStatus, type Channel, isActive } from './campaign.ts';
import type { Facets } from './change.ts';

/**
 * Which campaigns are meant. All members must hold; one that is absent holds for all. `accounts` is always there: it is
 * what the asker may see, narrowed by what was asked for.
 */
export interface CampaignFilter {
  readonly accounts: readonly string[];
  readonly keys?: readonly string[];
  readonly channels?: readonly Channel[];
  readonly statuses?: readonly CampaignStatus[];
  readonly active?: boolean;
  /** Part of the name, letters' case aside. */
  readonly search?: string;
  /** All of them. */
  readonly tags?: readonly string[];
  readonly createdAfter?: number;
  readonly createdBefore?: number;
  /** true: deleted ones alone; false: only those the provider still knows. */
  readonly deleted?: boolean;
}

/** Names are searched and sorted by so many characters: an index can't hold more. */
const foldedLength = 400;

/** Letters' case aside, for searching and sorting; the same in the store and in live filters. */
export function foldName(name: string | null): string {
  return (name ?? '').slice(0, foldedLength).toLowerCase().toWellFormed();
}

/** Whether a campaign, as it was at one revision, is meant; the same question that the store answers in SQL. */
export function matches(filter: CampaignFilter, key: string, account: string, facets: Facets): boolean {
  if (!filter.accounts.includes(account)) return false;
  if (filter.keys && !filter.keys.includes(key)) return false;
  if (filter.channels && !filter.channels.includes(facets.channel)) return false;
  if (filter.statuses && !filter.statuses.includes(facets.status)) return false;
  if (filter.active !== undefined && filter.active !== isActive(facets)) return false;
  if (filter.search !== undefined && !foldName(facets.name).includes(foldName(filter.search))) return false;
  if (filter.tags && !filter.tags.every((tag) => facets.tags.includes(tag))) return false;
  if (
    filter.createdAfter !== undefined &&
    !(facets.createdAt !== null && facets.createdAt > filter.createdAfter)
  ) {
    return false;
  }
  if (
    filter.createdBefore !== undefined &&
    !(facets.createdAt !== null && facets.createdAt < filter.createdBefore)
  ) {
    return false;
  }
  return filter.deleted === undefined || filter.deleted === (facets.deletedAt !== null);
}
