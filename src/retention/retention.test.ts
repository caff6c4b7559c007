import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createDatabase, databaseKinds } from '../../test/support/databases.ts';
import { failingAt, retentionSteps } from '../../test/support/failing-retention.ts';
import { collectLines } from '../../test/support/log-lines.ts';
import { counting, dayMs, hourMs, type OldLog, openOldLog, startAt } from '../../test/support/old-log.ts';
import { createRetentionStore } from '../store/retention.ts';

const later = startAt + 8 * dayMs;
const endless = Number.POSITIVE_INFINITY;

async function told({ log }: OldLog) {
  const { head } = await log.state();
  const entries = await log.between(0, head, 1_000);
  return entries.map(({ seq, fromRevision, revision, stats }) => [seq, fromRevision, revision, stats?.sent]);
}

describe.each(databaseKinds)('thinning on %s', (kind) => {
  test('leaves one step an hour of those that only moved counters, and the chain whole', async () => {
    await using at = await openOldLog(await createDatabase(kind));
    await at.write(
      ...counting('a', startAt, 4),
      { externalId: 'b', at: startAt + 5 * 60_000, sent: 1 },
      ...counting('a', startAt + hourMs, 3, 5),
    );
    await at.retention(later).pass();
    expect(await told(at)).toEqual([
      [1, 0, 1, 1],
      [4, 1, 4, 4],
      [5, 0, 1, 1],
      [8, 4, 7, 7],
    ]);
    expect(await at.rows()).toEqual([1, 4, 5, 8]);
    expect(await at.log.state()).toMatchObject({ head: 8, pruned: 0, thinned: 8 });
  });

  test('unites what differs, and leaves the newest counters', async () => {
    await using at = await openOldLog(await createDatabase(kind));
    await at.write(
      { externalId: 'a', at: startAt, sent: 1, opened: 0 },
      { externalId: 'a', at: startAt + 1, sent: 2, opened: 0 },
      { externalId: 'a', at: startAt + 2, sent: 2, opened: 1 },
    );
    await at.retention(later).pass();
    const [, entry] = await at.log.between(0, 3, 10);
    expect(entry).toMatchObject({ at: startAt + 2, kinds: ['STATS'], stats: { sent: 2, opened: 1 } });
    expect(entry?.fields.toSorted()).toEqual(['stats.opened', 'stats.sent']);
  });

  test('leaves alone what is more than counters, and every transition', async () => {
    await using at = await openOldLog(await createDatabase(kind));
    const step = (sent: number, over: object = {}) => ({
      externalId: 'a',
      at: startAt + sent,
      sent,
      ...over,
    });
    await at.write(step(1), step(2), step(3));
    await at.write(step(4, { status: 'PAUSED' }), step(5, { status: 'SENDING' }), step(6), step(7));
    await at.write(
      step(8, { name: 'Sale' }),
      step(9, { name: 'Sale' }),
      step(10, { name: 'Sale', status: 'COMPLETED' }),
    );
    const before = await at.log.history('main:a', null, 100);
    await at.retention(later).pass();
    const after = await at.log.history('main:a', null, 100);
    expect(after.map(({ seq }) => seq)).toEqual([10, 9, 8, 7, 5, 4, 3, 1]);
    const isMore = ({ kinds }: (typeof before)[number]) => kinds.some((one) => one !== 'STATS');
    expect(after.filter(isMore)).toEqual(before.filter(isMore));
    for (const [place, { fromRevision }] of after.entries())
      expect(fromRevision).toBe(after[place + 1]?.revision ?? 0);
  });

  test('waits until a whole hour is old enough, and goes on from there the next time', async () => {
    await using at = await openOldLog(await createDatabase(kind));
    await at.write(...counting('a', startAt, 120));
    await at.retention(startAt + 7 * dayMs + hourMs - 1).pass();
    expect(await at.rows()).toHaveLength(120);
    await at.retention(startAt + 7 * dayMs + hourMs).pass();
    expect((await at.rows()).slice(0, 3)).toEqual([1, 60, 61]);
    await at.write(...counting('a', startAt + 2 * hourMs, 60, 121));
    await at.retention(startAt + 7 * dayMs + 3 * hourMs).pass();
    expect(await told(at)).toEqual([
      [1, 0, 1, 1],
      [60, 1, 60, 60],
      [120, 60, 120, 120],
      [180, 120, 180, 180],
    ]);
  });

  test('takes many batches, and comes to the same', async () => {
    await using at = await openOldLog(await createDatabase(kind));
    const ids = Array.from({ length: 12 }, (_, place) => `c${place}`);
    for (let sent = 1; sent <= 90; sent += 1) {
      await at.write(...ids.map((externalId) => ({ externalId, at: startAt + sent * 60_000, sent })));
    }
    await at.retention(later).pass();
    const seqs = await at.rows();
    expect(seqs).toHaveLength(36);
    for (const id of ids) {
      const chain = await at.log.history(`main:${id}`, null, 10);
      expect(chain.map(({ fromRevision, revision }) => [fromRevision, revision])).toEqual([
        [59, 90],
        [1, 59],
        [0, 1],
      ]);
    }
  }, 60_000);

  test('keeps a series right, at coarser steps', async () => {
    await using at = await openOldLog(await createDatabase(kind));
    await at.write(...counting('a', startAt, 180));
    await at.retention(later).pass();
    const sent = async (from: number | null, points: number) =>
      (await at.log.series('main:a', from, null, points)).map(({ stats }) => stats?.sent);
    expect(await sent(null, 100)).toEqual([1, 60, 120, 180]);
    expect(await sent(startAt + hourMs, 100)).toEqual([120, 180]);
    expect(await sent(null, 2)).toEqual([60, 180]);
  });

  test.each(retentionSteps)('broken off before %s changes nothing', async (step) => {
    const url = await createDatabase(kind);
    await using at = await openOldLog(url);
    await at.write(...counting('a', startAt, 130));
    const whole = await told(at);
    const lines = collectLines();
    const store = failingAt(
      step,
      createRetentionStore(at.database, () => later),
    );
    await at.retention(later, { store, logger: pino({}, lines) }).pass();
    expect(lines.lines()).toMatchObject([{ level: 50, err: { message: 'The process has crashed.' } }]);
    const thinned = [
      [1, 0, 1, 1],
      [60, 1, 60, 60],
      [120, 60, 120, 120],
      [130, 120, 130, 130],
    ];
    // What others have taken the place of is not told, though it is not deleted yet.
    expect(await told(at)).toEqual(step === 'sweep' ? thinned : whole);
    expect(await at.rows()).toHaveLength(130);
    await using other = await openOldLog(url);
    await other.retention(later).pass();
    expect(await told(at)).toEqual(thinned);
    expect(await at.rows()).toHaveLength(4);
  });
});

