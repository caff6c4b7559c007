import { type SelectQueryBuilder, sql } from 'kysely';
import { type Campaign, type CampaignStatus, campaignStatuses } from '../model/campaign.ts';
import { type CampaignFilter, foldName } from '../model/filter.ts';
import { type CounterName, counterNames, countersOf, type Stats } from '../model/stats.ts';
import { campaignColumns } from './columns.ts';
import type { Database } from './database.ts';
import { prepared } from './prepared.ts';
import { campaignFromRow } from './rows.ts';
import type { CampaignRow, Tables } from './schema.ts';
import { whereMatches } from './where.ts';

export const orderFields = ['NAME', 'STATUS', 'CREATED_AT', 'SCHEDULED_AT', 'CHANGED_AT'] as const;

export interface CampaignOrder {
  readonly field: (typeof orderFields)[number];
  readonly direction: 'ASC' | 'DESC';
}

/** A place in an ordered list: the value that it is ordered by, and the key that decides between equals. */
export interface Place {
  readonly value: string | number;
  readonly key: string;
}

export interface Page {
  readonly limit: number;
  /** Take the last ones before the end rather than the first ones after the start. */
  readonly fromEnd: boolean;
  readonly after?: Place;
  readonly before?: Place;
}

export interface CampaignPage {
  readonly campaigns: readonly Campaign[];
  /** There is more in the direction of travel. */
  readonly more: boolean;
}

export interface CampaignTotals {
  readonly byStatus: ReadonlyMap<CampaignStatus, number>;
  readonly stats: Stats | null;
}

/** Never null, so that keyset pages work the same in both databases: what is missing sorts before all else. */
const orderColumns = {
  NAME: sql<string>`"foldedName"`,
  STATUS: sql<number>`"statusRank"`,
  CREATED_AT: sql<number>`coalesce("createdAt", 0)`,
  SCHEDULED_AT: sql<number>`coalesce("scheduledAt", 0)`,
  CHANGED_AT: sql<number>`"changedAt"`,
};

/** Reading campaigns; they are written through the log alone (`createChangeLog`). */
export function createCampaignStore(database: Database) {
  const all = () => database.selectFrom('campaigns').selectAll();

  return {
    async get(key: string): Promise<Campaign | null> {
      const row = await all().where('key', '=', key).executeTakeFirst();
      return row ? campaignFromRow(row) : null;
    },

    /** Those of the keys that are known. */
    async getMany(keys: readonly string[]): Promise<Map<string, Campaign>> {
      if (keys.length === 0) return new Map();
      const rows = await all().where('key', 'in', keys).execute();
      return new Map(rows.map((row) => [row.key, campaignFromRow(row)]));
    },

    /** The campaigns, as they are now, of which the log has entries with after < seq <= upTo. */
    async changedBetween(after: number, upTo: number): Promise<Campaign[]> {
      const query = database
        .selectFrom('campaigns')
        .select(campaignColumns)
        .where('key', 'in', (eb) =>
          eb.selectFrom('changes').select('changes.key').where('seq', '>', after).where('seq', '<=', upTo),
        )
        .compile();
      const { rows } = await database.executeQuery(prepared('changedBetween', query));
      return rows.map(campaignFromRow);
    },

    /** Last answers as JSON text, by key. */
    async getRaw(keys: readonly string[]): Promise<Map<string, string>> {
      const rows = await database.selectFrom('campaignRaw').selectAll().where('key', 'in', keys).execute();
      return new Map(rows.map((row) => [row.key, row.raw]));
    },

    /** What the poller has to know of an account's campaigns when it starts. */
    async followed(account: string) {
      const rows = await database
        .selectFrom('campaigns')
        .select([
          'key',
          'externalId',
          'status',
          'scheduledAt',
          'statsFinal',
          'changedAt',
          'deletedAt',
          'revision',
        ])
        .where('account', '=', account)
        .where('followed', '=', 1)
        .execute();
      return rows.map((row) => ({ ...row, statsFinal: row.statsFinal === 1 }));
    },

    async list(filter: CampaignFilter, order: CampaignOrder, page: Page): Promise<CampaignPage> {
      const column = orderColumns[order.field];
      // Reading from the end is reading the reverse order from its start.
      const ascending = (order.direction === 'ASC') !== page.fromEnd;
      const [start, end] = page.fromEnd ? [page.before, page.after] : [page.after, page.before];
      const direction = ascending ? 'asc' : 'desc';
      let query = whereMatches(all(), filter).orderBy(column, direction).orderBy('key', direction);
      const beyond = ascending ? sql`>` : sql`<`;
      const within = ascending ? sql`<` : sql`>`;
      if (start)
        query = query.where(sql<boolean>`(${column}, "key") ${beyond} (${start.value}, ${start.key})`);
      if (end) query = query.where(sql<boolean>`(${column}, "key") ${within} (${end.value}, ${end.key})`);
      const rows = await query.limit(page.limit + 1).execute();
      const campaigns = rows.slice(0, page.limit).map(campaignFromRow);
      return { campaigns: page.fromEnd ? campaigns.reverse() : campaigns, more: rows.length > page.limit };
    },

    async count(filter: CampaignFilter): Promise<number> {
      const query = database.selectFrom('campaigns').select((eb) => eb.fn.countAll<number>().as('count'));
      const row = await whereMatches(query, filter).executeTakeFirstOrThrow();
      return Number(row.count);
    },

    /** How many campaigns there are in each status, and the sums of their counters (null where none tells one). */
    async totals(filter: CampaignFilter): Promise<CampaignTotals> {
      const rows = await whereMatches(totalsQuery(database), filter).groupBy('status').execute();
      const byStatus = new Map(rows.map((row) => [row.status, Number(row.count)]));
      return { byStatus, stats: sumStats(rows) };
    },

    /**
     * A page of campaigns in the order of their keys, with the log's head as of the same moment.
     * null for the head: there is no campaign after `afterKey`.
     */
    async snapshotPage(filter: CampaignFilter, afterKey: string | null, limit: number) {
      let query = whereMatches(all(), filter)
        .select((eb) => eb.selectFrom('log').select('head').as('head'))
        .orderBy('key')
        .limit(limit);
      if (afterKey !== null) query = query.where('key', '>', afterKey);
      const rows = await query.execute();
      return { campaigns: rows.map(campaignFromRow), head: rows[0]?.head ?? null };
    },
  };
}

