import { describe, expect, test } from 'vitest';
import {
  type CampaignChange,
  type Fault,
  type SimulatedProvider,
  startSimulator,
} from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { mutate } from './support/mutate.ts';

const payload = `campaign { id name status history { nodes { cause transitions { from } } } }
  errors { code message path providerCode }`;

const mutatePayload = (app: TestApp, mutation: string, input: object) =>
  mutate(app, mutation, input, payload);

/** Something that is done to one campaign, and how the campaign looks before and after it. */
interface Deed {
  readonly mutation: string;
  readonly provider: 'octeth' | 'selzy' | 'bsg';
  /** The one request that changes something, and the one that reads a campaign. */
  readonly command: string;
  readonly read: string;
  readonly start: CampaignChange;
  readonly input?: object;
  readonly before: object;
  readonly after: object;
  /** "was not … so far" */
  readonly participle: string;
}

const octeth = { provider: 'octeth', read: 'Campaign.Get' } as const;

const deeds: readonly Deed[] = [
  {
    ...octeth,
    mutation: 'pauseCampaign',
    command: 'Campaign.Pause',
    start: { status: 'Sending' },
    before: { status: 'SENDING' },
    after: { status: 'PAUSED' },
    participle: 'paused',
  },
  {
    ...octeth,
    mutation: 'resumeCampaign',
    command: 'Campaign.Resume',
    start: { status: 'Paused' },
    before: { status: 'PAUSED' },
    after: { status: 'QUEUED' },
    participle: 'resumed',
  },
  {
    ...octeth,
    mutation: 'approveCampaign',
    command: 'Campaign.Approve',
    start: { status: 'Pending Approval' },
    before: { status: 'PENDING_APPROVAL' },
    after: { status: 'SCHEDULED' },
    participle: 'approved',
  },
  {
    ...octeth,
    mutation: 'cancelCampaign',
    command: 'Campaign.Cancel',
    start: { status: 'Ready' },
    before: { status: 'SCHEDULED' },
    after: { status: 'DRAFT' },
    participle: 'canceled',
  },
  {
    ...octeth,
    mutation: 'updateCampaign',
    command: 'Campaign.Update',
    start: { status: 'Draft', scheduleType: 'Not Scheduled' },
    input: {
      name: 'Spring sale',
      status: 'READY',
      settings: {
        emailId: '12',
        schedule: { at: { date: '2031-12-24', time: '08:30', timeZone: 'Europe/Berlin' } },
      },
    },
    before: { name: 'Winter sale', status: 'DRAFT' },
    after: { name: 'Spring sale', status: 'SCHEDULED' },
    participle: 'updated',
  },
  {
    provider: 'selzy',
    mutation: 'cancelCampaign',
    command: 'cancelCampaign',
    read: 'getCampaignStatus',
    start: { status: 'scheduled' },
    before: { status: 'SCHEDULED' },
    after: { status: 'CANCELED' },
    participle: 'canceled',
  },
  {
    provider: 'bsg',
    mutation: 'cancelCampaign',
    command: 'campaign_stop',
    read: 'campaign_details',
    start: { status: 'sending' },
    before: { status: 'SENDING' },
    after: { status: 'CANCELED' },
    participle: 'canceled',
  },
];

const carriedOut = ['dropAnswer', 'dropMidBody', 'hangAnswer'] as const;
const notCarriedOut = ['drop', 'hang'] as const;

function each<Kind>(kinds: readonly Kind[]) {
  return deeds.flatMap((deed) => kinds.map((kind) => ({ ...deed, kind })));
}

