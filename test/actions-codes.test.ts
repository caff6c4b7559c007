import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { mutate } from './support/mutate.ts';

const id = 'campaign:octeth-main:1';

const shapes = ['documented', 'scalar', 'array', 'object'] as const;

/** An app that knows one campaign, and reads nothing by itself any more. */
async function startOcteth(status = 'Draft') {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0 }));
  const { octeth } = simulator.providers;
  octeth.add({ externalId: '1', name: 'Winter sale', status });
  const polling = { fastest: 600, slowest: 3_600 };
  const app = stack.use(await startTestApp({ accounts: [accountAt(simulator, 'octeth')], polling }));
  await app.request(`{ campaign(id: "${id}") { id } }`);
  const count = (operation: string) => octeth.requests.filter((one) => one.operation === operation).length;
  return { app, octeth, count, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const timeZone = 'Europe/Berlin';
const at = { schedule: { at: { date: '2031-12-24', time: '08:30', timeZone } } };
const recurring = {
  schedule: {
    recurring: { daysOfWeek: [1], months: [1], hours: [8], minutes: [0], maxInstances: 3, timeZone },
  },
};
const atPath = ['settings', 'schedule', 'at'];
const recurringPath = ['settings', 'schedule', 'recurring'];

/** octeth-email-campaigns.txt, "Update Campaign Details". */
const updateCodes: readonly (readonly [
  number: number,
  input: object,
  code: string,
  path: readonly string[],
])[] = [
  [1, { name: 'Sale' }, 'BAD_INPUT', ['id']],
  [2, { name: 'Sale' }, 'NOT_FOUND', ['id']],
  [3, { status: 'SENDING' }, 'BAD_INPUT', ['status']],
  [4, { settings: { emailId: '12' } }, 'BAD_INPUT', ['settings', 'emailId']],
  [5, { settings: { schedule: { immediate: true } } }, 'BAD_INPUT', ['settings', 'schedule']],
  [6, { settings: at }, 'BAD_INPUT', [...atPath, 'date']],
  [7, { settings: at }, 'BAD_INPUT', [...atPath, 'time']],
  [8, { settings: recurring }, 'BAD_INPUT', [...recurringPath, 'daysOfWeek']],
  [9, { settings: recurring }, 'BAD_INPUT', [...recurringPath, 'months']],
  [10, { settings: recurring }, 'BAD_INPUT', [...recurringPath, 'hours']],
  [11, { settings: recurring }, 'BAD_INPUT', [...recurringPath, 'minutes']],
  [12, { settings: recurring }, 'BAD_INPUT', [...recurringPath, 'maxInstances']],
  [13, { settings: at }, 'BAD_INPUT', [...atPath, 'timeZone']],
  [13, { settings: recurring }, 'BAD_INPUT', [...recurringPath, 'timeZone']],
];

test.concurrent.each(updateCodes)(
  'Campaign.Update refuses with %i, of %j: %s',
  async (number, input, code, path) => {
    await using service = await startOcteth();
    const { app, octeth, count } = service;
    octeth.fault(
      { kind: 'error', code: number, message: 'So says Octeth' },
      { operation: 'Campaign.Update' },
    );
    for (const shape of shapes) {
      octeth.quirks.errorCodes = shape;
      expect(await mutate(app, 'updateCampaign', { id, ...input }), shape).toEqual({
        campaign: { id, name: 'Winter sale', status: 'DRAFT' },
        errors: [{ code, message: 'So says Octeth', path, providerCode: String(number) }],
      });
    }
    expect(count('Campaign.Update')).toBe(shapes.length);
  },
);

/** The same document, of the other commands; those of Campaign.Get stand below. */
const otherCodes = [
  ['Campaign.Approve', 1, 'approveCampaign', 'Draft', 'BAD_INPUT', ['id']],
  ['Campaign.Approve', 2, 'approveCampaign', 'Draft', 'NOT_FOUND', ['id']],
  ['Campaign.Cancel', 1, 'cancelCampaign', 'Ready', 'BAD_INPUT', ['id']],
  ['Campaign.Cancel', 2, 'cancelCampaign', 'Ready', 'NOT_FOUND', ['id']],
  ['Campaign.Copy', 1, 'copyCampaign', 'Sent', 'NOT_FOUND', ['id']],
  ['Campaign.Create', 1, 'createCampaign', 'Draft', 'BAD_INPUT', ['name']],
  ['Campaign.Pause', 1, 'pauseCampaign', 'Sending', 'BAD_INPUT', ['id']],
  ['Campaign.Pause', 2, 'pauseCampaign', 'Sending', 'NOT_FOUND', ['id']],
  ['Campaign.Pause', 3, 'pauseCampaign', 'Sending', 'INVALID_STATE', ['id']],
  ['Campaign.Resume', 1, 'resumeCampaign', 'Paused', 'BAD_INPUT', ['id']],
  ['Campaign.Resume', 2, 'resumeCampaign', 'Paused', 'NOT_FOUND', ['id']],
  ['Campaign.Resume', 3, 'resumeCampaign', 'Paused', 'INVALID_STATE', ['id']],
  ['Campaigns.Delete', 1, 'deleteCampaigns', 'Sent', 'BAD_INPUT', ['ids', '0']],
] as const;

test.concurrent.each(otherCodes)(
  '%s refuses with %i',
  async (command, number, mutation, status, code, path) => {
    await using service = await startOcteth(status);
    const { app, octeth, count } = service;
    octeth.fault({ kind: 'error', code: number, message: 'So says Octeth' }, { operation: command });
    const inputs: Readonly<Record<string, object>> = {
      createCampaign: { account: 'octeth-main', name: 'Sale' },
      deleteCampaigns: { ids: [id] },
    };
    for (const shape of shapes) {
      octeth.quirks.errorCodes = shape;
      const answer = await mutate(app, mutation, inputs[mutation] ?? { id });
      const message = expect.stringContaining('So says Octeth');
      expect(answer.errors, shape).toEqual([{ code, message, path, providerCode: String(number) }]);
    }
    expect(count(command)).toBe(shapes.length);
  },
);

test.concurrent.each([
  [1, 'BAD_INPUT'],
  [2, null],
  [3, null],
])('Campaign.Get refuses with %i', async (number, code) => {
  await using service = await startOcteth();
  const { app, octeth } = service;
  octeth.fault({ kind: 'error', code: number }, { operation: 'Campaign.Get' });
  for (const [place, shape] of shapes.entries()) {
    octeth.quirks.errorCodes = shape;
    const unknown = `campaign:octeth-main:${place + 70}`;
    const { data, errors } = await app.request(`{ campaign(id: "${unknown}") { id } }`);
    expect(data.campaign).toBeNull();
    expect(errors?.map(({ extensions }) => extensions.code) ?? [null], shape).toEqual([code]);
  }
});

/** What the simulator refuses of itself. */
test('the provider finds fault where nobody else can', async () => {
  await using service = await startOcteth();
  const { app, octeth } = service;
  expect(await mutate(app, 'updateCampaign', { id, settings: { emailId: '999' } })).toMatchObject({
    campaign: { id },
    errors: [{ code: 'BAD_INPUT', path: ['settings', 'emailId'], providerCode: '4' }],
  });
  octeth.set('1', { foreign: true });
  expect(await mutate(app, 'approveCampaign', { id })).toMatchObject({
    errors: [{ code: 'NOT_FOUND', path: ['id'], providerCode: '2' }],
  });
});

describe.concurrent('what any command may say', () => {
  /** providers/README.md 3.2. */
  test.each([
    [403, 'PROVIDER_FORBIDDEN'],
    [429, 'PROVIDER_RATE_LIMITED'],
    [99998, 'PROVIDER_UNAUTHENTICATED'],
    [99999, 'PROVIDER_FORBIDDEN'],
    [100000, 'PROVIDER_REJECTED'],
    [100001, 'PROVIDER_REJECTED'],
    [100002, 'PROVIDER_UNAVAILABLE'],
    [100003, 'NOT_SUPPORTED'],
    [100004, 'PROVIDER_UNAVAILABLE'],
    [100005, 'PROVIDER_UNAVAILABLE'],
    [77, 'PROVIDER_REJECTED'],
  ])('%i is %s', async (number, code) => {
    await using service = await startOcteth('Sending');
    const { app, octeth, count } = service;
    octeth.fault({ kind: 'error', code: number }, { operation: 'Campaign.Pause' });
    const { campaign, errors } = await mutate(app, 'pauseCampaign', { id });
    expect(campaign).toMatchObject({ status: 'SENDING' });
    expect(errors).toMatchObject([{ code, providerCode: String(number), path: null }]);
    expect(errors[0].message).not.toContain(octeth.apiKey);
    expect(count('Campaign.Pause')).toBe(1);
  });

  test.each([
    ['rateLimited', 'PROVIDER_RATE_LIMITED'],
    ['unauthorized', 'PROVIDER_UNAUTHENTICATED'],
  ] as const)('%s: a provider that is shut is not asked again', async (kind, code) => {
    await using service = await startOcteth('Sending');
    const { app, octeth, count } = service;
    octeth.fault({ kind }, { operation: 'Campaign.Pause' });
    const before = count('Campaign.Get');
    expect(await mutate(app, 'pauseCampaign', { id })).toMatchObject({
      campaign: { status: 'SENDING' },
      errors: [{ code, path: null }],
    });
    expect(count('Campaign.Pause')).toBe(1);
    expect(count('Campaign.Get')).toBe(before);
  });

  test('a key that may do nothing', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const { octeth } = simulator.providers;
    const apiKey = octeth.restrictedKey;
    await using app = await startTestApp({ accounts: [accountAt(simulator, 'octeth', { apiKey })] });
    const { campaign, errors } = await mutate(app, 'createCampaign', {
      account: 'octeth-main',
      name: 'Sale',
    });
    expect(campaign).toBeNull();
    expect(errors).toMatchObject([{ code: 'PROVIDER_FORBIDDEN', providerCode: '99999' }]);
    expect(errors[0].message).not.toContain(apiKey);
  });
});

