import type { KyselyPlugin } from 'kysely';
import { describe, expect, test } from 'vitest';
import { createDatabase, databaseKinds } from '../../test/support/databases.ts';
import { type DeliveryOutcome, type DeliveryRow, deliveryOutcomes } from '../model/task.ts';
import { type Database, openDatabase } from './database.ts';
import { createReportStore, type ReportStore, type RowFilter } from './reports.ts';

/** The reports over a connection of its own. */
async function openReports(url: string) {
  const database = await openDatabase(url, () => {});
  return {
    database,
    reports: createReportStore(database),
    [Symbol.asyncDispose]: () => database.destroy(),
  };
}

const at = 1_790_000_000_123;
const campaign = 'main:1';

function row(recipient: string, more: Partial<DeliveryRow> = {}): DeliveryRow {
  return {
    recipient,
    outcome: 'DELIVERED',
    providerResult: 'ok_delivered',
    updatedAt: at,
    fields: null,
    ...more,
  };
}

/** So many rows, in the order of their recipients. */
function rowsOf(count: number, more: Partial<DeliveryRow> = {}): DeliveryRow[] {
  return Array.from({ length: count }, (_, place) => row(`r${String(place).padStart(6, '0')}`, more));
}

/** A whole report of a task, or one that completes what is known. */
async function make(reports: ReportStore, rows: readonly DeliveryRow[], changes = false, badLines = 0) {
  const generation = await reports.stage('main:u1');
  await reports.write(generation, rows);
  const earlier = changes ? await reports.get(campaign) : null;
  if (earlier) await reports.copyMissing(earlier.generation, generation);
  return reports.publish(campaign, generation, { at, badLines });
}

async function recipients(reports: ReportStore, generation: number, filter: RowFilter = {}, limit = 20_000) {
  const found: string[] = [];
  for (let after: string | null = null; ; ) {
    const page: DeliveryRow[] = await reports.rows(generation, filter, after, limit);
    found.push(...page.map(({ recipient }) => recipient));
    after = page.at(-1)?.recipient ?? null;
    if (page.length < limit || after === null) return found;
  }
}

/** What is in the tables beside the rows of published reports. */
/** What is left once the rows that were replaced are swept. */
async function strays(database: Database) {
  await createReportStore(database).sweep();
  const { count } = await database
    .selectFrom('deliveryRows')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('generation', 'not in', (eb) => eb.selectFrom('reports').select('generation'))
    .executeTakeFirstOrThrow();
  return { rows: Number(count), staging: await database.selectFrom('staging').selectAll().execute() };
}

const clean = { rows: 0, staging: [] };

