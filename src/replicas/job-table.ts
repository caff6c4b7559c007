import { sql } from 'kysely';
import type { Database } from '../store/database.ts';
import { telling } from './messages.ts';

export interface JobRow {
  readonly id: string;
  readonly account: string;
  /** The replica that asks. */
  readonly asker: string;
  /** JSON */
  readonly job: string;
}

/** What nobody fetches is forgotten after this. */
const keptMs = 10 * 60_000;

/** Jobs that replicas have for one another, and what came of them (PostgreSQL). */
export function createJobTable(database: Database, replica: string) {
  return {
    /** Leaves a job for another replica. */
    async ask(row: Omit<JobRow, 'asker'>, holder: string): Promise<void> {
      await sql`
        with asked as (
          insert into jobs (id, account, asker, holder, job, begun, "askedAt")
          values (${row.id}, ${row.account}, ${replica}, ${holder}, ${row.job}, 0, ${Date.now()})
          returning id)
        select ${telling(replica, { job: row.id, to: holder })} from asked`.execute(database);
    },

    /** Begins a job, which nobody can a second time; null: it was begun, or whoever asked waits no longer. */
    async begin(id: string): Promise<JobRow | null> {
      const row = await database
        .updateTable('jobs')
        .set({ begun: 1 })
        .where('id', '=', id)
        .where('holder', '=', replica)
        .where('begun', '=', 0)
        .returning(['id', 'account', 'asker', 'job'])
        .executeTakeFirst();
      return row ?? null;
    },

    /** Ids of those that wait for us. */
    async waiting(): Promise<string[]> {
      const rows = await database
        .selectFrom('jobs')
        .select('id')
        .where('holder', '=', replica)
        .where('begun', '=', 0)
        .execute();
      return rows.map(({ id }) => id);
    },

    /** @param answer JSON */
    async answer({ id, asker }: JobRow, answer: string): Promise<void> {
      await sql`
        with told as (update jobs set answer = ${answer} where id = ${id} returning id)
        select ${telling(replica, { done: id, to: asker })} from told`.execute(database);
    },

    /** What came of a job; undefined: there is no such job any more. */
    async answerOf(id: string): Promise<string | null | undefined> {
      const row = await database.selectFrom('jobs').select('answer').where('id', '=', id).executeTakeFirst();
      return row?.answer;
    },

    /** It is not waited for any more. */
    async withdraw(id: string): Promise<void> {
      await database.deleteFrom('jobs').where('id', '=', id).execute();
    },

    async sweep(): Promise<void> {
      await database
        .deleteFrom('jobs')
        .where('askedAt', '<', Date.now() - keptMs)
        .execute();
    },
  };
}

export type JobTable = ReturnType<typeof createJobTable>;
