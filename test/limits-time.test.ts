import { beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { connectRaw, post, tokenOf } from './support/signing-in.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const token = tokenOf('one');
const authorization = token.bearer;
const query = '{ campaign(id: "campaign:appizer-main:camp_9") { id } }';
const mutation =
  'mutation { followCampaign(account: "appizer-main", externalId: "camp_9") { campaign { id } } }';

let app: TestApp;
let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ campaigns: 0 });
  simulator.providers.appizer.add({ externalId: 'camp_1' });
  simulator.providers.appizer.add({ externalId: 'camp_9' });
  simulator.providers.appizer.fault({ kind: 'hang' }, { externalId: 'camp_9' });
  app = await startTestApp({
    accounts: [accountAt(simulator, 'appizer', { timeoutSeconds: 60 })],
    auth: { tokens: [token.settings] },
    limits: { operationSeconds: 0.2 },
  });
  return async () => {
    await simulator.stop();
    await app.stop();
  };
});

const late = [
  {
    message: expect.stringMatching(/longer than 0\.2 s \(limits\.operationSeconds\)/),
    extensions: { code: 'TIMED_OUT' },
  },
];

test.each([
  ['a query', query],
  ['a mutation', mutation],
])('%s that takes too long is given up, over HTTP', async (_what, document) => {
  const response = await post(app.url, { query: document }, { authorization });
  expect([response.status, await response.json()]).toEqual([200, { errors: late }]);
  // It is the service that is late, and not the client that is wrong.
  const accept = 'application/graphql-response+json';
  const withStatus = await post(app.url, { query: document }, { authorization, accept });
  expect([withStatus.status, await withStatus.json()]).toEqual([504, { errors: late }]);
});

test.each([
  ['a query', query],
  ['a mutation', mutation],
])('%s that takes too long is given up, over WebSocket and SSE', async (_what, document) => {
  using client = await connectRaw(app.url);
  await client.greet(authorization);
  client.subscribe('1', document);
  client.subscribe('2', '{ accounts { name } }');
  expect(await client.answer('1')).toMatchObject({ payload: { errors: late } });
  expect(await client.answer('2')).toMatchObject({ payload: { data: { accounts: [{}] } } });
  const response = await post(app.url, { query: document }, { authorization, accept: 'text/event-stream' });
  expect(JSON.parse(/\{.*\}/.exec(await response.text())?.[0] ?? '')).toEqual({ errors: late });
});

test.each([
  ['WebSocket', overWebSocket],
  ['SSE', overSse],
])('a subscription that takes too long to be opened is given up, over %s', async (_way, subscribe) => {
  const changes = 'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { cause } }';
  using told = subscribe(app.url, changes, { ids: ['campaign:appizer-main:camp_9'] }, authorization);
  await until(() => told.ended);
  expect([told.errors, told.events]).toEqual([late, []]);
  // One that is open in time may last.
  using lasting = subscribe(app.url, changes, { ids: ['campaign:appizer-main:camp_1'] }, authorization);
  await lasting.atLeast(1);
  expect((await app.request(query, {}, authorization)).errors).toEqual(late);
  expect([lasting.ended, lasting.errors]).toEqual([false, []]);
});

test('nothing else waits for it', async () => {
  const other = 'query { campaign(id: "campaign:appizer-main:camp_1") { id } }';
  const hanging = app.request(query, {}, authorization);
  expect(await app.request(other, {}, authorization)).toEqual({
    data: { campaign: { id: 'campaign:appizer-main:camp_1' } },
  });
  expect((await hanging).errors).toEqual(late);
});