describe.each(databaseKinds)('dropping on %s', (kind) => {
  test('takes away what only moved counters, and tells readers that it is gone', async () => {
    await using at = await openOldLog(await createDatabase(kind));
    const young = startAt + 50 * dayMs;
    await at.write(
      ...counting('a', startAt, 3),
      { externalId: 'a', at: startAt + hourMs, sent: 4, status: 'PAUSED' },
      { externalId: 'a', at: startAt + 2 * hourMs, sent: 5, status: 'PAUSED' },
      { externalId: 'a', at: startAt + 3 * hourMs, sent: 5, status: 'SENDING' },
      ...counting('a', young, 2, 6),
    );
    await at.retention(startAt + 91 * dayMs).pass();
    expect(await told(at)).toEqual([
      [1, 0, 1, 1],
      [4, 3, 4, 4],
      [6, 5, 6, 5],
      [8, 6, 8, 7],
    ]);
    expect(await at.log.state()).toMatchObject({ head: 8, pruned: 5 });
    const chain = await at.log.history('main:a', null, 10);
    expect(chain.flatMap(({ transitions }) => transitions.map(({ to }) => to))).toEqual([
      'SENDING',
      'PAUSED',
      'SENDING',
    ]);
  });

  test('goes on where it was, and never takes back what is known to be gone', async () => {
    await using at = await openOldLog(await createDatabase(kind));
    await at.write(...counting('a', startAt, 4), ...counting('a', startAt + 2 * dayMs, 4, 5));
    const settings = { thinAfterDays: endless, dropAfterDays: 1 };
    await at.database.updateTable('log').set({ pruned: 3 }).execute();
    await at.retention(startAt + dayMs + 60_001, { settings }).pass();
    expect([await at.rows(), (await at.log.state()).pruned]).toEqual([[1, 3, 4, 5, 6, 7, 8], 3]);
    await at.retention(startAt + 2 * dayMs, { settings }).pass();
    expect([await at.rows(), (await at.log.state()).pruned]).toEqual([[1, 5, 6, 7, 8], 4]);
    await at.retention(startAt + 4 * dayMs, { settings }).pass();
    expect([await at.rows(), (await at.log.state()).pruned]).toEqual([[1], 8]);
  });

  test('keeps everything where nothing is to go', async () => {
    await using at = await openOldLog(await createDatabase(kind));
    await at.write(...counting('a', startAt, 5));
    await at
      .retention(startAt + 9_999 * dayMs, { settings: { thinAfterDays: endless, dropAfterDays: endless } })
      .pass();
    expect(await at.rows()).toHaveLength(5);
    expect(await at.log.state()).toMatchObject({ pruned: 0, thinned: 0 });
  });
});

