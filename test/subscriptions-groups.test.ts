import { expect, test } from 'vitest';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const id = 'campaign:appizer-main:camp_1';
const changes = `subscription ($ids: [ID!], $after: String) {
  campaignUpdated(ids: $ids, after: $after) { cursor revision campaign { status } }
}`;

async function startAppizer() {
  const simulator = await startGenerousSimulator();
  const { appizer } = simulator.providers;
  appizer.add({ externalId: 'camp_1', status: 'pending' });
  return {
    appizer,
    options: {
      accounts: [accountAt(simulator, 'appizer')],
      follow: [{ account: 'appizer-main', externalId: 'camp_1' }],
    },
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

async function metric(app: TestApp, name: string): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  return Number(new RegExp(`^campaign_graph_${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

test('one change to many subscribers of one document is executed once', async () => {
  await using service = await startAppizer();
  await using app = await startTestApp(service.options);
  const subscribers = Array.from({ length: 60 }, (_, place) =>
    (place % 3 === 0 ? overSse : overWebSocket)(app.url, changes, { ids: [id] }),
  );
  try {
    for (const told of subscribers) await told.atLeast(1);
    expect(await metric(app, 'subscription_groups')).toBe(1);
    expect(await metric(app, 'subscribers')).toBe(60);
    const executions = await metric(app, 'subscription_executions_total');
    const deliveries = await metric(app, 'subscription_deliveries_total');
    service.appizer.set('camp_1', { status: 'sending' });
    for (const told of subscribers) await told.atLeast(2);
    expect(await metric(app, 'subscription_executions_total')).toBe(executions + 1);
    expect(await metric(app, 'subscription_deliveries_total')).toBe(deliveries + 60);
    for (const told of subscribers) expect(told.events[1]).toEqual(subscribers[0]?.events[1]);
  } finally {
    for (const told of subscribers) told[Symbol.dispose]();
  }
  await until(async () => (await metric(app, 'subscribers')) === 0);
  expect(await metric(app, 'subscription_groups')).toBe(0);
});

test('who comes back with a cursor of its own joins the same group once it has caught up', async () => {
  await using service = await startAppizer();
  await using app = await startTestApp(service.options);
  using first = overWebSocket(app.url, changes, { ids: [id] });
  await first.atLeast(1);
  service.appizer.set('camp_1', { status: 'sending' });
  await first.atLeast(2);
  using second = overWebSocket(app.url, changes, { ids: [id], after: first.events[0].cursor });
  using third = overSse(app.url, changes, { ids: [id], after: first.events[1].cursor });
  await second.atLeast(1);
  await until(async () => (await metric(app, 'subscribers')) === 3);
  expect(await metric(app, 'subscription_groups')).toBe(1);
  service.appizer.set('camp_1', { status: 'completed' });
  await Promise.all([first.atLeast(3), second.atLeast(2), third.atLeast(1)]);
  const statuses = [first, second, third].map(({ events }) => events.map(({ campaign }) => campaign.status));
  expect(statuses).toEqual([['QUEUED', 'SENDING', 'COMPLETED'], ['SENDING', 'COMPLETED'], ['COMPLETED']]);
});

test('what others ask is another group, and a change that is none of its business is not executed for it', async () => {
  await using service = await startAppizer();
  await using app = await startTestApp(service.options);
  using all = overWebSocket(app.url, changes, { ids: [id] });
  using names = overWebSocket(
    app.url,
    'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids, fields: ["name"]) { revision } }',
    { ids: [id] },
  );
  await Promise.all([all.atLeast(1), names.atLeast(1)]);
  expect(await metric(app, 'subscription_groups')).toBe(2);
  const executions = await metric(app, 'subscription_executions_total');
  service.appizer.set('camp_1', { status: 'sending' });
  await all.atLeast(2);
  expect(await metric(app, 'subscription_executions_total')).toBe(executions + 1);
});

test('SSE events have their cursor as id, and Last-Event-ID resumes', async () => {
  await using service = await startAppizer();
  await using app = await startTestApp(service.options);
  using told = overWebSocket(app.url, changes, { ids: [id] });
  await told.atLeast(1);
  service.appizer.set('camp_1', { status: 'sending' });
  await told.atLeast(2);
  const ending = new AbortController();
  const query = `subscription { campaignUpdated(ids: ["${id}"]) { cursor campaign { status } } }`;
  const response = await fetch(`${app.url}/graphql?${new URLSearchParams({ query })}`, {
    headers: { accept: 'text/event-stream', 'last-event-id': told.events[0].cursor },
    signal: ending.signal,
  });
  let heard = '';
  for await (const chunk of response.body ?? []) {
    heard += Buffer.from(chunk).toString();
    if (heard.includes('data: ')) break;
  }
  ending.abort();
  expect(heard).toContain(`id: ${told.events[1].cursor}\nevent: next\ndata: {"data":`);
  expect(heard).toContain('SENDING');
});
