import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../src/config.ts';
import type { CampaignStatus } from '../src/model/campaign.ts';
import { countersOf } from '../src/model/stats.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestAppOptions } from './support/app.ts';
import { tokenOf } from './support/signing-in.ts';
import { slowTransports } from './support/slow-socket.ts';
import { overSse, overWebSocket, type Subscribed } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const transports = [
  ['WebSocket', overWebSocket],
  ['SSE', overSse],
] as const;

/** Its provider can't be reached: its campaigns change as `see` says, and not otherwise. */
const account = (name: string, extra: object = {}) => ({
  name,
  provider: 'appizer',
  apiKey: `key-of-${name}`,
  baseUrl: 'http://127.0.0.1:1',
  ...extra,
});

const all = tokenOf('all');
const oldOnly = tokenOf('old-only', 'operator', ['old']);
const [issuer, audience, secret] = ['issuer', 'campaign-graph', 'a secret of more than thirty-two bytes'];
/** Tokens of the configuration name accounts that there are; JWTs any. */
const both = {
  bearer: `Bearer ${await new SignJWT({ role: 'operator', accounts: ['old', 'new'] })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime('1h')
    .sign(Buffer.from(secret))}`,
};
const signedIn = {
  auth: { tokens: [all, oldOnly].map(({ settings }) => settings), jwt: { issuer, audience, secret } },
};

/** An app with an account `old`, which other accounts are configured beside by a reload. */
async function startReloadable(extra: Partial<TestAppOptions> = signedIn) {
  const settings = { polling: { fastest: 3_600, slowest: 3_600 }, ...extra };
  const app = await startTestApp({ ...settings, accounts: [account('old')] });
  const changes: Record<string, number> = {};
  return {
    ...app,

    configure: (...accounts: readonly object[]) =>
      app.reload(
        parseConfig({ database: 'sqlite::memory:', ...settings, server: { port: 0 }, accounts }, {}),
      ),

    /** A campaign of each account changes, one after the other. */
    async see(names: readonly string[], sender = 'Shop'): Promise<void> {
      for (const name of names) {
        const count = (changes[name] ?? 0) + 1;
        changes[name] = count;
        const status: CampaignStatus = count % 2 === 0 ? 'PAUSED' : 'SENDING';
        const stats = { counters: countersOf({ sent: count }), final: false };
        const reading = { externalId: '1', status, providerStatus: status, sender, stats, raw: null };
        const seen = { account: name, channel: 'PUSH', externalId: '1', cause: 'POLL', reading } as const;
        await app.observe([{ ...seen, askedAt: Date.now() }]);
      }
    },

    async metric(name: string): Promise<number> {
      const headers = { authorization: all.bearer };
      const text = await (await fetch(`${app.url}/metrics`, { headers })).text();
      return Number(new RegExp(`^campaign_graph_${name} (\\S+)$`, 'm').exec(text)?.[1]);
    },
  };
}

type Reloadable = Awaited<ReturnType<typeof startReloadable>>;

const opened = (app: Reloadable, count: number) =>
  until(async () => (await app.metric('subscribers')) === count);

const toldIds = ({ events }: Subscribed) => events.map(({ campaign }) => campaign.id);
const [ofOld, ofNew] = ['campaign:old:1', 'campaign:new:1'];

