import { type Kysely, sql, type Transaction } from 'kysely';
import type { Campaign } from '../model/campaign.ts';
import type { LogEntry } from '../model/change.ts';
import type { Database } from './database.ts';
import { campaignFromRow, campaignToRow, entryFromRow, entryToRow } from './rows.ts';
import type { Tables } from './schema.ts';

/** One campaign's new state. */
export interface Write {
  readonly campaign: Campaign;
  /** The answer that it was read from, as JSON text; null leaves the one that is kept. */
  readonly raw: string | null;
  /** The steps that led there, oldest first; none where nobody is told of it (following, unfollowing). */
  readonly entries: readonly LogEntry[];
}

/**
 * Decides what to write. Pure: it may be called again.
 * @param known the campaigns among the keys that are stored
 * @param head the newest seq; entries take the following numbers
 */
export type Decide = (known: ReadonlyMap<string, Campaign>, head: number) => readonly Write[];

export interface LogState {
  readonly epoch: string;
  readonly head: number;
  readonly pruned: number;
}

/**
 * So many campaigns are written by one statement, or one alone: a statement for each number of them would be a hundred
 * large ones, all kept prepared.
 */
const partSize = 10;

function* parts(writes: readonly Write[]): Generator<readonly Write[]> {
  const whole = writes.length - (writes.length % partSize);
  for (let start = 0; start < whole; start += partSize) yield writes.slice(start, start + partSize);
  for (const write of writes.slice(whole)) yield [write];
}

export function createChangeLog(database: Database) {
  return {
    async state(): Promise<LogState> {
      return database.selectFrom('log').select(['epoch', 'head', 'pruned']).executeTakeFirstOrThrow();
    },

    /**
     * The one way in which campaigns are written: reads those of `keys` that are known, lets `decide` say what follows,
     * and writes campaigns and log entries in one transaction. Touching the log's row first puts all writers, also
     * those of other processes, in line: a reader that sees seq N has seen all before it.
     */
    async write(keys: readonly string[], decide: Decide): Promise<readonly Write[]> {
      return database.transaction().execute(async (transaction) => {
        const head = await lockHead(transaction);
        const rows = await transaction.selectFrom('campaigns').selectAll().where('key', 'in', keys).execute();
        const known = new Map(rows.map((row) => [row.key, campaignFromRow(row)]));
        const writes = decide(known, head);
        for (const part of parts(writes)) await save(transaction, part);
        const newest = Math.max(head, ...writes.flatMap(({ entries }) => entries.map(({ seq }) => seq)));
        if (newest > head) await transaction.updateTable('log').set({ head: newest }).execute();
        return writes;
      });
    },

    /** Entries with after < seq <= upTo, oldest first; of all campaigns, or of those that `keys` names. */
    async between(after: number, upTo: number, limit: number, keys?: readonly string[]): Promise<LogEntry[]> {
      if (keys?.length === 0) return [];
      let query = database
        .selectFrom('changes')
        .selectAll()
        .where('seq', '>', after)
        .where('seq', '<=', upTo)
        .orderBy('seq')
        .limit(limit);
      if (keys) query = query.where('key', 'in', keys);
      return (await query.execute()).map(entryFromRow);
    },

    /** A campaign's entries, newest first, from before a seq. */
    async history(key: string, before: number | null, limit: number): Promise<LogEntry[]> {
      let query = database
        .selectFrom('changes')
        .selectAll()
        .where('key', '=', key)
        .orderBy('seq', 'desc')
        .limit(limit);
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
        .where('stats', 'is not', null);
      if (from !== null) told = told.where('at', '>=', from);
      if (to !== null) told = told.where('at', '<=', to);
      const rows = await database
        .with('told', () => told)
        .selectFrom('changes')
        .innerJoin('told', 'told.seq', 'changes.seq')
        .selectAll('changes')
        .where(sql<boolean>`(place - 1) % ((select count(*) + ${points} - 1 from told) / ${points}) = 0`)
        .orderBy('changes.seq')
        .execute();
      return rows.map(entryFromRow);
    },
  };
}

export type ChangeLog = ReturnType<typeof createChangeLog>;

async function lockHead(transaction: Transaction<Tables>): Promise<number> {
  const row = await transaction
    .updateTable('log')
    .set((eb) => ({ head: eb.ref('head') }))
    .returning('head')
    .executeTakeFirstOrThrow();
  return row.head;
}

async function save(database: Kysely<Tables>, writes: readonly Write[]): Promise<void> {
  const rows = writes.map((write) => campaignToRow(write.campaign));
  const keys = rows.map((row) => row.key);
  // Replacing is deleting and inserting: the same SQL in both databases, and one statement for new and known ones.
  await database.deleteFrom('campaigns').where('key', 'in', keys).execute();
  await database.insertInto('campaigns').values(rows).execute();

  const raws = writes.flatMap(({ campaign, raw }) => (raw === null ? [] : [{ key: campaign.key, raw }]));
  if (raws.length > 0) {
    const rawKeys = raws.map(({ key }) => key);
    await database.deleteFrom('campaignRaw').where('key', 'in', rawKeys).execute();
    await database.insertInto('campaignRaw').values(raws).execute();
  }

  const entries = writes.flatMap((write) => write.entries.map(entryToRow));
  if (entries.length > 0) await database.insertInto('changes').values(entries).execute();
}
