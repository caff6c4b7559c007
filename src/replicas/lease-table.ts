import { sql } from 'kysely';
import type { Database } from '../store/database.ts';
import { telling } from './messages.ts';

/** How long a replica counts as there that says nothing; after that, anybody may take what it holds. */
export const leaseMs = 5_000;

/** Leases run by PostgreSQL's clock, the one clock that all replicas share. */
const now = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

/** Of a row of `replicas`. */
export const isThere = sql<boolean>`"aliveAt" > ${now} - ${leaseMs}`;

export interface LeaseRow {
  readonly account: string;
  readonly fence: number;
  /** For the holder after us. */
  readonly saved: string | null;
}

export interface LeaseState {
  readonly account: string;
  readonly holder: string | null;
  readonly fence: number;
  /** Anybody may take it. */
  readonly isFree: boolean;
  /** What its holder has saved last. */
  readonly saved: string | null;
}

export interface ReplicaState {
  readonly id: string;
  /** The others share out what it holds. */
  readonly isLeaving: boolean;
}

export interface TableState {
  readonly replicas: readonly ReplicaState[];
  readonly leases: readonly LeaseState[];
}

/**
 * The leases and replicas of a database (PostgreSQL). A lease lasts as long as its holder says every now and then that it
 * is there: one row for each replica, so that it costs the same for however many accounts.
 * @param replica who we are
 */
export function createLeaseTable(database: Database, replica: string) {
  const tell = sql`select ${telling(replica, { leases: true })}`;
  const isHeld = sql`leases.account = mine.account and leases.fence = mine.fence and leases.holder = ${replica}`;
  /** Rows of ours that still are, as a table. All lock leases in the order of accounts, so that nobody waits in a circle. */
  const held = (rows: readonly LeaseRow[]) => sql`
    select leases.account, mine.saved from leases join ${unnested(rows)} on ${isHeld}
    order by leases.account for no key update of leases`;

  return {
    replica,

    /** Makes rows for accounts that have none. */
    async make(accounts: readonly string[]): Promise<void> {
      if (accounts.length === 0) return;
      await database
        .insertInto('leases')
        .values(accounts.map((account) => ({ account, holder: null, fence: 0, saved: null })))
        .onConflict((conflict) => conflict.column('account').doNothing())
        .execute();
    },

    /**
     * Says that we are there; who has said nothing for long is forgotten.
     * @param isLeaving we take nothing more
     */
    async announce(isLeaving: boolean): Promise<void> {
      await sql`
        insert into replicas (id, "aliveAt", "isLeaving") values (${replica}, ${now}, ${Number(isLeaving)})
        on conflict (id) do update set "aliveAt" = excluded."aliveAt", "isLeaving" = excluded."isLeaving"`.execute(
        database,
      );
      await sql`delete from replicas where "aliveAt" < ${now} - ${60 * leaseMs}`.execute(database);
    },

    /** @returns the accounts whose lease still is ours */
    async save(rows: readonly LeaseRow[]): Promise<ReadonlySet<string>> {
      if (rows.length === 0) return new Set();
      const kept = await sql<{ account: string }>`
        with held as (${held(rows)})
        update leases set saved = held.saved from held where leases.account = held.account
        returning leases.account`.execute(database);
      return new Set(kept.rows.map(({ account }) => account));
    },

    /** Who is there, in any order, and who holds which of the accounts. */
    async state(accounts: readonly string[]): Promise<TableState> {
      const there = await database
        .selectFrom('replicas')
        .select(['id', 'isLeaving'])
        .where(isThere)
        .execute();
      const replicas = there.map(({ id, isLeaving }) => ({ id, isLeaving: isLeaving === 1 }));
      const ids = new Set(replicas.map(({ id }) => id));
      if (accounts.length === 0) return { replicas, leases: [] };
      const rows = await database
        .selectFrom('leases')
        .select(['account', 'holder', 'fence', 'saved'])
        .where('account', 'in', accounts)
        .execute();
      const leases = rows.map((row) => ({
        ...row,
        isFree: row.holder === null || !ids.has(row.holder),
      }));
      return { replicas, leases };
    },

    /**
     * Takes what nobody else who is there has of groups of accounts, of each group all or none.
     * @param most groups at most
     */
    async take(groups: readonly (readonly string[])[], most: number): Promise<readonly LeaseRow[]> {
      return database.transaction().execute(async (transaction) => {
        // Who reaches for the same ones at the same moment waits here, and then finds what is left.
        const rows = await transaction
          .selectFrom('leases')
          .select(['account', 'holder'])
          .where('account', 'in', groups.flat())
          .orderBy('account')
          .forUpdate()
          .execute();
        const there = await transaction.selectFrom('replicas').select('id').where(isThere).execute();
        const others = new Set(there.flatMap(({ id }) => (id === replica ? [] : id)));
        const open = new Set(
          rows.flatMap(({ account, holder }) => (holder !== null && others.has(holder) ? [] : account)),
        );
        const whole = groups.filter((group) => group.every((account) => open.has(account)));
        const wanted = whole.slice(0, most).flat();
        if (wanted.length === 0) return [];
        const taken = await sql<LeaseRow>`
          update leases set holder = ${replica}, fence = fence + 1
          where account = any(${wanted}) returning account, fence, saved`.execute(transaction);
        return taken.rows;
      });
    },

    /** Gives up leases that are ours; what is null of what is saved stays as it is. */
    async release(rows: readonly LeaseRow[]): Promise<void> {
      if (rows.length === 0) return;
      await sql`
        with held as (${held(rows)})
        update leases set holder = null, saved = coalesce(held.saved, leases.saved)
        from held where leases.account = held.account`.execute(database);
      await tell.execute(database);
    },

    /** It is there no more, and the others share out what there is. */
    async leave(): Promise<void> {
      await database.deleteFrom('replicas').where('id', '=', replica).execute();
      await tell.execute(database);
    },
  };
}

export type LeaseTable = ReturnType<typeof createLeaseTable>;

/** Rows of ours as a table. */
function unnested(rows: readonly LeaseRow[]) {
  const accounts = rows.map(({ account }) => account);
  const fences = rows.map(({ fence }) => fence);
  const saved = rows.map((row) => row.saved);
  return sql`unnest(${accounts}::text[], ${fences}::bigint[], ${saved}::text[]) as mine (account, fence, saved)`;
}
