import { CompiledQuery } from 'kysely';
import pg from 'pg';
import { accountIn, type Campaign } from '../model/campaign.ts';
import { campaignColumns, changeColumns } from '../store/columns.ts';
import type { Database } from '../store/database.ts';
import {
  type Decide,
  type LogWriter,
  NotOursError,
  rawRowsOf,
  type Write,
  type Written,
  writtenOver,
} from '../store/log-writer.ts';
import { prepared } from '../store/prepared.ts';
import { campaignFromRow, campaignToRow, entryToRow } from '../store/rows.ts';
import type { CampaignRow } from '../store/schema.ts';
import { createTurns } from '../store/turns.ts';
import { channel } from './messages.ts';

export interface StatementWriterParts {
  readonly database: Database;
  /** Who we are. */
  readonly replica: string;
  /** The number of our lease of an account; null: we have none. */
  readonly fenceOf: (account: string) => number | null;
}

/** What a write is based on. */
interface Basis {
  readonly known: ReadonlyMap<string, Campaign>;
  /** What shows that accounts have been ours all the time since it was read. */
  readonly fences: ReadonlyMap<string, number | null>;
}

/** Hardly ever is there a second: where a commit of ours came through whose confirmation was lost, say. More are a fault of ours. */
const mostTries = 100;

/**
 * Writes to the log as one of several replicas, each time by one statement, so that whoever is paused or cut off never
 * holds the log for the others. What a campaign was before is read without a lock; where it has become another when the
 * log is ours to write to, nothing is written, and all is done again.
 */
export function createStatementWriter({ database, replica, fenceOf }: StatementWriterParts): LogWriter {
  const { inTurn } = createTurns();

  async function read(keys: readonly string[]): Promise<Basis> {
    const fences = new Map(keys.map(accountIn).map((account) => [account, fenceOf(account)]));
    const query: CompiledQuery<CampaignRow> = CompiledQuery.raw(reading, [keys]);
    const { rows } = await database.executeQuery(prepared('read', query));
    return { known: new Map(rows.map((row) => [row.key, campaignFromRow(row)])), fences };
  }

  /**
   * @param writes as if the log had been empty before
   * @returns where it was; null: the campaigns are not what they were
   */
  async function append(writes: readonly Write[], { known, fences }: Basis): Promise<number | null> {
    const accounts = [...new Set(writes.map(({ campaign }) => campaign.account))];
    const keys = writes.map(({ campaign }) => campaign.key);
    const entries = writes.flatMap((write) => write.entries.map(entryToRow));
    const campaigns = writes.map(({ campaign }) => campaignToRow(campaign));
    const query: CompiledQuery<{ before: number }> = CompiledQuery.raw(appending, [
      replica,
      accounts,
      accounts.map((account) => fences.get(account) ?? null),
      keys,
      keys.map((key) => known.get(key)?.revision ?? null),
      entries.length,
      ...[campaigns, rawRowsOf(writes), entries].map((rows) => JSON.stringify(rows)),
    ]);
    try {
      const { rows } = await database.executeQuery(prepared('append', query));
      const [row] = rows;
      if (!row) throw new NotOursError();
      return row.before;
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code === divisionByZero) return null;
      throw error;
    }
  }

  async function write(keys: readonly string[], decide: Decide): Promise<Written> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const basis = await read(keys);
      const writes = decide(basis.known, 0);
      const before = writes.length > 0 ? await append(writes, basis) : 0;
      if (before !== null)
        return writtenOver(
          basis.known,
          writes.map((one) => numbered(one, before)),
        );
    }
    throw new Error('Campaigns change faster than they can be written.');
  }

  async function setFollowed(key: string, followed: boolean): Promise<Campaign | null> {
    const account = accountIn(key);
    const query: CompiledQuery<CampaignRow | Record<keyof CampaignRow, null>> = CompiledQuery.raw(following, [
      replica,
      account,
      fenceOf(account),
      key,
      followed ? 1 : 0,
    ]);
    const { rows } = await database.executeQuery(query);
    const [row] = rows;
    if (!row) throw new NotOursError();
    return row.key === null ? null : campaignFromRow(row);
  }

  return {
    // In turn, since following does not move a campaign's revision.
    write: (keys, decide) => inTurn(() => write(keys, decide)),
    setFollowed: (key, followed) => inTurn(() => setFollowed(key, followed)),
  };
}

/** The same with the numbers that it has got. */
function numbered({ campaign, raw, entries }: Write, head: number): Write {
  return {
    campaign: { ...campaign, seq: head + campaign.seq },
    raw,
    entries: entries.map((entry) => ({ ...entry, seq: head + entry.seq })),
  };
}

/** Rows that come as JSON, whose seq counts from where the log was before. */
function insertFrom(table: string, columns: readonly string[], json: string): string {
  const values = columns.map((name) => (name === 'seq' ? 'moved.before + given.seq' : `given."${name}"`));
  return `insert into "${table}" (${quoted(columns)})
    select ${values} from moved, json_populate_recordset(null::"${table}", ${json}::json) as given`;
}

function replacing(columns: readonly string[]): string {
  return `on conflict ("key") do update set ${columns.map((name) => `"${name}" = excluded."${name}"`)}`;
}

function quoted(names: readonly string[], of = ''): string {
  return names.map((name) => `${of}"${name}"`).join(', ');
}

/** Joined rather than compared with the list, which a plan that is kept would look through for each campaign there is. */
const reading = `
  select ${quoted(campaignColumns, 'campaigns.')}
  from unnest($1::text[]) as wanted (key) join campaigns on campaigns.key = wanted.key`;

/** A row of nulls where nothing had to be done, and none where the account is not ours. */
const following = `
  with held as (
    select 1 from leases where account = $2::text and fence = $3::bigint and holder = $1::text for key share),
  changed as (
    update campaigns set followed = $5::integer
    where key = $4::text and followed <> $5::integer and exists (select from held)
    returning ${quoted(campaignColumns)})
  select changed.* from held left join changed on true`;

/** What a statement fails with that gives itself up: SQL knows no plainer way. */
const divisionByZero = '22012';

/**
 * Makes sure that accounts are ours still, moves the log's head, which keeps other writers waiting until all is
 * committed, writes what has changed, and tells the others. Nothing is written where an account is not ours, or where a
 * campaign's revision is another than the one that was read. A key share keeps `take` of the lease table waiting, which
 * locks for update, and lets leases be saved.
 */
const appending = `
  with held as (
    select 1 from leases join unnest($2::text[], $3::bigint[]) as mine (account, fence)
      on leases.account = mine.account and leases.fence = mine.fence
    where holder = $1::text order by leases.account for key share of leases),
  moved as (
    update log set head = head + $6::bigint where (select count(*) from held) = cardinality($2::text[])
    returning head, head - $6::bigint as before),
  written as (
    ${insertFrom('campaigns', campaignColumns, '$7')} ${replacing(campaignColumns)}
    where campaigns.revision = (
      select known.revision from unnest($4::text[], $5::integer[]) as known (key, revision)
      where known.key = campaigns.key)
    returning 1),
  raws as (${insertFrom('campaignRaw', ['key', 'raw'], '$8')} ${replacing(['key', 'raw'])}),
  entries as (${insertFrom('changes', changeColumns, '$9')})
  select before,
    pg_notify('${channel}', json_build_object('from', $1::text, 'log', head)::text),
    1 / (select count(*) = cardinality($4::text[]) from written)::integer
  from moved`;
