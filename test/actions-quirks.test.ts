import { describe, expect, test } from 'vitest';
import { type CampaignChange, type OctethQuirks, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const id = 'campaign:octeth-main:1';
const fields = `campaign { id status providerStatus actions { name allowed } history { nodes { cause } } }
  errors { code path providerCode }`;

/** An app that knows one campaign of a server with quirks, and reads nothing by itself any more. */
async function startOcteth(quirks: Partial<OctethQuirks>, start: CampaignChange) {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0, octethQuirks: quirks }));
  const { octeth } = simulator.providers;
  octeth.add({ externalId: '1', name: 'Winter sale', ...start });
  const polling = { fastest: 600, slowest: 3_600 };
  const app = stack.use(await startTestApp({ accounts: [accountAt(simulator, 'octeth')], polling }));
  await app.request(`{ campaign(id: "${id}") { id } }`);
  return {
    app,
    octeth,
    count: (operation: string) => octeth.requests.filter((one) => one.operation === operation).length,
    async mutate(mutation: string, input: object = {}) {
      const type = mutation === 'updateCampaign' ? 'UpdateCampaignInput' : 'CampaignActionInput';
      const query = `mutation ($input: ${type}!) { answer: ${mutation}(input: $input) { ${fields} } }`;
      const { data, errors } = await app.request(query, { input: { id, ...input } });
      expect(errors).toBeUndefined();
      return data.answer;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const draft = { status: 'Draft', scheduleType: 'Future' };
const names: readonly Partial<OctethQuirks>[] = [
  { names: 'v5.5' },
  { numbersAsStrings: true },
  { failOnNotFound: true },
];

describe.concurrent('an account that Octeth does not trust', () => {
  const quirks = { approvalNeeded: true };

  test('asks for READY, and is shown PENDING_APPROVAL, without an error', async () => {
    await using service = await startOcteth(quirks, draft);
    using told = overWebSocket(
      service.app.url,
      `subscription { campaignUpdated(ids: ["${id}"]) { cause transitions { to } } }`,
    );
    await told.atLeast(1);
    expect(await service.mutate('updateCampaign', { status: 'READY' })).toMatchObject({
      campaign: { status: 'PENDING_APPROVAL', providerStatus: 'Pending Approval' },
      errors: [],
    });
    await told.atLeast(2);
    expect(told.events[1]).toEqual({ cause: 'MUTATION', transitions: [{ to: 'PENDING_APPROVAL' }] });
    // From here somebody may approve it.
    expect(await service.mutate('approveCampaign')).toMatchObject({
      campaign: { status: 'SCHEDULED' },
      errors: [],
    });
  });

  test.each(['dropAnswer', 'hangAnswer'] as const)(
    'that worked, though the answer was lost: %s',
    async (kind) => {
      await using simulator = await startSimulator({ campaigns: 0, octethQuirks: quirks });
      const { octeth } = simulator.providers;
      octeth.add({ externalId: '1', ...draft });
      await using app = await startTestApp({
        accounts: [accountAt(simulator, 'octeth', { timeoutSeconds: 1 })],
      });
      await until(
        async () => (await app.request('{ campaigns { totalCount } }')).data.campaigns.totalCount === 1,
      );
      octeth.fault({ kind }, { operation: 'Campaign.Update', times: 1 });
      const { data } = await app.request(
        `mutation { updateCampaign(input: { id: "${id}", status: READY }) { ${fields} } }`,
      );
      expect(data.updateCampaign).toMatchObject({ campaign: { status: 'PENDING_APPROVAL' }, errors: [] });
      expect(octeth.requests.filter(({ operation }) => operation === 'Campaign.Update')).toHaveLength(1);
    },
  );

  test('a new campaign that is to be sent at once waits too', async () => {
    await using service = await startOcteth(quirks, draft);
    const { data } = await service.app.request(`mutation {
      createCampaign(input: { account: "octeth-main", name: "Spring sale", settings: { schedule: { immediate: true } } }) {
        campaign { id status } errors { code }
      }
    }`);
    const { campaign, errors } = data.createCampaign;
    expect({ status: campaign.status, errors }).toEqual({ status: 'DRAFT', errors: [] });
    const ready = { id: campaign.id, status: 'READY' };
    expect(await service.mutate('updateCampaign', ready)).toMatchObject({
      campaign: { id: campaign.id, status: 'PENDING_APPROVAL' },
      errors: [],
    });
  });
});

describe.concurrent('a server that goes on Sending at once', () => {
  const quirks = { resumedStatus: 'Sending' } as const;

  test('resuming shows SENDING', async () => {
    await using service = await startOcteth(quirks, { status: 'Paused' });
    const { campaign, errors } = await service.mutate('resumeCampaign');
    expect(errors).toEqual([]);
    expect(campaign).toMatchObject({ status: 'SENDING', providerStatus: 'Sending' });
    expect(campaign.history.nodes[0].cause).toBe('MUTATION');
    expect(await service.mutate('pauseCampaign')).toMatchObject({
      campaign: { status: 'PAUSED' },
      errors: [],
    });
  });

  test('that worked, though the answer was lost', async () => {
    await using service = await startOcteth(quirks, { status: 'Paused' });
    service.octeth.fault({ kind: 'dropAnswer' }, { operation: 'Campaign.Resume', times: 1 });
    expect(await service.mutate('resumeCampaign')).toMatchObject({
      campaign: { status: 'SENDING' },
      errors: [],
    });
    expect(service.count('Campaign.Resume')).toBe(1);
  });
});

describe.concurrent('a server that pauses what is Ready, too', () => {
  test('a campaign that is known as Ready is refused here all the same', async () => {
    await using service = await startOcteth({ pauseFromReady: true }, { status: 'Ready' });
    expect(await service.mutate('pauseCampaign')).toMatchObject({
      campaign: { status: 'SCHEDULED' },
      errors: [{ code: 'INVALID_STATE', path: ['id'], providerCode: null }],
    });
    expect(service.count('Campaign.Pause')).toBe(0);
  });

  test.each([
    [true, 'PAUSED', []],
    [false, 'SCHEDULED', [{ code: 'INVALID_STATE', path: ['id'], providerCode: '3' }]],
  ])('one that has become Ready since it was read: %s', async (pauseFromReady, status, errors) => {
    await using service = await startOcteth({ pauseFromReady }, { status: 'Sending' });
    service.octeth.set('1', { status: 'Ready', scheduleType: 'Future' });
    expect(await service.mutate('pauseCampaign')).toMatchObject({ campaign: { status }, errors });
    expect(service.count('Campaign.Pause')).toBe(1);
  });
});

test.concurrent.each(names)('servers of other versions: %j', async (quirks) => {
  await using service = await startOcteth(quirks, { status: 'Sending' });
  expect(await service.mutate('pauseCampaign')).toMatchObject({ campaign: { status: 'PAUSED' }, errors: [] });
  expect(await service.mutate('resumeCampaign')).toMatchObject({
    campaign: { status: 'QUEUED' },
    errors: [],
  });
  expect(await service.mutate('cancelCampaign')).toMatchObject({ campaign: { status: 'DRAFT' }, errors: [] });
  const copy = await service.mutate('copyCampaign');
  expect(copy).toMatchObject({ campaign: { status: 'DRAFT' }, errors: [] });
  expect(copy.campaign.id).not.toBe(id);
  const ids = [id, copy.campaign.id];
  const { data } = await service.app.request(
    'mutation ($ids: [ID!]!) { deleteCampaigns(input: { ids: $ids }) { deletedIds errors { code } } }',
    { ids },
  );
  expect(data.deleteCampaigns).toEqual({ deletedIds: ids, errors: [] });
});
