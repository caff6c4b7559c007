import { type SelectQueryBuilder, sql } from 'kysely';
import { type CampaignFilter, foldName } from '../model/filter.ts';
import { tagsToText } from './rows.ts';
import type { Tables } from './schema.ts';

/** The SQL side of `matches` (model/filter.ts): the two must agree. */
export function whereMatches<Row>(
  query: SelectQueryBuilder<Tables, 'campaigns', Row>,
  filter: CampaignFilter,
): SelectQueryBuilder<Tables, 'campaigns', Row> {
  if (
    filter.accounts.length === 0 ||
    isEmpty(filter.keys) ||
    isEmpty(filter.channels) ||
    isEmpty(filter.statuses)
  ) {
    return query.where(sql<boolean>`1 = 0`);
  }
  let narrowed = query.where('account', 'in', filter.accounts);
  if (filter.keys) narrowed = narrowed.where('key', 'in', filter.keys);
  if (filter.channels) narrowed = narrowed.where('channel', 'in', filter.channels);
  if (filter.statuses) narrowed = narrowed.where('status', 'in', filter.statuses);
  if (filter.active !== undefined) narrowed = narrowed.where('active', '=', filter.active ? 1 : 0);
  if (filter.search !== undefined) {
    narrowed = narrowed.where(contains('foldedName', foldName(filter.search)));
  }
  for (const tag of filter.tags ?? []) narrowed = narrowed.where(contains('tags', tagsToText([tag])));
  if (filter.createdAfter !== undefined) narrowed = narrowed.where('createdAt', '>', filter.createdAfter);
  if (filter.createdBefore !== undefined) narrowed = narrowed.where('createdAt', '<', filter.createdBefore);
  if (filter.deleted !== undefined)
    narrowed = narrowed.where('deletedAt', filter.deleted ? 'is not' : 'is', null);
  return narrowed;
}

/** A part of a text, byte for byte: `like` treats case and wildcards differently in the two databases. */
function contains(column: 'foldedName' | 'tags', part: string) {
  // No text holds a NUL, and PostgreSQL refuses to look for one.
  if (part.includes('\0')) return sql<boolean>`1 = 0`;
  return part === ''
    ? sql<boolean>`1 = 1`
    : sql<boolean>`replace(${sql.ref(column)}, ${part}, '') <> ${sql.ref(column)}`;
}

function isEmpty(list: readonly unknown[] | undefined): boolean {
  return list?.length === 0;
}
