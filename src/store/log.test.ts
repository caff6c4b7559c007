import { describe, expect, test } from 'vitest';
import { createDatabase, type DatabaseKind, databaseKinds } from '../../test/support/databases.ts';
import { openLog } from '../../test/support/log.ts';
import { nextStep } from '../campaigns/changes.ts';
import type { Campaign } from '../model/campaign.ts';
import { countersOf } from '../model/stats.ts';
import { createCampaignStore } from './campaigns.ts';
import { openDatabase } from './database.ts';
import type { ChangeLog } from './log.ts';
import type { Write } from './log-writer.ts';

/** The log over a connection of its own. */
async function open(kind: DatabaseKind, url: string) {
  const database = await openDatabase(url, () => {});
  return {
    database,
    log: await openLog(database, kind),
    store: createCampaignStore(database),
    [Symbol.asyncDispose]: () => database.destroy(),
  };
}

/** The next state of a campaign, in which so many messages are sent; null leaves the counters out. */
function sent(
  known: Campaign | null,
  externalId: string,
  count: number | null,
  seq: number,
  at = seq,
): Write {
  const stats = count === null ? null : { counters: countersOf({ sent: count }), final: false };
  const name = count === null ? `Step ${(known?.revision ?? 0) + 1}` : null;
  const reading = { externalId, status: 'SENDING', providerStatus: 'sending', name, stats, raw: {} } as const;
  const next = nextStep(
    known,
    { account: 'main', channel: 'EMAIL', reading, at, cause: 'POLL', previousAt: null },
    seq,
  );
  if (!next) throw new Error('There is no step.');
  return { campaign: next.campaign, raw: `{"sent":${count}}`, entries: [next.entry] };
}

/** Writes one step of a campaign. */
async function write(log: ChangeLog, externalId: string, count: number | null, at?: number) {
  const key = `main:${externalId}`;
  const { writes } = await log.write([key], (known, head) => [
    sent(known.get(key) ?? null, externalId, count, head + 1, at),
  ]);
  return writes;
}

