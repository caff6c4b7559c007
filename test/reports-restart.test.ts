import { describe, expect, test } from 'vitest';
import { manyRows, type SelzyQuirks, startSimulator } from '../src/simulator/simulator.ts';
import { openDatabase } from '../src/store/database.ts';
import { createReportStore } from '../src/store/reports.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { configFile, runScript } from './support/process.ts';
import { overSse } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const mutation = `mutation ($input: RequestDeliveryReportInput!) {
  requestDeliveryReport(input: $input) { task { id } errors { code } }
}`;
const taskQuery = `query ($id: ID!, $recipient: String) { task(id: $id) {
  status createdAt completedAt problem { code }
  report { rowCount badLines rows(filter: { recipient: $recipient }, first: 500) { totalCount nodes { recipient } } }
} }`;
const subscription = 'subscription ($ids: [ID!]) { taskUpdated(ids: $ids) { id status } }';
const campaignId = 'campaign:selzy-main:1';

const largeCount = 12_000;
/** A file that takes a second and more, as it stands still after each of its pieces. */
const slow = { table: manyRows(largeCount), pauseMs: 150 };

async function startSelzy(selzyTaskSeconds: number, selzyQuirks: Partial<SelzyQuirks> = {}) {
  const simulator = await startSimulator({ campaigns: 0, selzyTaskSeconds, selzyQuirks });
  const { selzy } = simulator.providers;
  selzy.add({ externalId: '1', status: 'completed', counters: { recipients: 9, sent: 9, delivered: 9 } });
  return {
    selzy,
    account: accountAt(simulator, 'selzy', { reportHosts: ['127.0.0.1'] }),
    looks: () => selzy.requests.filter(({ operation }) => operation === 'async/getTaskResult'),
    [Symbol.asyncDispose]: simulator.stop,
  };
}

async function ask(url: string, query: string, variables: object) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  expect(errors).toBeUndefined();
  return data;
}

async function request(url: string, more: object = {}): Promise<string> {
  const { requestDeliveryReport } = await ask(url, mutation, { input: { campaignId, ...more } });
  expect(requestDeliveryReport.errors).toEqual([]);
  return requestDeliveryReport.task.id;
}

async function taskOf(url: string, id: string, recipient: string | undefined = undefined) {
  return (await ask(url, taskQuery, { id, recipient })).task;
}

async function ended(url: string, id: string) {
  return until(async () => {
    const task = await taskOf(url, id);
    return task.completedAt === null ? null : task;
  }, 15_000);
}

/** What a database holds of reports: published rows and those that are not, as somebody else who opens it sees them. */
async function openTables(url: string) {
  const database = await openDatabase(url, () => {});
  return {
    sweep: () => createReportStore(database).sweep(),
    async look() {
      const rows = await database
        .selectFrom('deliveryRows')
        .leftJoin('reports', 'reports.generation', 'deliveryRows.generation')
        .select((eb) => ['reports.campaignKey', eb.fn.countAll<number>().as('count')])
        .groupBy('reports.campaignKey')
        .execute();
      const countOf = (wanted: string | null) =>
        Number(rows.find(({ campaignKey }) => campaignKey === wanted)?.count ?? 0);
      const staging = await database.selectFrom('staging').selectAll().execute();
      return { published: countOf('selzy-main:1'), others: countOf(null), staging: staging.length };
    },
    [Symbol.asyncDispose]: () => database.destroy(),
  };
}

const polling = { fastest: 600, slowest: 3_600 };

