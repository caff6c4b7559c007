import { sql } from 'kysely';
import type { Database } from '../store/database.ts';
import { isThere } from './lease-table.ts';
import { type News, telling } from './messages.ts';

export interface WatchedVersion {
  readonly replica: string;
  readonly account: string;
  /** Another whenever the row has been written. */
  readonly version: string;
}

/** What people look at of an account over a replica, as JSON. */
export interface WatchedRow extends WatchedVersion {
  readonly watched: string;
}

/** PostgreSQL takes less than 8,000 bytes in one notification; some are for all but the accounts. */
const mostBytes = 7_000;

/** What people look at over each replica, for those that hold the accounts (PostgreSQL). */
export function createWatchTable(database: Database, replica: string) {
  /** Who hears of no accounts looks for all. */
  async function notify(accounts: readonly string[]): Promise<void> {
    const isLong = Buffer.byteLength(JSON.stringify(accounts)) > mostBytes;
    const news: News = { watched: true, ...(!isLong && { accounts: [...accounts] }) };
    await sql`select ${telling(replica, news)}`.execute(database);
  }

  /** Of replicas that are there, other than this one. */
  const ofOthers = (accounts: readonly string[]) =>
    database
      .selectFrom('watched')
      .innerJoin('replicas', 'replicas.id', 'watched.replica')
      .select(['watched.replica', 'watched.account', sql<string>`watched.xmin`.as('version')])
      .where('watched.account', 'in', accounts)
      .where('watched.replica', '!=', replica)
      .where(isThere);

  return {
    /** What people look at over us is this from now on. @param gone accounts of which nothing is looked at any more */
    async tell(
      rows: readonly Pick<WatchedRow, 'account' | 'watched'>[],
      gone: readonly string[],
    ): Promise<void> {
      if (rows.length > 0)
        await database
          .insertInto('watched')
          .values(rows.map((row) => ({ ...row, replica })))
          .onConflict((conflict) =>
            conflict
              .columns(['replica', 'account'])
              .doUpdateSet((eb) => ({ watched: eb.ref('excluded.watched') })),
          )
          .execute();
      if (gone.length > 0)
        await database
          .deleteFrom('watched')
          .where('replica', '=', replica)
          .where('account', 'in', gone)
          .execute();
      await notify([...rows.map(({ account }) => account), ...gone]);
    },

    /** Who tells what people look at of these accounts, and in which version: that costs little to ask. */
    async versions(accounts: readonly string[]): Promise<readonly WatchedVersion[]> {
      return accounts.length === 0 ? [] : ofOthers(accounts).execute();
    },

    /** What people look at of these accounts over other replicas that are there. */
    async of(accounts: readonly string[]): Promise<readonly WatchedRow[]> {
      return accounts.length === 0 ? [] : ofOthers(accounts).select('watched.watched').execute();
    },

    /**
     * Deletes what replicas have left that are gone.
     * @returns the accounts of which something is looked at over us
     */
    async sweep(): Promise<ReadonlySet<string>> {
      await database
        .deleteFrom('watched')
        .where('replica', 'not in', (eb) => eb.selectFrom('replicas').select('id'))
        .execute();
      const rows = await database
        .selectFrom('watched')
        .select('account')
        .where('replica', '=', replica)
        .execute();
      return new Set(rows.map(({ account }) => account));
    },

    /** Nothing is looked at over us any more. */
    async leave(): Promise<void> {
      const left = await database
        .deleteFrom('watched')
        .where('replica', '=', replica)
        .returning('account')
        .execute();
      if (left.length > 0) await notify(left.map(({ account }) => account));
    },
  };
}

export type WatchTable = ReturnType<typeof createWatchTable>;
