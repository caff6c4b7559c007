import { describe, expect, test } from 'vitest';
import { type SimulatedOcteth, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { configFile, runScript } from './support/process.ts';
import { until } from './support/wait.ts';

const id = 'campaign:octeth-main:1';
const mutation = `mutation ($input: CampaignActionInput!) {
  pauseCampaign(input: $input) { campaign { id status } errors { code message path providerCode } }
}`;
const input = { id, idempotencyKey: 'key 1' };
const slow = { fastest: 600, slowest: 3_600 };
const paused = { campaign: { id, status: 'PAUSED' }, errors: [] };

/** Asks an instance, in this process or in another, and gives the data of its answer. */
async function ask(url: string, query: string, variables: object = {}, signal?: AbortSignal) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    ...(signal && { signal }),
  });
  return (await response.json()).data;
}

async function pause({ url }: Pick<TestApp, 'url'>, signal?: AbortSignal) {
  return (await ask(url, mutation, { input }, signal)).pauseCampaign;
}

async function statusAt({ url }: Pick<TestApp, 'url'>): Promise<string | undefined> {
  return (await ask(url, `{ campaign(id: "${id}") { status } }`)).campaign?.status;
}

async function startOcteth(kind: DatabaseKind) {
  const simulator = await startSimulator({ campaigns: 0 });
  const { octeth } = simulator.providers;
  octeth.add({ externalId: '1', status: 'Sending' });
  const options = {
    database: await createDatabase(kind),
    accounts: [accountAt(simulator, 'octeth', { timeoutSeconds: 1 })],
    polling: { fastest: 0.1, slowest: 1 },
  };
  return { octeth, options, [Symbol.asyncDispose]: () => simulator.stop() };
}

function pauses({ requests }: SimulatedOcteth): number {
  return requests.filter(({ operation }) => operation === 'Campaign.Pause').length;
}

describe.concurrent.each(databaseKinds)('a mutation that is cut off, on %s', { timeout: 60_000 }, (kind) => {
  test.each([
    ['hang', 'SENDING'],
    ['hangAnswer', 'PAUSED'],
  ] as const)(
    'by a crash, %s: it is not done again, and nobody knows how far it came',
    async (fault, status) => {
      await using service = await startOcteth(kind);
      const { octeth, options } = service;
      const path = configFile({ ...options, server: { port: 0 } });
      octeth.fault({ kind: fault }, { operation: 'Campaign.Pause' });
      {
        await using process = runScript('src/main.ts', ['--config', path]);
        const cutOff = pause({ url: await process.ready() }).catch(() => 'cut off');
        await until(() => pauses(octeth) === 1);
        process.send('SIGKILL');
        expect(await process.ended).toBe('SIGKILL');
        expect(await cutOff).toBe('cut off');
      }
      octeth.clearFaults();
      await using process = runScript('src/main.ts', ['--config', path]);
      const app = { url: await process.ready() };
      await until(async () => (await statusAt(app)) === status);
      const message = expect.stringContaining('was cut off, and nobody knows how far it came');
      expect(await pause(app)).toEqual({
        campaign: { id, status },
        errors: [{ code: 'PROVIDER_UNAVAILABLE', message, path: ['idempotencyKey'], providerCode: null }],
      });
      expect(pauses(octeth)).toBe(1);
    },
  );

  test('by an orderly stop: it is waited for, so that its answer is kept', async () => {
    await using service = await startOcteth(kind);
    const { octeth, options } = service;
    {
      // No poll of the campaign waits for the mutation, for which the stop would wait.
      await using app = await startTestApp({ ...options, polling: slow });
      await statusAt(app);
      octeth.fault({ kind: 'delay', ms: 500 }, { operation: 'Campaign.Pause' });
      const asked = pause(app).catch(() => 'The connection was closed.');
      await until(() => pauses(octeth) === 1);
      await app.stop();
      await asked;
    }
    await using app = await startTestApp(options);
    expect(await pause(app)).toEqual(paused);
    expect(pauses(octeth)).toBe(1);
  });

  test('by the client, which has gone: it goes on, and the key has its answer', async () => {
    await using service = await startOcteth(kind);
    const { octeth, options } = service;
    await using app = await startTestApp(options);
    await statusAt(app);
    octeth.fault({ kind: 'delay', ms: 500 }, { operation: 'Campaign.Pause' });
    const leaving = new AbortController();
    const asked = pause(app, leaving.signal).catch(() => 'gone');
    await until(() => pauses(octeth) === 1);
    leaving.abort();
    expect(await asked).toBe('gone');
    expect(await pause(app)).toEqual(paused);
    expect(pauses(octeth)).toBe(1);
  });

  test('by nobody, though it takes long: whoever asks again waits for it', async () => {
    await using service = await startOcteth(kind);
    const { octeth, options } = service;
    const ids = Array.from({ length: 50 }, () => `campaign:octeth-main:${octeth.add({ status: 'Sent' })}`);
    const accounts = options.accounts.map((account) => ({ ...account, timeoutSeconds: 3 }));
    await using app = await startTestApp({ ...options, accounts, polling: slow });
    const count = async () => (await ask(app.url, '{ campaigns { totalCount } }')).campaigns.totalCount;
    await until(async () => (await count()) === 51);
    // Each answer is well in time, and 50 of them, five at once, are not.
    octeth.fault({ kind: 'delay', ms: 500 }, { operation: 'Campaign.Get' });
    const query = `mutation ($input: DeleteCampaignsInput!) {
      deleteCampaigns(input: $input) { deletedIds errors { code message path } }
    }`;
    const deletion = { input: { ids, idempotencyKey: 'key 1' } };
    const asked = [1, 2].map(async () => (await ask(app.url, query, deletion)).deleteCampaigns);
    for (const { deletedIds, errors } of await Promise.all(asked)) {
      expect({ deleted: deletedIds.length, errors }).toEqual({ deleted: 50, errors: [] });
    }
  });
});
