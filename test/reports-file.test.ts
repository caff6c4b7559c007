import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { manyRows, type ReportTable, type SelzyQuirks, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const taskQuery = `query ($id: ID!, $after: String) { task(id: $id) {
  status completedAt fileUrl problem { code message providerCode }
  report { rowCount badLines rows(first: 500, after: $after) {
    nodes { recipient providerResult fields } pageInfo { hasNextPage endCursor }
  } }
} }`;

interface Rows {
  readonly nodes: readonly { readonly recipient: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** The app over a Selzy that has a report ready at once, and notifies of it. */
async function start(kind: DatabaseKind, selzyQuirks: Partial<SelzyQuirks>) {
  await using stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0, selzyTaskSeconds: 0.3, selzyQuirks }));
  const { selzy } = simulator.providers;
  selzy.add({ externalId: '1', status: 'completed' });
  const port = await freePort();
  const app = stack.use(
    await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'selzy', { reportHosts: ['127.0.0.1'] })],
      polling: { fastest: 600, slowest: 3_600 },
      server: { port, publicUrl: `http://127.0.0.1:${port}` },
    }),
  );
  const kept = stack.move();

  async function read(id: string, after: string | null = null) {
    const { data, errors } = await app.request(taskQuery, { id, after });
    expect(errors).toBeUndefined();
    return data.task;
  }

  return {
    selzy,
    /** Asks for a report, and gives the task's id. */
    async request(more: object = {}): Promise<string> {
      const { data } = await app.request(
        `mutation ($input: RequestDeliveryReportInput!) {
          requestDeliveryReport(input: $input) { task { id } errors { code } }
        }`,
        { input: { campaignId: 'campaign:selzy-main:1', ...more } },
      );
      expect(data.requestDeliveryReport.errors).toEqual([]);
      return data.requestDeliveryReport.task.id;
    },
    read,
    /** The task once its problem has this code; null: once it is over. */
    async met(id: string, code: string | null) {
      return until(async () => {
        const task = await read(id);
        const isMet = code === null ? task.completedAt !== null : task.problem?.code === code;
        return isMet ? task : null;
      });
    },
    /** All recipients of a task's report, page by page. */
    async recipients(id: string): Promise<readonly string[]> {
      const found: string[] = [];
      for (let after: string | null = null, isLast = false; !isLast; ) {
        const rows: Rows = (await read(id, after)).report.rows;
        found.push(...rows.nodes.map(({ recipient }) => recipient));
        isLast = !rows.pageInfo.hasNextPage;
        after = rows.pageInfo.endCursor;
      }
      return found;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function tableOf(rows: readonly (readonly string[])[], more: readonly string[] = []): ReportTable {
  return { header: ['email', 'send_result', ...more], rowCount: rows.length, row: (at) => rows[at] ?? [] };
}

const small = tableOf([
  ['a@example.com', 'ok_read'],
  ['b@example.com', 'not_sent'],
  ['c@example.com', 'ok_read'],
]);
const largeCount = 5_000;
const allOfLarge = Array.from(
  { length: largeCount },
  (_, place) => `reader${place + 1}@example.com`,
).toSorted();

/** The links that were fetched, with how that was answered. */
function fetched({ downloads }: Awaited<ReturnType<typeof start>>['selzy']) {
  return downloads.map(({ parameters, status }) => ({ signature: parameters.signature, status }));
}

describe.concurrent.each(databaseKinds)('a download on %s', (kind) => {
  test('that breaks off is tried again with a fresh link; until then the report before stays whole', async () => {
    await using world = await start(kind, { table: small, gzip: kind === 'sqlite' ? 'none' : 'encoding' });
    const { selzy } = world;
    const first = await world.request();
    await world.met(first, null);
    Object.assign(selzy.quirks, { table: manyRows(largeCount), cutDownloads: 1 });
    const second = await world.request();
    const broken = await world.met(second, 'PROVIDER_UNAVAILABLE');
    expect(broken).toMatchObject({ status: 'RUNNING', completedAt: null, report: null });
    expect(broken.problem.message).toMatch(/download/);
    expect(await world.recipients(first)).toEqual(['a@example.com', 'b@example.com', 'c@example.com']);

    expect(await world.met(second, null)).toMatchObject({
      status: 'COMPLETED',
      problem: null,
      report: { rowCount: largeCount, badLines: 0 },
    });
    expect(await world.recipients(second)).toEqual(allOfLarge);
    const [, cut, again, ...more] = fetched(selzy);
    expect([cut?.status, again?.status, more]).toEqual([null, 200, []]);
    expect(again?.signature).not.toBe(cut?.signature);
  });

  test('whose link has expired is asked for anew', async () => {
    await using world = await start(kind, { table: small, linkLastsMs: 0 });
    const { selzy } = world;
    const id = await world.request();
    expect(await world.met(id, 'NOT_FOUND')).toMatchObject({
      status: 'RUNNING',
      problem: { providerCode: '403' },
    });
    selzy.quirks.linkLastsMs = Number.POSITIVE_INFINITY;
    expect(await world.met(id, null)).toMatchObject({ status: 'COMPLETED', report: { rowCount: 3 } });
    const [expired, fresh, ...more] = fetched(selzy);
    expect([expired?.status, fresh?.status, more]).toEqual([403, 200, []]);
    expect(fresh?.signature).not.toBe(expired?.signature);
  });

  test('is made once, also of a file that can be had once alone', async () => {
    await using world = await start(kind, { table: small, linkFetches: 1, redirect: 'path' });
    const id = await world.request();
    expect(await world.met(id, null)).toMatchObject({ status: 'COMPLETED', report: { rowCount: 3 } });
    expect(fetched(world.selzy).map(({ status }) => status)).toEqual([302, 200]);
  });
});

describe.concurrent('a file', () => {
  test.each(['html', 'empty'] as const)(
    'that is %s fails the task, and the report before stays',
    async (body) => {
      await using world = await start('sqlite', { table: small });
      const first = await world.request();
      await world.met(first, null);
      world.selzy.quirks.body = body;
      const second = await world.request();
      expect(await world.met(second, null)).toMatchObject({
        status: 'FAILED',
        problem: {
          code: 'PROVIDER_BAD_RESPONSE',
          message: expect.stringMatching(/not that of a delivery report/),
        },
        report: null,
      });
      expect(await world.recipients(first)).toHaveLength(3);
      expect(fetched(world.selzy)).toHaveLength(2);
    },
  );

  test('may be packed, marked, delimited and ended as it likes; bad lines are counted', async () => {
    const rows = [
      ['a@example.com', 'ok_read', 'Harbour Street 7; "North"'],
      ['b@example.com', 'not_sent', ''],
      ['ç@example.com', 'err_meteorite', 'Bergen'],
      ['', 'ok_read', 'without a recipient'],
    ];
    await using world = await start('sqlite', {
      table: tableOf(rows, ['field_7']),
      delimiter: ';',
      byteOrderMark: true,
      lineEnd: '\r\n',
      gzip: 'file',
      brokenLines: ['openQuote', 'strayQuote', 'fewCells'],
    });
    const id = await world.request({ fieldIds: [7] });
    const { report } = await world.met(id, null);
    expect(report).toMatchObject({ rowCount: 3, badLines: 4 });
    expect(report.rows.nodes).toEqual(
      rows.slice(0, 3).map(([recipient, providerResult, field]) => ({
        recipient,
        providerResult,
        fields: { 7: field },
      })),
    );
  });

  test('of a header alone is a report on nobody', async () => {
    await using world = await start('sqlite', { table: tableOf([]) });
    const id = await world.request();
    expect(await world.met(id, null)).toMatchObject({
      status: 'COMPLETED',
      report: { rowCount: 0, badLines: 0 },
    });
  });

  test.each(databaseKinds)(
    'with a recipient that no database can order by (%s) has the others read',
    async (kind) => {
      // Nothing in it repeats, so that nothing packs it.
      const endless = Array.from({ length: 9_000 }, (_, place) => (place * 7_919).toString(36)).join('');
      const rows = [
        ['a@example.com', 'ok_read'],
        [`${endless}@example.com`, 'ok_read'],
        ['z@example.com', 'not_sent'],
      ];
      await using world = await start(kind, { table: tableOf(rows) });
      const id = await world.request();
      await until(() => fetched(world.selzy).length > 0);
      expect(await world.met(id, null)).toMatchObject({ status: 'COMPLETED' });
      expect(await world.recipients(id)).toEqual(expect.arrayContaining(['a@example.com', 'z@example.com']));
    },
  );
});
