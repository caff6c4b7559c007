import { sql } from 'kysely';
import type { Campaign } from '../model/campaign.ts';
import type { ChangeKind, LogEntry } from '../model/change.ts';
import { ProblemError } from '../model/problem.ts';
import { changeColumns } from './columns.ts';
import type { Database } from './database.ts';
import { createTransactionWriter } from './log-transaction.ts';
import { prepared } from './prepared.ts';
import { entryFromRow } from './rows.ts';

/** One campaign's new state. */
export interface Write {
  readonly campaign: Campaign;
  /** The answer that it was read from, as JSON text; null leaves the one that is kept. */
  readonly raw: string | null;
  /** The steps that led there, oldest first, at least one. */
  readonly entries: readonly LogEntry[];
}

/**
 * Decides what to write. Pure: it may be called again.
 * @param known the campaigns among the keys that are stored
 * @param head entries take the numbers that follow
 */
export type Decide = (known: ReadonlyMap<string, Campaign>, head: number) => readonly Write[];

/** What a write has led to. */
export interface Written {
  /** Those of the keys that are stored, as they are now. */
  readonly campaigns: ReadonlyMap<string, Campaign>;
  readonly writes: readonly Write[];
}

/**
 * The one way in which campaigns get into the database. The log's one row puts all writers in line, also those of other
 * processes: it is touched before entries are added, and stays locked until they are committed. So a reader that sees
 * seq N has seen all before it.
 */
export interface LogWriter {
  /**
   * Reads those of `keys` that are known, lets `decide` say what follows, and writes campaigns and log entries, all or
   * none. Where nothing follows, the log is not touched.
   */
  write(keys: readonly string[], decide: Decide): Promise<Written>;
  /** Nobody is told of it. @returns the campaign as it is then; null where nothing had to be done */
  setFollowed(key: string, followed: boolean): Promise<Campaign | null>;
}

/** Somebody else takes care of the account by now: what was read of it is not stored, and is read again there. */
export class NotOursError extends ProblemError {
  constructor() {
    super('PROVIDER_UNAVAILABLE', 'Another replica takes care of the account by now. Try again.');
  }
}

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