test.each(databaseKinds)('on %s, one process at a time', async (kind) => {
  const url = await createDatabase(kind);
  await using one = await openOldLog(url);
  await using other = await openOldLog(url);
  await one.write(...counting('a', startAt, 60), ...counting('b', startAt, 60));
  const store = createRetentionStore(one.database, () => later);
  const marking = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const slow = {
    ...store,
    async mark(...marks: Parameters<typeof store.mark>) {
      marking.resolve();
      await held.promise;
      await store.mark(...marks);
    },
  };
  const first = one.retention(later, { store: slow }).pass();
  await marking.promise;
  await other.retention(later + 59_000).pass();
  expect(await one.rows()).toHaveLength(120);
  // One that has not been heard of for a minute is gone; should it come back, it leaves it to the other.
  await other.retention(later + 61_000).pass();
  const rows = await one.rows();
  expect(rows).toEqual([1, 60, 61, 120]);
  held.resolve();
  await first;
  expect(await told(other)).toEqual([
    [1, 0, 1, 1],
    [60, 1, 60, 60],
    [61, 0, 1, 1],
    [120, 1, 60, 60],
  ]);
});

test('several processes on PostgreSQL that begin at once come to the same', async () => {
  const url = await createDatabase('postgres');
  await using one = await openOldLog(url);
  await using other = await openOldLog(url);
  await one.write(...counting('a', startAt, 60), ...counting('a', startAt + 100 * dayMs, 60, 61));
  const now = startAt + 108 * dayMs;
  await Promise.all([one, other, one, other].map((at) => at.retention(now).pass()));
  await one.retention(now).pass();
  expect(await told(other)).toEqual([
    [1, 0, 1, 1],
    [120, 60, 120, 120],
  ]);
  expect(await one.log.state()).toMatchObject({ pruned: 60 });
});

test.each(databaseKinds)(
  'on %s, who writes meanwhile loses nothing',
  async (kind) => {
    const url = await createDatabase(kind);
    await using at = await openOldLog(url);
    await using writer = await openOldLog(url);
    await at.write(...counting('a', startAt, 700));
    const pass = at.retention(later).pass();
    let isOver = false;
    const over = pass.then(() => {
      isOver = true;
    });
    let sent = 0;
    while (!isOver) {
      sent += 1;
      await writer.write({ externalId: 'new', at: later, sent });
      // SQLite answers at once: without it, nothing else would ever have its turn.
      await turn();
    }
    await over;
    expect(sent).toBeGreaterThan(5);
    const entries = await at.log.between(700, 700 + sent, 10_000);
    expect(entries.map(({ revision }) => revision)).toEqual(
      Array.from({ length: sent }, (_, place) => place + 1),
    );
    expect((await at.rows()).filter((seq) => seq <= 700)).toHaveLength(13);
  },
  60_000,
);

test('stopping ends a pass between two batches, and the next one goes on', async () => {
  await using at = await openOldLog(await createDatabase('sqlite'));
  await at.write(...counting('a', startAt, 120));
  const store = createRetentionStore(at.database, () => later);
  const stopping = {
    ...store,
    async mark(...marks: Parameters<typeof store.mark>) {
      await store.mark(...marks);
      void retention.stop();
    },
  };
  const retention = at.retention(later, { store: stopping });
  await retention.pass();
  expect(await at.rows()).toHaveLength(120);
  await at.retention(later).pass();
  expect(await at.rows()).toEqual([1, 60, 120]);
});
