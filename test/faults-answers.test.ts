import { describe, expect, test } from 'vitest';
import type { CampaignChange, SimulatedProvider } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const words = {
  selzy: ['in_progress', 'completed'],
  bsg: ['sending', 'done'],
  octeth: ['Sending', 'Sent'],
  appizer: ['sending', 'completed'],
} as const;

/** An app with one account "main" at a provider, that follows these campaigns. */
function startAt(
  simulator: Parameters<typeof accountAt>[0],
  name: keyof typeof words,
  externalIds: string[],
) {
  return startTestApp({
    accounts: [accountAt(simulator, name, { name: 'main' })],
    follow: externalIds.map((externalId) => ({ account: 'main', externalId })),
  });
}

async function campaign(app: TestApp, externalId: string) {
  const fields = 'status providerStatus revision freshness { stale reason } stats { sent }';
  const { data, errors } = await app.request(`{ campaign(id: "campaign:main:${externalId}") { ${fields} } }`);
  expect(errors).toBeUndefined();
  return data.campaign;
}

async function health(app: TestApp) {
  const { data } = await app.request('{ account(name: "main") { health { state problem { code } } } }');
  return data.account.health;
}

function readsOf(provider: SimulatedProvider, id: string): number {
  return provider.requests.filter(
    ({ externalId, parameters }) => (externalId ?? parameters.campaignid) === id,
  ).length;
}

describe.concurrent('a status that nobody knows', () => {
  test.each(providerNames)('at %s is UNKNOWN beside the raw word, and polling goes on', async (name) => {
    await using simulator = await startGenerousSimulator();
    const provider = simulator.providers[name];
    const [sending, sent] = words[name];
    provider.add({ externalId: '501', status: sending });
    await using app = await startAt(simulator, name, ['501']);
    using told = overWebSocket(
      app.url,
      'subscription ($ids: [ID!]) { campaignStatusChanged(ids: $ids) { transitions { from to providerStatus } } }',
      { ids: ['campaign:main:501'] },
    );
    await told.atLeast(1);
    provider.set('501', { status: 'on_the_moon' });
    await told.atLeast(2);
    expect(await campaign(app, '501')).toMatchObject({ status: 'UNKNOWN', providerStatus: 'on_the_moon' });
    expect(await health(app)).toEqual({ state: 'UP', problem: null });
    provider.set('501', { status: sent });
    await told.atLeast(3);
    expect(told.events.slice(1).map(({ transitions }) => transitions)).toEqual([
      [{ from: 'SENDING', to: 'UNKNOWN', providerStatus: 'on_the_moon' }],
      [{ from: 'UNKNOWN', to: 'COMPLETED', providerStatus: sent }],
    ]);
  });
});

describe.concurrent('a list that the provider does not know', () => {
  test.each([
    ['selzy', 'getCampaigns', 'unknown_method'],
    ['octeth', 'Campaigns.Get', 100_003],
  ] as const)(
    'leaves the campaigns that %s is asked for by name, and the account is well',
    async (name, operation, code) => {
      await using simulator = await startGenerousSimulator();
      const provider = simulator.providers[name];
      const [sending, sent] = words[name];
      provider.add({ externalId: '501', status: sending });
      provider.fault({ kind: 'error', code }, { operation });
      await using app = await startAt(simulator, name, ['501']);
      await until(async () => (await campaign(app, '501'))?.status === 'SENDING');
      const reads = readsOf(provider, '501');
      await until(() => readsOf(provider, '501') > reads + 2);
      expect(await health(app)).toEqual({ state: 'UP', problem: null });
      provider.set('501', { status: sent });
      await until(async () => (await campaign(app, '501')).status === 'COMPLETED');
      expect((await campaign(app, '501')).freshness).toEqual({ stale: false, reason: null });
      const lists = provider.requests.filter((request) => request.operation === operation);
      expect(lists.length, 'it is not asked for again and again').toBeLessThan(readsOf(provider, '501'));
    },
  );
});

