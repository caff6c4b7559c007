import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Simulator, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, type GraphQLAnswer, startTestApp, type TestApp } from './support/app.ts';
import { connectRaw, post, tokenOf } from './support/signing-in.ts';

const viewer = tokenOf('dashboard', 'viewer');
const operator = tokenOf('ops', 'operator');
const id = 'campaign:octeth-main:1';
const error = '{ code message path providerCode }';

/** Every mutation, as an operator could do it. */
const mutations: Readonly<Record<string, string>> = {
  followCampaign: `followCampaign(account: "octeth-main", externalId: "2") { campaign { id } errors ${error} }`,
  unfollowCampaign: `unfollowCampaign(id: "${id}") { campaign { id } errors ${error} }`,
  refreshCampaign: `refreshCampaign(id: "${id}") { campaign { id } errors ${error} }`,
  createCampaign: `createCampaign(input: { account: "octeth-main", name: "New" }) { campaign { id } errors ${error} }`,
  updateCampaign: `updateCampaign(input: { id: "${id}", name: "New" }) { campaign { id } errors ${error} }`,
  copyCampaign: `copyCampaign(input: { id: "${id}" }) { campaign { id } errors ${error} }`,
  approveCampaign: `approveCampaign(input: { id: "${id}" }) { campaign { id } errors ${error} }`,
  pauseCampaign: `pauseCampaign(input: { id: "${id}", idempotencyKey: "k" }) { campaign { id } errors ${error} }`,
  resumeCampaign: `resumeCampaign(input: { id: "${id}", dryRun: true }) { campaign { id } errors ${error} }`,
  cancelCampaign: `cancelCampaign(input: { id: "${id}" }) { campaign { id } errors ${error} }`,
  deleteCampaigns: `deleteCampaigns(input: { ids: ["${id}"] }) { deletedIds errors ${error} }`,
  requestDeliveryReport: `requestDeliveryReport(input: { campaignId: "campaign:selzy-main:1" }) { task { id } errors ${error} }`,
};

const reason = 'This token may only read: its role is viewer, and changes need operator.';
const refusal = { code: 'FORBIDDEN', message: reason, path: null, providerCode: null };
const inErrors = [{ message: reason, extensions: { code: 'FORBIDDEN' } }];
const nothing: Readonly<Record<string, object>> = {
  deleteCampaigns: { deletedIds: [] },
  requestDeliveryReport: { task: null },
};

function refused(name: string): GraphQLAnswer {
  const payload = { ...(nothing[name] ?? { campaign: null }), errors: [refusal] };
  return { data: { [name]: payload }, errors: inErrors };
}

let app: TestApp;
let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ campaigns: 0 });
  const { octeth, selzy } = simulator.providers;
  for (const externalId of ['1', '2']) octeth.add({ externalId, status: 'Sending' });
  selzy.add({ externalId: '1', status: 'completed' });
  app = await startTestApp({
    accounts: [accountAt(simulator, 'octeth'), accountAt(simulator, 'selzy')],
    auth: { tokens: [viewer.settings, operator.settings] },
    polling: { fastest: 3_600, slowest: 3_600 },
  });
  await app.request(`{ campaign(id: "${id}") { id } }`, {}, viewer.bearer);
  await app.request('{ campaign(id: "campaign:selzy-main:1") { id } }', {}, viewer.bearer);
  return async () => {
    await app.stop();
    await simulator.stop();
  };
});

function asked(): number {
  const { octeth, selzy } = simulator.providers;
  return octeth.requests.length + selzy.requests.length;
}

/** Over WebSocket, whole. */
async function overSocket(document: string) {
  using client = await connectRaw(app.url);
  await client.greet(viewer.bearer);
  client.subscribe('1', document);
  const { type, payload } = await client.answer('1');
  expect(type).toBe('next');
  return payload;
}

test('every mutation of the schema is tried', async () => {
  const { data } = await app.request('{ __schema { mutationType { fields { name } } } }', {}, viewer.bearer);
  const { fields } = z
    .object({ fields: z.array(z.object({ name: z.string() })) })
    .parse(data.__schema.mutationType);
  expect(fields.map(({ name }) => name).toSorted()).toEqual(Object.keys(mutations).toSorted());
});

describe.each(Object.entries(mutations))("a viewer's %s does nothing, and says so", (name, field) => {
  const query = `mutation { ${field} }`;

  test('over HTTP, whatever the client understands of statuses', async () => {
    const before = asked();
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const response = await post(app.url, { query }, { authorization: viewer.bearer, accept });
      expect(await response.json()).toEqual(refused(name));
      // There is data, so it is no request that failed.
      expect(response.status).toBe(200);
    }
    expect(asked()).toBe(before);
  });

  test('over SSE and WebSocket', async () => {
    const before = asked();
    const response = await post(
      app.url,
      { query },
      { authorization: viewer.bearer, accept: 'text/event-stream' },
    );
    const [json] = /\{.*\}/.exec(await response.text()) ?? [];
    expect(JSON.parse(json ?? '')).toEqual(refused(name));
    expect(await overSocket(query)).toEqual(refused(name));
    expect(asked()).toBe(before);
  });
});

test('several at once are each refused, and the request once', async () => {
  const query = `mutation { one: ${mutations.pauseCampaign} two: ${mutations.deleteCampaigns} }`;
  const { data, errors } = await app.request(query, {}, viewer.bearer);
  expect([data.one.errors, data.two.errors, errors]).toEqual([[refusal], [refusal], inErrors]);
});

test('what is wrong with a mutation is told, too', async () => {
  const { data, errors } = await app.request(
    'mutation { pauseCampaign { errors { code } } }',
    {},
    viewer.bearer,
  );
  expect(data).toBeUndefined();
  expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
});

test('nothing that a viewer asked for has been done, or is remembered', async () => {
  const { octeth } = simulator.providers;
  expect(octeth.campaigns.get('1')).toMatchObject({ status: 'Sending', name: 'Campaign 1' });
  expect(octeth.campaigns.size).toBe(2);
  const { data } = await app.request(`mutation { ${mutations.pauseCampaign} }`, {}, operator.bearer);
  expect(data.pauseCampaign).toEqual({ campaign: { id }, errors: [] });
  expect(octeth.campaigns.get('1')?.status).toBe('Paused');
});

test('actions say what the mutations would say', async () => {
  const query = `{ campaign(id: "${id}") { actions { name allowed reason } } }`;
  const { data } = await app.request(query, {}, viewer.bearer);
  const actions: { name: string }[] = data.campaign.actions;
  expect(actions.length).toBeGreaterThan(7);
  expect(actions).toEqual(actions.map(({ name }) => ({ name, allowed: false, reason })));
  const mayChange = await app.request(query, {}, operator.bearer);
  expect(mayChange.data.campaign.actions).toContainEqual(
    expect.objectContaining({ allowed: true, reason: null }),
  );
});
