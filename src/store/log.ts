import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { ChangeKind, LogEntry } from '../model/change.ts';
import { changeColumns } from './columns.ts';
import type { Database } from './database.ts';
import type { LogWriter } from './log-writer.ts';
import { prepared } from './prepared.ts';
import { entryFromRow } from './rows.ts';
import { createTransactionWriter } from './transaction-writer.ts';

export interface LogState {
  readonly epoch: string;
  readonly head: number;
  readonly pruned: number;
  readonly thinned: number;
}

/** The kinds of a step that moved only counters, as a row has them. */
export const countersOnly = JSON.stringify(['STATS'] satisfies ChangeKind[]);

const thinnedUpTo = sql<number>`(select thinned from log)`;

/** All but what other entries have taken the place of. */
const isKept = sql<boolean>`(changes.seq > ${thinnedUpTo} or kinds <> ${countersOnly} or "fromRevision" is not null)`;

/** @param writer what writes to it: where no other process does, in transactions */
export function createChangeLog(database: Database, writer: LogWriter = createTransactionWriter(database)) {
  const kept = () =>
    database.selectFrom('changes').select(changeColumns).select(thinnedUpTo.as('thinnedUpTo')).where(isKept);

  return {
    ...writer,

    async state(): Promise<LogState> {
      return database
        .selectFrom('log')
        .select(['epoch', 'head', 'pruned', 'thinned'])
        .executeTakeFirstOrThrow();
    },

    /**
     * Whether the log has gone back from a seq that it had come to: a server that takes over from a lost one may have had
     * less of it. From then on it has another epoch, so that cursors of what is lost are known as such.
     * @param epoch of the log that had come so far
     */
    async hasGoneBack(epoch: string, seq: number): Promise<boolean> {
      const next = randomBytes(6).toString('hex');
      // Written rather than read: nobody but the server in charge takes that.
      const row = await database
        .updateTable('log')
        .set({ epoch: sql<string>`case when epoch = ${epoch} and head < ${seq} then ${next} else epoch end` })
        .returning('epoch')
        .executeTakeFirstOrThrow();
      return row.epoch !== epoch;
    },

    /** Entries with after < seq <= upTo, oldest first; of all campaigns, or of those that `keys` names. */
    async between(after: number, upTo: number, limit: number, keys?: readonly string[]): Promise<LogEntry[]> {
      if (keys?.length === 0) return [];
      const query = kept().where('seq', '>', after).where('seq', '<=', upTo).orderBy('seq').limit(limit);
      const { rows } = keys
        ? await database.executeQuery(query.where('key', 'in', keys))
        : await database.executeQuery(prepared('between', query.compile()));
      return rows.map(entryFromRow);
    },

    /** A campaign's entries, newest first, from before a seq. */
    async history(key: string, before: number | null, limit: number): Promise<LogEntry[]> {
      let query = kept().where('key', '=', key).orderBy('seq', 'desc').limit(limit);
      if (before !== null) query = query.where('seq', '<', before);
      return (await query.execute()).map(entryFromRow);
    },

    /**
     * What a campaign's counters were, oldest first: at most `points` entries, evenly taken, the newest among them.
     * @param from ms, included; null: from the beginning
     * @param to ms, included; null: until now
     */
    async series(key: string, from: number | null, to: number | null, points: number): Promise<LogEntry[]> {
      let told = database
        .selectFrom('changes')
        .select(['seq', sql<number>`row_number() over (order by seq desc)`.as('place')])
        .where('key', '=', key)
        .where('stats', 'is not', null)
        .where(isKept);
      if (from !== null) told = told.where('at', '>=', from);
      if (to !== null) told = told.where('at', '<=', to);
      const rows = await database
        .with('told', () => told)
        .selectFrom('changes')
        .innerJoin('told', 'told.seq', 'changes.seq')
        .selectAll('changes')
        .select(thinnedUpTo.as('thinnedUpTo'))
        .where(sql<boolean>`(place - 1) % ((select count(*) + ${points} - 1 from told) / ${points}) = 0`)
        .orderBy('changes.seq')
        .execute();
      return rows.map(entryFromRow);
    },
  };
}

export type ChangeLog = ReturnType<typeof createChangeLog>;