/** The reports until the process ends: the n-th statement fails, and all after it. */
function endingAt(nth: number, database: Database) {
  let made = Number.NaN;
  const ending: KyselyPlugin = {
    transformQuery({ node }) {
      made += 1;
      if (made >= nth) throw new Error('The process has ended.');
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const reports = createReportStore(database.withPlugin(ending));
  // What is only prepared above does not count.
  made = 0;
  return { reports, hasEnded: () => made >= nth };
}

describe.each(databaseKinds)('a report on %s', (kind) => {
  test('is kept to the last character, also over a restart', async () => {
    const url = await createDatabase(kind);
    const rows = deliveryOutcomes.map((outcome, place) =>
      row(`${'„ä" 😀 \\\t'.repeat(place % 4)}${place}@example.com`, {
        outcome,
        providerResult: `ok_"${outcome}"\n`,
        updatedAt: place % 2 === 0 ? null : at + place,
        fields: place % 3 === 0 ? null : { 1: 'Bergen', 12: '', [place]: 'O\'Hara; "North"' },
      }),
    );
    {
      await using store = await openReports(url);
      expect(await store.reports.get(campaign)).toBeNull();
      await make(store.reports, rows, false, 7);
    }
    await using store = await openReports(url);
    const report = await store.reports.get(campaign);
    expect(report).toMatchObject({ campaignKey: campaign, at, badLines: 7, rowCount: rows.length });
    expect(report?.counts).toEqual(new Map(deliveryOutcomes.map((outcome) => [outcome, 1])));
    const kept = await store.reports.rows(report?.generation ?? 0, {}, null, 100);
    const inOrder = rows.toSorted((one, other) =>
      Buffer.compare(Buffer.from(one.recipient), Buffer.from(other.recipient)),
    );
    expect(kept).toStrictEqual(inOrder);
    expect(await strays(store.database)).toEqual(clean);
  });

  test('has of a recipient that comes twice the later row, wherever it stood', async () => {
    await using store = await openReports(await createDatabase(kind));
    const { reports } = store;
    const generation = await reports.stage('main:u1');
    await reports.write(generation, [...rowsOf(120), row('r000007', { outcome: 'OPENED' })]);
    await reports.write(generation, [
      row('r000007', { outcome: 'CLICKED', updatedAt: null, fields: { 1: 'x' } }),
    ]);
    const report = await reports.publish(campaign, generation, { at, badLines: 0 });
    expect(report.rowCount).toBe(120);
    const [told] = await reports.rows(generation, { recipient: 'r000007' }, null, 2);
    expect(told).toMatchObject({ outcome: 'CLICKED', updatedAt: null, fields: { 1: 'x' } });
  });

  test.each([0, 1, 49, 50, 51, 101])('of %i rows is whole', async (count) => {
    await using store = await openReports(await createDatabase(kind));
    const rows = rowsOf(count, { fields: { 1: 'x' } });
    const report = await make(store.reports, rows);
    expect(report.rowCount).toBe(count);
    expect(await store.reports.rows(report.generation, {}, null, 1_000)).toStrictEqual(rows);
  });

  test('is not seen before it is published, and then takes the place of the one before', async () => {
    await using store = await openReports(await createDatabase(kind));
    const { reports } = store;
    const first = await make(reports, rowsOf(3));
    const generation = await reports.stage('main:u2');
    await reports.write(generation, [row('x'), row('y')]);
    expect(await reports.get(campaign)).toEqual(first);
    expect(await recipients(reports, first.generation)).toEqual(['r000000', 'r000001', 'r000002']);
    const second = await reports.publish(campaign, generation, { at: at + 1, badLines: 2 });
    expect(await reports.get(campaign)).toEqual(second);
    expect(second).toMatchObject({ generation, at: at + 1, badLines: 2, rowCount: 2 });
    expect(await strays(store.database)).toEqual(clean);
  });

  test('of changes keeps those whom it does not name', async () => {
    await using store = await openReports(await createDatabase(kind));
    const { reports } = store;
    await make(reports, rowsOf(4, { fields: { 1: 'x' } }));
    const report = await make(reports, [row('r000001', { outcome: 'OPENED' }), row('z')], true);
    expect(report.counts).toEqual(
      new Map<DeliveryOutcome, number>([
        ['DELIVERED', 4],
        ['OPENED', 1],
      ]),
    );
    const rows = await reports.rows(report.generation, {}, null, 10);
    expect(rows.map(({ recipient, outcome }) => `${recipient} ${outcome}`)).toEqual([
      ...['r000000 DELIVERED', 'r000001 OPENED', 'r000002 DELIVERED', 'r000003 DELIVERED', 'z DELIVERED'],
    ]);
    expect(rows.map(({ fields }) => fields)).toEqual([{ 1: 'x' }, null, { 1: 'x' }, { 1: 'x' }, null]);
    expect(await strays(store.database)).toEqual(clean);
  });

  test('is copied and deleted whole, portion by portion', async () => {
    await using store = await openReports(await createDatabase(kind));
    const { reports } = store;
    const rows = rowsOf(10_001);
    await make(reports, rows);
    const changed = rows.filter((_row, place) => place % 1_000 === 999);
    const report = await make(
      reports,
      changed.map((one) => ({ ...one, outcome: 'CLICKED' })),
      true,
    );
    expect(report.rowCount).toBe(rows.length);
    expect(report.counts.get('CLICKED')).toBe(changed.length);
    expect(await recipients(reports, report.generation)).toEqual(rows.map(({ recipient }) => recipient));
    expect(await strays(store.database)).toEqual(clean);
  });

  test('that somebody else has begun anew meanwhile is written and published no more', async () => {
    await using at = await openReports(await createDatabase(kind));
    const { reports, database } = at;
    const paused = await reports.stage('main:u1');
    await reports.write(paused, rowsOf(3));
    const whole = await make(reports, rowsOf(5));
    await expect(reports.write(paused, rowsOf(7))).rejects.toThrow('begun anew');
    await expect(reports.publish(campaign, paused, { at: 1, badLines: 0 })).rejects.toThrow('begun anew');
    expect(await reports.get(campaign)).toEqual(whole);
    expect(await strays(database)).toEqual(clean);
  });

  test("of another campaign, or another task's that is being written, is left alone", async () => {
    await using store = await openReports(await createDatabase(kind));
    const { reports } = store;
    const generation = await reports.stage('other:u1');
    await reports.write(generation, rowsOf(3));
    const other = await reports.publish('other:1', generation, { at, badLines: 0 });
    const unfinished = await reports.stage('other:u2');
    await reports.write(unfinished, rowsOf(5));
    await make(reports, rowsOf(2));
    await make(reports, rowsOf(2));
    await reports.discard('main:u1');
    expect(await reports.get('other:1')).toEqual(other);
    expect(await recipients(reports, generation)).toHaveLength(3);
    expect(await recipients(reports, unfinished)).toHaveLength(5);
    await reports.discard('other:u2');
    expect(await strays(store.database)).toEqual(clean);
  });

  test.each([
    ['a whole one', false],
    ['one of changes', true],
  ])(
    'leaves nothing behind wherever the making of %s ends (a crash), once it is made again',
    async (_what, changes) => {
      await using store = await openReports(await createDatabase(kind));
      const { database, reports } = store;
      await make(reports, rowsOf(5));
      const left: unknown[] = [];
      for (let nth = 1, isOver = false; !isOver; nth += 1) {
        const { reports: mortal, hasEnded } = endingAt(nth, database);
        await make(mortal, rowsOf(7), changes).catch(() => {});
        isOver = !hasEnded();
        const seen = await reports.get(campaign);
        expect((await recipients(reports, seen?.generation ?? 0)).length).toBe(seen?.rowCount);
        await make(reports, rowsOf(5));
        const found = await strays(database);
        if (found.rows > 0 || found.staging.length > 0) left.push({ endedAt: nth, ...found });
      }
      expect(left).toEqual([]);
    },
  );
});

describe.each(databaseKinds)('the rows of a report on %s', (kind) => {
  const rows = rowsOf(60).map((one, place) => ({
    ...one,
    outcome: deliveryOutcomes[place % deliveryOutcomes.length] ?? 'UNKNOWN',
  }));

  test('come in the order of recipients, each once, however long the pages are', async () => {
    await using store = await openReports(await createDatabase(kind));
    const { generation } = await make(store.reports, rows.toReversed());
    const all = rows.map(({ recipient }) => recipient);
    for (const limit of [1, 7, 60, 100])
      expect(await recipients(store.reports, generation, {}, limit)).toEqual(all);
    expect(await store.reports.rows(generation, {}, 'r000058x', 10)).toEqual([rows[59]]);
  });

  test.each<[string, RowFilter, (one: DeliveryRow) => boolean]>([
    ['one outcome', { outcomes: ['PENDING'] }, ({ outcome }) => outcome === 'PENDING'],
    [
      'several, named twice',
      { outcomes: ['HARD_BOUNCED', 'SOFT_BOUNCED', 'HARD_BOUNCED'] },
      ({ outcome }) => outcome.endsWith('BOUNCED'),
    ],
    ['none', { outcomes: [] }, () => false],
    ['a recipient', { recipient: 'r000003' }, ({ recipient }) => recipient === 'r000003'],
    ['a recipient in other letters', { recipient: 'R000003' }, () => false],
    ['a part of a recipient', { recipient: 'r00000%' }, () => false],
    ['a recipient without that outcome', { recipient: 'r000000', outcomes: ['OPENED'] }, () => false],
    ['a recipient and no outcome', { recipient: 'r000000', outcomes: [] }, () => false],
  ])('are found by %s, page by page, and counted', async (_what, filter, fits) => {
    await using store = await openReports(await createDatabase(kind));
    const { generation } = await make(store.reports, rows);
    const expected = rows.filter(fits).map(({ recipient }) => recipient);
    for (const limit of [2, 60])
      expect(await recipients(store.reports, generation, filter, limit)).toEqual(expected);
    expect(await store.reports.count(generation, filter)).toBe(expected.length);
  });
});
