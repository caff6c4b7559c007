import { sql } from 'kysely';
import type { Campaign } from '../model/campaign.ts';
import type { Database } from './database.ts';
import {
  type Decide,
  type LogWriter,
  rawRowsOf,
  type Write,
  type Written,
  writtenOver,
} from './log-writer.ts';
import { createRowWriter } from './row-writer.ts';
import { campaignFromRow, campaignToRow, entryToRow } from './rows.ts';
import type { CampaignRow, ChangeRow, Tables } from './schema.ts';

type RawRow = Tables['campaignRaw'];

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

/** Writes to the log by transactions, which any database can. */
export function createTransactionWriter(database: Database): LogWriter {
  const save = createWriters();

  async function writeLocked(keys: readonly string[], decide: Decide): Promise<Written> {
    return database.transaction().execute(async (transaction) => {
      const { head } = await transaction
        .updateTable('log')
        .set((eb) => ({ head: eb.ref('head') }))
        .returning('head')
        .executeTakeFirstOrThrow();
      // Another process may have written since they were read without the lock.
      const known = await readCampaigns(transaction, keys);
      const writes = decide(known, head);
      for (const part of parts(writes)) await save(transaction, part);
      const newest = Math.max(head, ...writes.flatMap(({ entries }) => entries.map(({ seq }) => seq)));
      if (newest > head) await transaction.updateTable('log').set({ head: newest }).execute();
      return writtenOver(known, writes);
    });
  }

  return {
    async write(keys, decide) {
      const known = await readCampaigns(database, keys);
      const isNews = decide(known, 0).length > 0;
      return isNews ? writeLocked(keys, decide) : { campaigns: known, writes: [] };
    },

    async setFollowed(key, followed) {
      const wanted = followed ? 1 : 0;
      const row = await database
        .updateTable('campaigns')
        .set({ followed: wanted })
        .where('key', '=', key)
        .where('followed', '<>', wanted)
        .returningAll()
        .executeTakeFirst();
      return row ? campaignFromRow(row) : null;
    },
  };
}

async function readCampaigns(on: Database, keys: readonly string[]): Promise<Map<string, Campaign>> {
  const rows = await on.selectFrom('campaigns').selectAll().where('key', 'in', keys).execute();
  return new Map(rows.map((row) => [row.key, campaignFromRow(row)]));
}

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

  return async (on: Database, writes: readonly Write[]): Promise<void> => {
    await writeCampaigns(
      on,
      writes.map(({ campaign }) => campaignToRow(campaign)),
    );
    await writeRaws(on, rawRowsOf(writes));
    await writeEntries(
      on,
      writes.flatMap(({ entries }) => entries.map(entryToRow)),
    );
  };
}
