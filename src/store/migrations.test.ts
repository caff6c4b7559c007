import { describe, expect, test } from 'vitest';
import { createDatabase, databaseKinds } from '../../test/support/databases.ts';
import { openDatabase } from './database.ts';
import { createChangeLog } from './log.ts';
import { migrate } from './migrations.ts';

describe.each(databaseKinds)('migrations on %s', (kind) => {
  test('done twice change nothing, and keep the epoch of the log', async () => {
    const url = await createDatabase(kind);
    const database = await openDatabase(url, () => {});
    try {
      const tables = await database.introspection.getTables();
      const state = await createChangeLog(database).state();
      await migrate(database, kind);
      expect(await database.introspection.getTables()).toEqual(tables);
      expect(await createChangeLog(database).state()).toEqual(state);
      const again = await openDatabase(url, () => {});
      expect(await createChangeLog(again).state()).toEqual(state);
      await again.destroy();
    } finally {
      await database.destroy();
    }
  });

  test('every database has an epoch of its own', async () => {
    const epochs = new Set<string>();
    for (let place = 0; place < 2; place += 1) {
      const database = await openDatabase(await createDatabase(kind), () => {});
      epochs.add((await createChangeLog(database).state()).epoch);
      await database.destroy();
    }
    expect(epochs.size).toBe(2);
  });
});

test('replicas that start at once on PostgreSQL migrate it once', async () => {
  const url = await createDatabase('postgres');
  const databases = await Promise.all([1, 2, 3].map(() => openDatabase(url, () => {})));
  const states = await Promise.all(databases.map((database) => createChangeLog(database).state()));
  expect(new Set(states.map(({ epoch }) => epoch)).size).toBe(1);
  await Promise.all(databases.map((database) => database.destroy()));
});

test('a database whose file is none is refused, and let go', async () => {
  const url = `sqlite:${import.meta.filename}`;
  await expect(openDatabase(url, () => {})).rejects.toThrow();
});
