import { chmodSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { createDatabase } from '../../test/support/databases.ts';
import { type OpenDatabase, openDatabase } from './database.ts';

/** A database, and another process's connection to it. */
async function openTwice() {
  const url = await createDatabase('sqlite');
  const database = await openDatabase(url, () => {});
  const other = new DatabaseSync(url.slice('sqlite:'.length));
  return {
    database,
    other,
    async [Symbol.asyncDispose]() {
      other.close();
      await database.destroy();
    },
  };
}

const stage = (database: OpenDatabase, generation: number, taskKey = 'main:1') =>
  database.insertInto('staging').values({ generation, taskKey }).execute();

const stageTwo = (database: OpenDatabase, ...generations: readonly number[]) =>
  database.transaction().execute(async (transaction) => {
    for (const generation of generations) {
      await transaction.insertInto('staging').values({ generation, taskKey: 'main:1' }).execute();
    }
  });

async function staged(database: OpenDatabase): Promise<number[]> {
  const rows = await database.selectFrom('staging').select('generation').orderBy('generation').execute();
  return rows.map(({ generation }) => generation);
}

test('who asks whether it is ready while that is being looked at hears the same', async () => {
  await using both = await openTwice();
  const { database } = both;
  const first = database.checkReady();
  expect(database.checkReady()).toBe(first);
  await first;
  const second = database.checkReady();
  expect(second).not.toBe(first);
  await second;
});

test('while another process has locked the file, writes wait, and nothing else does', async () => {
  await using both = await openTwice();
  const { database, other } = both;
  other.exec('begin exclusive');
  let written = 0;
  const count = () => {
    written += 1;
  };
  const writes = [stage(database, 1).then(count), stageTwo(database, 2, 3).then(count)];

  const start = performance.now();
  for (let turn = 0; turn < 20; turn += 1) {
    expect(await staged(database)).toEqual([]);
    await pause(1);
  }
  expect(performance.now() - start).toBeLessThan(1_000);
  expect(written).toBe(0);

  other.exec('rollback');
  await Promise.all(writes);
  expect(await staged(database)).toEqual([1, 2, 3]);
  await database.checkReady();
});

test('a file that stays locked fails what would be written, all together, and is told until a write succeeds', {
  timeout: 20_000,
}, async () => {
  await using both = await openTwice();
  const { database, other } = both;
  other.exec('begin exclusive');
  const start = performance.now();
  const waited = await Promise.allSettled([
    stage(database, 1),
    stageTwo(database, 2, 3),
    ...[4, 5, 6].map((generation) => stage(database, generation)),
  ]);
  expect(waited).toMatchObject(
    waited.map(() => ({ status: 'rejected', reason: { message: 'database is locked' } })),
  );
  // Those that come after it have been told already that it is of no use.
  await expect(stage(database, 7)).rejects.toThrow('database is locked');
  expect(performance.now() - start).toBeLessThan(9_000);
  await expect(database.checkReady()).rejects.toThrow('the database takes no writes: the last one failed');

  other.exec('rollback');
  await expect(database.checkReady(), 'nothing has been written yet').rejects.toThrow('takes no writes');
  await stageTwo(database, 8, 9);
  await database.checkReady();
  expect(await staged(database)).toEqual([8, 9]);
});

test('a full disk is what is told of a transaction, and no reason for the next one to fail', async () => {
  await using both = await openTwice();
  const { database } = both;
  await sql`pragma max_page_count = 1`.execute(database);
  const long = 'x'.repeat(100_000);
  const write = () =>
    database.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('staging').execute();
      await transaction.insertInto('staging').values({ generation: 1, taskKey: long }).execute();
    });
  await expect(write()).rejects.toThrow('database or disk is full');
  await expect(stage(database, 2, long)).rejects.toThrow('database or disk is full');
  // What finds nothing to delete needs no room, and tells nothing.
  await database.deleteFrom('staging').execute();
  await expect(database.checkReady()).rejects.toMatchObject({
    cause: expect.objectContaining({ message: 'database or disk is full' }),
  });

  await sql`pragma max_page_count = 1000000`.execute(database);
  await write();
  await database.checkReady();
  expect(await staged(database)).toEqual([1]);
});

test('what is wrong with a statement says nothing of the database', async () => {
  await using both = await openTwice();
  const { database } = both;
  await stage(database, 1);
  await expect(stage(database, 1)).rejects.toThrow('UNIQUE');
  await expect(stageTwo(database, 2, 1)).rejects.toThrow('UNIQUE');
  await database.checkReady();
  expect(await staged(database)).toEqual([1]);
});

test.skipIf(process.platform === 'win32')('nobody else may read the files that are made', async () => {
  const url = await createDatabase('sqlite');
  const file = url.slice('sqlite:'.length);
  const modes = () =>
    readdirSync(dirname(file)).map((name) => [
      name,
      (statSync(join(dirname(file), name)).mode & 0o777).toString(8),
    ]);
  const first = await openDatabase(url, () => {});
  expect(modes()).toEqual([
    ['test.db', '600'],
    ['test.db-shm', '600'],
    ['test.db-wal', '600'],
  ]);
  await first.destroy();
  chmodSync(file, 0o640);
  const again = await openDatabase(url, () => {});
  expect(modes()).toContainEqual(['test.db', '640']);
  await again.destroy();
});
