import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { createDatabase } from '../../test/support/databases.ts';
import { until } from '../../test/support/wait.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { createLeaseTable, type LeaseTable } from './lease-table.ts';

const replica = 'test';

/** The table of a replica that holds the accounts `a` and `b`. */
async function openTable() {
  const database = await openDatabase(await createDatabase('postgres'), () => {});
  const table = createLeaseTable(database, replica);
  await table.make(['a', 'b']);
  await table.take([['a'], ['b']], 2);
  return { database, table, [Symbol.asyncDispose]: () => database.destroy() };
}

async function isWaiting(database: Database): Promise<boolean> {
  const { rows } = await sql`
    select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
    database,
  );
  return rows.length > 0;
}

type Work = (table: LeaseTable) => Promise<unknown>;

const rows = ['b', 'a'].map((account) => ({ account, fence: 1, saved: 'new' }));

test.each<[string, Work]>([
  ['saving', (table) => table.save(rows)],
  ['giving up', (table) => table.release(rows)],
])('%s waits for leases in their order, so that nobody waits for it in turn', async (_name, work) => {
  await using at = await openTable();
  const lock = (account: string) => sql`select 1 from leases where account = ${account} for update nowait`;
  let working: Promise<unknown> = Promise.resolve();
  await at.database.transaction().execute(async (transaction) => {
    await lock('a').execute(transaction);
    working = work(at.table);
    await until(() => isWaiting(at.database));
    await lock('b').execute(transaction);
  });
  await working;
  const { leases } = await at.table.state(['a', 'b']);
  expect(leases.map(({ saved }) => saved)).toEqual(['new', 'new']);
});

test('what is saved and given up is what is held, by its number', async () => {
  await using at = await openTable();
  const [other, ours] = [
    { account: 'a', fence: 2, saved: 'other' },
    { account: 'b', fence: 1, saved: null },
  ];
  expect([...(await at.table.save([other, { ...ours, saved: 'ours' }]))]).toEqual(['b']);
  await at.table.release([other, ours]);
  const { leases } = await at.table.state(['a', 'b']);
  expect(leases.toSorted((one, two) => one.account.localeCompare(two.account))).toMatchObject([
    { account: 'a', holder: replica, saved: null },
    { account: 'b', holder: null, saved: 'ours' },
  ]);
});
