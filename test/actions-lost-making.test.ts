import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { mutate } from './support/mutate.ts';
import { until } from './support/wait.ts';

const payload = `campaign { id name status scheduledAt revision history { nodes { cause kinds } } }
  errors { code message path }`;

const mutatePayload = (app: TestApp, mutation: string, input: object) =>
  mutate(app, mutation, input, payload);

const carriedOut = ['dropAnswer', 'dropMidBody', 'hangAnswer'] as const;
const notCarriedOut = ['drop', 'hang'] as const;

const slow = { fastest: 600, slowest: 3_600 };

async function startOcteth(polling: object = slow) {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0 }));
  const { octeth } = simulator.providers;
  const app = stack.use(
    await startTestApp({ accounts: [accountAt(simulator, 'octeth', { timeoutSeconds: 1 })], polling }),
  );
  const requests = (operation: string) => octeth.requests.filter((one) => one.operation === operation).length;
  await until(() => requests('Campaigns.Get') > 0);
  return {
    app,
    octeth,
    requests,
    /** How many there are at the provider. */
    named: (name: string) => [...octeth.campaigns.values()].filter((one) => one.name === name).length,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const spring = { account: 'octeth-main', name: 'Spring sale' };
const notMade = [
  { code: 'PROVIDER_UNAVAILABLE', message: expect.stringContaining('it was not made so far'), path: null },
];
const nobodyKnows = [
  {
    code: 'PROVIDER_UNAVAILABLE',
    message: expect.stringContaining(
      "Whether the campaign was made can't be told: look at the newest campaigns at the provider before trying again.",
    ),
    path: null,
  },
];
const fresh = {
  status: 'DRAFT',
  revision: 1,
  history: { nodes: [{ cause: 'MUTATION', kinds: ['FOLLOWED'] }] },
};

describe.concurrent('a creation whose answer was lost', () => {
  test.each(carriedOut)('carried out, %s: it is found, and followed', async (kind) => {
    await using service = await startOcteth();
    service.octeth.fault({ kind }, { operation: 'Campaign.Create', times: 1 });
    expect(await mutatePayload(service.app, 'createCampaign', spring)).toMatchObject({
      campaign: { name: 'Spring sale', ...fresh },
      errors: [],
    });
    expect(service.requests('Campaign.Create')).toBe(1);
    expect(service.named('Spring sale')).toBe(1);
  });

  test('carried out, and to be given settings: it is found, and left as it is, as nobody knows whose it is', async () => {
    await using service = await startOcteth();
    service.octeth.fault({ kind: 'dropAnswer' }, { operation: 'Campaign.Create', times: 1 });
    const { campaign, errors } = await mutatePayload(service.app, 'createCampaign', {
      ...spring,
      settings: { schedule: { immediate: true } },
    });
    expect(campaign).toMatchObject({ name: 'Spring sale', ...fresh });
    const message = expect.stringContaining('was not given its settings');
    expect(errors).toEqual([{ code: 'PROVIDER_UNAVAILABLE', message, path: ['settings'] }]);
    expect(service.requests('Campaign.Create')).toBe(1);
    expect(service.requests('Campaign.Update')).toBe(0);
  });

  test.each(notCarriedOut)('not carried out, %s', async (kind) => {
    await using service = await startOcteth();
    service.octeth.fault({ kind }, { operation: 'Campaign.Create', times: 1 });
    expect(await mutatePayload(service.app, 'createCampaign', spring)).toEqual({
      campaign: null,
      errors: notMade,
    });
    expect(service.requests('Campaign.Create')).toBe(1);
    expect(service.named('Spring sale')).toBe(0);
  });

  test.each(['dropAnswer', 'drop'] as const)('%s, and no search: nobody can tell', async (kind) => {
    await using service = await startOcteth();
    service.octeth.fault({ kind }, { operation: 'Campaign.Create', times: 1 });
    service.octeth.fault({ kind: 'status', status: 503 }, { operation: 'Campaigns.Get' });
    expect(await mutatePayload(service.app, 'createCampaign', spring)).toEqual({
      campaign: null,
      errors: nobodyKnows,
    });
    expect(service.requests('Campaign.Create')).toBe(1);
  });

  test('drafts of the same name that were there before are not taken for it', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const { octeth } = simulator.providers;
    octeth.add({ name: 'Spring sale', status: 'Draft', scheduleType: 'Not Scheduled' });
    await using app = await startTestApp({ accounts: [accountAt(simulator, 'octeth')], polling: slow });
    const count = async () => (await app.request('{ campaigns { totalCount } }')).data.campaigns.totalCount;
    await until(async () => (await count()) === 1);
    // Not known here yet, and old.
    const createdAt = Date.now() - 72 * 3_600_000;
    octeth.add({ name: 'Spring sale', status: 'Draft', scheduleType: 'Not Scheduled', createdAt });
    octeth.fault({ kind: 'drop' }, { operation: 'Campaign.Create', times: 1 });
    expect(await mutatePayload(app, 'createCampaign', spring)).toEqual({ campaign: null, errors: notMade });
  });

  test('a draft of the same name that is not known here yet is left alone', async () => {
    await using service = await startOcteth();
    const { app, octeth } = service;
    const draft = { name: 'Spring sale', status: 'Draft', scheduleType: 'Not Scheduled' };
    const foreign = octeth.add({ ...draft, createdAt: Date.now() - 3_600_000 });
    octeth.fault({ kind: 'drop' }, { operation: 'Campaign.Create', times: 1 });
    const settings = { schedule: { immediate: true } };
    const { campaign, errors } = await mutatePayload(app, 'createCampaign', { ...spring, settings });
    expect(octeth.campaigns.get(foreign)?.scheduleType).toBe('Not Scheduled');
    expect({ campaign, failed: errors.length }).toEqual({ campaign: null, failed: 1 });
  });

  test('a draft of the same name that somebody makes at the same moment is not taken for it', async () => {
    await using service = await startOcteth();
    const { app, octeth, requests } = service;
    // The other one is made, and is not read back until the search for this one has been answered.
    octeth.fault({ kind: 'delay', ms: 900 }, { operation: 'Campaign.Get', times: 1 });
    const other = mutatePayload(app, 'createCampaign', spring);
    await until(() => requests('Campaign.Get') === 1);
    octeth.fault({ kind: 'drop' }, { operation: 'Campaign.Create', times: 1 });
    const { campaign, errors } = await mutatePayload(app, 'createCampaign', spring);
    expect((await other).errors).toEqual([]);
    expect(service.named('Spring sale')).toBe(1);
    expect({ campaign, failed: errors.length }).toEqual({ campaign: null, failed: 1 });
  });

  test('a name with blanks around it, which the provider drops: nobody says that it was not made', async () => {
    await using service = await startOcteth();
    service.octeth.fault({ kind: 'dropAnswer' }, { operation: 'Campaign.Create', times: 1 });
    const { errors } = await mutatePayload(service.app, 'createCampaign', {
      ...spring,
      name: ' Spring sale ',
    });
    expect(service.named('Spring sale')).toBe(1);
    for (const { message } of errors) expect(message).not.toContain('it was not made');
  });
});

