import { once } from 'node:events';
import { request as send } from 'node:http';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type SelzyQuirks, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { startSampleServer } from './support/sample-server.ts';
import { until } from './support/wait.ts';

const taskQuery = `query ($id: ID!) { task(id: $id) {
  status providerStatus updatedAt completedAt fileUrl problem { code } report { rowCount }
} }`;
const many = 20;

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** The app over two accounts at a Selzy, whose tasks end when `finish` is called if they take longer than a test. */
async function start(
  taskSeconds: number,
  selzyQuirks: Partial<SelzyQuirks> = { notification: 'never' },
  more: object = {},
) {
  await using stack = new AsyncDisposableStack();
  let skippedMs = 0;
  const simulator = stack.use(
    await startSimulator({
      campaigns: 0,
      selzyTaskSeconds: taskSeconds,
      selzyQuirks,
      now: () => Date.now() + skippedMs,
    }),
  );
  const { selzy } = simulator.providers;
  selzy.add({ externalId: '1', status: 'completed', counters: { recipients: 9, sent: 9, delivered: 9 } });
  const port = await freePort();
  const app = stack.use(
    await startTestApp({
      accounts: ['selzy-main', 'selzy-other'].map((name) =>
        accountAt(simulator, 'selzy', { name, reportHosts: ['127.0.0.1'] }),
      ),
      polling: { fastest: 600, slowest: 3_600 },
      server: { port, publicUrl: `http://127.0.0.1:${port}` },
      ...more,
    }),
  );
  const kept = stack.move();
  return {
    app,
    selzy,
    finish() {
      skippedMs += 3_600_000;
    },
    /** Asks for a report; `looks` are the questions after it since then. */
    async request() {
      const id = 'campaign:selzy-main:1';
      const query = `mutation ($id: ID!) { requestDeliveryReport(input: { campaignId: $id }) { task { id } errors { code } } }`;
      const { data } = await app.request(query, { id });
      expect(data.requestDeliveryReport.errors).toEqual([]);
      const taskId = String(data.requestDeliveryReport.task.id);
      const uuid = taskId.split(':').at(-1);
      const asked = selzy.requests.findLast(({ operation }) => operation.endsWith('DeliveryStats'));
      return {
        at: asked?.at ?? 0,
        address: asked?.parameters.notify_url ?? '',
        looks: () => selzy.requests.filter(({ parameters }) => parameters.task_uuid === uuid),
        task: async () => (await app.request(taskQuery, { id: taskId })).data.task,
      };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function post(address: string, body: unknown = {}): Promise<number> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.status;
}

function postMany(address: string): Promise<readonly number[]> {
  return Promise.all(Array.from({ length: many }, () => post(address)));
}

const allHeard = Array.from({ length: many }, () => 200);

describe.concurrent('a notification', () => {
  test('has the provider asked at once, and however many come, they gain one question', async () => {
    await using world = await start(600);
    const { address, looks } = await world.request();
    expect(await postMany(address)).toEqual(allHeard);
    await until(() => looks().length === 1);
    expect(await postMany(address)).toEqual(allHeard);
    // The next question comes by itself, and after it one may be gained again.
    await until(() => looks().length === 2);
    expect(await postMany(address)).toEqual(allHeard);
    await until(() => looks().length === 3);
    await postMany(address);
    const [first, second, third] = looks().map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(2_950);
    expect((third ?? 0) - (second ?? 0)).toBeLessThan(4_000);
    await until(() => looks().length === 4);
    expect((looks()[3]?.at ?? 0) - (third ?? 0)).toBeGreaterThan(4_500);
  });

  test('that is forged changes nothing: what it says is not believed, and its link is left alone', async () => {
    await using world = await start(600);
    await using trap = await startSampleServer(() => ({
      body: 'email,send_result\na@example.com,ok_read\n',
    }));
    const { address, looks, task } = await world.request();
    const uuid = '6f1c77d2-4ed9-11e9-8647-d663bd873d93';
    const told = { task_uuid: uuid, status: 'completed', file_to_download: `${trap.url}/report.csv` };
    for (const body of [{ result: told }, { result: { ...told, status: 'error' } }, [], null]) {
      expect(await post(address, body)).toBe(200);
    }
    await until(async () => (await task()).status === 'RUNNING');
    expect(await task()).toMatchObject({ providerStatus: 'processing', fileUrl: null, problem: null });
    expect([looks().length, trap.received, world.selzy.downloads]).toEqual([1, [], []]);
  });

  test('that belongs to no task is looked up only so often, and one that is waited for is heard all the same', async () => {
    const limits = { failedSignInsPerMinute: 5 };
    await using world = await start(600, { notification: 'never' }, { limits });
    const done = await world.request();
    world.finish();
    await post(done.address);
    await until(async () => (await done.task()).completedAt !== null);
    // It is known, and so not counted.
    for (const _round of Array.from({ length: 6 })) expect(await post(done.address)).toBe(200);

    const guesses = `${world.app.url}/webhooks/selzy-main/a-guess`;
    expect((await postMany(guesses)).toSorted()).toEqual([
      ...Array.from({ length: 5 }, () => 404),
      ...Array.from({ length: many - 5 }, () => 429),
    ]);
    const refused = await fetch(guesses, { method: 'POST' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(await refused.json()).toMatchObject({
      errors: [{ message: expect.stringContaining('limits.failedSignInsPerMinute') }],
    });

    const waiting = await world.request();
    expect(await postMany(waiting.address)).toEqual(allHeard);
    await until(() => waiting.looks().length === 1);
    expect((waiting.looks()[0]?.at ?? 0) - waiting.at).toBeLessThan(1_900);
  });

  test('that belongs to no task, or comes in another way, has nobody asked', async () => {
    await using world = await start(600);
    const { address, looks, at, task } = await world.request();
    const secret = address.split('/').at(-1) ?? '';
    const { url } = world.app;
    const unknown = [
      `${url}/webhooks/selzy-other/${secret}`,
      `${url}/webhooks/selzy-main/${secret.slice(0, -1)}`,
      `${url}/webhooks/selzy-main/${secret}x`,
      `${url}/webhooks/selzy-main/${secret.toUpperCase()}`,
      `${url}/webhooks/nobody/${secret}`,
      `${url}/webhooks/selzy-main/`,
      `${url}/webhooks/${secret}`,
      `${url}/webhooks/selzy-main/${'a'.repeat(5_000)}`,
      `${url}/webhooks/selzy-main/%00`,
      `${address}/`,
    ];
    for (const wrong of unknown) expect([wrong, await post(wrong)]).toEqual([wrong, 404]);
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      expect([method, (await fetch(address, { method })).status]).toEqual([method, 405]);
    }
    const before = await task();
    await until(() => looks().length === 1);
    expect((looks()[0]?.at ?? 0) - at).toBeGreaterThan(1_950);
    expect(before).toMatchObject({ status: 'QUEUED' });
  });

  test('is answered before its body has come, however large that is to be', async () => {
    await using world = await start(600);
    const { address, looks } = await world.request();
    for (const [url, status] of [
      [address, 200],
      [`${world.app.url}/webhooks/selzy-main/unknown`, 404],
    ] as const) {
      const posting = send(url, { method: 'POST', headers: { 'content-length': String(1e12) } });
      posting.on('error', () => {});
      posting.write('{"result":');
      const [response] = await once(posting, 'response');
      expect(response.statusCode).toBe(status);
      posting.destroy();
    }
    await until(() => looks().length === 1);
  });

  test('after the end costs nothing', async () => {
    await using world = await start(600);
    const done = await world.request();
    world.finish();
    expect(await post(done.address)).toBe(200);
    await until(async () => (await done.task()).completedAt !== null);
    const end = await done.task();
    expect(end).toMatchObject({ status: 'COMPLETED', report: { rowCount: 9 } });
    expect(await postMany(done.address)).toEqual(allHeard);
    // Another one's is heard after them.
    const next = await world.request();
    await post(next.address);
    await until(() => next.looks().length === 1);
    expect(done.looks()).toHaveLength(1);
    expect(await done.task()).toEqual(end);
  });
});

describe.concurrent('a provider whose notifications', () => {
  test.each<[string, Partial<SelzyQuirks>, number]>([
    ['come twice', { notification: 'twice' }, 1],
    ['come late', { notification: 'late', lateMs: 2_500 }, 1],
    ['are forged', { notification: 'forged' }, 2],
    ['are forged, and then come', { notification: 'forgedThenTrue' }, 3],
  ])('%s has its report fetched all the same, once', async (_what, quirks, mostLooks) => {
    await using trap = await startSampleServer(() => ({ body: 'email,send_result\n' }));
    await using world = await start(0.8, { ...quirks, forgedLink: `${trap.url}/forged.csv` });
    const { looks, task } = await world.request();
    await until(async () => (await task()).completedAt !== null);
    expect(await task()).toMatchObject({ status: 'COMPLETED', report: { rowCount: 9 } });
    expect(looks().length).toBeLessThanOrEqual(mostLooks);
    expect([trap.received.length, world.selzy.downloads.length]).toEqual([0, 1]);
  });
});
