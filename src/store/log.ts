import { sql } from 'kysely';
import type { ChangeKind, LogEntry } from '../model/change.ts';
import { changeColumns } from './columns.ts';
import type { Database } from './database.ts';
import { newEpoch } from './epoch.ts';
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

/** What is known of the log by having followed it. */
export interface Followed {
  readonly epoch: string;
  readonly head: number;
  /** Some of the newest, oldest first. */
  readonly entries: readonly LogEntry[];
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
     * Whether the log is not what was followed any more: a server that takes over from a lost one may have had less of it,
     * and others may have written since. If so, it has another epoch from then on, so that cursors of what is lost are
     * known as such.
     */
    async hasGoneBack({ epoch, head, entries }: Followed): Promise<boolean> {
      return database.transaction().execute(async (transaction) => {
        // Touched rather than read: nobody but the server in charge takes that.
        const log = await transaction
          .updateTable('log')
          .set((eb) => ({ head: eb.ref('head') }))
          .returning(['epoch', 'head', 'thinned'])
          .executeTakeFirstOrThrow();
        if (log.epoch !== epoch) return true;
        const kept = entries.filter(({ seq }) => seq > log.thinned);
        if (log.head >= head && (await hasAll(transaction, kept))) return false;
        await transaction.updateTable('log').set({ epoch: newEpoch() }).execute();
        return true;
      });
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

/** Whether the log has just these entries where they stand. */
async function hasAll(database: Database, entries: readonly LogEntry[]): Promise<boolean> {
  const [first, last] = [entries.at(0), entries.at(-1)];
  if (!first || !last) return true;
  const rows = await database
    .selectFrom('changes')
    .select(['seq', 'key', 'at'])
    .where('seq', '>=', first.seq)
    .where('seq', '<=', last.seq)
    .execute();
  const stored = new Map(rows.map((row) => [row.seq, row]));
  return entries.every(({ seq, key, at }) => stored.get(seq)?.key === key && stored.get(seq)?.at === at);
}
