import { describe, expect, test } from 'vitest';
import { type SimulatedOcteth, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';

const id = 'campaign:octeth-main:1';
const mutation = `mutation ($input: CampaignActionInput!) {
  pauseCampaign(input: $input) { campaign { id status } errors { code message path providerCode } }
}`;

async function pause(app: TestApp, idempotencyKey: string, of = id) {
  const { data, errors } = await app.request(mutation, { input: { id: of, idempotencyKey } });
  expect(errors).toBeUndefined();
  return data.pauseCampaign;
}

async function startOcteth(kind: DatabaseKind, status: string) {
  const simulator = await startSimulator({ campaigns: 0 });
  const { octeth } = simulator.providers;
  octeth.add({ externalId: '1', status });
  const options = {
    database: await createDatabase(kind),
    accounts: [accountAt(simulator, 'octeth', { timeoutSeconds: 1 })],
    polling: { fastest: 600, slowest: 3_600 },
  };
  return {
    octeth,
    async startApp() {
      const app = await startTestApp(options);
      await app.request(`{ campaign(id: "${id}") { id } }`);
      return app;
    },
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

function pauses({ requests }: SimulatedOcteth): number {
  return requests.filter(({ operation }) => operation === 'Campaign.Pause').length;
}

async function refresh(app: TestApp) {
  const { data } = await app.request(`mutation { refreshCampaign(id: "${id}") { campaign { status } } }`);
  return data.refreshCampaign.campaign.status;
}

describe.concurrent.each(databaseKinds)('a refusal is the answer of its key, on %s', (kind) => {
  test('for the status: also once it would be possible, and after a restart', async () => {
    await using service = await startOcteth(kind, 'Draft');
    let first: unknown;
    {
      await using app = await service.startApp();
      first = await pause(app, 'key 1');
      expect(first).toMatchObject({ errors: [{ code: 'INVALID_STATE', path: ['id'], providerCode: null }] });
      expect(await pause(app, 'key 1')).toEqual(first);
    }
    service.octeth.set('1', { status: 'Sending' });
    await using app = await service.startApp();
    expect(await refresh(app)).toBe('SENDING');
    expect(await pause(app, 'key 1')).toMatchObject({
      errors: [{ code: 'INVALID_STATE', path: ['id'], providerCode: null }],
    });
    expect(pauses(service.octeth)).toBe(0);
    expect(await pause(app, 'key 2')).toMatchObject({ campaign: { status: 'PAUSED' }, errors: [] });
    expect(pauses(service.octeth)).toBe(1);
  });

  test("the provider's, with its code and its words", async () => {
    await using service = await startOcteth(kind, 'Sending');
    service.octeth.fault(
      { kind: 'error', code: 2, message: 'Not your campaign' },
      { operation: 'Campaign.Pause', times: 1 },
    );
    const answer = {
      campaign: { id, status: 'SENDING' },
      errors: [{ code: 'NOT_FOUND', message: 'Not your campaign', path: ['id'], providerCode: '2' }],
    };
    {
      await using app = await service.startApp();
      expect(await pause(app, 'key 1')).toEqual(answer);
    }
    await using app = await service.startApp();
    expect(await pause(app, 'key 1')).toEqual(answer);
    expect(pauses(service.octeth)).toBe(1);
  });

  test.each([
    ['drop', 'SENDING', 'it was not paused so far'],
    ['dropAnswer', 'PAUSED', null],
  ] as const)('after a lost answer, %s: it is not sent again', async (fault, status, words) => {
    await using service = await startOcteth(kind, 'Sending');
    service.octeth.fault({ kind: fault }, { operation: 'Campaign.Pause', times: 1 });
    await using app = await service.startApp();
    const first = await pause(app, 'key 1');
    expect(first.campaign.status).toBe(status);
    expect(first.errors.length).toBe(words === null ? 0 : 1);
    if (words !== null) expect(first.errors[0].message).toContain(words);
    expect(await pause(app, 'key 1')).toEqual(first);
    expect(pauses(service.octeth)).toBe(1);
  });

  test('for a campaign that is not there, and for an id that is none', async () => {
    await using service = await startOcteth(kind, 'Sending');
    await using app = await service.startApp();
    const unknown = 'campaign:octeth-main:77';
    const notFound = { campaign: null, errors: [{ code: 'NOT_FOUND', path: ['id'] }] };
    expect(await pause(app, 'key 1', unknown)).toMatchObject(notFound);
    service.octeth.add({ externalId: '77', status: 'Sending' });
    expect(await pause(app, 'key 1', unknown)).toMatchObject({ errors: notFound.errors });
    for (let time = 0; time < 2; time += 1) {
      expect(await pause(app, 'key 2', 'campaign 77')).toMatchObject({
        campaign: null,
        errors: [{ code: 'BAD_INPUT', path: ['id'] }],
      });
    }
    expect(pauses(service.octeth)).toBe(0);
  });
});
