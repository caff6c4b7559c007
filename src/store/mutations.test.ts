import { describe, expect, test } from 'vitest';
import { createDatabase, databaseKinds } from '../../test/support/databases.ts';
import { openDatabase } from './database.ts';
import { createMutationStore } from './mutations.ts';

/** The keys over a connection of its own. */
async function openMutations(url: string) {
  const database = await openDatabase(url, () => {});
  return { ...createMutationStore(database), [Symbol.asyncDispose]: () => database.destroy() };
}

const pause = {
  key: 'k1',
  operation: 'pauseCampaign',
  input: 'abc',
  startedAt: 1_790_000_000_123,
  aliveAt: 1_790_000_000_123,
};

describe.each(databaseKinds)('the idempotency keys on %s', (kind) => {
  test('a free key is taken, and is not free then, whatever asks for it', async () => {
    await using keys = await openMutations(await createDatabase(kind));
    expect(await keys.get('k1')).toBeNull();
    expect(await keys.begin(pause)).toBeNull();
    const taken = { ...pause, answer: null };
    expect(await keys.get('k1')).toEqual(taken);
    expect(await keys.begin(pause)).toEqual(taken);
    expect(await keys.begin({ ...pause, operation: 'copyCampaign', input: 'x', startedAt: 5 })).toEqual(
      taken,
    );
    expect(await keys.get('k1')).toEqual(taken);
    expect(await keys.begin({ ...pause, key: 'k2' })).toBeNull();
  });

  test('keys that look alike are others', async () => {
    await using keys = await openMutations(await createDatabase(kind));
    for (const key of ['a', 'A', 'a ', ' a', 'ä', 'a\u{308}', 'x'.repeat(200)]) {
      expect([key, await keys.begin({ ...pause, key })]).toEqual([key, null]);
      expect(await keys.get(key)).toMatchObject({ key });
    }
  });

  test('an answer is kept with its key, to the last character', async () => {
    await using keys = await openMutations(await createDatabase(kind));
    await keys.begin(pause);
    await keys.begin({ ...pause, key: 'k2' });
    const answer = JSON.stringify({ keys: ['main:7'], problems: [{ message: '„Пауза" 😀 \u{0} \\' }] });
    await keys.finish('k1', answer);
    expect(await keys.get('k1')).toEqual({ ...pause, answer });
    expect(await keys.begin(pause)).toEqual({ ...pause, answer });
    expect(await keys.get('k2')).toMatchObject({ answer: null });
  });

  test('an answer to a key that nobody took leaves nothing', async () => {
    await using keys = await openMutations(await createDatabase(kind));
    await keys.finish('k1', '{}');
    expect(await keys.get('k1')).toBeNull();
  });

  test('what began before a moment is forgotten, answered or not, and its key is free', async () => {
    await using keys = await openMutations(await createDatabase(kind));
    for (const [place, startedAt] of [100, 200, 300].entries())
      await keys.begin({ ...pause, key: `k${place}`, startedAt });
    await keys.finish('k0', '{}');
    await keys.forget(100);
    expect(await keys.get('k0')).not.toBeNull();
    await keys.forget(201);
    const left = await Promise.all(['k0', 'k1', 'k2'].map((key) => keys.get(key)));
    expect(left.map((row) => row?.startedAt ?? null)).toEqual([null, null, 300]);
    expect(await keys.begin({ ...pause, key: 'k0', startedAt: 400 })).toBeNull();
    expect(await keys.get('k0')).toMatchObject({ startedAt: 400, answer: null });
  });

  test('of many who ask for a key at the same moment one gets it', async () => {
    const url = await createDatabase(kind);
    await using one = await openMutations(url);
    // SQLite is one process's own; PostgreSQL is where replicas meet.
    await using other = kind === 'postgres' ? await openMutations(url) : one;
    const asked = Array.from({ length: 20 }, (_, place) => ({ ...pause, operation: `mutation${place}` }));
    const told = await Promise.all(asked.map((row, place) => (place % 2 ? one : other).begin(row)));
    const winner = told.indexOf(null);
    expect(told.filter((row) => row === null)).toHaveLength(1);
    const taken = { ...asked[winner], answer: null };
    expect(told.filter((row) => row !== null)).toEqual(Array.from({ length: 19 }, () => taken));
    expect(await one.get('k1')).toEqual(taken);
  });

  test('keys and answers outlast the connection', async () => {
    const url = await createDatabase(kind);
    {
      await using keys = await openMutations(url);
      await keys.begin(pause);
      await keys.finish('k1', '{"keys":[]}');
    }
    await using keys = await openMutations(url);
    expect(await keys.begin(pause)).toEqual({ ...pause, answer: '{"keys":[]}' });
  });
});
