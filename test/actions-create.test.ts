import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { mutate } from './support/mutate.ts';
import { overSse, overWebSocket, type Subscribed } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const payload = `campaign {
    id name status scheduledAt revision freshness { nextPollAt }
    history { nodes { cause kinds transitions { from to } } }
  } errors { code message path providerCode }`;

const mutatePayload = (app: TestApp, mutation: string, input: object) =>
  mutate(app, mutation, input, payload);

async function startOcteth(kind: DatabaseKind, polling: object = { fastest: 0.005, slowest: 0.1 }) {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0 }));
  const { octeth } = simulator.providers;
  octeth.add({ externalId: '1', name: 'Winter sale', status: 'Sent' });
  const app = stack.use(
    await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'octeth')],
      polling,
    }),
  );
  await until(
    async () => (await app.request('{ campaigns { totalCount } }')).data.campaigns.totalCount === 1,
  );
  const count = (operation: string) => octeth.requests.filter((one) => one.operation === operation).length;
  return { app, octeth, count, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const account = 'octeth-main';
const followed = {
  cause: 'MUTATION',
  kinds: ['FOLLOWED'],
  transitions: [{ from: null, to: 'DRAFT' }],
};
const made = { status: 'DRAFT', revision: 1, history: { nodes: [followed] } };

const subscription = `subscription {
  campaignUpdated(filter: { accounts: ["octeth-main"], statuses: [DRAFT] }) {
    campaign { id name } cause kinds transitions { from to } fromRevision revision
  }
}`;

async function subscribers({ url }: TestApp): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^campaign_graph_subscribers (\d+)$/m.exec(metrics)?.[1]);
}

function toldOf({ events }: Subscribed, id: string) {
  return events.filter(({ campaign }) => campaign.id === id);
}

describe.each(databaseKinds)('a new campaign, on %s', (kind) => {
  test('is told to a subscriber once, though the list is polled as fast as can be', async () => {
    await using service = await startOcteth(kind);
    const { app, octeth } = service;
    using told = overWebSocket(app.url, subscription);
    using toldOverSse = overSse(app.url, subscription);
    await until(async () => (await subscribers(app)) === 2);
    const ids: string[] = [];
    for (let number = 1; number <= 10; number += 1) {
      const isCopy = number % 2 === 0;
      const { campaign, errors } = isCopy
        ? await mutatePayload(app, 'copyCampaign', { id: `campaign:${account}:1` })
        : await mutatePayload(app, 'createCampaign', { account, name: `Sale ${number}` });
      expect(errors).toEqual([]);
      expect(campaign).toMatchObject(made);
      ids.push(campaign.id);
    }
    // Several at once, with settings, each of which takes three requests.
    const settings = { schedule: { at: { date: '2031-12-24', time: '08:30', timeZone: 'Europe/Berlin' } } };
    const asked = Array.from({ length: 10 }, (_, place) =>
      mutatePayload(app, 'createCampaign', { account, name: `Autumn ${place}`, settings }),
    );
    for (const { campaign, errors } of await Promise.all(asked)) {
      expect(errors).toEqual([]);
      expect(campaign).toMatchObject({ ...made, scheduledAt: '2031-12-24T07:30:00.000Z' });
      ids.push(campaign.id);
    }
    expect(new Set(ids).size).toBe(20);

    // Whatever the polls had still to tell is told by the time a later change is.
    for (const id of ids) octeth.set(id.split(':')[2] ?? '', { name: 'Renamed' });
    for (const heard of [told, toldOverSse]) {
      await until(() => ids.every((id) => toldOf(heard, id).some((step) => step.cause === 'POLL')), 15_000);
      for (const id of ids) {
        const [first, ...later] = toldOf(heard, id);
        expect(first).toMatchObject({ ...followed, fromRevision: 0, revision: 1 });
        expect(later.filter(({ kinds }) => kinds.includes('FOLLOWED'))).toEqual([]);
        expect(later.filter(({ transitions }) => transitions.length > 0)).toEqual([]);
      }
      expect(heard.errors).toEqual([]);
    }
    expect(service.count('Campaign.Create')).toBe(15);
    expect(service.count('Campaign.Copy')).toBe(5);
  }, 60_000);

  test.each([
    ['an email of others', { emailId: '999' }, ['settings', 'emailId'], '4'],
    [
      'an email of others, and a time',
      { emailId: '501', schedule: { immediate: true } },
      ['settings', 'emailId'],
      '4',
    ],
  ])('whose settings are refused is there, and followed: %s', async (_what, settings, path, providerCode) => {
    await using service = await startOcteth(kind);
    const { app, octeth } = service;
    const { campaign, errors } = await mutatePayload(app, 'createCampaign', {
      account,
      name: 'Sale',
      settings,
    });
    expect(campaign).toMatchObject({ name: 'Sale', ...made });
    expect(campaign.freshness.nextPollAt).toEqual(expect.any(String));
    const message = expect.stringMatching(/^The campaign was made, but not given its settings: .*email/i);
    expect(errors).toEqual([{ code: 'BAD_INPUT', message, path, providerCode }]);
    expect(service.count('Campaign.Create')).toBe(1);
    expect(service.count('Campaign.Update')).toBe(1);
    octeth.set(campaign.id.split(':')[2], { name: 'Renamed' });
    const name = async () => {
      const { data } = await app.request('query ($id: ID!) { campaign(id: $id) { name } }', {
        id: campaign.id,
      });
      return data.campaign.name;
    };
    await until(async () => (await name()) === 'Renamed');
  });

  test.each([
    [2, 'NOT_FOUND', ['id']],
    [6, 'BAD_INPUT', ['settings', 'schedule', 'at', 'date']],
    [13, 'BAD_INPUT', ['settings', 'schedule', 'at', 'timeZone']],
    [99999, 'PROVIDER_FORBIDDEN', null],
  ])('whose settings are refused with %i says so', async (number, code, path) => {
    await using service = await startOcteth(kind, { fastest: 600, slowest: 3_600 });
    service.octeth.fault({ kind: 'error', code: number, message: 'No.' }, { operation: 'Campaign.Update' });
    const settings = { schedule: { at: { date: '2031-12-24', time: '08:30', timeZone: 'Europe/Berlin' } } };
    const answer = await mutatePayload(service.app, 'createCampaign', { account, name: 'Sale', settings });
    expect(answer.campaign).toMatchObject({ name: 'Sale', ...made });
    const message = 'The campaign was made, but not given its settings: No.';
    expect(answer.errors).toEqual([{ code, message, path, providerCode: String(number) }]);
  });
});

describe('where no campaign can be made', () => {
  test.each(providerNames.filter((name) => name !== 'octeth'))('%s', async (name) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    await using app = await startTestApp({ accounts: [accountAt(simulator, name)] });
    for (const dryRun of [false, true]) {
      expect(
        await mutatePayload(app, 'createCampaign', {
          account: `${name}-main`,
          name: '',
          settings: {},
          dryRun,
        }),
      ).toMatchObject({ campaign: null, errors: [{ code: 'NOT_SUPPORTED', path: ['account'] }] });
    }
    expect(await mutatePayload(app, 'createCampaign', { account: 'nobody', name: 'Sale' })).toMatchObject({
      campaign: null,
      errors: [{ code: 'NOT_FOUND', path: ['account'] }],
    });
  });
});