test.each(transports)(
  'who sees more after a reload is told of it, and keeps its place, over %s',
  async (_way, subscribe) => {
    await using app = await startReloadable();
    const query = 'subscription { campaignUpdated { cursor fromRevision revision campaign { id } } }';
    const ids = `subscription { campaignUpdated(ids: ["${ofNew}", "${ofOld}"]) { cursor fromRevision revision campaign { id } } }`;
    await app.see(['old']);
    using everything = subscribe(app.url, query, {}, all.bearer);
    using named = subscribe(app.url, query, {}, both.bearer);
    using byIds = subscribe(app.url, ids, {}, both.bearer);
    using others = subscribe(app.url, query, {}, oldOnly.bearer);
    const statuses = subscribe(
      app.url,
      'subscription { campaignStatusChanged { campaign { id } } }',
      {},
      all.bearer,
    );
    using _statuses = statuses;
    await opened(app, 5);
    await byIds.atLeast(1);
    await app.see(['old']);
    await Promise.all([everything, named, others, statuses].map((told) => told.atLeast(1)));

    await app.configure(account('old'), account('new'));
    await app.see(['new', 'old', 'new']);
    for (const told of [everything, named, statuses]) {
      await told.atLeast(4);
      expect(toldIds(told)).toEqual([ofOld, ofNew, ofOld, ofNew]);
    }
    await byIds.atLeast(5);
    expect(toldIds(byIds)).toEqual([ofOld, ofOld, ofNew, ofOld, ofNew]);
    await others.atLeast(2);
    expect(toldIds(others)).toEqual([ofOld, ofOld]);

    // Each cursor is a place in what is seen now.
    using again = subscribe(
      app.url,
      'subscription ($after: String) { campaignUpdated(after: $after) { cursor fromRevision revision campaign { id } } }',
      { after: everything.events[0].cursor },
      all.bearer,
    );
    await again.atLeast(3);
    expect(again.events).toEqual(everything.events.slice(1));

    await app.configure(account('old'));
    await app.see(['new', 'old']);
    for (const told of [everything, named, statuses]) await told.atLeast(5);
    for (const told of [everything, named, statuses]) {
      expect(toldIds(told).slice(4)).toEqual([ofOld]);
      expect([told.errors, told.ended]).toEqual([[], false]);
    }
  },
);

test('without sign-in everybody sees more', async () => {
  await using app = await startReloadable({});
  using told = overWebSocket(app.url, 'subscription { campaignUpdated { campaign { id } } }');
  await opened(app, 1);
  await app.configure(account('old'), account('new'));
  await app.see(['new', 'old']);
  await told.atLeast(2);
  expect(toldIds(told)).toEqual([ofNew, ofOld]);
});

test.each(transports)(
  'an account that is added is told as it is, and others not again, over %s',
  async (_way, subscribe) => {
    await using app = await startReloadable();
    const query = 'subscription { accountUpdated { name health { state } } }';
    using everything = subscribe(app.url, query, {}, all.bearer);
    using byName = subscribe(
      app.url,
      'subscription { accountUpdated(names: ["new"]) { name health { state } } }',
      {},
      both.bearer,
    );
    using others = subscribe(app.url, query, {}, oldOnly.bearer);
    await opened(app, 3);
    await Promise.all([everything.atLeast(1), others.atLeast(1)]);
    await app.configure(account('old'), account('new'));
    await Promise.all([everything.atLeast(2), byName.atLeast(1)]);
    const added = { name: 'new', health: { state: 'UP' } };
    expect([everything.events.slice(1), byName.events]).toEqual([[added], [added]]);

    // One that is configured otherwise begins anew.
    await app.configure(account('old', { apiKey: 'another-key' }), account('new'));
    await Promise.all([everything.atLeast(3), others.atLeast(2)]);
    expect(everything.events.slice(2)).toEqual([{ name: 'old', health: { state: 'UP' } }]);
    expect(byName.events).toEqual([added]);
  },
);

test('who saw the same is in one group, and in two after a reload by which one sees more', async () => {
  await using app = await startReloadable();
  const query = 'subscription { campaignUpdated { cursor campaign { id } } }';
  const bearers = [all, all, both, oldOnly].map(({ bearer }) => bearer);
  const everybody = bearers.map((bearer, place) =>
    (place % 2 === 0 ? overWebSocket : overSse)(app.url, query, {}, bearer),
  );
  try {
    await opened(app, 4);
    expect(await app.metric('subscription_groups')).toBe(1);
    await app.see(['old']);
    for (const told of everybody) await told.atLeast(1);

    await app.configure(account('old'), account('new'));
    expect(await app.metric('subscription_groups')).toBe(2);
    await until(async () => (await app.metric('subscribers_behind')) === 0);
    const executions = await app.metric('subscription_executions_total');
    await app.see(['new', 'old']);
    for (const told of everybody.slice(0, 3)) await told.atLeast(3);
    await everybody[3]?.atLeast(2);
    expect(await app.metric('subscription_executions_total')).toBe(executions + 3);
    expect(everybody[1]?.events).toEqual(everybody[0]?.events);

    await app.configure(account('old'), account('new'), account('third'));
    expect(await app.metric('subscription_groups')).toBe(3);
    await app.configure(account('old'));
    expect(await app.metric('subscription_groups')).toBe(1);
    expect(await app.metric('subscribers')).toBe(4);
  } finally {
    for (const told of everybody) told[Symbol.dispose]();
  }
});