describe.concurrent('a creation that is only half answered', () => {
  const schedule = { at: { date: '2031-12-24', time: '08:30', timeZone: 'Europe/Berlin' } };

  test('its settings were given, though nobody says so: it worked', async () => {
    await using service = await startOcteth();
    service.octeth.fault({ kind: 'dropAnswer' }, { operation: 'Campaign.Update' });
    const { campaign, errors } = await mutatePayload(service.app, 'createCampaign', {
      ...spring,
      settings: { schedule },
    });
    expect(errors).toEqual([]);
    expect(campaign).toMatchObject({ ...fresh, scheduledAt: '2031-12-24T07:30:00.000Z' });
    expect(service.requests('Campaign.Create')).toBe(1);
    expect(service.requests('Campaign.Update')).toBe(1);
  });

  test.each([
    ['not given so far', { schedule }, 'it was not given its settings so far'],
    ['of a kind that nobody sees', { emailId: '12' }, "Whether it was given its settings can't be told"],
  ])('its settings were %s: it is there, and followed', async (_what, settings, words) => {
    await using service = await startOcteth();
    service.octeth.fault({ kind: 'drop' }, { operation: 'Campaign.Update' });
    const { campaign, errors } = await mutatePayload(service.app, 'createCampaign', { ...spring, settings });
    expect(campaign).toMatchObject({ name: 'Spring sale', ...fresh });
    const message = errors[0].message;
    expect(message).toMatch(/^The campaign was made, but not given its settings: /);
    expect(message).toContain(words);
    expect(errors).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    expect(service.requests('Campaign.Create')).toBe(1);
    expect(service.requests('Campaign.Update')).toBe(1);
  });

  test('it was made, and can not be read: its id is told, and it is followed as soon as it can be', async () => {
    await using service = await startOcteth({ fastest: 0.05, slowest: 1 });
    const { app, octeth } = service;
    octeth.fault({ kind: 'status', status: 503 }, { operation: 'Campaign.Get' });
    octeth.fault({ kind: 'status', status: 503 }, { operation: 'Campaigns.Get' });
    const { campaign, errors } = await mutatePayload(app, 'createCampaign', spring);
    const [externalId] = octeth.campaigns.keys();
    const message = `The campaign was made, as campaign:octeth-main:${externalId}, but can't be read yet. It is read as soon as it can be.`;
    expect({ campaign, errors }).toEqual({
      campaign: null,
      errors: [{ code: 'PROVIDER_UNAVAILABLE', message, path: null }],
    });
    // The list goes on failing: it is not the list that finds the campaign.
    octeth.clearFaults();
    octeth.fault({ kind: 'status', status: 503 }, { operation: 'Campaigns.Get' });
    const names = async () => (await app.request('{ campaigns { nodes { name } } }')).data.campaigns.nodes;
    await until(async () => (await names()).length === 1);
    expect(await names()).toEqual([{ name: 'Spring sale' }]);
    expect(service.requests('Campaign.Create')).toBe(1);
  });
});