/** An app that knows one campaign, and reads nothing by itself any more. */
async function startService({ provider: name, start }: Pick<Deed, 'provider' | 'start'>) {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0 }));
  const provider: SimulatedProvider = simulator.providers[name];
  const id = `campaign:${name}-main:${provider.add({ name: 'Winter sale', ...start })}`;
  const app = stack.use(
    await startTestApp({
      accounts: [accountAt(simulator, name, { timeoutSeconds: 1 })],
      polling: { fastest: 600, slowest: 3_600 },
    }),
  );
  await app.request('query ($id: ID!) { campaign(id: $id) { id } }', { id });
  return {
    app,
    id,
    provider,
    requests: (operation: string) =>
      provider.requests.filter((request) => request.operation === operation).length,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe.concurrent('a change whose answer was lost', () => {
  test.each(each(carriedOut))('$mutation at $provider, carried out, $kind: it worked', async (deed) => {
    await using service = await startService(deed);
    const { app, id, provider } = service;
    provider.fault({ kind: deed.kind }, { operation: deed.command, times: 1 });
    const { campaign, errors } = await mutatePayload(app, deed.mutation, { id, ...deed.input });
    expect(errors).toEqual([]);
    expect(campaign).toMatchObject({ id, ...deed.after });
    expect(campaign.history.nodes[0].cause).toBe('MUTATION');
    expect(service.requests(deed.command)).toBe(1);
  });

  test.each(each(notCarriedOut))('$mutation at $provider, not carried out, $kind', async (deed) => {
    await using service = await startService(deed);
    const { app, id, provider } = service;
    provider.fault({ kind: deed.kind }, { operation: deed.command, times: 1 });
    const { campaign, errors } = await mutatePayload(app, deed.mutation, { id, ...deed.input });
    const message = expect.stringContaining(`it was not ${deed.participle} so far`);
    expect(errors).toEqual([{ code: 'PROVIDER_UNAVAILABLE', message, path: null, providerCode: null }]);
    expect(campaign).toMatchObject({ id, ...deed.before });
    // No change but the first look: from no status to this one.
    const transitions = campaign.history.nodes.flatMap(
      (change: { transitions: object[] }) => change.transitions,
    );
    expect(transitions).toEqual([{ from: null }]);
    expect(service.requests(deed.command)).toBe(1);
  });

  test.each(each(['dropAnswer', 'drop'] as const))(
    '$mutation at $provider, $kind, and no read-back: nobody can tell',
    async (deed) => {
      await using service = await startService(deed);
      const { app, id, provider } = service;
      provider.fault({ kind: deed.kind }, { operation: deed.command, times: 1 });
      provider.fault({ kind: 'status', status: 503 }, { operation: deed.read });
      const { campaign, errors } = await mutatePayload(app, deed.mutation, { id, ...deed.input });
      const advice = `Whether it was ${deed.participle} can't be told: look at the campaign at the provider before trying again.`;
      expect(errors).toMatchObject([
        { code: 'PROVIDER_UNAVAILABLE', message: expect.stringContaining(advice), path: null },
      ]);
      expect(campaign).toMatchObject({ id, ...deed.before });

      provider.clearFaults();
      const refresh = `mutation { refreshCampaign(id: "${id}") { campaign { name status } } }`;
      const truth = (await app.request(refresh)).data.refreshCampaign.campaign;
      expect(truth).toMatchObject(deed.kind === 'drop' ? deed.before : deed.after);
      expect(service.requests(deed.command)).toBe(1);
    },
  );
});

test.concurrent.each(deeds)(
  '$mutation at $provider, accepted, and no read-back: it says so',
  async (deed) => {
    await using service = await startService(deed);
    const { app, id, provider } = service;
    provider.fault({ kind: 'status', status: 503 }, { operation: deed.read });
    const { campaign, errors } = await mutatePayload(app, deed.mutation, { id, ...deed.input });
    const message = expect.stringMatching(
      `accepted that the campaign is ${deed.participle}, but can't be asked`,
    );
    expect(errors).toEqual([{ code: 'PROVIDER_UNAVAILABLE', message, path: null, providerCode: null }]);
    expect(campaign).toMatchObject({ id, ...deed.before });
    expect(service.requests(deed.command)).toBe(1);
  },
);

describe.concurrent('an answer that can not be read', () => {
  const start = { status: 'Sending' };

  test.each<Fault>([{ kind: 'html' }, { kind: 'garbage' }, { kind: 'empty' }])(
    '$kind: it was not paused, and the provider answers badly',
    async (fault) => {
      await using service = await startService({ provider: 'octeth', start });
      service.provider.fault(fault, { operation: 'Campaign.Pause' });
      expect(await mutatePayload(service.app, 'pauseCampaign', { id: service.id })).toMatchObject({
        campaign: { status: 'SENDING' },
        errors: [
          { code: 'PROVIDER_BAD_RESPONSE', message: expect.stringContaining('it was not paused so far') },
        ],
      });
      expect(service.requests('Campaign.Pause')).toBe(1);
    },
  );

  test.each([500, 502, 503, 504])('HTTP %i: it was not paused, and is not sent again', async (status) => {
    await using service = await startService({ provider: 'octeth', start });
    service.provider.fault({ kind: 'status', status }, { operation: 'Campaign.Pause' });
    expect(await mutatePayload(service.app, 'pauseCampaign', { id: service.id })).toMatchObject({
      campaign: { status: 'SENDING' },
      errors: [
        { code: 'PROVIDER_UNAVAILABLE', message: expect.stringContaining('it was not paused so far') },
      ],
    });
    expect(service.requests('Campaign.Pause')).toBe(1);
  });

  test('a campaign that went another way meanwhile: nobody can tell', async () => {
    await using service = await startService({ provider: 'octeth', start });
    const { app, id, provider } = service;
    provider.fault({ kind: 'drop' }, { operation: 'Campaign.Pause' });
    provider.set(id.split(':')[2] ?? '', { status: 'Sent' });
    expect(await mutatePayload(app, 'pauseCampaign', { id })).toMatchObject({
      campaign: { status: 'COMPLETED' },
      errors: [
        {
          code: 'PROVIDER_UNAVAILABLE',
          message: expect.stringContaining("Whether it was paused can't be told"),
        },
      ],
    });
    expect(service.requests('Campaign.Pause')).toBe(1);
  });
});
