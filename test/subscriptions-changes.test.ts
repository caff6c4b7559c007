import { describe, expect, test } from 'vitest';
import type { CampaignChange } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const changes = `subscription ($ids: [ID!], $filter: CampaignFilter, $fields: [String!], $after: String) {
  campaignUpdated(ids: $ids, filter: $filter, fields: $fields, after: $after) {
    cursor cause fromRevision revision kinds changedFields transitions { from to } stats { sent delivered }
    campaign { id status }
  }
}`;

const statusChanges = `subscription ($ids: [ID!], $filter: CampaignFilter) {
  campaignStatusChanged(ids: $ids, filter: $filter) { cause transitions { from to } campaign { id } }
}`;

const idOf = (externalId: string) => `campaign:appizer-main:${externalId}`;

/** An app that reads only what the test tells it to, so that each change is a step of its own. */
async function startApp(database: string) {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startGenerousSimulator());
  const { appizer } = simulator.providers;
  const app = stack.use(
    await startTestApp({
      database,
      accounts: [accountAt(simulator, 'appizer')],
      polling: { fastest: 600, slowest: 3_600 },
    }),
  );
  const read = async (externalId: string) => {
    const { data } = await app.request(
      'query ($id: ID!) { campaign(id: $id, maxAgeSeconds: 0) { revision } }',
      {
        id: idOf(externalId),
      },
    );
    return data.campaign.revision;
  };
  return {
    url: app.url,
    app,
    async add(externalId: string, campaign: CampaignChange = {}) {
      appizer.add({ externalId, status: 'pending', ...campaign });
      await read(externalId);
    },
    addUnread: (externalId: string) => void appizer.add({ externalId, status: 'pending' }),
    /** Changes the campaign at the provider, and has it read. */
    async change(externalId: string, change: CampaignChange) {
      const before = await read(externalId);
      appizer.set(externalId, change);
      // A reading in the same millisecond as the one before is young enough.
      await until(async () => (await read(externalId)) > before);
    },
    async subscribers() {
      const metrics = await (await fetch(`${app.url}/metrics`)).text();
      return Number(/^campaign_graph_subscribers (\d+)$/m.exec(metrics)?.[1]);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const transports = [
  ['WebSocket', overWebSocket],
  ['SSE', overSse],
] as const;

describe.each(databaseKinds)('on %s', (kind) => {
  describe.each(transports)('over %s', (_name, subscribe) => {
    test('without arguments every change of every campaign is told, new campaigns included', async () => {
      await using service = await startApp(await createDatabase(kind));
      await service.add('camp_1');
      using told = subscribe(service.url, changes);
      await until(async () => (await service.subscribers()) === 1);
      await service.add('camp_2');
      await service.change('camp_1', { status: 'sending' });
      await told.atLeast(2);
      expect(told.events).toMatchObject([
        {
          cause: 'QUERY',
          fromRevision: 0,
          revision: 1,
          kinds: ['FOLLOWED'],
          transitions: [{ from: null, to: 'QUEUED' }],
          campaign: { id: idOf('camp_2') },
        },
        {
          fromRevision: 1,
          revision: 2,
          kinds: expect.arrayContaining(['STATUS']),
          campaign: { id: idOf('camp_1') },
        },
      ]);
    });

    test('by ids: each state first, then an unbroken chain of each', async () => {
      await using service = await startApp(await createDatabase(kind));
      for (const externalId of ['camp_1', 'camp_2', 'camp_3']) await service.add(externalId);
      await service.change('camp_2', { status: 'sending' });
      using told = subscribe(service.url, changes, { ids: [idOf('camp_2'), idOf('camp_1')] });
      await told.atLeast(2);
      for (let sent = 1; sent <= 4; sent += 1) {
        for (const externalId of ['camp_1', 'camp_2', 'camp_3']) {
          await service.change(externalId, { counters: { recipients: 10, sent } });
        }
      }
      await told.atLeast(10);
      expect(told.events).toHaveLength(10);
      const revisions = new Map<string, number>();
      for (const [place, { cause, campaign, fromRevision, revision }] of told.events.entries()) {
        expect(cause).toBe(place < 2 ? 'SNAPSHOT' : 'QUERY');
        expect(fromRevision).toBe(revisions.get(campaign.id) ?? revision);
        revisions.set(campaign.id, revision);
      }
      expect(revisions).toEqual(
        new Map([
          [idOf('camp_1'), 5],
          [idOf('camp_2'), 6],
        ]),
      );
    });

    test('ids that nobody has asked for yet are read, and followed', async () => {
      await using service = await startApp(await createDatabase(kind));
      service.addUnread('camp_1');
      using told = subscribe(service.url, changes, { ids: [idOf('camp_1')] });
      await told.atLeast(1);
      expect(told.events).toMatchObject([{ cause: 'SNAPSHOT', revision: 1, campaign: { status: 'QUEUED' } }]);
      const { data } = await service.app.request('{ campaigns { totalCount } }');
      expect(data.campaigns.totalCount).toBe(1);
    });

    test('by filter: no states, then what matches, and once more what stops to', async () => {
      await using service = await startApp(await createDatabase(kind));
      await service.add('camp_1', { status: 'sending', counters: { recipients: 9 } });
      await service.add('camp_2', { status: 'completed', counters: { recipients: 9 } });
      using told = subscribe(service.url, changes, { filter: { statuses: ['SENDING'] } });
      await until(async () => (await service.subscribers()) === 1);
      await service.change('camp_2', { counters: { sent: 1 } });
      await service.change('camp_1', { counters: { sent: 1 } });
      await service.change('camp_1', { status: 'completed' });
      await service.change('camp_1', { counters: { sent: 2 } });
      await service.change('camp_2', { status: 'sending' });
      await told.atLeast(3);
      expect(told.events).toHaveLength(3);
      expect(told.events).toMatchObject([
        { kinds: ['STATS'], transitions: [], campaign: { id: idOf('camp_1') } },
        { transitions: [{ from: 'SENDING', to: 'COMPLETED' }], campaign: { id: idOf('camp_1') } },
        { transitions: [{ from: 'COMPLETED', to: 'SENDING' }], campaign: { id: idOf('camp_2') } },
      ]);
    });

    test('by ids and filter: the named ones always, the others while they match', async () => {
      await using service = await startApp(await createDatabase(kind));
      for (const externalId of ['camp_1', 'camp_2']) await service.add(externalId);
      const arguments_ = { ids: [idOf('camp_1')], filter: { statuses: ['SENDING'] } };
      using told = subscribe(service.url, changes, arguments_);
      await told.atLeast(1);
      await service.change('camp_1', { status: 'failed' });
      await service.change('camp_2', { counters: { recipients: 9 } });
      await service.change('camp_2', { status: 'sending' });
      await told.atLeast(3);
      expect(told.events.map(({ campaign, cause }) => [campaign.id, cause])).toEqual([
        [idOf('camp_1'), 'SNAPSHOT'],
        [idOf('camp_1'), 'QUERY'],
        [idOf('camp_2'), 'QUERY'],
      ]);
    });

    test('campaignStatusChanged tells changes of status alone', async () => {
      await using service = await startApp(await createDatabase(kind));
      await service.add('camp_1', { counters: { recipients: 9 } });
      await service.add('camp_2', { counters: { recipients: 9 } });
      using named = subscribe(service.url, statusChanges, { ids: [idOf('camp_1')] });
      using matching = subscribe(service.url, statusChanges, { filter: { statuses: ['SENDING'] } });
      using all = subscribe(service.url, statusChanges);
      await until(async () => (await service.subscribers()) === 3);
      for (const externalId of ['camp_1', 'camp_2']) {
        await service.change(externalId, { counters: { sent: 1 } });
        await service.change(externalId, { status: 'sending' });
        await service.change(externalId, { counters: { sent: 2 } });
      }
      const began = { cause: 'QUERY', transitions: [{ from: 'QUEUED', to: 'SENDING' }] };
      const both = ['camp_1', 'camp_2'].map((externalId) => ({
        ...began,
        campaign: { id: idOf(externalId) },
      }));
      await named.atLeast(2);
      await matching.atLeast(2);
      await all.atLeast(2);
      expect(all.events).toEqual(both);
      expect(matching.events).toEqual(both);
      expect(named.events).toMatchObject([{ cause: 'SNAPSHOT', transitions: [] }, began]);
    });
  });
});

describe.each(transports)('over %s', (_name, subscribe) => {
  test.each([
    [['status'], [2, 4]],
    [['stats'], [1, 3]],
    [['stats.delivered'], [3]],
    [
      ['status', 'stats.sent'],
      [1, 2, 4],
    ],
    [['active'], [4]],
    [['name'], []],
  ])('by fields %j', async (fields, expected) => {
    await using service = await startApp('sqlite::memory:');
    await service.add('camp_1', { counters: { recipients: 9 } });
    using told = subscribe(service.url, changes, { filter: { ids: [idOf('camp_1')] }, fields });
    using all = subscribe(service.url, changes);
    await until(async () => (await service.subscribers()) === 2);
    await service.change('camp_1', { counters: { sent: 2 } });
    await service.change('camp_1', { status: 'sending' });
    await service.change('camp_1', { counters: { delivered: 1 } });
    await service.change('camp_1', { status: 'completed' });
    await all.atLeast(4);
    await told.atLeast(expected.length);
    expect(told.events.map(({ fromRevision }) => fromRevision)).toEqual(expected);
  });
});
