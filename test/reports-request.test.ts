import { describe, expect, test } from 'vitest';
import { type Fault, type NewCampaign, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { startSampleServer } from './support/sample-server.ts';
import { overSse } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const mutation = `mutation ($input: RequestDeliveryReportInput!) {
  requestDeliveryReport(input: $input) {
    task { id status campaign { id } }
    errors { code message path providerCode }
  }
}`;
const campaignId = 'campaign:selzy-main:1';
const operation = 'async/getCampaignDeliveryStats';

async function start(campaign: NewCampaign = { status: 'completed' }, server: object = {}) {
  await using stack = new AsyncDisposableStack();
  // Its tasks outlast the tests.
  const simulator = stack.use(await startSimulator({ campaigns: 0, selzyTaskSeconds: 600 }));
  const { selzy } = simulator.providers;
  selzy.add({ externalId: '1', ...campaign });
  const options = {
    accounts: providerNames.map((name) => accountAt(simulator, name, { timeoutSeconds: 1.5 })),
    polling: { fastest: 600, slowest: 3_600 },
    server,
  };
  const kept = stack.move();
  return {
    simulator,
    selzy,
    /** The app; several on one database are as one that was started again. */
    open: (database = 'sqlite::memory:') => startTestApp({ ...options, database }),
    asked: () => selzy.requests.filter((request) => request.operation === operation),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function request(app: TestApp, more: object = {}) {
  const { data, errors } = await app.request(mutation, { input: { campaignId, ...more } });
  expect(errors).toBeUndefined();
  return data.requestDeliveryReport;
}

function refusal(code: string, path: readonly string[] | null = null) {
  return { task: null, errors: [{ code, path, message: expect.any(String), providerCode: null }] };
}

async function taskCount(app: TestApp): Promise<number> {
  return (await app.request('{ tasks { totalCount } }')).data.tasks.totalCount;
}

describe('a report', () => {
  test('that a provider does not offer is refused without asking it', async () => {
    await using world = await start();
    await using app = await world.open();
    for (const name of ['bsg', 'octeth', 'appizer'] as const) {
      const { requests } = world.simulator.providers[name];
      const before = requests.length;
      const payload = await request(app, { campaignId: `campaign:${name}-main:1` });
      expect([name, payload]).toEqual([name, refusal('NOT_SUPPORTED', ['campaignId'])]);
      expect(requests.slice(before).filter(({ externalId }) => externalId !== null)).toEqual([]);
    }
  });

  test.each([...['waits_censor', 'censor_hold', 'declined', 'waits_schedule', 'scheduled']])(
    'on a campaign whose sending has not begun (%s) is refused',
    async (status) => {
      await using world = await start({ status });
      await using app = await world.open();
      expect(await request(app)).toEqual(refusal('INVALID_STATE', ['campaignId']));
      expect(world.asked()).toEqual([]);
      expect(await taskCount(app)).toBe(0);
    },
  );

  test.each(['in_progress', 'stopped', 'analysed', 'completed', 'canceled', 'purring'])(
    'on one that is %s is begun',
    async (status) => {
      await using world = await start({ status });
      await using app = await world.open();
      const { task, errors } = await request(app);
      expect(errors).toEqual([]);
      expect(task).toMatchObject({ status: 'QUEUED', campaign: { id: campaignId } });
    },
  );

  test.each([
    ['NOT_FOUND', 'campaign:selzy-main:999'],
    ['NOT_FOUND', 'campaign:selzy-main:camp_1'],
    ['NOT_FOUND', 'campaign:nobody:1'],
    ['BAD_INPUT', 'selzy-main:1'],
    ['BAD_INPUT', 'task:selzy-main:1'],
    ['BAD_INPUT', ''],
  ])('%s on %j', async (code, id) => {
    await using world = await start();
    await using app = await world.open();
    expect(await request(app, { campaignId: id })).toEqual(refusal(code, ['campaignId']));
    expect(world.asked()).toEqual([]);
  });

  test('on a campaign that the provider no longer has is refused', async () => {
    await using world = await start();
    await using app = await world.open();
    await app.request(`{ campaign(id: "${campaignId}") { id } }`);
    world.selzy.remove('1');
    await app.request(`mutation { refreshCampaign(id: "${campaignId}") { errors { code } } }`);
    expect(await request(app)).toEqual(refusal('NOT_FOUND', ['campaignId']));
  });

  test.each<[string, Fault, string | null]>([
    ['PROVIDER_UNAUTHENTICATED', { kind: 'unauthorized' }, 'invalid_api_key'],
    ['PROVIDER_FORBIDDEN', { kind: 'error', code: 'access_denied' }, 'access_denied'],
    ['PROVIDER_RATE_LIMITED', { kind: 'rateLimited' }, 'api_call_limit_exceeded_for_api_key'],
    ['PROVIDER_BAD_RESPONSE', { kind: 'garbage' }, null],
    ['PROVIDER_REJECTED', { kind: 'error', code: 'not_enough_money' }, 'not_enough_money'],
    ['BAD_INPUT', { kind: 'error', code: 'invalid_arg', message: 'invalid arg field_ids' }, 'invalid_arg'],
    ['PROVIDER_UNAVAILABLE', { kind: 'status', status: 503 }, 'unspecified'],
  ])('that the provider refuses tells why (%s), and is no task', async (code, fault, providerCode) => {
    await using world = await start();
    await using app = await world.open();
    world.selzy.fault(fault, { operation });
    const { task, errors } = await request(app, { fieldIds: [1] });
    expect([task, errors]).toMatchObject([null, [{ code, providerCode }]]);
    expect(await taskCount(app)).toBe(0);
    expect(world.asked()).toHaveLength(1);
  });

  test.each<Fault>([{ kind: 'dropAnswer' }, { kind: 'hangAnswer' }, { kind: 'dropMidBody' }])(
    'whose answer is lost ($kind) is no task, and is not asked for once more',
    async (fault) => {
      await using world = await start();
      await using app = await world.open();
      world.selzy.fault(fault, { operation });
      const lost = await request(app, { idempotencyKey: 'k1' });
      expect(lost).toEqual(refusal('PROVIDER_UNAVAILABLE'));
      world.selzy.clearFaults();
      expect(await request(app, { idempotencyKey: 'k1' })).toEqual(lost);
      expect(await taskCount(app)).toBe(0);
      expect(world.asked()).toHaveLength(1);
      expect((await request(app, { idempotencyKey: 'k2' })).errors).toEqual([]);
    },
  );
});

test('a task that the provider names once more is the same one, and does not begin anew', async () => {
  await using selzy = await startSampleServer(({ url }) => {
    if (url.endsWith('getCampaignStatus')) return { body: { result: { status: 'completed' } } };
    const status = url.endsWith('getTaskResult') ? 'processing' : 'new';
    return { body: { result: { task_uuid: 'u1', status } } };
  });
  const account = { name: 'selzy-main', provider: 'selzy', apiKey: 'key-1', baseUrl: selzy.url };
  await using app = await startTestApp({
    accounts: [account],
    polling: { fastest: 600, slowest: 3_600 },
    server: { publicUrl: 'http://127.0.0.1:1' },
  });
  using told = overSse(app.url, 'subscription { taskUpdated { status } }');
  await until(async () => /^campaign_graph_subscribers 1$/m.test(await metrics(app)));
  const first = await request(app);
  const address = /notify_url=([^&]+)/.exec(selzy.received.at(-1)?.body ?? '')?.[1] ?? '';
  await fetch(`${app.url}${new URL(decodeURIComponent(address)).pathname}`, { method: 'POST' });
  await until(() => told.events.at(-1)?.status === 'RUNNING');
  const second = await request(app);
  expect(second).toMatchObject({ task: { id: first.task.id, status: 'RUNNING' }, errors: [] });
  expect(await taskCount(app)).toBe(1);
  await until(() => selzy.received.filter(({ url }) => url.endsWith('getTaskResult')).length === 2);
  expect(told.events.map(({ status }) => status)).toEqual(['QUEUED', 'RUNNING']);
});

function metrics(app: TestApp): Promise<string> {
  return fetch(`${app.url}/metrics`).then((response) => response.text());
}

describe('an address to notify', () => {
  test.each([
    ['https://campaigns.example.com', 'https://campaigns.example.com'],
    ['https://campaigns.example.com/base/', 'https://campaigns.example.com/base'],
  ])('at %s is made for each task', async (publicUrl, base) => {
    await using world = await start(undefined, { publicUrl });
    await using app = await world.open();
    for (let time = 0; time < 3; time += 1) await request(app);
    const told = world.asked().map(({ parameters }) => parameters.notify_url ?? '');
    expect(new Set(told).size).toBe(3);
    for (const address of told) {
      expect(address.slice(0, -32)).toBe(`${base}/webhooks/selzy-main/`);
      // 24 random bytes.
      expect(address.slice(-32)).toMatch(/^[\w-]{32}$/);
    }
  });

  test('is not told where there is none', async () => {
    await using world = await start();
    await using app = await world.open();
    await request(app);
    expect(world.asked()[0]?.parameters).not.toHaveProperty('notify_url');
  });
});

describe.each(databaseKinds)('with an idempotency key on %s', (kind) => {
  const input = { idempotencyKey: 'k1', changedSince: '2024-02-06T03:00:10Z', fieldIds: [1, 2] };

  test('it is asked for once, also at the same moment, and after a restart', async () => {
    await using world = await start();
    const database = await createDatabase(kind);
    const first = await world.open(database);
    const payloads = await Promise.all(Array.from({ length: 5 }, () => request(first, input)));
    const [one] = payloads;
    expect(one.errors).toEqual([]);
    expect(payloads).toEqual(payloads.map(() => one));
    await first.stop();
    await using again = await world.open(database);
    // The same moment, told in another zone.
    const same = { fieldIds: [1, 2], changedSince: '2024-02-06T04:00:10+01:00', idempotencyKey: 'k1' };
    expect(await request(again, same)).toEqual(one);
    expect(world.asked()).toHaveLength(1);
    expect(await taskCount(again)).toBe(1);
    expect((await request(again, { ...input, idempotencyKey: 'k2' })).task.id).not.toBe(one.task.id);
    expect((await request(again)).task.id).not.toBe(one.task.id);
  });

  test('another report is another request, which needs another key', async () => {
    await using world = await start();
    world.selzy.add({ externalId: '2', status: 'completed' });
    await using app = await world.open(await createDatabase(kind));
    await request(app, input);
    for (const other of [
      { campaignId: 'campaign:selzy-main:2' },
      { changedSince: null },
      { changedSince: '2024-02-06T03:00:11Z' },
      { fieldIds: [2, 1] },
      { fieldIds: [] },
    ]) {
      const payload = await request(app, { ...input, ...other });
      expect([other, payload]).toEqual([other, refusal('CONFLICT', ['idempotencyKey'])]);
    }
    expect(world.asked()).toHaveLength(1);
  });
});
