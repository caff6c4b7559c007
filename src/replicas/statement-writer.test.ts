import { sql } from 'kysely';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createDatabase } from '../../test/support/databases.ts';
import { openLog } from '../../test/support/log.ts';
import { until } from '../../test/support/wait.ts';
import { nextStep } from '../campaigns/changes.ts';
import { createCampaignStore } from '../store/campaigns.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { type Decide, NotOursError } from '../store/log-writer.ts';
import { createLeaseTable } from './lease-table.ts';
import { channel, messageOf } from './messages.ts';
import { createStatementWriter } from './statement-writer.ts';

/** Two connections' logs, both as the replica writes to them that holds the account `main`. */
async function startWriters() {
  const url = await createDatabase('postgres');
  const [database, other] = [await openDatabase(url, () => {}), await openDatabase(url, () => {})];
  return {
    url,
    database,
    log: await openLog(database, 'postgres'),
    otherLog: await openLog(other, 'postgres'),
    async [Symbol.asyncDispose]() {
      await database.destroy();
      await other.destroy();
    },
  };
}

/** Gives campaigns a name, all that are named. */
function rename(keys: readonly string[], name: string): Decide {
  return (known, head) =>
    keys.flatMap((key, place) => {
      const [account = '', externalId = ''] = key.split(':');
      const reading = { externalId, status: 'SENDING', providerStatus: 'sending', name, raw: {} } as const;
      const observation = {
        ...{ account, reading, at: 1, previousAt: null },
        ...({ channel: 'EMAIL', cause: 'POLL' } as const),
      };
      const step = nextStep(known.get(key) ?? null, observation, head + 1 + place);
      return step ? [{ campaign: step.campaign, raw: null, entries: [step.entry] }] : [];
    });
}

/** Keeps others from writing to the log until `release`. */
async function lockLog(database: Database) {
  const transaction = await database.startTransaction().execute();
  await sql`update log set head = head`.execute(transaction);
  return {
    /** Resolves once so many wait. */
    waiting: (count: number) =>
      until(async () => {
        const { rows } = await sql`
          select 1 from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like '%update log%'`.execute(
          database,
        );
        return rows.length === count;
      }),
    release: () => transaction.commit().execute(),
  };
}

test('while the log is written, leases are saved, and nobody takes them', async () => {
  await using at = await startWriters();
  const { database, log } = at;
  const lock = await lockLog(database);
  const writing = log.write(['main:1'], rename(['main:1'], 'One'));
  await lock.waiting(1);
  const saved = await createLeaseTable(database, 'test').save([{ account: 'main', fence: 1, saved: '1' }]);
  expect([...saved]).toEqual(['main']);
  const taking = database.selectFrom('leases').select('account').forUpdate().noWait().execute();
  await expect(taking).rejects.toMatchObject({ code: '55P03' });
  await lock.release();
  expect(await writing).toMatchObject({ writes: [{ campaign: { seq: 1, name: 'One' } }] });
});

test('nothing is written of an account that is not ours, nor of what comes with it', async () => {
  await using at = await startWriters();
  const keys = ['main:1', 'other:1'];
  await expect(at.log.write(keys, rename(keys, 'One'))).rejects.toThrow(NotOursError);
  await expect(at.log.setFollowed('other:1', false)).rejects.toThrow(NotOursError);
  expect(await at.log.state()).toMatchObject({ head: 0 });
  const { writes, campaigns } = await at.log.write(keys, rename(['main:1'], 'One'));
  expect(writes).toMatchObject([{ campaign: { seq: 1 } }]);
  expect([...campaigns.keys()]).toEqual(['main:1']);
});

test('once an account is another’s, nothing is written of it any more', async () => {
  await using at = await startWriters();
  const { database, log } = at;
  await log.write(['main:1'], rename(['main:1'], 'One'));
  await database.updateTable('leases').set({ fence: 2 }).execute();
  await expect(log.write(['main:1'], rename(['main:1'], 'Two'))).rejects.toThrow(NotOursError);
  await expect(log.setFollowed('main:1', false)).rejects.toThrow(NotOursError);
  await database.updateTable('leases').set({ fence: 1, holder: null }).execute();
  await expect(log.write(['main:1'], rename(['main:1'], 'Two'))).rejects.toThrow(NotOursError);
  await expect(log.setFollowed('main:1', false)).rejects.toThrow(NotOursError);
  // What is as it was needs no writing.
  expect((await log.write(['main:1'], rename(['main:1'], 'One'))).writes).toEqual([]);
});

test('what was read before an account was another’s for a while is not written once it is ours again', async () => {
  await using at = await startWriters();
  const { database } = at;
  await database.updateTable('leases').set({ fence: 3 }).execute();
  let fence = 1;
  const writer = createStatementWriter({ database, replica: 'test', fenceOf: () => fence });
  const writing = writer.write(['main:1'], (known, head) => {
    fence = 3;
    return rename(['main:1'], 'One')(known, head);
  });
  await expect(writing).rejects.toThrow(NotOursError);
  expect((await writer.write(['main:1'], rename(['main:1'], 'One'))).writes).toHaveLength(1);
});

test('a campaign that is unfollowed while it is written stays so', async () => {
  await using at = await startWriters();
  const { database, log } = at;
  await log.write(['main:1'], rename(['main:1'], 'One'));
  const lock = await lockLog(database);
  const writing = log.write(['main:1'], rename(['main:1'], 'Two'));
  await lock.waiting(1);
  const unfollowing = log.setFollowed('main:1', false);
  // Long enough for it, were it not to wait for its turn.
  for (let time = 0; time < 10; time += 1) await log.state();
  await lock.release();
  await writing;
  expect(await unfollowing).toMatchObject({ name: 'Two', followed: false });
  expect(await createCampaignStore(database).get('main:1')).toMatchObject({ name: 'Two', followed: false });
});

test('others are told how far the log goes, once that is committed', async () => {
  await using at = await startWriters();
  const client = new pg.Client({ connectionString: at.url });
  await client.connect();
  const told: (string | undefined)[] = [];
  client.on('notification', ({ payload }) => told.push(payload));
  await client.query(`listen ${channel}`);
  await at.log.write(['main:1', 'main:2'], rename(['main:1', 'main:2'], 'One'));
  await until(() => told.length > 0);
  expect(told.map((payload) => messageOf(payload ?? ''))).toEqual([{ from: 'test', log: 2 }]);
  await client.end();
});

// A commit of ours may still come through after its connection was given up.
test('what is based on a state that is no longer there is decided anew', async () => {
  await using at = await startWriters();
  const { database, log, otherLog } = at;
  const keys = ['main:1', 'main:2'];
  for (const [round, name] of ['First', 'Second'].entries()) {
    const lock = await lockLog(database);
    const writing = [log, otherLog].map((one) => one.write(keys, rename(keys, name)));
    await lock.waiting(2);
    await lock.release();
    const written = await Promise.all(writing);
    // The slower one finds that nothing is left to be written.
    expect(written.map(({ writes }) => writes.length).toSorted()).toEqual([0, 2]);
    for (const { campaigns } of written)
      expect(campaigns.get('main:2')).toMatchObject({ name, revision: round + 1 });
  }
  const entries = await log.between(0, 10, 10);
  expect(entries.map(({ seq, key, revision }) => [seq, key, revision])).toEqual([
    [1, 'main:1', 1],
    [2, 'main:2', 1],
    [3, 'main:1', 2],
    [4, 'main:2', 2],
  ]);
  expect(await log.state()).toMatchObject({ head: 4 });
});