export type CampaignStore = ReturnType<typeof createCampaignStore>;

/** The place of a campaign in a list so ordered. */
export function placeOf(campaign: Campaign, field: CampaignOrder['field']): Place {
  const values = {
    NAME: foldName(campaign.name),
    STATUS: campaignStatuses.indexOf(campaign.status),
    CREATED_AT: campaign.createdAt ?? 0,
    SCHEDULED_AT: campaign.scheduledAt ?? 0,
    CHANGED_AT: campaign.changedAt,
  };
  return { value: values[field], key: campaign.key };
}

type TotalsRow = Pick<CampaignRow, 'status'> &
  Record<CounterName, number | null> & {
    count: number;
    asOf: number | null;
    final: number | null;
  };

function totalsQuery(database: Database): SelectQueryBuilder<Tables, 'campaigns', TotalsRow> {
  return database
    .selectFrom('campaigns')
    .select((eb) => [
      'status',
      eb.fn.countAll<number>().as('count'),
      eb.fn.min('statsAsOf').as('asOf'),
      sql<number | null>`min(case when "statsAsOf" is not null then "statsFinal" end)`.as('final'),
      ...counterNames.map((name) => eb.fn.sum<number | null>(name).as(name)),
    ]);
}

const largestSum = 2 ** 31 - 1;

/** The sum is as old as its oldest part, and final when all parts are. */
function sumStats(rows: readonly TotalsRow[]): Stats | null {
  let asOf: number | null = null;
  let final = true;
  const sums: Partial<Record<CounterName, number>> = {};
  for (const row of rows) {
    if (row.asOf === null) continue;
    asOf = Math.min(asOf ?? row.asOf, row.asOf);
    final &&= row.final === 1;
    for (const name of counterNames) {
      const value = row[name];
      if (value !== null) sums[name] = (sums[name] ?? 0) + Number(value);
    }
  }
  for (const name of counterNames) {
    // The API's counters are 32-bit integers: such a sum can't be told.
    if ((sums[name] ?? 0) > largestSum) delete sums[name];
  }
  return asOf === null ? null : { ...countersOf(sums), source: 'PROVIDER', final, asOf };
}
