import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { startApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import type { RecordedRequest, SimulatedProvider } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

/** What nobody looks at waits 24 times as long as what somebody looks at, and longer still after looks in vain. */
const polling = { fastest: 0.2, slowest: 60 };
const sending = { status: 'sending', counters: { recipients: 9, sent: 1 } };
const named = 'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { cause } }';
const statusOnly = `subscription ($ids: [ID!]) {
  campaignStatusChanged(ids: $ids) { cause transitions { to } }
}`;

const idOf = (externalId: string, account = 'appizer-main') => `campaign:${account}:${externalId}`;
const followed = (externalId: string) => ({ account: 'appizer-main', externalId });

/** The reads of one campaign, those since `from` alone. */
function readsOf({ requests }: SimulatedProvider, externalId: string, from = 0): RecordedRequest[] {
  return requests.filter((request) => request.externalId === externalId && request.at >= from);
}

function listsOf({ requests }: SimulatedProvider): RecordedRequest[] {
  return requests.filter(({ operation }) => operation === 'getCampaigns' || operation === 'campaigns');
}

/**
 * Appizer with a campaign and, to tell the pace of its reads by, another that is watched all the while.
 * @param now the clock of the service
 */
async function startPair(now: () => number = Date.now) {
  const simulator = await startGenerousSimulator();
  const { appizer } = simulator.providers;
  const [one, measure] = [appizer.add(sending), appizer.add(sending)];
  const config = {
    server: { port: 0 },
    database: 'sqlite::memory:',
    accounts: [accountAt(simulator, 'appizer')],
    follow: [one, measure].map(followed),
    polling,
  };
  const app = await startApp(parseConfig(config, {}), pino({ level: 'silent' }), now);
  const watching = overWebSocket(app.url, named, { ids: [idOf(measure)] });
  return {
    app,
    appizer,
    one,
    /** Lets so many reads of the watched campaign pass, and gives the reads of the other meanwhile. */
    async readsWhile(count: number): Promise<number> {
      const [before, beforeOne] = [readsOf(appizer, measure).length, readsOf(appizer, one).length];
      await until(() => readsOf(appizer, measure).length >= before + count);
      return readsOf(appizer, one).length - beforeOne;
    },
    async ask(query: string) {
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      return (await response.json()).data;
    },
    async [Symbol.asyncDispose]() {
      watching[Symbol.dispose]();
      await app.stop();
      await simulator.stop();
    },
  };
}

describe.concurrent('a subscription', () => {
  test.each([
    ['that names it', named],
    ['by what it is', 'subscription { campaignUpdated(filter: { statuses: [SENDING] }) { cause } }'],
    ['to all', 'subscription { campaignUpdated { cause } }'],
    ['to its status, which comes with no list', statusOnly],
  ])('%s raises the pace of a campaign within a second, and its leaving lowers it', async (_how, query) => {
    await using pair = await startPair();
    const { app, appizer, one, readsWhile } = pair;
    await until(() => readsOf(appizer, one).length > 0);
    expect(await readsWhile(8), 'nobody looks at it').toBeLessThanOrEqual(2);

    const subscribedAt = Date.now();
    {
      using _watching = overWebSocket(app.url, query, query.includes('$ids') ? { ids: [idOf(one)] } : {});
      await until(() => readsOf(appizer, one, subscribedAt).length >= 5);
      const [first] = readsOf(appizer, one, subscribedAt);
      expect((first?.at ?? 0) - subscribedAt).toBeLessThan(1_000);
      expect(await readsWhile(6), 'as often as the other').toBeGreaterThanOrEqual(4);
    }
    // The server may hear of it a little later, and what is due is read once more.
    await readsWhile(2);
    expect(await readsWhile(10), 'nobody looks at it any more').toBeLessThanOrEqual(1);
  });

  test('by what it is raises the pace of one that has ended, while its counters move', async () => {
    await using pair = await startPair();
    const { app, appizer, one, ask } = pair;
    appizer.set(one, { status: 'completed' });
    await ask(`mutation { refreshCampaign(id: "${idOf(one)}") { campaign { status } } }`);
    const subscribedAt = Date.now();
    using _watching = overWebSocket(
      app.url,
      'subscription { campaignUpdated(filter: { statuses: [COMPLETED] }) { cause } }',
    );
    await until(() => readsOf(appizer, one, subscribedAt).length > 0);
    const [first] = readsOf(appizer, one, subscribedAt);
    expect((first?.at ?? 0) - subscribedAt).toBeLessThan(1_000);
  });

  test('raises the pace of a list that tells what it asks for', async () => {
    await using simulator = await startGenerousSimulator();
    const { selzy } = simulator.providers;
    const externalId = selzy.add({ status: 'stopped', counters: { recipients: 9, sent: 1 } });
    await using app = await startTestApp({ accounts: [accountAt(simulator, 'selzy')], polling });
    // While nothing is active, and nobody looks, the list waits twelve times the floor.
    await until(() => listsOf(selzy).length >= 2);
    const subscribedAt = Date.now();
    using _watching = overWebSocket(app.url, statusOnly, { ids: [idOf(externalId, 'selzy-main')] });
    const next = await until(() => listsOf(selzy).find(({ at }) => at >= subscribedAt) ?? null);
    expect(next.at - subscribedAt).toBeLessThan(1_600);
  });

  test('keeps the pace while one of two is left', async () => {
    await using pair = await startPair();
    const { app, appizer, one, readsWhile } = pair;
    using staying = overWebSocket(app.url, named, { ids: [idOf(one)] });
    await staying.atLeast(1);
    {
      using leaving = overWebSocket(app.url, named, { ids: [idOf(one)] });
      await leaving.atLeast(1);
    }
    await readsWhile(2);
    expect(await readsWhile(8)).toBeGreaterThanOrEqual(5);
    expect(readsOf(appizer, one).length).toBeGreaterThan(5);
  });
});

test.concurrent('a query raises the pace for a minute', async () => {
  let aheadMs = 0;
  await using pair = await startPair(() => Date.now() + aheadMs);
  const { ask, one, readsWhile } = pair;
  await until(
    async () => (await ask(`{ campaign(id: "${idOf(one)}") { status } }`)).campaign?.status === 'SENDING',
  );
  await readsWhile(1);
  expect(await readsWhile(8)).toBeGreaterThanOrEqual(5);
  aheadMs = 55_000;
  await readsWhile(1);
  expect(await readsWhile(8)).toBeGreaterThanOrEqual(5);
  aheadMs = 62_000;
  await readsWhile(2);
  expect(await readsWhile(10)).toBeLessThanOrEqual(1);
});

test.concurrent.each([
  ['selzy', 'in_progress', 'completed'],
  ['bsg', 'sending', 'done'],
] as const)(
  'who asks for the status alone costs %s, whose list tells it, no reads',
  async (name, begun, ended) => {
    await using simulator = await startGenerousSimulator();
    const provider = simulator.providers[name];
    const externalId = provider.add({ status: begun, counters: { recipients: 9, sent: 1 } });
    await using app = await startTestApp({ accounts: [accountAt(simulator, name)], polling });
    const rounds = async (count: number) => {
      const before = listsOf(provider).length;
      await until(() => listsOf(provider).length >= before + count);
    };
    await until(() => readsOf(provider, externalId).length > 0);
    await rounds(2);

    const before = readsOf(provider, externalId).length;
    using told = overWebSocket(app.url, statusOnly, { ids: [idOf(externalId, `${name}-main`)] });
    await told.atLeast(1);
    await rounds(8);
    expect(readsOf(provider, externalId).length - before, 'its status stands still').toBe(0);

    provider.set(externalId, { status: ended, counters: { recipients: 9, sent: 9 } });
    await told.atLeast(2);
    expect(told.events[1].transitions).toEqual([{ to: 'COMPLETED' }]);
    await until(() => readsOf(provider, externalId).length > before);
  },
);

describe.concurrent('nextPollAt', () => {
  const freshness = 'freshness { observedAt nextPollAt }';
  const waitOf = ({ freshness: { nextPollAt } }: { freshness: { nextPollAt: string | null } }) =>
    nextPollAt === null ? null : Date.parse(nextPollAt) - Date.now();

  test('comes nearer when somebody looks, and is when the campaign is read', async () => {
    await using pair = await startPair();
    const { ask, appizer, one, readsWhile } = pair;
    await until(() => readsOf(appizer, one).length > 0);
    const follow = `mutation { followCampaign(account: "appizer-main", externalId: "${one}") {
      campaign { ${freshness} }
    } }`;
    // It looks at the campaign, and leaves it to its pace again.
    const unwatched = waitOf((await ask(follow)).followCampaign.campaign);
    expect(unwatched).toBeGreaterThan(1_000);

    const query = `{ campaign(id: "${idOf(one)}") { ${freshness} } }`;
    const askedAt = Date.now();
    expect(waitOf((await ask(query)).campaign)).toBeLessThanOrEqual(210);
    await until(() => readsOf(appizer, one, askedAt).length > 0);
    await readsWhile(1);
    const { campaign } = await ask(query);
    const dueAt = Date.parse(campaign.freshness.nextPollAt);
    expect(dueAt - Date.parse(campaign.freshness.observedAt)).toBeLessThanOrEqual(1_000);
    const next = await until(() => readsOf(appizer, one, dueAt - 2)[0] ?? null);
    expect(next.at - dueAt).toBeLessThan(1_000);
  });

  test('is null for a campaign that is left alone', async () => {
    await using pair = await startPair();
    const { ask, one } = pair;
    const query = `{ campaign(id: "${idOf(one)}") { ${freshness} } }`;
    await until(async () => (await ask(query)).campaign);
    const { unfollowCampaign } = await ask(
      `mutation { unfollowCampaign(id: "${idOf(one)}") { campaign { ${freshness} } } }`,
    );
    expect(waitOf(unfollowCampaign.campaign)).toBeNull();
    expect(waitOf((await ask(query)).campaign)).toBeNull();
  });
});