test.each(transports)('a report of an account that is added is told of, over %s', async (_way, subscribe) => {
  await using simulator = await startSimulator({ campaigns: 0, selzyTaskSeconds: 0.1 });
  simulator.providers.selzy.add({
    externalId: '1',
    status: 'completed',
    counters: { recipients: 5, sent: 5, delivered: 5 },
  });
  await using app = await startReloadable({});
  using told = subscribe(app.url, 'subscription { taskUpdated { status campaign { id } } }');
  await opened(app, 1);
  await app.configure(
    account('old'),
    accountAt(simulator, 'selzy', { name: 'new', reportHosts: ['127.0.0.1'] }),
  );
  await app.request(`{ campaign(id: "${ofNew}") { id } }`);
  await app.request(
    `mutation { requestDeliveryReport(input: { campaignId: "${ofNew}" }) { errors { message } } }`,
  );
  await until(() => told.events.at(-1)?.status === 'COMPLETED');
  expect(new Set(toldIds(told))).toEqual(new Set([ofNew]));
});

test('a campaign by its provider is seen once its account is of that provider', async () => {
  await using app = await startReloadable();
  const query = 'subscription { campaignUpdated(filter: { providers: ["octeth"] }) { campaign { id } } }';
  using told = overWebSocket(app.url, query, {}, oldOnly.bearer);
  await opened(app, 1);
  await app.see(['old']);
  await app.configure(account('old', { provider: 'octeth' }));
  await app.see(['old']);
  await told.atLeast(1);
  expect(toldIds(told)).toEqual([ofOld]);
});

test('who is still being let in when the accounts change sees them as they are then', async () => {
  const asked: ServerResponse[] = [];
  const provider = createServer((_request, response) => void asked.push(response));
  await once(provider.listen(0, '127.0.0.1'), 'listening');
  const { port } = z.object({ port: z.number() }).parse(provider.address());
  await using app = await startReloadable({});
  const old = account('old', { baseUrl: `http://127.0.0.1:${port}` });
  await app.configure(old);
  const ids = [`${ofOld}0`, ofNew];
  using told = overWebSocket(
    app.url,
    'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { campaign { id } } }',
    { ids },
  );
  await until(() => asked.length > 0);
  await app.configure(old, account('new'));
  await app.see(['new']);
  provider.closeAllConnections();
  provider.close();
  await told.atLeast(1);
  expect(toldIds(told)).toEqual([ofNew]);
});

test.each(slowTransports)(
  'who is behind goes on in the order of the changes, over %s',
  async (_way, open) => {
    await using app = await startReloadable({});
    await app.see(['old']);
    using client = await open(app.url, { ids: [ofOld, ofNew] });
    await until(() => client.events.length === 1);
    client.stopReading();
    const sender = 'x'.repeat(200_000);
    await until(async () => {
      await app.see(['old'], sender);
      return (await app.metric('subscribers_behind')) === 1;
    });
    await app.see(['old']);
    await app.configure(account('old'), account('new'));
    await app.see(['new', 'old', 'new']);
    client.readOn();
    const ofCampaign = (id: string) => client.events.filter(({ campaign }) => campaign.id === id);
    for (const id of [ofOld, ofNew]) {
      const { data } = await app.request(`{ campaign(id: "${id}") { revision } }`);
      await until(() => ofCampaign(id).at(-1)?.revision === data.campaign.revision);
      const revisions = ofCampaign(id).map(({ revision }) => revision);
      const [, ...later] = ofCampaign(id).map(({ fromRevision }) => fromRevision);
      expect(later).toEqual(revisions.slice(0, -1));
    }
    expect(ofCampaign(ofNew).map(({ fromRevision }) => fromRevision)).toEqual([0, 1]);
    expect(client.closeCode).toBeNull();
  },
);