describe.concurrent('a copy whose answer was lost', () => {
  async function startCopying() {
    const service = await startOcteth();
    const id = `campaign:octeth-main:${service.octeth.add({ name: 'Winter sale', status: 'Sent' })}`;
    await service.app.request('query ($id: ID!) { campaign(id: $id) { id } }', { id });
    return { ...service, id };
  }

  test.each(carriedOut)('carried out, %s: it is found, and followed', async (kind) => {
    await using service = await startCopying();
    const { app, id, octeth } = service;
    octeth.fault({ kind }, { operation: 'Campaign.Copy', times: 1 });
    const { campaign, errors } = await mutatePayload(app, 'copyCampaign', { id });
    expect(errors).toEqual([]);
    expect(campaign).toMatchObject({ name: 'Winter sale', ...fresh });
    expect(campaign.id).not.toBe(id);
    expect(service.requests('Campaign.Copy')).toBe(1);
    expect(octeth.campaigns.size).toBe(2);
  });

  test.each(notCarriedOut)(
    'not carried out, %s: a copy may bear any name, so nobody can tell',
    async (kind) => {
      await using service = await startCopying();
      const { app, id, octeth } = service;
      octeth.fault({ kind }, { operation: 'Campaign.Copy', times: 1 });
      expect(await mutatePayload(app, 'copyCampaign', { id })).toEqual({
        campaign: null,
        errors: nobodyKnows,
      });
      expect(service.requests('Campaign.Copy')).toBe(1);
      expect(octeth.campaigns.size).toBe(1);
    },
  );

  test('carried out, and no search: nobody can tell', async () => {
    await using service = await startCopying();
    const { app, id, octeth } = service;
    octeth.fault({ kind: 'dropAnswer' }, { operation: 'Campaign.Copy', times: 1 });
    octeth.fault({ kind: 'drop' }, { operation: 'Campaigns.Get' });
    expect(await mutatePayload(app, 'copyCampaign', { id })).toEqual({ campaign: null, errors: nobodyKnows });
    expect(service.requests('Campaign.Copy')).toBe(1);
    expect(octeth.campaigns.size).toBe(2);
  });
});
