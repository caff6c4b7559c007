import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type SelzyQuirks, type SimulatedSelzy, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const mutation = `mutation ($input: RequestDeliveryReportInput!) {
  requestDeliveryReport(input: $input) {
    task { id kind status providerStatus createdAt completedAt fileUrl problem { code } report { rowCount } }
    errors { code message path }
  }
}`;
const taskQuery = `query ($id: ID!) { task(id: $id) {
  id status providerStatus createdAt updatedAt completedAt fileUrl problem { code message }
  account { name } campaign { id }
  report { rowCount badLines byOutcome { outcome count } rows(first: 500) {
    totalCount nodes { recipient outcome providerResult updatedAt fields }
  } }
} }`;

const campaign = 'campaign:selzy-main:1';
const counters = {
  recipients: 200,
  sent: 190,
  delivered: 150,
  opened: 60,
  clicked: 20,
  unsubscribed: 4,
  complained: 2,
  failed: 3,
  hardBounced: 10,
  softBounced: 5,
};

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

interface Settings {
  readonly webhooks: boolean;
  readonly taskSeconds: number;
  readonly quirks?: Partial<SelzyQuirks>;
}

/** The app over a Selzy with a campaign that has been sent. */
async function start(kind: DatabaseKind, { webhooks, taskSeconds, quirks = {} }: Settings) {
  await using stack = new AsyncDisposableStack();
  const simulator = stack.use(
    await startSimulator({ campaigns: 0, selzyTaskSeconds: taskSeconds, selzyQuirks: quirks }),
  );
  const { selzy } = simulator.providers;
  const startedAt = Date.now() - 3_600_000;
  selzy.add({ externalId: '1', status: 'completed', startedAt, finishedAt: startedAt + 60_000, counters });
  const port = webhooks ? await freePort() : 0;
  const app = stack.use(
    await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'selzy', { reportHosts: ['127.0.0.1'] })],
      polling: { fastest: 600, slowest: 3_600 },
      server: { port, ...(webhooks && { publicUrl: `http://127.0.0.1:${port}` }) },
    }),
  );
  const kept = stack.move();
  return { app, selzy, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function request(app: TestApp, more: object = {}) {
  const { data, errors } = await app.request(mutation, { input: { campaignId: campaign, ...more } });
  expect(errors).toBeUndefined();
  expect(data.requestDeliveryReport.errors).toEqual([]);
  return data.requestDeliveryReport.task;
}

/** A task as it is once it is over. */
async function ended(app: TestApp, id: string) {
  return until(async () => {
    const { data, errors } = await app.request(taskQuery, { id });
    expect(errors).toBeUndefined();
    return data.task.completedAt === null ? null : data.task;
  }, 15_000);
}

/** The lines of the simulated file: a recipient, a word and perhaps a time. */
async function linesOf(link: string): Promise<readonly (readonly string[])[]> {
  const [, ...lines] = (await (await fetch(link)).text()).trimEnd().split('\n');
  return lines.map((line) => line.split(',').map((cell) => cell.replaceAll('"', '')));
}

function looks({ requests }: SimulatedSelzy) {
  return requests.filter(({ operation }) => operation === 'async/getTaskResult');
}

describe.concurrent.each(databaseKinds)('a report on %s, from the request to its rows', (kind) => {
  test('by asking alone', async () => {
    await using world = await start(kind, { webhooks: false, taskSeconds: 2.5 });
    const { app, selzy } = world;
    const asked = await request(app);
    expect(asked).toMatchObject({
      id: expect.stringMatching(/^task:selzy-main:[\da-f-]{36}$/),
      kind: 'DELIVERY_REPORT',
      status: 'QUEUED',
      providerStatus: 'new',
      completedAt: null,
      fileUrl: null,
      problem: null,
      report: null,
    });
    const { parameters, at } =
      selzy.requests.find(({ operation }) => operation.endsWith('DeliveryStats')) ?? {};
    expect(Object.keys(parameters ?? {}).toSorted()).toEqual(['api_key', 'campaign_id', 'format']);

    const task = await ended(app, asked.id);
    expect(task).toMatchObject({
      id: asked.id,
      status: 'COMPLETED',
      providerStatus: 'completed',
      createdAt: asked.createdAt,
      problem: null,
      account: { name: 'selzy-main' },
      campaign: { id: campaign },
    });
    expect(Date.parse(task.completedAt)).toBeGreaterThan(Date.parse(task.createdAt));
    expect(task.updatedAt >= task.completedAt).toBe(true);
    // After 2 s, and then ever more rarely; timers and clocks are not exact to the millisecond.
    const times = [at ?? 0, ...looks(selzy).map((look) => look.at)];
    expect(times).toHaveLength(3);
    const waits = times.slice(1).map((time, place) => time - (times[place] ?? 0));
    expect(waits[0]).toBeGreaterThan(1_950);
    expect(waits[1]).toBeGreaterThan(2_950);

    const lines = await linesOf(task.fileUrl);
    const { report } = task;
    expect(lines).toHaveLength(200);
    expect(report).toMatchObject({ rowCount: 200, badLines: 0, rows: { totalCount: 200 } });
    const told = report.rows.nodes.map((row: Record<string, string>) => [
      row.recipient,
      row.providerResult,
      row.updatedAt?.slice(0, 19).replace('T', ' '),
    ]);
    expect(told).toEqual(lines.toSorted(([one = ''], [other = '']) => (one < other ? -1 : 1)));
    const tally: Record<string, number> = {};
    for (const { outcome } of report.rows.nodes) tally[outcome] = (tally[outcome] ?? 0) + 1;
    expect(tally).toMatchObject({ OPENED: 40, CLICKED: 20, UNSUBSCRIBED: 4, COMPLAINED: 2, DELIVERED: 84 });
    expect(Object.fromEntries(report.byOutcome.map((one: never) => Object.values(one)))).toEqual(tally);
  });

  test('by a notification, which ends the wait at once', async () => {
    await using world = await start(kind, { webhooks: true, taskSeconds: 2.6 });
    const { app, selzy } = world;
    const asked = await request(app);
    const { parameters } = selzy.requests.find(({ operation }) => operation.endsWith('DeliveryStats')) ?? {};
    const address = new RegExp(`^${app.url}/webhooks/selzy-main/[\\w-]{32,}$`);
    expect(parameters?.notify_url).toMatch(address);
    const task = await ended(app, asked.id);
    expect(task).toMatchObject({ status: 'COMPLETED', report: { rowCount: 200 } });
    // Nobody would have looked before 5 s.
    expect(Date.parse(task.completedAt) - Date.parse(task.createdAt)).toBeLessThan(4_900);
    expect(looks(selzy)).toHaveLength(2);
  });

  test('whose notification never comes', async () => {
    await using world = await start(kind, {
      webhooks: true,
      taskSeconds: 0.1,
      quirks: { notification: 'never' },
    });
    const { app, selzy } = world;
    const task = await ended(app, (await request(app)).id);
    expect(task).toMatchObject({ status: 'COMPLETED', report: { rowCount: 200 } });
    expect(looks(selzy)).toHaveLength(1);
  });
});

describe.concurrent('a task that comes to nothing', () => {
  test.each<[string, Partial<SelzyQuirks>, object]>([
    [
      'is forgotten by the provider',
      { forgotten: true },
      { providerStatus: 'new', problem: { code: 'NOT_FOUND', message: expect.stringMatching(/not found/i) } },
    ],
    [
      'fails there',
      { endStatus: 'error' },
      {
        providerStatus: 'error',
        problem: { code: 'PROVIDER_REJECTED', message: expect.stringMatching('"error"') },
      },
    ],
    [
      'ends without a file',
      { withoutFile: true },
      {
        providerStatus: 'completed',
        problem: { code: 'PROVIDER_REJECTED', message: expect.stringMatching(/no file/) },
      },
    ],
  ])('as it %s, says so once that was said three times', async (_what, quirks, expected) => {
    await using world = await start('sqlite', { webhooks: false, taskSeconds: 0.1, quirks });
    const { app, selzy } = world;
    const { id } = await request(app);
    await until(() => looks(selzy).length === 2, 15_000);
    const { data } = await app.request(taskQuery, { id });
    expect(data.task).toMatchObject({ completedAt: null, report: null });
    expect(await ended(app, id)).toMatchObject({
      status: 'FAILED',
      report: null,
      fileUrl: null,
      ...expected,
    });
    expect(looks(selzy)).toHaveLength(3);
    expect(selzy.downloads).toEqual([]);
  });
});

test.concurrent('a provider that is away for a while is told with the task, which goes on', async () => {
  await using world = await start('sqlite', { webhooks: false, taskSeconds: 0.1 });
  const { app, selzy } = world;
  selzy.fault({ kind: 'status', status: 503 }, { operation: 'async/getTaskResult', times: 1 });
  const { id } = await request(app);
  const troubled = await until(async () => {
    const { task } = (await app.request(taskQuery, { id })).data;
    return task.problem === null ? null : task;
  });
  expect(troubled).toMatchObject({
    status: 'QUEUED',
    providerStatus: 'new',
    completedAt: null,
    problem: { code: 'PROVIDER_UNAVAILABLE' },
  });
  expect(await ended(app, id)).toMatchObject({
    status: 'COMPLETED',
    problem: null,
    report: { rowCount: 200 },
  });
});
