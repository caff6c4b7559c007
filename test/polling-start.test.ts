import pg from 'pg';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { startApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import { countersOf } from '../src/model/stats.ts';
import { type RecordedRequest, type SimulatedProvider, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase } from './support/databases.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const sending = { status: 'sending', counters: { recipients: 9, sent: 1 } };
const watchAll = 'subscription { campaignUpdated { cause } }';

/** The largest number of requests in any stretch of so many ms. */
function mostWithin(requests: readonly RecordedRequest[], windowMs: number): number {
  let [most, first] = [0, 0];
  for (const [last, { at }] of requests.entries()) {
    while ((requests[first]?.at ?? at) <= at - windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function addMany(provider: SimulatedProvider, count: number): string[] {
  return Array.from({ length: count }, () => provider.add(sending));
}

describe.concurrent('a start with many campaigns in the database', () => {
  const total = 3_000;
  const active = 300;

  /** Campaigns that an earlier run has seen: those that are sending are the last of them. */
  async function fill(database: string, { appizer }: { readonly appizer: SimulatedProvider }) {
    const ended = Array.from({ length: total - active }, () =>
      appizer.add({ ...sending, status: 'completed' }),
    );
    const begun = addMany(appizer, active);
    const account = {
      name: 'appizer-main',
      provider: 'appizer',
      apiKey: 'key',
      baseUrl: 'http://127.0.0.1:1',
    };
    await using app = await startTestApp({
      database,
      accounts: [account],
      polling: { fastest: 3_600, slowest: 3_600 },
    });
    const stats = { counters: countersOf({ recipients: 9, sent: 1 }), final: false };
    const seen = (externalId: string, status: 'SENDING' | 'COMPLETED') => ({
      account: 'appizer-main',
      channel: 'PUSH' as const,
      externalId,
      cause: 'POLL' as const,
      askedAt: Date.now(),
      reading: { externalId, status, providerStatus: status.toLowerCase(), stats, raw: null },
    });
    await app.observe([
      ...ended.map((id) => seen(id, 'COMPLETED')),
      ...begun.map((id) => seen(id, 'SENDING')),
    ]);
    return new Set(begun);
  }

  test('reads the active ones first, and spreads them', { timeout: 30_000 }, async () => {
    await using simulator = await startGenerousSimulator();
    const { appizer } = simulator.providers;
    const database = await createDatabase('sqlite');
    const begun = await fill(database, simulator.providers);
    const accounts = [accountAt(simulator, 'appizer')];
    // The active ones wait 24 times the floor, 4.8 s, and the others for longer.
    await using _app = await startTestApp({ database, accounts, polling: { fastest: 0.2, slowest: 600 } });
    await until(() => appizer.requests.length >= active, 20_000);
    const first = appizer.requests.slice(0, active);
    const early = first.filter(({ externalId }) => begun.has(externalId ?? ''));
    expect(early.length).toBeGreaterThan(active * 0.95);
    expect((first.at(-1)?.at ?? 0) - (first[0]?.at ?? 0), 'spread over its pace').toBeGreaterThan(3_500);
    expect(mostWithin(first, 500)).toBeLessThan(active / 4);
  });

  test('reads the active ones first where the budget is small, too', { timeout: 30_000 }, async () => {
    await using simulator = await startGenerousSimulator();
    const { appizer } = simulator.providers;
    const database = await createDatabase('sqlite');
    const begun = await fill(database, simulator.providers);
    const accounts = [accountAt(simulator, 'appizer', { requestBudget: { limit: 30, windowSeconds: 1 } })];
    await using _app = await startTestApp({ database, accounts, polling: { fastest: 0.4, slowest: 600 } });
    await until(() => appizer.requests.length >= 100, 20_000);
    const early = appizer.requests.slice(0, 100).filter(({ externalId }) => begun.has(externalId ?? ''));
    expect(early.length).toBeGreaterThan(80);
    expect(mostWithin(appizer.requests, 1_000)).toBeLessThanOrEqual(30);
  });
});

describe.concurrent('a budget', () => {
  test('is one for accounts with the same key, and is never exceeded', async () => {
    await using simulator = await startGenerousSimulator();
    const { appizer } = simulator.providers;
    const names = ['one', 'other'];
    const limit = 12;
    const [mine, others] = [addMany(appizer, 15), addMany(appizer, 15)];
    await using app = await startTestApp({
      accounts: names.map((name) =>
        accountAt(simulator, 'appizer', { name, requestBudget: { limit, windowSeconds: 1 } }),
      ),
      follow: [
        ...mine.map((externalId) => ({ account: 'one', externalId })),
        ...others.map((externalId) => ({ account: 'other', externalId })),
      ],
    });
    using _watching = overWebSocket(app.url, watchAll);
    const refresh = (name: string, id = '') =>
      app.request(`{ campaign(id: "campaign:${name}:${id}", maxAgeSeconds: 0) { status } }`);
    // People ask now and then, too.
    for (let count = 10; count <= 60; count += 5) {
      await until(() => appizer.requests.length >= count);
      await Promise.all([refresh('one', mine[0]), refresh('other', others[0])]);
    }
    expect(mostWithin(appizer.requests, 1_000)).toBeLessThanOrEqual(limit);
    const { data } = await app.request('{ accounts { budget { limit windowSeconds used } } }');
    expect(data.accounts[0].budget).toEqual(data.accounts[1].budget);
    expect(data.accounts[0].budget).toMatchObject({ limit, windowSeconds: 1 });
    const asked = new Set(appizer.requests.map(({ externalId }) => externalId));
    expect(asked.size, 'both accounts have their turn').toBeGreaterThan(25);
  });

  test('is apart for accounts with different keys', async () => {
    await using simulator = await startGenerousSimulator();
    const { appizer } = simulator.providers;
    const [mine = '', others = ''] = addMany(appizer, 2);
    const requestBudget = { limit: 2, windowSeconds: 3_600 };
    await using app = await startTestApp({
      accounts: [
        accountAt(simulator, 'appizer', { name: 'one', requestBudget }),
        accountAt(simulator, 'appizer', { name: 'other', apiKey: appizer.restrictedKey, requestBudget }),
      ],
      follow: [
        { account: 'one', externalId: mine },
        { account: 'other', externalId: others },
      ],
    });
    const used = async () =>
      (await app.request('{ accounts { budget { used } } }')).data.accounts.map(
        (account: { budget: { used: number } }) => account.budget.used,
      );
    await until(async () => (await used()).every((count: number) => count === 1));
  });

  test('is the one that the provider tells of, and leaves people their share', async () => {
    let aheadMs = 0;
    const now = () => Date.now() + aheadMs;
    const allowed = 20;
    await using simulator = await startSimulator({ campaigns: 0, appizerCallsPerMinute: allowed, now });
    const { appizer } = simulator.providers;
    const ids = addMany(appizer, 5);
    const config = {
      server: { port: 0 },
      database: 'sqlite::memory:',
      accounts: [accountAt(simulator, 'appizer')],
      follow: ids.map((externalId) => ({ account: 'appizer-main', externalId })),
      polling: { fastest: 0.05, slowest: 1 },
    };
    const app = await startApp(parseConfig(config, {}), pino({ level: 'silent' }), now);
    try {
      using _watching = overWebSocket(app.url, watchAll);
      const ask = async (query: string) => {
        const response = await fetch(`${app.url}/graphql?query=${encodeURIComponent(query)}`);
        return (await response.json()).data;
      };
      const look = `{ campaign(id: "campaign:appizer-main:${ids[0]}", maxAgeSeconds: 0) {
        status freshness { stale }
      } }`;
      const fresh = { campaign: { status: 'SENDING', freshness: { stale: false } } };
      const budget = async () => {
        const { accounts } = await ask('{ accounts { budget { limit windowSeconds used } } }');
        return accounts[0].budget;
      };
      const inWindow = async (before: number) => {
        for (let count = 0; count < allowed * 0.2; count++) expect(await ask(look)).toEqual(fresh);
        await until(() => appizer.requests.length - before > ids.length);
        const { limit, windowSeconds, used } = await until(async () => {
          const told = await budget();
          return told.used === appizer.requests.length - before ? told : null;
        });
        expect([limit, used]).toEqual([allowed, appizer.requests.length - before]);
        expect(windowSeconds).toBeLessThanOrEqual(60);
      };
      await inWindow(0);
      aheadMs = 61_000;
      await inWindow(appizer.requests.length);
      expect(appizer.requests.filter(({ status }) => status === 429)).toEqual([]);
    } finally {
      await app.stop();
    }
  });
});

test.concurrent('a store that is slow holds up no requests, up to so many answers', async () => {
  await using simulator = await startGenerousSimulator();
  const { appizer } = simulator.providers;
  const ids = addMany(appizer, 40);
  const database = await createDatabase('postgres');
  await using app = await startTestApp({
    database,
    accounts: [accountAt(simulator, 'appizer')],
    follow: ids.map((externalId) => ({ account: 'appizer-main', externalId })),
  });
  using _watching = overWebSocket(app.url, watchAll);
  const countOf = async (sent: number) => {
    const { data } = await app.request('{ campaigns(first: 100) { nodes { stats { sent } } } }');
    return data.campaigns.nodes.filter(({ stats }: { stats: { sent: number } }) => stats.sent === sent)
      .length;
  };
  await until(async () => (await countOf(1)) === ids.length);

  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    await client.query('begin');
    await client.query('lock table campaigns in access exclusive mode');
    const before = appizer.requests.length;
    for (const id of ids) appizer.set(id, { counters: { recipients: 9, sent: 2 } });
    await until(() => appizer.requests.length > before + 8);
    await until(() => Date.now() - (appizer.requests.at(-1)?.at ?? 0) > 500);
    // Four requests, and twelve answers besides.
    expect(appizer.requests.length - before).toBeLessThanOrEqual(16);
    await client.query('commit');
  } finally {
    await client.end();
  }
  await until(async () => (await countOf(2)) === ids.length);
});
