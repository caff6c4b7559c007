import { expect, test } from 'vitest';
import { createDatabase } from '../../test/support/databases.ts';
import { openDatabase } from '../store/database.ts';
import { createLeaseTable } from './lease-table.ts';
import { createWatchTable } from './watch-table.ts';

/** The tables of two replicas on one database. */
async function openTables() {
  const database = await openDatabase(await createDatabase('postgres'), () => {});
  const [one, other] = ['one', 'other'].map((id) => ({
    ...createWatchTable(database, id),
    ...{ announce: createLeaseTable(database, id).announce, vanish: createLeaseTable(database, id).leave },
  }));
  if (!one || !other) throw new Error('There are two.');
  await one.announce(false);
  await other.announce(false);
  return { one, other, [Symbol.asyncDispose]: () => database.destroy() };
}

const row = (account: string, watched: string) => ({ account, watched });

test('what is looked at over others is told by account, in another version whenever it is written', async () => {
  await using at = await openTables();
  await at.other.tell([row('a', '1'), row('b', '1'), row('c', '1')], []);
  await at.one.tell([row('a', 'mine')], []);
  const [first] = await at.one.versions(['a']);
  expect(first).toMatchObject({ replica: 'other', account: 'a' });
  await at.other.tell([row('a', '2')], ['b']);
  const [second] = await at.one.of(['a', 'b']);
  expect(second).toMatchObject({ replica: 'other', account: 'a', watched: '2' });
  expect(second?.version).not.toBe(first?.version);
  expect(await at.one.versions(['a', 'b'])).toEqual([
    { replica: 'other', account: 'a', version: second?.version },
  ]);
});

test('what a replica has left that is gone is swept', async () => {
  await using at = await openTables();
  await at.other.tell([row('a', '1'), row('b', '1')], []);
  await at.one.tell([row('c', '1')], []);
  expect(await at.one.sweep()).toEqual(new Set(['c']));
  expect(await at.other.sweep()).toEqual(new Set(['a', 'b']));
  await at.other.vanish();
  await at.one.sweep();
  await at.other.announce(false);
  expect(await at.one.of(['a', 'b'])).toEqual([]);
  expect(await at.other.sweep()).toEqual(new Set());
});

test('a replica that stops takes away what is its own', async () => {
  await using at = await openTables();
  await at.other.tell([row('a', '1')], []);
  await at.one.tell([row('a', '1')], []);
  await at.other.leave();
  expect(await at.one.versions(['a'])).toEqual([]);
  expect(await at.one.sweep()).toEqual(new Set(['a']));
});

test('however many accounts there are, the others can be told', async () => {
  await using at = await openTables();
  const names = Array.from({ length: 2_000 }, (_, place) => `account-${place}`);
  await at.other.tell(
    names.map((name) => row(name, '1')),
    [],
  );
  expect(await at.one.versions(names)).toHaveLength(2_000);
});