describe.each(databaseKinds)('the change log on %s', (kind) => {
  test('numbers its entries from 1 on, and holds the state that each led to', async () => {
    await using one = await open(kind, await createDatabase(kind));
    const { epoch, ...empty } = await one.log.state();
    expect(empty).toEqual({ head: 0, pruned: 0, thinned: 0 });
    expect(epoch).toMatch(/^[0-9a-f]+$/);
    await write(one.log, 'a', 1);
    await write(one.log, 'b', 5);
    await write(one.log, 'a', 2);
    expect(await one.log.state()).toEqual({ epoch, head: 3, pruned: 0, thinned: 0 });
    const entries = await one.log.between(0, 3, 10);
    expect(entries).toMatchObject([
      { seq: 1, key: 'main:a', fromRevision: 0, revision: 1, stats: { sent: 1 }, before: null },
      { seq: 2, key: 'main:b', fromRevision: 0, revision: 1, stats: { sent: 5 }, before: null },
      { seq: 3, key: 'main:a', fromRevision: 1, revision: 2, stats: { sent: 2 }, kinds: ['STATS'] },
    ]);
    expect(await one.store.get('main:a')).toMatchObject({ revision: 2, seq: 3, stats: { sent: 2 } });
    expect(await one.store.getRaw(['main:a', 'main:b', 'main:c'])).toEqual(
      new Map([
        ['main:a', '{"sent":2}'],
        ['main:b', '{"sent":5}'],
      ]),
    );
  });

  test('gives back what was written, to the last field', async () => {
    await using one = await open(kind, await createDatabase(kind));
    const [first] = await write(one.log, 'a', 1, 1_790_000_000_123);
    const [second] = await write(one.log, 'a', null, 1_790_000_000_124);
    expect(await one.log.between(0, 2, 10)).toEqual([...(first?.entries ?? []), ...(second?.entries ?? [])]);
    expect(await one.store.get('main:a')).toEqual(second?.campaign);
  });

  test('writes no entry for following', async () => {
    await using one = await open(kind, await createDatabase(kind));
    await write(one.log, 'a', 1);
    const left = await one.log.setFollowed('main:a', false);
    expect(left).toMatchObject({ followed: false, revision: 1, stats: { sent: 1 } });
    expect(await one.log.setFollowed('main:a', false)).toBeNull();
    expect(await one.log.setFollowed('main:b', false)).toBeNull();
    expect(await one.log.state()).toMatchObject({ head: 1 });
    expect(await one.store.get('main:a')).toMatchObject({ followed: false, revision: 1, seq: 1 });
    expect(await one.store.getRaw(['main:a'])).toEqual(new Map([['main:a', '{"sent":1}']]));
  });

  test('has another epoch once it has gone back, and the same for all who notice', async () => {
    await using one = await open(kind, await createDatabase(kind));
    for (const step of [1, 2]) await write(one.log, 'a', step);
    const { epoch } = await one.log.state();
    const entries = await one.log.between(0, 2, 10);
    expect(await one.log.hasGoneBack({ epoch, head: 2, entries })).toBe(false);
    expect(await one.log.state()).toMatchObject({ epoch, head: 2 });
    expect(await one.log.hasGoneBack({ epoch, head: 3, entries })).toBe(true);
    const after = await one.log.state();
    expect(after.epoch).toMatch(/^[0-9a-f]{12}$/);
    expect(after.epoch).not.toBe(epoch);
    // Somebody else had come as far, or knows only of the epoch.
    for (const head of [3, 2]) expect(await one.log.hasGoneBack({ epoch, head, entries })).toBe(true);
    expect(await one.log.hasGoneBack({ epoch: after.epoch, head: 2, entries })).toBe(false);
    expect(await one.log.state()).toEqual(after);
  });

  test('has gone back where it has other entries than it had, but not where it was thinned', async () => {
    await using one = await open(kind, await createDatabase(kind));
    for (const id of ['a', 'b', 'c']) await write(one.log, id, 1);
    const { epoch } = await one.log.state();
    const entries = await one.log.between(0, 3, 10);
    await one.database.deleteFrom('changes').where('seq', '<=', 2).execute();
    await one.database.updateTable('log').set({ thinned: 2 }).execute();
    expect(await one.log.hasGoneBack({ epoch, head: 3, entries })).toBe(false);
    await one.database.updateTable('changes').set({ key: 'main:d' }).where('seq', '=', 3).execute();
    expect(await one.log.hasGoneBack({ epoch, head: 3, entries })).toBe(true);
  });

  test('writes all or nothing: a decision that throws leaves no trace, nor does one that is refused', async () => {
    await using one = await open(kind, await createDatabase(kind));
    await write(one.log, 'a', 1);
    const before = await one.log.state();
    const thrown = one.log.write(['main:b'], () => {
      throw new Error('no');
    });
    await expect(thrown).rejects.toThrow('no');
    // The second entry has the seq of the first, so that the insert fails after the campaigns are written.
    const refused = one.log.write(['main:b', 'main:c'], (_known, head) => [
      sent(null, 'b', 1, head + 1),
      sent(null, 'c', 1, head + 1),
    ]);
    await expect(refused).rejects.toThrow();
    expect(await one.log.state()).toEqual(before);
    expect(await one.store.getMany(['main:b', 'main:c'])).toEqual(new Map());
    expect(await one.log.between(0, 10, 10)).toHaveLength(1);
    await write(one.log, 'b', 1);
    expect(await one.log.state()).toMatchObject({ head: 2 });
  });

  test('takes more in one write than fits into one insert', async () => {
    await using one = await open(kind, await createDatabase(kind));
    const ids = Array.from({ length: 450 }, (_, place) => `c${place}`);
    await one.log.write(
      ids.map((id) => `main:${id}`),
      (_known, head) => ids.map((id, place) => sent(null, id, place, head + 1 + place)),
    );
    expect(await one.log.state()).toMatchObject({ head: 450 });
    const entries = await one.log.between(0, 450, 1_000);
    expect(entries.map(({ key }) => key)).toEqual(ids.map((id) => `main:${id}`));
  });

  test('leaves no gap and no campaign behind, however many write at once', async () => {
    const url = await createDatabase(kind);
    await using one = await open(kind, url);
    // SQLite is one process's own; PostgreSQL is where replicas meet.
    await using other = kind === 'postgres' ? await open(kind, url) : one;
    const perWriter = 10;
    const writers = [one.log, other.log, one.log, other.log, one.log, other.log];
    await Promise.all(
      writers.map(async (log, place) => {
        for (let step = 1; step <= perWriter; step += 1) {
          await Promise.all([write(log, 'shared', null), write(log, `own${place}`, step)]);
        }
      }),
    );
    const total = 2 * writers.length * perWriter;
    expect(await other.log.state()).toMatchObject({ head: total });
    const entries = await one.log.between(0, total, 1_000);
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: total }, (_, place) => place + 1));
    const shared = entries.filter(({ key }) => key === 'main:shared').map(({ revision }) => revision);
    expect(shared).toEqual(Array.from({ length: total / 2 }, (_, place) => place + 1));
  });

  test('never shows an entry before all those with lower numbers', async () => {
    const url = await createDatabase(kind);
    await using one = await open(kind, url);
    await using other = kind === 'postgres' ? await open(kind, url) : one;
    let writing = true;
    const gaps: number[] = [];
    const reading = (async () => {
      while (writing) {
        const seqs = (await other.log.between(0, 1_000, 1_000)).map(({ seq }) => seq);
        if (seqs.some((seq, place) => seq !== place + 1)) gaps.push(seqs.length);
        const { head } = await one.log.state();
        if (head < seqs.length) gaps.push(head);
      }
    })();
    await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (id, place) => {
        for (let step = 0; step < 15; step += 1) await write(place % 2 ? one.log : other.log, id, step);
      }),
    );
    writing = false;
    await reading;
    expect(gaps).toEqual([]);
    expect(await one.log.state()).toMatchObject({ head: 60 });
  });

  test('is read in stretches: after one seq up to another, at most so many, of all or of some', async () => {
    await using one = await open(kind, await createDatabase(kind));
    for (let step = 1; step <= 6; step += 1) await write(one.log, step % 2 ? 'odd' : 'even', step);
    const seqs = async (...args: Parameters<ChangeLog['between']>) =>
      (await one.log.between(...args)).map(({ seq }) => seq);
    expect(await seqs(0, 6, 10)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await seqs(2, 4, 10)).toEqual([3, 4]);
    expect(await seqs(1, 6, 2)).toEqual([2, 3]);
    expect(await seqs(6, 6, 10)).toEqual([]);
    expect(await seqs(1, 6, 10, ['main:odd'])).toEqual([3, 5]);
    expect(await seqs(0, 6, 2, ['main:even', 'main:none'])).toEqual([2, 4]);
    expect(await seqs(0, 6, 10, [])).toEqual([]);
  });

  test('has the history of a campaign, newest first, page by page', async () => {
    await using one = await open(kind, await createDatabase(kind));
    for (let step = 1; step <= 6; step += 1) await write(one.log, step % 2 ? 'odd' : 'even', step);
    const history = async (before: number | null, limit: number) =>
      (await one.log.history('main:odd', before, limit)).map(({ seq }) => seq);
    expect(await history(null, 10)).toEqual([5, 3, 1]);
    expect(await history(null, 2)).toEqual([5, 3]);
    expect(await history(3, 2)).toEqual([1]);
    expect(await history(1, 2)).toEqual([]);
    expect(await one.log.history('main:none', null, 5)).toEqual([]);
  });
});
