import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { startApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import { type RecordedRequest, type SimulatedProvider, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp } from './support/app.ts';
import { until } from './support/wait.ts';

/** The words for a campaign that is being sent, and for one that waits; and the calls that read one campaign. */
const readings = {
  selzy: { sending: 'in_progress', waiting: 'stopped', operations: ['getCampaignStatus'] },
  bsg: { sending: 'sending', waiting: 'paused', operations: ['campaign_details'] },
  octeth: { sending: 'Sending', waiting: 'Paused', operations: ['Campaign.Get'] },
  appizer: { sending: 'sending', waiting: 'pending', operations: ['getCampaignStatus'] },
} as const;

function timesOf(requests: readonly RecordedRequest[]): number[] {
  return requests.map(({ at }) => at).sort((one, other) => one - other);
}

/** The shortest time in which `count + 1` requests were made. */
function shortestSpan(times: readonly number[], count: number): number {
  const spans = times.slice(count).map((time, place) => time - (times[place] ?? 0));
  return Math.min(...spans);
}

function addMany(provider: SimulatedProvider, status: string, count: number): string[] {
  return Array.from({ length: count }, (_, place) =>
    provider.add({ externalId: String(600 + place), status }),
  );
}

/** A way to a server on which each new connection takes a while, as a handshake over a long distance does. */
async function startSlowRoad(target: string, handshakeMs: number) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    setTimeout(() => {
      const onward = connect(Number(new URL(target).port), '127.0.0.1');
      sockets.add(onward);
      pipeline(socket, onward, socket, () => {});
    }, handshakeMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.concurrent('Retry-After', () => {
  test.each(['bsg', 'octeth', 'appizer'] as const)('is obeyed at %s, by people too', async (name) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const provider = simulator.providers[name];
    provider.add({ externalId: '501', status: readings[name].sending });
    await using app = await startTestApp({
      accounts: [accountAt(simulator, name)],
      follow: [{ account: `${name}-main`, externalId: '501' }],
    });
    const id = `campaign:${name}-main:501`;
    await until(async () => (await app.request(`{ campaign(id: "${id}") { status } }`)).data.campaign);
    const before = provider.requests.length;
    provider.fault({ kind: 'rateLimited', retryAfterSeconds: 3 });
    const until3s = await until(async () => {
      const { data } = await app.request(`{ account(name: "${name}-main") { budget { exhaustedUntil } } }`);
      return data.account.budget.exhaustedUntil;
    });
    const refused = provider.requests[before];
    if (!refused) throw new Error('Nothing was refused.');
    expect(Date.parse(until3s) - refused.at).toBeGreaterThanOrEqual(3_000);
    provider.clearFaults();
    const asked = provider.requests.length;
    const refresh = await app.request(`mutation { refreshCampaign(id: "${id}") { errors { code } } }`);
    expect(refresh.data.refreshCampaign.errors).toEqual([{ code: 'PROVIDER_RATE_LIMITED' }]);
    await until(() => provider.requests.length > asked);
    expect(provider.requests[asked]?.at).toBeGreaterThanOrEqual(Date.parse(until3s));
  });

  test('that Selzy does not send is a minute, after which it is polled again', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const { selzy } = simulator.providers;
    selzy.add({ externalId: '501', status: 'in_progress' });
    let lead = 0;
    const config = parseConfig(
      {
        server: { port: 0 },
        database: 'sqlite::memory:',
        polling: { fastest: 0.05, slowest: 1 },
        accounts: [accountAt(simulator, 'selzy')],
      },
      {},
    );
    const app = await startApp(config, pino({ level: 'silent' }), () => Date.now() + lead);
    const ask = async (query: string) => {
      const response = await fetch(`${app.url}/graphql?query=${encodeURIComponent(query)}`);
      return (await response.json()).data;
    };
    const state = '{ accounts { health { state } budget { exhaustedUntil } } }';
    const campaign =
      '{ campaign(id: "campaign:selzy-main:501", maxAgeSeconds: 0) { status freshness { stale } } }';
    try {
      await until(async () => (await ask('{ campaigns { totalCount } }')).campaigns.totalCount === 1);
      selzy.fault({ kind: 'rateLimited' });
      await until(async () => (await ask(state)).accounts[0].health.state === 'DEGRADED');
      // What was under way when it was limited may still arrive.
      const asked = await until(async () => {
        const before = selzy.requests.length;
        await ask(state);
        return selzy.requests.length === before && before;
      });
      selzy.clearFaults();
      selzy.set('501', { status: 'stopped' });
      lead = 50_000;
      expect((await ask(campaign)).campaign).toEqual({ status: 'SENDING', freshness: { stale: true } });
      expect(selzy.requests).toHaveLength(asked);
      lead = 61_000;
      expect((await ask(campaign)).campaign).toEqual({ status: 'PAUSED', freshness: { stale: false } });
      expect((await ask(state)).accounts[0]).toEqual({
        health: { state: 'UP' },
        budget: { exhaustedUntil: null },
      });
    } finally {
      await app.stop();
    }
  });
});

