import { describe, expect, test } from 'vitest';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const changes = `subscription ($ids: [ID!], $filter: CampaignFilter, $fields: [String!], $after: String) {
  campaignUpdated(ids: $ids, filter: $filter, fields: $fields, after: $after) {
    cursor cause fromRevision revision kinds transitions { from to } changedFields stats { sent } campaign { id status }
  }
}`;
const statusChanges = `subscription ($ids: [ID!], $after: String) {
  campaignStatusChanged(ids: $ids, after: $after) { cursor cause transitions { to } }
}`;

const transports = [
  ['WebSocket', overWebSocket],
  ['SSE', overSse],
] as const;

const one = 'campaign:appizer-main:camp_1';
const two = 'campaign:appizer-main:camp_2';

async function startApp(database = 'sqlite::memory:') {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startGenerousSimulator());
  const { appizer } = simulator.providers;
  for (const externalId of ['camp_1', 'camp_2']) {
    appizer.add({ externalId, status: 'sending', counters: { recipients: 9, sent: 0 } });
  }
  const app = stack.use(
    await startTestApp({
      database,
      accounts: [accountAt(simulator, 'appizer')],
      polling: { fastest: 600, slowest: 3_600 },
    }),
  );
  const sent = async (id: string) => {
    const { data } = await app.request(
      'query ($id: ID!) { campaign(id: $id, maxAgeSeconds: 0) { stats { sent } } }',
      { id },
    );
    return data.campaign.stats.sent;
  };
  for (const id of [one, two]) await sent(id);
  return {
    url: app.url,
    appizer,
    async change(id: string, count: number, status = 'sending') {
      appizer.set(id.replace(/.*:/, ''), { status, counters: { sent: count } });
      await until(async () => (await sent(id)) === count);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe.each(databaseKinds)('coming back on %s', (kind) => {
  describe.each(transports)('over %s', (_name, subscribe) => {
    test('with any cursor, what came after it is told once and in order', async () => {
      await using service = await startApp(await createDatabase(kind));
      using told = subscribe(service.url, changes, { ids: [one, two] });
      await told.atLeast(2);
      for (let count = 1; count <= 3; count += 1) {
        await service.change(one, count);
        await service.change(two, count);
      }
      await told.atLeast(8);
      const seen = told.events.slice(1, 8).map(({ cursor, campaign, revision, stats }) => ({
        cursor,
        step: { id: campaign.id, revision, sent: stats.sent },
      }));
      for (const [place, { cursor }] of seen.entries()) {
        using again = subscribe(service.url, changes, { ids: [one, two], after: cursor });
        await again.atLeast(6 - place);
        await service.change(one, 100 + place);
        const missed = seen.length - 1 - place;
        await again.atLeast(missed + place + 1);
        const steps = again.events.map(({ campaign, revision, stats }) => ({
          id: campaign.id,
          revision,
          sent: stats.sent,
        }));
        expect(steps.slice(0, missed)).toEqual(seen.slice(place + 1).map(({ step }) => step));
        expect(steps.slice(missed).map(({ sent }) => sent)).toEqual(
          Array.from({ length: place + 1 }, (_, later) => 100 + later),
        );
      }
    });

    test('with a cursor of another log, the present state is told', async () => {
      await using other = await startApp();
      using lost = subscribe(other.url, changes, { ids: [one] });
      await lost.atLeast(1);
      await using service = await startApp(await createDatabase(kind));
      await service.change(one, 5);
      const after = lost.events[0].cursor;
      using named = subscribe(service.url, changes, { ids: [one], after });
      using all = subscribe(service.url, changes, { after });
      using matching = subscribe(service.url, changes, { filter: { ids: [two] }, after });
      await named.atLeast(1);
      await all.atLeast(2);
      await matching.atLeast(1);
      const state = { cause: 'RESET', kinds: [], transitions: [], changedFields: [] };
      expect(named.events).toMatchObject([
        { ...state, fromRevision: 2, revision: 2, stats: { sent: 5 }, campaign: { id: one } },
      ]);
      expect(all.events).toMatchObject([
        { ...state, campaign: { id: one } },
        { ...state, campaign: { id: two } },
      ]);
      expect(matching.events).toMatchObject([{ ...state, campaign: { id: two } }]);
      await service.change(one, 6);
      await named.atLeast(2);
      expect(named.events[1]).toMatchObject({ cause: 'QUERY', fromRevision: 2, revision: 3 });
      expect(matching.events).toHaveLength(1);
    });
  });
});

describe.each(transports)('over %s', (_name, subscribe) => {
  test('a cursor leads back into campaignStatusChanged too', async () => {
    await using service = await startApp();
    using told = subscribe(service.url, statusChanges, { ids: [one] });
    await told.atLeast(1);
    await service.change(one, 1);
    await service.change(one, 2, 'failed');
    await service.change(one, 3, 'sending');
    using again = subscribe(service.url, statusChanges, { ids: [one], after: told.events[0].cursor });
    await again.atLeast(2);
    expect(again.events.map(({ transitions }) => transitions)).toEqual([
      [{ to: 'FAILED' }],
      [{ to: 'SENDING' }],
    ]);
  });

  test('who leaves while the present state is told anew gets the rest of it', async () => {
    await using other = await startApp();
    using lost = subscribe(other.url, changes, { ids: [one] });
    await lost.atLeast(1);
    await using service = await startApp();
    const variables = { ids: [one], filter: { ids: [two] } };
    using told = subscribe(service.url, changes, { ...variables, after: lost.events[0].cursor });
    await told.atLeast(2);
    expect(told.events.map(({ campaign }) => campaign.id)).toEqual([one, two]);
    using again = subscribe(service.url, changes, { ...variables, after: told.events[0].cursor });
    await service.change(one, 1);
    await again.atLeast(2);
    // Which comes first depends on which is seen first: the state or the change.
    expect(again.events.map(({ campaign }) => campaign.id).sort()).toEqual([one, two].sort());
  });

  test.each<[string, object]>([
    ['a cursor that is none', { ids: [one], after: 'garbage' }],
    ['an empty cursor', { ids: [one], after: '' }],
    ['a malformed id', { ids: ['camp_1'] }],
    ['the id of something else', { ids: ['account:appizer-main'] }],
    ['a malformed id in the filter', { filter: { ids: ['camp_1'] } }],
    ['a field that is not there', { fields: ['colour'] }],
    ['a counter that is not there', { fields: ['stats.colour'] }],
  ])('%s is refused', async (_what, variables) => {
    await using service = await startApp();
    using told = subscribe(service.url, changes, { ...variables });
    await until(() => told.ended);
    expect(told.errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
    expect(told.events).toEqual([]);
  });

  test('ids of an unknown account, or of a campaign that its provider does not know, are told nothing', async () => {
    await using service = await startApp();
    const ids = ['campaign:nobody:camp_1', 'campaign:appizer-main:nothing', one];
    using told = subscribe(service.url, changes, { ids });
    await told.atLeast(1);
    await service.change(one, 1);
    await told.atLeast(2);
    expect(told.events.map(({ campaign }) => campaign.id)).toEqual([one, one]);
    expect(told.errors).toEqual([]);
  });

  test('what appears later under an id that was asked for is told from its first step', async () => {
    await using service = await startApp();
    service.appizer.fault({ kind: 'status', status: 503 }, { times: 1 });
    service.appizer.add({ externalId: 'camp_3', status: 'sending', counters: { sent: 0 } });
    const three = 'campaign:appizer-main:camp_3';
    using told = subscribe(service.url, changes, { ids: [three, one] });
    await told.atLeast(1);
    await service.change(three, 3);
    await told.atLeast(2);
    expect(told.events).toMatchObject([
      { cause: 'SNAPSHOT', campaign: { id: one } },
      { kinds: ['FOLLOWED'], fromRevision: 0, campaign: { id: three } },
    ]);
  });
});