test('the other providers have codes of their own', async () => {
  await using simulator = await startSimulator({ campaigns: 0 });
  const { selzy, bsg } = simulator.providers;
  selzy.add({ externalId: '1', status: 'scheduled' });
  bsg.add({ externalId: '1', status: 'scheduled' });
  const accounts = [accountAt(simulator, 'selzy'), accountAt(simulator, 'bsg')];
  const polling = { fastest: 600, slowest: 3_600 };
  await using app = await startTestApp({ accounts, polling });
  for (const one of ['selzy', 'bsg']) await app.request(`{ campaign(id: "campaign:${one}-main:1") { id } }`);
  // Known as one that can be canceled, and not so any more.
  selzy.set('1', { status: 'in_progress' });
  bsg.set('1', { status: 'done' });
  expect(await mutate(app, 'cancelCampaign', { id: 'campaign:selzy-main:1' })).toMatchObject({
    campaign: { status: 'SENDING' },
    errors: [{ code: 'INVALID_STATE', path: ['id'], providerCode: 'unspecified' }],
  });
  expect(await mutate(app, 'cancelCampaign', { id: 'campaign:bsg-main:1' })).toMatchObject({
    campaign: { status: 'COMPLETED' },
    errors: [{ code: 'INVALID_STATE', path: ['id'], providerCode: '422' }],
  });
});

test('a token of BSG that has run out is replaced, and the change is made once', async () => {
  await using simulator = await startSimulator({ campaigns: 0 });
  const { bsg } = simulator.providers;
  bsg.add({ externalId: '1', status: 'sending' });
  await using app = await startTestApp({ accounts: [accountAt(simulator, 'bsg')] });
  await app.request('{ campaign(id: "campaign:bsg-main:1") { id } }');
  bsg.expireTokens();
  expect(await mutate(app, 'cancelCampaign', { id: 'campaign:bsg-main:1' })).toMatchObject({
    campaign: { status: 'CANCELED' },
    errors: [],
  });
  const stops = bsg.requests.filter(({ operation }) => operation === 'campaign_stop');
  expect(stops.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(stops.filter(({ status }) => status !== 200 && status !== 401)).toEqual([]);
});
