import pg from 'pg';
import { expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase } from './support/databases.ts';
import { startRoad } from './support/road.ts';
import { until } from './support/wait.ts';

// A replica that goes on running, and can't reach PostgreSQL any more: it finds out by its own clock.

/** Campaigns that move all the time would be told apart; here it is who asks that counts. */
async function startTwo() {
  const simulator = await startSimulator({ campaigns: 0 });
  for (const provider of ['octeth', 'bsg'] as const)
    simulator.providers[provider].add({
      externalId: '501',
      status: provider === 'octeth' ? 'Sending' : 'sending',
    });
  const database = new URL(await createDatabase('postgres'));
  const road = await startRoad(Number(database.port));
  const over = new URL(database);
  over.port = String(road.port);
  const accountsVia = (address: string) =>
    (['octeth', 'bsg'] as const).map((provider) => {
      const baseUrl = simulator.providers[provider].baseUrl.replace('127.0.0.1', address);
      return accountAt(simulator, provider, { baseUrl });
    });
  const near = await startTestApp({ database: database.href, accounts: accountsVia('127.0.0.1') });
  const far = await startTestApp({ database: over.href, accounts: accountsVia('localhost') });
  return {
    ...{ simulator, road, near, far },
    async [Symbol.asyncDispose]() {
      road.speak();
      await Promise.all([near.stop(), far.stop()]);
      await road[Symbol.asyncDispose]();
      await simulator[Symbol.asyncDispose]();
    },
  };
}

/** The accounts that a replica polls, as its metrics tell. */
async function polledBy({ url }: TestApp): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(/^campaign_graph_followed_campaigns\{account="([^"]+)"\} \d+$/gm);
  return [...lines].map(([, account = '']) => account).sort();
}

const both = ['bsg-main', 'octeth-main'];

test('one that is cut off from PostgreSQL asks no provider any more, and comes back for its share', {
  timeout: 60_000,
}, async () => {
  await using at = await startTwo();
  await until(
    async () => (await polledBy(at.far)).length === 1 && (await polledBy(at.near)).length === 1,
    20_000,
  );

  at.road.silence();
  await until(async () => (await polledBy(at.near)).length === 2, 10_000);
  expect(await polledBy(at.far)).toEqual([]);
  const answer = await at.near.request('{ campaigns { nodes { status } } }');
  expect(answer.data.campaigns.nodes).toEqual([{ status: 'SENDING' }, { status: 'SENDING' }]);

  at.road.speak();
  await at.road.close();
  await at.road.reopen();
  await until(
    async () => (await polledBy(at.far)).length === 1 && (await polledBy(at.near)).length === 1,
    30_000,
  );
  expect([...(await polledBy(at.far)), ...(await polledBy(at.near))].sort()).toEqual(both);
});

test('what was read by a holder that is one no longer is not stored', { timeout: 30_000 }, async () => {
  await using simulator = await startSimulator({ campaigns: 0 });
  simulator.providers.octeth.add({ externalId: '501', status: 'Sending' });
  const database = await createDatabase('postgres');
  await using app = await startTestApp({ database, accounts: [accountAt(simulator, 'octeth')] });
  const status = async () =>
    (await app.request('{ campaign(id: "campaign:octeth-main:501") { status } }')).data.campaign?.status;
  await until(async () => (await status()) === 'SENDING');

  await using other = await takeLease(database, 'octeth-main');
  simulator.providers.octeth.set('501', { status: 'Sent' });
  const { requests } = simulator.providers.octeth;
  const asked = requests.length;
  await until(async () => requests.length > asked || (await polledBy(app)).length === 0);
  await until(async () => (await polledBy(app)).length === 0);
  expect(await status()).toBe('SENDING');

  await other.release();
  await until(async () => (await status()) === 'COMPLETED', 20_000);
});

/** Takes an account's lease as another replica would, for a minute or until it is released. */
async function takeLease(database: string, account: string) {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  // One that is leaving claims no share, so that the account goes back once it is released.
  await client.query(
    `insert into replicas (id, "aliveAt", "isLeaving")
     values ('another', extract(epoch from clock_timestamp()) * 1000 + 60000, 1)`,
  );
  await client.query(`update leases set holder = 'another', fence = fence + 1 where account = $1`, [account]);
  return {
    release: () => client.query('update leases set holder = null where account = $1', [account]),
    [Symbol.asyncDispose]: () => client.end(),
  };
}