describe.concurrent('the request budget', { timeout: 40_000 }, () => {
  test.each(providerNames)('of %s is never passed, by polls and people together', async (name) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const provider = simulator.providers[name];
    const ids = addMany(provider, readings[name].sending, 12);
    const account = `${name}-main`;
    await using app = await startTestApp({
      accounts: [accountAt(simulator, name, { requestBudget: { limit: 5, windowSeconds: 1 } })],
      follow: ids.map((externalId) => ({ account, externalId })),
    });
    // While the first connections are made, requests may arrive far later than they were sent.
    await until(() => provider.requests.length >= 5, 20_000);
    const warm = provider.requests.length;
    const refreshes = ids.map((id) =>
      app.request(`mutation { refreshCampaign(id: "campaign:${account}:${id}") { errors { code } } }`),
    );
    await Promise.all(refreshes);
    await until(() => provider.requests.length >= warm + 15, 20_000);
    expect(shortestSpan(timesOf(provider.requests.slice(warm)), 5)).toBeGreaterThanOrEqual(1_000);
  });

  test('is kept as the provider counts it, though new connections are slow to be made', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    await using slow = await startSlowRoad(simulator.url, 500);
    const { appizer } = simulator.providers;
    const ids = addMany(appizer, 'sending', 12);
    const account = accountAt(simulator, 'appizer', {
      requestBudget: { limit: 5, windowSeconds: 1 },
      baseUrl: appizer.baseUrl.replace(simulator.url, slow.url),
    });
    await using _app = await startTestApp({
      accounts: [account],
      follow: ids.map((externalId) => ({ account: 'appizer-main', externalId })),
    });
    await until(() => appizer.requests.length >= 12, 20_000);
    expect(shortestSpan(timesOf(appizer.requests), 5)).toBeGreaterThanOrEqual(1_000);
  });

  test('with two limits keeps both', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const { appizer } = simulator.providers;
    const ids = addMany(appizer, 'sending', 12);
    const requestBudget = [
      { limit: 3, windowSeconds: 1 },
      { limit: 5, windowSeconds: 3 },
    ];
    await using _app = await startTestApp({
      accounts: [accountAt(simulator, 'appizer', { requestBudget })],
      follow: ids.map((externalId) => ({ account: 'appizer-main', externalId })),
    });
    await until(() => appizer.requests.length >= 9, 20_000);
    const times = timesOf(appizer.requests);
    expect(shortestSpan(times, 3)).toBeGreaterThanOrEqual(1_000);
    expect(shortestSpan(times, 5)).toBeGreaterThanOrEqual(3_000);
  });
});

describe.concurrent('no campaign is polled singly more often than `fastest`', () => {
  test.each(providerNames)('at %s, though its status and its counters change all the time', async (name) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const provider = simulator.providers[name];
    const { sending, waiting, operations } = readings[name];
    const ids = addMany(provider, sending, 3);
    const account = `${name}-main`;
    // Octeth's list tells everything and Selzy's the status, so all is read singly only where a server has none.
    if (name === 'octeth') provider.fault({ kind: 'error', code: 100_003 }, { operation: 'Campaigns.Get' });
    if (name === 'selzy')
      provider.fault({ kind: 'error', code: 'unknown_method' }, { operation: 'getCampaigns' });
    await using _app = await startTestApp({
      accounts: [accountAt(simulator, name)],
      follow: ids.map((externalId) => ({ account, externalId })),
      polling: { fastest: 0.4, slowest: 1 },
    });
    let round = 0;
    const single = (id: string) =>
      provider.requests.filter(
        ({ operation, externalId, parameters }) =>
          operations.some((one) => one === operation) && (externalId ?? parameters.campaignid) === id,
      );
    await until(() => {
      round += 1;
      for (const id of ids)
        provider.set(id, { status: round % 7 ? sending : waiting, counters: { sent: round } });
      return ids.every((id) => single(id).length >= 4);
    });
    for (const id of ids) expect(shortestSpan(timesOf(single(id)), 1), id).toBeGreaterThanOrEqual(400);
  });
});
