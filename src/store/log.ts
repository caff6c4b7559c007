import { type Kysely, sql, type Transaction } from 'kysely';
import { accountIn, type Campaign } from '../model/campaign.ts';
import type { ChangeKind, LogEntry } from '../model/change.ts';
import { ProblemError } from '../model/problem.ts';
import type { Database } from './database.ts';
import { createRowWriter } from './row-writer.ts';
import { campaignFromRow, campaignToRow, entryFromRow, entryToRow } from './rows.ts';
import type { CampaignRow, ChangeRow, Tables } from './schema.ts';

type RawRow = Tables['campaignRaw'];

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
  readonly thinned: number;
}

/** The kinds of a step that moved only counters, as a row has them. */
export const countersOnly = JSON.stringify(['STATS'] satisfies ChangeKind[]);

const thinnedUpTo = sql<number>`(select thinned from log)`;

/** All but what other entries have taken the place of. */
const isKept = sql<boolean>`(changes.seq > ${thinnedUpTo} or kinds <> ${countersOnly} or "fromRevision" is not null)`;

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

/** What writing to the log means to other processes on the same database. */
export interface LogGuard {
  /**
   * Touches the log's row, which keeps all others from writing until the transaction ends; and makes sure that these
   * accounts are still this process's to write of, and stay so as long.
   * @returns the newest seq
   * @throws NotOursError
   */
  lockHead(transaction: Transaction<Tables>, accounts: readonly string[]): Promise<number>;
  /** Moves the log's head, and has the others told once the transaction is committed. */
  moveHead(transaction: Transaction<Tables>, head: number): Promise<void>;
}

/** Somebody else takes care of the account by now: what was read of it is not stored, and is read again there. */
export class NotOursError extends ProblemError {
  constructor() {
    super('PROVIDER_UNAVAILABLE', 'Another replica takes care of the account by now. Try again.');
  }
}

/** No other process writes to the database. */
export const alone: LogGuard = {
  async lockHead(transaction) {
    const row = await transaction
      .updateTable('log')
      .set((eb) => ({ head: eb.ref('head') }))
      .returning('head')
      .executeTakeFirstOrThrow();
    return row.head;
  },
  async moveHead(transaction, head) {
    await transaction.updateTable('log').set({ head }).execute();
  },
};

export function createChangeLog(database: Database, guard: LogGuard = alone) {
  const save = createWriters();
  const kept = () =>
    database.selectFrom('changes').selectAll('changes').select(thinnedUpTo.as('thinnedUpTo')).where(isKept);

  return {
    async state(): Promise<LogState> {
      return database
        .selectFrom('log')
        .select(['epoch', 'head', 'pruned', 'thinned'])
        .executeTakeFirstOrThrow();
    },

    /**
     * The one way in which campaigns are written: reads those of `keys` that are known, lets `decide` say what follows,
     * and writes campaigns and log entries in one transaction. Touching the log's row first puts all writers, also
     * those of other processes, in line: a reader that sees seq N has seen all before it.
     */
    async write(keys: readonly string[], decide: Decide): Promise<readonly Write[]> {
      return database.transaction().execute(async (transaction) => {
        const head = await guard.lockHead(transaction, [...new Set(keys.map(accountIn))]);
        const rows = await transaction.selectFrom('campaigns').selectAll().where('key', 'in', keys).execute();
        const known = new Map(rows.map((row) => [row.key, campaignFromRow(row)]));
        const writes = decide(known, head);
        for (const part of parts(writes)) await save(transaction, part);
        const newest = Math.max(head, ...writes.flatMap(({ entries }) => entries.map(({ seq }) => seq)));
        if (newest > head) await guard.moveHead(transaction, newest);
        return writes;
      });
    },

    /** Entries with after < seq <= upTo, oldest first; of all campaigns, or of those that `keys` names. */
    async between(after: number, upTo: number, limit: number, keys?: readonly string[]): Promise<LogEntry[]> {
      if (keys?.length === 0) return [];
      let query = kept().where('seq', '>', after).where('seq', '<=', upTo).orderBy('seq').limit(limit);
      if (keys) query = query.where('key', 'in', keys);
      return (await query.execute()).map(entryFromRow);
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

/** A row that is known already becomes the new one. */
function replacing(row: object | undefined) {
  const columns = Object.keys(row ?? {}).map(
    (name) => sql`${sql.ref(name)} = ${sql.ref(`excluded.${name}`)}`,
  );
  return sql`on conflict ("key") do update set ${sql.join(columns)}`;
}

function createWriters() {
  const writeCampaigns = createRowWriter<CampaignRow>((on, rows) =>
    on.insertInto('campaigns').values(rows).modifyEnd(replacing(rows[0])),
  );
  const writeRaws = createRowWriter<RawRow>((on, rows) =>
    on.insertInto('campaignRaw').values(rows).modifyEnd(replacing(rows[0])),
  );
  const writeEntries = createRowWriter<ChangeRow>((on, rows) => on.insertInto('changes').values(rows));

  return async (on: Kysely<Tables>, writes: readonly Write[]): Promise<void> => {
    const raws = writes.flatMap(({ campaign, raw }) => (raw === null ? [] : [{ key: campaign.key, raw }]));
    await writeCampaigns(
      on,
      writes.map(({ campaign }) => campaignToRow(campaign)),
    );
    await writeRaws(on, raws);
    await writeEntries(
      on,
      writes.flatMap(({ entries }) => entries.map(entryToRow)),
    );
  };
}