describe.concurrent.each(databaseKinds)(
  'on %s',
  (kind) => {
    test('a task that waits when the service stops goes on after the start, and its notification is heard', async () => {
      await using world = await startSelzy(0.2, { notification: 'never' });
      const database = await createDatabase(kind);
      const options = { database, accounts: [world.account], polling };
      // It is only told here: where it is reached is another matter.
      const server = { publicUrl: 'http://127.0.0.1:1' };
      const first = await startTestApp({ ...options, server });
      const id = await request(first.url);
      await first.stop();
      expect(world.looks()).toEqual([]);

      await using again = await startTestApp({ ...options, server });
      using told = overSse(again.url, subscription, { ids: [id] });
      await told.atLeast(1);
      expect(told.events[0]).toEqual({ id, status: 'QUEUED' });
      const asked = world.selzy.requests.find(({ parameters }) => parameters.notify_url);
      const { pathname } = new URL(asked?.parameters.notify_url ?? '');
      await until(async () => {
        const { ok } = await fetch(`${again.url}${pathname}`, { method: 'POST' });
        expect(ok).toBe(true);
        return (await taskOf(again.url, id)).completedAt;
      });
      expect(await taskOf(again.url, id)).toMatchObject({ status: 'COMPLETED', report: { rowCount: 9 } });
      await until(() => told.events.at(-1)?.status === 'COMPLETED');
    });

    test('one that is over stays as it is, and nobody is asked about it again', async () => {
      await using world = await startSelzy(0.1);
      const options = { database: await createDatabase(kind), accounts: [world.account], polling };
      const first = await startTestApp(options);
      const id = await request(first.url);
      const end = await ended(first.url, id);
      await first.stop();
      await using again = await startTestApp(options);
      expect(await taskOf(again.url, id)).toEqual(end);
      const next = await request(again.url);
      await ended(again.url, next);
      const asked = world.looks().map(({ parameters }) => `task:selzy-main:${parameters.task_uuid}`);
      expect(asked).toEqual([id, next]);
    });

    test('one whose file is being read when the service stops is read anew, and nothing is left behind', async () => {
      await using world = await startSelzy(0.1, slow);
      const database = await createDatabase(kind);
      await using tables = await openTables(database);
      const options = { database, accounts: [world.account], polling };
      const first = await startTestApp(options);
      const id = await request(first.url);
      await until(async () => (await tables.look()).others > 0);
      const begun = performance.now();
      await first.stop();
      expect(performance.now() - begun).toBeLessThan(3_000);
      expect(await tables.look()).toMatchObject({ published: 0, staging: 1 });

      world.selzy.quirks.pauseMs = 0;
      await using again = await startTestApp(options);
      expect(await taskOf(again.url, id)).toMatchObject({ status: 'RUNNING', problem: null, report: null });
      expect(await ended(again.url, id)).toMatchObject({
        status: 'COMPLETED',
        report: { rowCount: largeCount },
      });
      await tables.sweep();
      expect(await tables.look()).toEqual({ published: largeCount, others: 0, staging: 0 });
      expect(world.selzy.downloads).toHaveLength(2);
    });

    test('and killed in the middle, it goes on, while the report before stays whole', async () => {
      await using world = await startSelzy(0.1);
      const { quirks } = world.selzy;
      const database = await createDatabase(kind);
      await using tables = await openTables(database);
      const args = [
        '--config',
        configFile({ server: { port: 0 }, database, polling, accounts: [world.account] }),
      ];
      await using service = runScript('src/main.ts', args);
      const url = await service.ready();
      const first = await request(url);
      await ended(url, first);
      Object.assign(quirks, slow);
      const id = await request(url);
      // Some rows are there, and most are not.
      const cut = await until(async () => {
        const seen = await tables.look();
        return seen.others > 0 ? seen : null;
      });
      service.send('SIGKILL');
      expect(await service.ended).toBe('SIGKILL');
      expect(cut.others).toBeLessThan(largeCount);
      expect(await tables.look()).toMatchObject({ published: 9, staging: 1 });

      quirks.pauseMs = 0;
      await using again = runScript('src/main.ts', args);
      const newUrl = await again.ready();
      expect(await taskOf(newUrl, first)).toMatchObject({ report: { rowCount: 9, rows: { totalCount: 9 } } });
      expect(await ended(newUrl, id)).toMatchObject({
        status: 'COMPLETED',
        report: { rowCount: largeCount, badLines: 0 },
      });
      const one = await taskOf(newUrl, id, 'reader7@example.com');
      expect(one.report.rows).toEqual({ totalCount: 1, nodes: [{ recipient: 'reader7@example.com' }] });
      await tables.sweep();
      expect(await tables.look()).toEqual({ published: largeCount, others: 0, staging: 0 });
    });
  },
  40_000,
);
