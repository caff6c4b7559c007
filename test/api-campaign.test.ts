import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const one = `query ($id: ID!, $maxAgeSeconds: Int) { campaign(id: $id, maxAgeSeconds: $maxAgeSeconds) {
  id status deletedAt revision stats { sent }
  freshness { observedAt stale reason nextPollAt }
  history { nodes { cause kinds transitions { from to } } }
} }`;

const id = 'campaign:appizer-main:camp_1';

describe.each(databaseKinds)('one campaign on %s', (kind) => {
  async function startAppizer(options: object = {}) {
    const stack = new AsyncDisposableStack();
    const simulator = stack.use(await startSimulator({ campaigns: 0 }));
    const { appizer } = simulator.providers;
    const app = stack.use(
      await startTestApp({
        database: await createDatabase(kind),
        accounts: [accountAt(simulator, 'appizer')],
        ...options,
      }),
    );
    const ask = async (variables: object = {}) => app.request(one, { id, ...variables });
    return { app, appizer, ask, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  }

  test('that is unknown is read from its provider, and followed from then on', async () => {
    await using service = await startAppizer();
    service.appizer.add({ externalId: 'camp_1', status: 'sending', counters: { recipients: 9, sent: 1 } });
    const { data } = await service.ask();
    expect(data.campaign).toMatchObject({
      status: 'SENDING',
      revision: 1,
      stats: { sent: 1 },
      freshness: { stale: false, reason: null },
      history: {
        nodes: [{ cause: 'QUERY', kinds: ['FOLLOWED'], transitions: [{ from: null, to: 'SENDING' }] }],
      },
    });
    service.appizer.set('camp_1', { counters: { sent: 2 } });
    const later = await until(async () => {
      const answer = await service.ask();
      return answer.data.campaign.stats.sent === 2 ? answer.data.campaign : null;
    });
    expect(later.history.nodes[0]).toMatchObject({ cause: 'POLL', kinds: ['STATS'] });
  });

  test('that its provider does not know is null, and that is remembered', async () => {
    await using service = await startAppizer();
    expect(await service.ask()).toEqual({ data: { campaign: null } });
    expect(await service.ask()).toEqual({ data: { campaign: null } });
    expect(await service.ask({ maxAgeSeconds: 0 })).toEqual({ data: { campaign: null } });
    const { data } = await service.app.request(`{ node(id: "${id}") { id } }`);
    expect(data).toEqual({ node: null });
    expect(service.appizer.requests).toHaveLength(1);
  });

  test('is read again when it is older than maxAgeSeconds', async () => {
    await using service = await startAppizer();
    // Ended and counted to the last, it is not polled any more.
    service.appizer.add({ externalId: 'camp_1', status: 'completed', counters: { sent: 5, delivered: 5 } });
    await service.ask();
    service.appizer.set('camp_1', { counters: { sent: 6, delivered: 6 } });
    expect((await service.ask()).data.campaign.stats.sent).toBe(5);
    expect((await service.ask({ maxAgeSeconds: 3_600 })).data.campaign.stats.sent).toBe(5);
    expect(service.appizer.requests).toHaveLength(1);
    const { data } = await until(async () => {
      const answer = await service.ask({ maxAgeSeconds: 0 });
      return answer.data.campaign.stats.sent === 6 ? answer : null;
    });
    expect(data.campaign.history.nodes[0]).toMatchObject({ cause: 'QUERY', kinds: ['STATS'] });
    const { errors } = await service.ask({ maxAgeSeconds: -1 });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT', argument: 'maxAgeSeconds' } }]);
  });

  test("fails with the provider's problem only while nothing is known of it", async () => {
    await using service = await startAppizer();
    service.appizer.add({ externalId: 'camp_1', status: 'completed', counters: { sent: 5, delivered: 5 } });
    service.appizer.fault({ kind: 'status', status: 503 });
    const failed = await service.ask();
    expect(failed.data).toEqual({ campaign: null });
    expect(failed.errors).toMatchObject([
      { extensions: { code: 'PROVIDER_UNAVAILABLE' }, path: ['campaign'] },
    ]);

    service.appizer.clearFaults();
    const known = await until(async () => (await service.ask()).data.campaign);
    expect(known.freshness).toMatchObject({ stale: false, reason: null });

    service.appizer.fault({ kind: 'status', status: 503 });
    const stale = await until(async () => {
      const { data } = await service.ask({ maxAgeSeconds: 0 });
      return data.campaign.freshness.stale ? data.campaign : null;
    });
    expect(stale).toMatchObject({ status: 'COMPLETED', stats: { sent: 5 }, revision: 1 });
    expect(stale.freshness.reason).toMatch(/service is unavailable/i);

    service.appizer.clearFaults();
    const fresh = await until(async () => {
      const { data } = await service.ask({ maxAgeSeconds: 0 });
      return data.campaign.freshness.stale ? null : data.campaign;
    });
    expect(Date.parse(fresh.freshness.observedAt)).toBeGreaterThan(Date.parse(known.freshness.observedAt));
    expect(fresh.revision).toBe(1);
  });

  test('tells when it was read last and when it will be read next', async () => {
    await using service = await startAppizer({ polling: { fastest: 600, slowest: 3_600 } });
    service.appizer.add({ externalId: 'camp_1', status: 'sending' });
    service.appizer.add({ externalId: 'camp_2', status: 'completed', counters: { sent: 1, delivered: 1 } });
    const { freshness } = (await service.ask()).data.campaign;
    expect(Date.parse(freshness.nextPollAt) - Date.parse(freshness.observedAt)).toBeGreaterThanOrEqual(
      600_000,
    );
    const ended = await service.ask({ id: 'campaign:appizer-main:camp_2' });
    expect(ended.data.campaign.freshness).toMatchObject({ stale: false, nextPollAt: null });
  });

  test('that vanishes at its provider is told as deleted, keeps what is known, and can come back', async () => {
    await using service = await startAppizer();
    const facts = { externalId: 'camp_1', createdAt: Date.parse('2026-07-01T10:00:00Z') };
    service.appizer.add({ ...facts, status: 'sending', counters: { recipients: 9, sent: 4 } });
    await service.ask();
    service.appizer.remove('camp_1');
    const deleted = await until(async () => {
      const { campaign } = (await service.ask()).data;
      return campaign.deletedAt === null ? null : campaign;
    });
    expect(deleted).toMatchObject({ status: 'SENDING', stats: { sent: 4 } });
    expect(deleted.history.nodes[0]).toMatchObject({ kinds: ['DELETED'], transitions: [] });
    const lists = `{
      known: campaigns { totalCount }
      gone: campaigns(filter: { deleted: true }) { totalCount }
      all: campaigns(filter: { deleted: null }) { totalCount }
    }`;
    expect((await service.app.request(lists)).data).toEqual({
      known: { totalCount: 0 },
      gone: { totalCount: 1 },
      all: { totalCount: 1 },
    });

    service.appizer.add({ ...facts, status: 'completed', counters: { recipients: 9, sent: 9 } });
    const { data } = await service.app.request(
      `mutation { refreshCampaign(id: "${id}") { campaign { status deletedAt } errors { code } } }`,
    );
    expect(data.refreshCampaign).toEqual({ campaign: { status: 'COMPLETED', deletedAt: null }, errors: [] });
    const restored = (await service.ask()).data.campaign;
    // Nothing lists it, so it is looked for once in a while too.
    expect(restored.history.nodes[0]).toMatchObject({
      cause: expect.stringMatching(/^(MUTATION|POLL)$/),
      kinds: ['RESTORED', 'STATUS', 'STATS'],
      transitions: [{ from: 'SENDING', to: 'COMPLETED' }],
    });
  });

  test('that a list tells can vanish and come back by itself, and can go back to an earlier status', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const { octeth } = simulator.providers;
    const sent = { status: 'Sent', counters: { recipients: 5, sent: 5, delivered: 5 } };
    const externalId = octeth.add(sent);
    await using app = await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'octeth')],
    });
    // Not asked for by its id, as that would read it from the provider while it is unknown.
    const steps = async () => {
      const { data } = await app.request(
        '{ campaigns(filter: { deleted: null }) { nodes { history { nodes { cause kinds transitions { from to } } } } } }',
      );
      return data.campaigns.nodes[0]?.history.nodes.toReversed() ?? [];
    };
    const stepNumber = (count: number) =>
      until(async () => {
        const all = await steps();
        return all.length >= count ? all : null;
      });
    await stepNumber(1);
    octeth.set(externalId, { status: 'Sending' });
    await stepNumber(2);
    octeth.remove(externalId);
    await stepNumber(3);
    octeth.add({ ...sent, externalId });
    expect(await stepNumber(4)).toMatchObject([
      { kinds: ['FOLLOWED'], transitions: [{ from: null, to: 'COMPLETED' }] },
      { cause: 'POLL', transitions: [{ from: 'COMPLETED', to: 'SENDING' }] },
      { cause: 'POLL', transitions: [] },
      { cause: 'POLL', transitions: [{ from: 'SENDING', to: 'COMPLETED' }] },
    ]);
    const [, backward, deletion, restoring] = await steps();
    expect(backward.kinds).toContain('STATUS');
    expect(deletion.kinds).toContain('DELETED');
    expect(restoring.kinds).toContain('RESTORED');
  });
});

