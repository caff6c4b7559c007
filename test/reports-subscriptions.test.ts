import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, type DatabaseKind } from './support/databases.ts';
import { overSse, overWebSocket, type Subscribed } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const subscription = `subscription ($ids: [ID!], $campaignId: ID) {
  taskUpdated(ids: $ids, campaignId: $campaignId) {
    id status providerStatus updatedAt completedAt campaign { id } problem { code } report { rowCount }
  }
}`;

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** The app over two accounts at a Selzy that notifies nobody by itself: `notify` does that in its place. */
async function start(kind: DatabaseKind, taskSeconds: number) {
  await using stack = new AsyncDisposableStack();
  const simulator = stack.use(
    await startSimulator({
      campaigns: 0,
      selzyTaskSeconds: taskSeconds,
      selzyQuirks: { notification: 'never' },
    }),
  );
  const { selzy } = simulator.providers;
  for (const externalId of ['1', '2']) {
    selzy.add({ externalId, status: 'completed', counters: { recipients: 5, sent: 5, delivered: 5 } });
  }
  const port = await freePort();
  const app = stack.use(
    await startTestApp({
      database: await createDatabase(kind),
      accounts: ['selzy-main', 'selzy-other'].map((name) =>
        accountAt(simulator, 'selzy', { name, reportHosts: ['127.0.0.1'] }),
      ),
      polling: { fastest: 600, slowest: 3_600 },
      server: { port, publicUrl: `http://127.0.0.1:${port}` },
    }),
  );
  const kept = stack.move();
  return {
    app,
    selzy,
    /** Asks for a report, and gives the task's id and the address of its notification. */
    async request(account: string, externalId: string) {
      const { data } = await app.request(
        `mutation ($id: ID!) { requestDeliveryReport(input: { campaignId: $id }) { task { id } errors { code } } }`,
        { id: `campaign:${account}:${externalId}` },
      );
      expect(data.requestDeliveryReport.errors).toEqual([]);
      const asked = selzy.requests.findLast(({ operation }) => operation.endsWith('DeliveryStats'));
      const address = asked?.parameters.notify_url ?? '';
      const notify = () => fetch(address, { method: 'POST', body: '{}' });
      return { id: String(data.requestDeliveryReport.task.id), notify };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Waits until so many subscriptions are open. */
async function opened(app: TestApp, count: number): Promise<void> {
  const line = new RegExp(`^campaign_graph_subscribers ${count}$`, 'm');
  await until(async () => line.test(await (await fetch(`${app.url}/metrics`)).text()));
}

/** The states that were told of each task, without those that repeat the one before. */
function told({ events }: Subscribed): Readonly<Record<string, readonly string[]>> {
  const states: Record<string, string[]> = {};
  for (const { id, status } of events) {
    states[id] ??= [];
    if (states[id].at(-1) !== status) states[id].push(status);
  }
  return states;
}

async function isTold(subscribed: Subscribed, id: string, status: string): Promise<void> {
  await until(
    () =>
      subscribed.errors.length > 0 ||
      subscribed.events.some((event) => event.id === id && event.status === status),
  );
  expect(subscribed.errors).toEqual([]);
}

const wholeLife = ['QUEUED', 'RUNNING', 'COMPLETED'];

describe.concurrent.each([
  ['WebSocket', overWebSocket, 'sqlite'],
  ['SSE', overSse, 'postgres'],
] as const)('over %s', (_name, subscribe, kind) => {
  test('a named task is told as it is, and each time it has come further', async () => {
    await using world = await start(kind, 1);
    const { app } = world;
    const { id, notify } = await world.request('selzy-main', '1');
    using named = subscribe(app.url, subscription, { ids: [id] });
    await named.atLeast(1);
    const campaign = { id: 'campaign:selzy-main:1' };
    expect(named.events).toEqual([
      {
        id,
        status: 'QUEUED',
        providerStatus: 'new',
        updatedAt: expect.any(String),
        completedAt: null,
        campaign,
        problem: null,
        report: null,
      },
    ]);
    await notify();
    await named.atLeast(2);
    expect(named.events[1]).toMatchObject({ id, status: 'RUNNING', providerStatus: 'processing' });
    await isTold(named, id, 'COMPLETED');
    expect(told(named)).toEqual({ [id]: wholeLife });
    const last = named.events.at(-1);
    expect(last).toMatchObject({ status: 'COMPLETED', campaign, report: { rowCount: 5 } });
    expect(last.completedAt).not.toBeNull();
    const times = named.events.map(({ updatedAt }) => updatedAt);
    expect(times).toEqual(times.toSorted());

    // Whoever comes now is told how it ended, and no more.
    using late = subscribe(app.url, subscription, { ids: [id, id] });
    await late.atLeast(1);
    await opened(app, 2);
    expect(late.events).toEqual([last]);
  });

  test('those of a campaign, all, and those of an account that is named', async () => {
    await using world = await start(kind, 0.1);
    const { app } = world;
    const early = await world.request('selzy-main', '1');
    using ofCampaign = subscribe(app.url, subscription, { campaignId: 'campaign:selzy-main:1' });
    using all = subscribe(app.url, subscription);
    using ofOther = subscribe(app.url, subscription, { ids: [], campaignId: 'campaign:selzy-main:1' });
    using both = subscribe(app.url, subscription, {
      ids: [early.id],
      campaignId: 'campaign:selzy-other:1',
    });
    await opened(app, 4);
    const one = await world.request('selzy-main', '1');
    const two = await world.request('selzy-main', '2');
    const three = await world.request('selzy-other', '1');
    for (const task of [early, one, two, three]) await task.notify();
    for (const task of [early, one, two, three]) await isTold(all, task.id, 'COMPLETED');
    await isTold(ofCampaign, one.id, 'COMPLETED');
    await isTold(ofCampaign, early.id, 'COMPLETED');
    // Its first state was past when they came.
    expect(told(ofCampaign)[early.id]).not.toContain('QUEUED');
    expect(Object.keys(told(ofCampaign)).toSorted()).toEqual([early.id, one.id].toSorted());
    expect(Object.keys(told(all)).toSorted()).toEqual(
      [early, one, two, three].map(({ id }) => id).toSorted(),
    );
    for (const { id } of [one, two, three]) expect(told(all)[id]?.at(0)).toBe('QUEUED');
    expect([ofOther.events, both.events]).toEqual([[], []]);
    for (const { errors } of [ofCampaign, all, ofOther, both]) expect(errors).toEqual([]);
  });

  test('ids that name nothing are told nothing, and those that are none are refused', async () => {
    await using world = await start(kind, 60);
    const { app } = world;
    using nothing = subscribe(app.url, subscription, {
      ids: ['task:selzy-main:6f1c', 'task:nobody:6f1c'],
    });
    await opened(app, 1);
    for (const variables of [
      { ids: ['selzy-main:6f1c'] },
      { ids: ['campaign:selzy-main:1'] },
      { ids: [''] },
      { campaignId: 'task:selzy-main:6f1c' },
    ]) {
      using refused = subscribe(app.url, subscription, variables);
      await until(() => refused.ended);
      expect([variables, refused.errors]).toMatchObject([variables, [{ extensions: { code: 'BAD_INPUT' } }]]);
    }
    expect([nothing.events, nothing.errors]).toEqual([[], []]);
  });

  test('an empty campaignId is none, rather than all', async () => {
    await using world = await start(kind, 60);
    using refused = subscribe(world.app.url, subscription, { campaignId: '' });
    await until(() => refused.errors.length > 0);
    expect(refused.errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
  });
});