describe.concurrent('one campaign that always answers with garbage', () => {
  test.each(['selzy', 'bsg', 'appizer'] as const)(
    'at %s leaves the others and the account alone',
    async (name) => {
      await using simulator = await startGenerousSimulator();
      const provider = simulator.providers[name];
      const [sending] = words[name];
      const others = ['501', '502', '503'];
      for (const externalId of ['500', ...others]) provider.add({ externalId, status: sending });
      await using app = await startAt(simulator, name, ['500', ...others]);
      await until(async () =>
        (await Promise.all(['500', ...others].map((id) => campaign(app, id)))).every(Boolean),
      );
      provider.fault({ kind: 'garbage' }, { externalId: '500' });
      const [reads, seen] = [readsOf(provider, '500'), new Set<string>()];
      await until(async () => {
        const [odd, ...sound] = await Promise.all(['500', ...others].map((id) => campaign(app, id)));
        if (odd.freshness.stale) for (const { freshness } of sound) seen.add(`${freshness.stale}`);
        seen.add(JSON.stringify(await health(app)));
        // Ever more rarely, as it fails.
        return readsOf(provider, '500') > reads + 6;
      });
      expect([...seen].sort()).toEqual(['false', '{"state":"UP","problem":null}']);
      expect((await campaign(app, '500')).freshness).toEqual({ stale: true, reason: expect.any(String) });
      for (const id of others) provider.set(id, { counters: { recipients: 9, sent: 7 } });
      await until(async () =>
        (await Promise.all(others.map((id) => campaign(app, id)))).every(({ stats }) => stats?.sent === 7),
      );
    },
  );

  test('at Selzy, when only its counters do: its status is told all the same', async () => {
    await using simulator = await startGenerousSimulator();
    const { selzy } = simulator.providers;
    selzy.add({ externalId: '501', status: 'in_progress', counters: { recipients: 9, sent: 4 } });
    await using app = await startAt(simulator, 'selzy', ['501']);
    await until(async () => (await campaign(app, '501'))?.stats?.sent === 4);
    selzy.fault({ kind: 'garbage' }, { operation: 'getCampaignCommonStats' });
    selzy.set('501', { status: 'stopped', counters: { sent: 6 } });
    await until(async () => (await campaign(app, '501')).status === 'PAUSED');
    const { stats, freshness } = await until(async () => {
      const found = await campaign(app, '501');
      return found.freshness.stale && found;
    });
    expect(stats).toEqual({ sent: 4 });
    expect(freshness.reason).toMatch(/JSON/);
    selzy.clearFaults();
    await until(async () => (await campaign(app, '501')).stats.sent === 6);
  });
});

test('an answer that comes late does not undo what a later look has seen', async () => {
  await using simulator = await startGenerousSimulator();
  const { selzy } = simulator.providers;
  selzy.add({ externalId: '501', status: 'in_progress' });
  await using app = await startAt(simulator, 'selzy', ['501']);
  await until(async () => (await campaign(app, '501'))?.status === 'SENDING');
  const statistics = () =>
    selzy.requests.filter(({ operation }) => operation === 'getCampaignCommonStats').length;
  // The read of the campaign has had its status, and waits for its counters; the list goes on meanwhile.
  selzy.fault({ kind: 'delay', ms: 400 }, { operation: 'getCampaignCommonStats' });
  const before = statistics();
  await until(() => statistics() > before);
  selzy.set('501', { status: 'completed' });
  await until(async () => (await campaign(app, '501')).status === 'COMPLETED');
  selzy.clearFaults();
  const reads = statistics();
  await until(() => statistics() > reads);
  const { data } = await app.request(
    '{ campaign(id: "campaign:main:501") { history { nodes { transitions { from to } } } } }',
  );
  const transitions = data.campaign.history.nodes.flatMap(
    (node: { transitions: unknown[] }) => node.transitions,
  );
  expect(transitions.reverse()).toEqual([
    { from: null, to: 'SENDING' },
    { from: 'SENDING', to: 'COMPLETED' },
  ]);
});

/** What providers send by mistake, and JSON allows. */
const oddities: readonly [string, CampaignChange][] = [
  ['a name with a character of zero', { name: 'Sale\u0000' }],
  ['a name with half a character', { name: 'Sale \ud83d' }],
  ['a reason with a character of zero', { statusReason: 'Why\u0000' }],
  ['a number beyond all measure', { extra: { TotalSent: 1e300 } }],
  ['a number beyond 32 bits', { extra: { TotalSent: 3_000_000_000 } }],
  ['a negative number', { extra: { TotalSent: -1 } }],
  ['a time beyond all measure', { extra: { CreateDateTime: '9999-99-99 99:99:99' } }],
  ['a name as long as a letter', { name: Array.from({ length: 4_000 }, (_, place) => place).join(' ') }],
];

describe.concurrent.each(databaseKinds)('one campaign that no database is made for, on %s,', (kind) => {
  test.each(oddities)('with %s, does not take the others of its list with it', async (_what, odd) => {
    await using simulator = await startGenerousSimulator();
    const { octeth } = simulator.providers;
    octeth.add({ externalId: '501', status: 'Sending', counters: { recipients: 9 } });
    octeth.add({ externalId: '502', status: 'Sending', counters: { recipients: 9 }, ...odd });
    await using app = await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'octeth', { name: 'main' })],
    });
    const query = '{ campaigns { nodes { externalId stats { sent } } } campaignSummary { stats { sent } } }';
    const sentOf = async (id: string) => {
      const { data, errors } = await app.request(query);
      expect(errors).toBeUndefined();
      const found = data.campaigns.nodes.find(({ externalId }: { externalId: string }) => externalId === id);
      return found?.stats?.sent ?? null;
    };
    await until(async () => (await sentOf('501')) === 0);
    octeth.set('501', { counters: { sent: 5 } });
    await until(async () => (await sentOf('501')) === 5);
    // However it is kept, it is the same at every look.
    const lists = octeth.requests.length;
    await until(() => octeth.requests.length > lists + 8);
    expect((await campaign(app, '502')).revision).toBeLessThanOrEqual(3);
  });
});