describe.each(databaseKinds)('a text with a character that no database holds, on %s', (kind) => {
  test('keeps no campaign from being read', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    simulator.providers.octeth.add({ name: 'Plain', status: 'Sent' });
    simulator.providers.octeth.add({ name: 'Odd\u0000 \ud800', status: 'Sent', tags: ['a\u0000'] });
    await using app = await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'octeth')],
    });
    const names = await until(async () => {
      const { data } = await app.request('{ campaigns(orderBy: { field: NAME }) { nodes { name } } }');
      return data.campaigns.nodes.length === 2 ? data.campaigns.nodes : null;
    }, 3_000);
    expect(names).toMatchObject([{ name: 'Plain' }, { name: expect.stringMatching(/^Odd/) }]);
  });
});

describe('the raw answer', () => {
  test.each(providerNames)('of %s holds what the provider sent, and no secret', async (name) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const provider = simulator.providers[name];
    const externalId = provider.add({
      extra: { remark: `called with ${provider.apiKey}`, nested: { token: 'hush', [provider.apiKey]: 1 } },
    });
    await using app = await startTestApp({ accounts: [accountAt(simulator, name)] });
    const { data } = await app.request('query ($id: ID!) { campaign(id: $id) { raw } }', {
      id: `campaign:${name}-main:${externalId}`,
    });
    const text = JSON.stringify(data.campaign.raw);
    expect(text).toContain('"remark":"called with [redacted]"');
    expect(text).not.toContain(provider.apiKey);
    expect(text).not.toContain('hush');
  });
});
