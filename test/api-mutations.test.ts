import { describe, expect, test } from 'vitest';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { until } from './support/wait.ts';

const payload = `campaign {
  id status revision stats { sent } freshness { stale reason nextPollAt } history { nodes { cause kinds } }
} errors { code message path providerCode }`;

async function follow(app: TestApp, externalId: string, account = 'appizer-main') {
  const { data } = await app.request(
    `mutation ($account: String!, $externalId: String!) {
      followCampaign(account: $account, externalId: $externalId) { ${payload} }
    }`,
    { account, externalId },
  );
  return data.followCampaign;
}

async function change(app: TestApp, mutation: 'unfollowCampaign' | 'refreshCampaign', id: string) {
  const { data } = await app.request(`mutation ($id: ID!) { answer: ${mutation}(id: $id) { ${payload} } }`, {
    id,
  });
  return data.answer;
}

const id = 'campaign:appizer-main:camp_1';

describe.each(databaseKinds)('mutations on %s', (kind) => {
  async function startAppizer() {
    const simulator = await startGenerousSimulator();
    const { appizer } = simulator.providers;
    appizer.add({ externalId: 'camp_1', status: 'sending', counters: { recipients: 9, sent: 1 } });
    return {
      appizer,
      options: {
        database: await createDatabase(kind),
        accounts: [accountAt(simulator, 'appizer')],
        // What nobody looks at waits 24 times the floor, and ever longer.
        polling: { fastest: 0.005, slowest: 0.1 },
      },
      requestsFor: (externalId: string) =>
        appizer.requests.filter((request) => request.externalId === externalId).length,
      [Symbol.asyncDispose]: () => simulator.stop(),
    };
  }

  test('following reads the campaign and polls it; twice is no error', async () => {
    await using service = await startAppizer();
    await using app = await startTestApp(service.options);
    const first = await follow(app, 'camp_1');
    expect(first).toMatchObject({
      campaign: {
        id,
        status: 'SENDING',
        revision: 1,
        freshness: { stale: false },
        history: { nodes: [{ cause: 'MUTATION', kinds: ['FOLLOWED'] }] },
      },
      errors: [],
    });
    expect(await follow(app, 'camp_1')).toMatchObject({ campaign: { id, revision: 1 }, errors: [] });
    const before = service.requestsFor('camp_1');
    await until(() => service.requestsFor('camp_1') >= before + 3);
  });

  test('following what is not there is told in the answer', async () => {
    await using service = await startAppizer();
    await using app = await startTestApp(service.options);
    expect(await follow(app, 'camp_1', 'nobody')).toMatchObject({
      campaign: null,
      errors: [{ code: 'NOT_FOUND', path: ['account'] }],
    });
    expect(await follow(app, 'unknown')).toMatchObject({
      campaign: null,
      errors: [{ code: 'NOT_FOUND', path: ['externalId'] }],
    });
    for (const malformed of ['', ' ', 'a b', '..', 'кампания', '1'.repeat(201)]) {
      expect(await follow(app, malformed)).toMatchObject({
        campaign: null,
        errors: [{ code: 'BAD_INPUT', path: ['externalId'] }],
      });
    }
    service.appizer.fault({ kind: 'status', status: 503 });
    expect(await follow(app, 'camp_1')).toMatchObject({
      campaign: null,
      errors: [{ code: 'PROVIDER_UNAVAILABLE', providerCode: 'SERVICE_UNAVAILABLE' }],
    });
    const { data } = await app.request('{ campaigns(filter: { deleted: null }) { totalCount } }');
    expect(data.campaigns.totalCount).toBe(0);
  });

  test('unfollowing ends the requests for it, also after a restart, and keeps what is known', async () => {
    await using service = await startAppizer();
    service.appizer.add({ externalId: 'camp_2', status: 'sending' });
    const stillSame = async (app: TestApp) => {
      // A read that was under way may still have ended; from here on there are none.
      const before = { one: service.requestsFor('camp_1'), other: service.requestsFor('camp_2') };
      await until(() => service.requestsFor('camp_2') >= before.other + 5);
      expect(service.requestsFor('camp_1')).toBe(before.one);
      const { data } = await app.request(`{ campaign(id: "${id}") { stats { sent } } }`);
      expect(data).toEqual({ campaign: { stats: { sent: 1 } } });
    };
    {
      await using app = await startTestApp(service.options);
      await follow(app, 'camp_1');
      await follow(app, 'camp_2');
      expect(await change(app, 'unfollowCampaign', id)).toMatchObject({
        campaign: { id, stats: { sent: 1 }, freshness: { stale: true, nextPollAt: null } },
        errors: [],
      });
      service.appizer.set('camp_1', { counters: { sent: 9 } });
      await stillSame(app);
    }
    await using app = await startTestApp(service.options);
    await stillSame(app);
    expect(await follow(app, 'camp_1')).toMatchObject({
      campaign: { stats: { sent: 9 }, freshness: { stale: false } },
      errors: [],
    });
    const before = service.requestsFor('camp_1');
    await until(() => service.requestsFor('camp_1') >= before + 3);
  });

  test('unfollowing holds though a read that is under way fails', async () => {
    await using service = await startAppizer();
    service.appizer.add({ externalId: 'camp_2', status: 'sending' });
    const [account] = service.options.accounts;
    await using app = await startTestApp({
      ...service.options,
      accounts: [{ ...account, timeoutSeconds: 0.2 }],
    });
    await follow(app, 'camp_1');
    await follow(app, 'camp_2');
    service.appizer.fault({ kind: 'hang' }, { externalId: 'camp_1', times: 1 });
    await until(() => service.appizer.requests.some(({ status }) => status === null));
    await change(app, 'unfollowCampaign', id);
    const before = service.requestsFor('camp_1');
    const metrics = () => fetch(`${app.url}/metrics`).then((response) => response.text());
    await until(async () => (await metrics()).includes('outcome="timeout"'));
    const other = service.requestsFor('camp_2');
    await until(() => service.requestsFor('camp_2') >= other + 5);
    expect(service.requestsFor('camp_1')).toBe(before);
  });

  test('unfollowing many while they are being read ends the polling of all', async () => {
    await using service = await startAppizer();
    await using app = await startTestApp(service.options);
    const externalIds = Array.from({ length: 20 }, (_, place) => `camp_${place + 10}`);
    for (const externalId of externalIds) service.appizer.add({ externalId, status: 'sending' });
    for (const externalId of ['camp_1', ...externalIds]) await follow(app, externalId);
    for (const externalId of externalIds) {
      service.appizer.set(externalId, { counters: { recipients: 5 } });
      await change(app, 'unfollowCampaign', `campaign:appizer-main:${externalId}`);
    }
    const count = () => externalIds.map((externalId) => service.requestsFor(externalId));
    const poll = async () => {
      const before = service.requestsFor('camp_1');
      await until(() => service.requestsFor('camp_1') >= before + 5);
    };
    await poll();
    const before = count();
    await poll();
    expect(count()).toEqual(before);
  });

  test('a list does not bring back what is unfollowed', async () => {
    await using simulator = await startGenerousSimulator();
    const { octeth } = simulator.providers;
    const unfollowed = octeth.add({ status: 'Sending', counters: { recipients: 9, sent: 1 } });
    const other = octeth.add({ status: 'Sending', counters: { recipients: 9, sent: 1 } });
    await using app = await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'octeth')],
    });
    const sent = async () => {
      const { data } = await app.request('{ campaigns { nodes { externalId stats { sent } } } }');
      const nodes: { externalId: string; stats: { sent: number } }[] = data.campaigns.nodes;
      return new Map(nodes.map((node) => [node.externalId, node.stats.sent]));
    };
    await until(async () => (await sent()).size === 2);
    await change(app, 'unfollowCampaign', `campaign:octeth-main:${unfollowed}`);
    octeth.set(unfollowed, { counters: { sent: 5 } });
    for (const next of [5, 6, 7]) {
      octeth.set(other, { counters: { sent: next } });
      await until(async () => (await sent()).get(other) === next);
    }
    expect((await sent()).get(unfollowed)).toBe(1);
  });

  test('refreshing reads the campaign at once', async () => {
    await using service = await startAppizer();
    await using app = await startTestApp(service.options);
    service.appizer.set('camp_1', {
      status: 'completed',
      counters: { recipients: 9, sent: 9, delivered: 9 },
    });
    await follow(app, 'camp_1');
    const before = service.requestsFor('camp_1');
    service.appizer.set('camp_1', { counters: { opened: 3 } });
    expect(await change(app, 'refreshCampaign', id)).toMatchObject({
      campaign: { revision: 2, history: { nodes: [{ cause: 'MUTATION', kinds: ['STATS'] }, {}] } },
      errors: [],
    });
    expect(service.requestsFor('camp_1')).toBe(before + 1);
  });

  test('a refresh that fails tells why, and shows what is known', async () => {
    await using service = await startAppizer();
    await using app = await startTestApp(service.options);
    await follow(app, 'camp_1');
    service.appizer.fault({ kind: 'status', status: 503 });
    expect(await change(app, 'refreshCampaign', id)).toMatchObject({
      campaign: { id, status: 'SENDING', stats: { sent: 1 }, freshness: { stale: true } },
      errors: [{ code: 'PROVIDER_UNAVAILABLE' }],
    });
  });

  test('a refresh of a campaign that is gone shows it as deleted', async () => {
    await using service = await startAppizer();
    await using app = await startTestApp(service.options);
    await follow(app, 'camp_1');
    service.appizer.remove('camp_1');
    const { data } = await app.request(
      `mutation { refreshCampaign(id: "${id}") { campaign { deletedAt active } errors { code } } }`,
    );
    expect(data.refreshCampaign).toEqual({
      campaign: { deletedAt: expect.any(String), active: false },
      errors: [],
    });
  });
});

describe('ids in mutations', () => {
  test.each(['unfollowCampaign', 'refreshCampaign'] as const)('%s', async (mutation) => {
    await using simulator = await startGenerousSimulator();
    await using app = await startTestApp({ accounts: [accountAt(simulator, 'appizer')] });
    for (const malformed of ['', 'camp_1', 'account:appizer-main', 'campaign:appizer-main:a b']) {
      expect(await change(app, mutation, malformed)).toMatchObject({
        campaign: null,
        errors: [{ code: 'BAD_INPUT', path: ['id'] }],
      });
    }
    for (const unknown of [id, 'campaign:nobody:1']) {
      expect(await change(app, mutation, unknown)).toMatchObject({
        campaign: null,
        errors: [{ code: 'NOT_FOUND', path: ['id'] }],
      });
    }
    expect(simulator.providers.appizer.requests).toEqual([]);
  });
});
