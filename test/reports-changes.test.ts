import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { deliveryOutcomes } from '../src/model/task.ts';
import {
  manyRows,
  type ReportTable,
  type SimulatedSelzy,
  startSimulator,
} from '../src/simulator/simulator.ts';
import { openDatabase } from '../src/store/database.ts';
import { createReportStore } from '../src/store/reports.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const campaignId = 'campaign:selzy-main:1';
const mutation = `mutation ($input: RequestDeliveryReportInput!) {
  requestDeliveryReport(input: $input) { task { id createdAt } errors { code message } }
}`;
const taskQuery = `query ($id: ID!) { task(id: $id) {
  status completedAt fileUrl problem { code message }
  report { rowCount badLines byOutcome { outcome count } rows(first: 500) {
    totalCount nodes { recipient outcome providerResult updatedAt fields }
  } }
} }`;

interface Row {
  readonly recipient: string;
  readonly providerResult: string;
  readonly updatedAt: string | null;
  readonly fields: unknown;
}

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

async function start(kind: DatabaseKind) {
  await using stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0, selzyTaskSeconds: 0.2 }));
  const { selzy } = simulator.providers;
  const port = await freePort();
  const database = await createDatabase(kind);
  const app = stack.use(
    await startTestApp({
      database,
      accounts: [accountAt(simulator, 'selzy', { reportHosts: ['127.0.0.1'] })],
      polling: { fastest: 600, slowest: 3_600 },
      server: { port, publicUrl: `http://127.0.0.1:${port}` },
    }),
  );
  const kept = stack.move();

  async function ask(query: string, variables: object) {
    const { data, errors } = await app.request(query, { ...variables });
    expect(errors).toBeUndefined();
    return data;
  }

  return {
    app,
    selzy,
    database,
    /** The task of a further report, once it is over. */
    async report(more: object = {}) {
      const { task, errors } = (await ask(mutation, { input: { campaignId, ...more } }))
        .requestDeliveryReport;
      expect(errors).toEqual([]);
      const end = await until(async () => {
        const { task: seen } = await ask(taskQuery, { id: task.id });
        return seen.completedAt === null ? null : seen;
      });
      expect(end).toMatchObject({ status: 'COMPLETED', problem: null });
      return { ...task, ...end };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The next files have these lines. */
function tell(
  { quirks }: SimulatedSelzy,
  rows: Readonly<Record<string, readonly string[]>>,
  fields = 0,
): void {
  const lines = Object.entries(rows).map(([name, cells]) => [`${name}@example.com`, ...cells]);
  const header = ['email', 'send_result', ...Array.from({ length: fields }, (_, place) => `field ${place}`)];
  const table: ReportTable = { header, rowCount: lines.length, row: (place) => lines[place] ?? [] };
  quirks.table = table;
}

/** A report in short: the word of each, with the fields if there are any. */
function words({ report }: { readonly report: { readonly rows: { readonly nodes: readonly Row[] } } }) {
  return Object.fromEntries(
    report.rows.nodes.map(({ recipient, providerResult, fields }) => [
      recipient.replace('@example.com', ''),
      fields === null ? providerResult : [providerResult, fields],
    ]),
  );
}

describe.concurrent.each(databaseKinds)('a report on %s that was asked for with changedSince', (kind) => {
  test('changes those whom it names, and keeps the others, until a whole one takes its place', async () => {
    await using world = await start(kind);
    const { selzy } = world;
    const changedSince = '2024-02-06T03:00:10.987Z';
    selzy.add({ externalId: '1', status: 'completed' });
    tell(selzy, { a: ['ok_delivered'], b: ['not_sent'], c: ['ok_read'] });
    const first = await world.report();
    expect(words(first)).toEqual({ a: 'ok_delivered', b: 'not_sent', c: 'ok_read' });

    tell(selzy, { b: ['ok_read', 'Bergen', ''], d: ['err_lost', '', 'x'] }, 2);
    const second = await world.report({ changedSince, fieldIds: [12, 3] });
    const asked = selzy.requests.findLast(({ operation }) => operation.endsWith('DeliveryStats'));
    expect(asked?.parameters).toMatchObject({ changed_since: '2024-02-06 03:00:10', 'field_ids[]': '12,3' });
    expect(words(second)).toEqual({
      a: 'ok_delivered',
      b: ['ok_read', { 3: '', 12: 'Bergen' }],
      c: 'ok_read',
      d: ['err_lost', { 3: 'x', 12: '' }],
    });
    expect(second.report).toMatchObject({ rowCount: 4, rows: { totalCount: 4 } });
    expect(second.report.byOutcome).toEqual(
      expect.arrayContaining([
        { outcome: 'DELIVERED', count: 1 },
        { outcome: 'OPENED', count: 2 },
        { outcome: 'FAILED', count: 1 },
      ]),
    );
    expect(second.report.byOutcome).toHaveLength(3);

    tell(selzy, {});
    expect(words(await world.report({ changedSince }))).toEqual(words(second));

    tell(selzy, { a: ['ok_fbl'], e: ['skip_dup_unreachable'] });
    const last = await world.report();
    expect(words(last)).toEqual({ a: 'ok_fbl', e: 'skip_dup_unreachable' });
    // There is one report of the campaign: the tasks before show it too.
    const { data } = await world.app.request(taskQuery, { id: first.id });
    expect(data.task.report).toEqual(last.report);
  });

  test('comes to the same as a whole one', async () => {
    await using world = await start(kind);
    const { selzy } = world;
    const startedAt = Date.now() - 3_600_000;
    const counters = { recipients: 300, sent: 200, delivered: 150, opened: 20 };
    selzy.add({
      externalId: '1',
      status: 'in_progress',
      startedAt,
      finishedAt: startedAt + 60_000,
      counters,
    });
    const { createdAt } = await world.report();
    selzy.set('1', { counters: { sent: 260, delivered: 190, opened: 45, clicked: 9, hardBounced: 4 } });
    const changedSince = new Date(Date.parse(createdAt) - 1_000).toISOString();
    const changes = await world.report({ changedSince });
    const lines = (await (await fetch(changes.fileUrl)).text()).trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.length).toBeLessThan(200);
    const whole = await world.report();
    expect(changes.report.rows).toEqual(whole.report.rows);
    expect(changes.report.rowCount).toBe(300);
  });
});

test.concurrent.each(databaseKinds)(
  'reports of one campaign that are ready at once on %s are made one after the other',
  async (kind) => {
    await using world = await start(kind);
    const { selzy } = world;
    selzy.add({ externalId: '1', status: 'completed' });
    const count = 3_000;
    Object.assign(selzy.quirks, { table: manyRows(count), pauseMs: 20 });
    const changedSince = '2024-02-06T03:00:10Z';
    const tasks = await Promise.all(
      [{}, { changedSince }, {}, { changedSince }].map((more) => world.report(more)),
    );
    for (const { report } of tasks)
      expect(report).toMatchObject({ rowCount: count, rows: { totalCount: count } });
    expect(selzy.downloads).toHaveLength(4);
    await using database = await openDatabase(world.database, () => {});
    await createReportStore(database).sweep();
    const { length } = await database.selectFrom('deliveryRows').select('recipient').execute();
    expect([length, await database.selectFrom('staging').selectAll().execute()]).toEqual([count, []]);
  },
);

/** What a page for people asks for at once: how many there are, and who has each outcome. */
const overviewQuery = `query ($id: ID!) { task(id: $id) { report {
  rowCount
  ${deliveryOutcomes.map((outcome) => `${outcome}: rows(filter: { outcomes: [${outcome}] }, first: 500) { totalCount nodes { recipient } }`).join(' ')}
} } }`;

test.each(databaseKinds)(
  'who reads on %s while a report takes another’s place sees the one or the other, whole',
  async (kind) => {
    await using world = await start(kind);
    const { app, selzy } = world;
    selzy.add({ externalId: '1', status: 'completed' });
    const wordsInTurn = [
      'ok_read',
      'ok_fbl',
      'ok_sent',
      'not_sent',
      'err_giveup',
      'err_lost',
      'ok_delivered',
    ];
    const tellMany = (size: number) =>
      tell(
        selzy,
        Object.fromEntries(
          Array.from({ length: size }, (_, place) => [`r${place}`, [wordsInTurn[place % 7] ?? '']]),
        ),
      );
    tellMany(100);
    const { id } = await world.report();
    let isOver = false;
    const seen: (readonly number[])[] = [];
    const reading = Array.from({ length: 16 }, async () => {
      while (!isOver) {
        const { data, errors } = await app.request(overviewQuery, { id });
        expect(errors).toBeUndefined();
        const { rowCount, ...listed } = data.task.report;
        const lists: readonly { readonly totalCount: number; readonly nodes: readonly unknown[] }[] =
          Object.values(listed);
        const rows = lists.reduce((sum, { nodes }) => sum + nodes.length, 0);
        const total = lists.reduce((sum, { totalCount }) => sum + totalCount, 0);
        seen.push([rowCount, rows, total]);
      }
    });
    for (let round = 1; round <= 6; round += 1) {
      tellMany(round % 2 === 0 ? 100 : 200);
      await world.report();
    }
    isOver = true;
    await Promise.all(reading);
    expect(new Set(seen.map(([rowCount]) => rowCount))).toEqual(new Set([100, 200]));
    expect(seen.filter(([rowCount, ...counted]) => counted.some((count) => count !== rowCount))).toEqual([]);
  },
);
