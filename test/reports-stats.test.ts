import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, type DatabaseKind } from './support/databases.ts';
import { type Answer, startSampleServer } from './support/sample-server.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const id = 'campaign:selzy-main:1';
const counterFields = `recipients messages queued sent delivered undelivered failed unreported opened openedTotal
  clicked clickedTotal hardBounced softBounced unsubscribed complained`;
const campaignQuery = `query ($id: ID!) { campaign(id: $id) {
  status revision deletedAt stats { source final asOf ${counterFields} } history { nodes { revision cause kinds changedFields } }
} }`;
const changes = `subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) {
  cause kinds fromRevision revision changedFields transitions { to } stats { source final sent }
} }`;

/** A word for each recipient, and what they come to. Source: providers/README.md 1.4. */
const words = [
  ...['ok_link_visited', 'ok_read', 'ok_read', 'ok_delivered', 'ok_spam_folder', 'ok_unsubscribed', 'ok_fbl'],
  ...['ok_sent', 'ok_sent', 'not_sent', 'err_user_unknown', 'err_mailbox_full', 'err_mailbox_full'],
  ...['err_unsubscribed', 'err_spam_rejected', 'err_lost', 'purring'],
];
const rolledUp = {
  recipients: 17,
  queued: 1,
  sent: 12,
  delivered: 7,
  failed: 2,
  unreported: 2,
  opened: 3,
  clicked: 1,
  hardBounced: 1,
  softBounced: 2,
  unsubscribed: 1,
  complained: 1,
  messages: null,
  undelivered: null,
  openedTotal: null,
  clickedTotal: null,
};

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

interface Settings {
  readonly kind?: DatabaseKind;
  readonly webhooks?: boolean;
  /** What is answered to whoever asks for the counters, instead of them. */
  readonly counters?: () => Answer | null;
}

const refused: Answer = { body: { error: 'Unknown method', code: 'unknown_method', result: '' } };

/** The app over a Selzy that prepares a report of these words at once, and may keep its counters to itself. */
async function start({ kind = 'sqlite', webhooks = true, counters = () => refused }: Settings = {}) {
  await using stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0, selzyTaskSeconds: 0.6 }));
  const { selzy } = simulator.providers;
  selzy.add({ externalId: '1', status: 'completed', counters: { recipients: 50, sent: 40, delivered: 30 } });
  const between = stack.use(
    await startSampleServer(async ({ url, body }) => {
      const answer = url.endsWith('/getCampaignCommonStats') ? counters() : null;
      if (answer) return answer;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return {
        body: await (await fetch(`${simulator.url}${url}`, { method: 'POST', headers, body })).text(),
      };
    }),
  );
  const port = webhooks ? await freePort() : 0;
  const app = stack.use(
    await startTestApp({
      database: await createDatabase(kind),
      accounts: [
        accountAt(simulator, 'selzy', { reportHosts: ['127.0.0.1'], baseUrl: `${between.url}/selzy/en/api` }),
      ],
      polling: { fastest: 600, slowest: 3_600 },
      server: { port, ...(webhooks && { publicUrl: `http://127.0.0.1:${port}` }) },
    }),
  );
  const kept = stack.move();

  async function ask(query: string) {
    const { data, errors } = await app.request(query, { id });
    expect(errors).toBeUndefined();
    return data;
  }

  return {
    app,
    selzy,
    campaign: async () => (await ask(campaignQuery)).campaign,
    ask,
    refresh: () =>
      ask('mutation ($id: ID!) { refreshCampaign(id: $id) { campaign { revision } errors { code } } }'),
    /** Has a report made of these words, and gives its task when it is over. */
    async report(told: readonly string[] = words) {
      selzy.quirks.table = {
        header: ['email', 'send_result'],
        rowCount: told.length,
        row: (place) => [`r${place}@example.com`, told[place] ?? ''],
      };
      const { requestDeliveryReport: asked } = await ask(
        'mutation ($id: ID!) { requestDeliveryReport(input: { campaignId: $id }) { task { id } errors { code } } }',
      );
      expect(asked.errors).toEqual([]);
      return until(async () => {
        const { task } = await ask(`query { task(id: "${asked.task.id}") { status createdAt completedAt } }`);
        return task.completedAt === null ? null : task;
      });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

describe.concurrent('where the provider gives no counters', () => {
  test.each<[string, DatabaseKind, boolean, Answer]>([
    ['WEBHOOK', 'sqlite', true, refused],
    ['WEBHOOK', 'postgres', true, { body: { error: 'Access denied', code: 'access_denied', result: '' } }],
    ['POLL', 'sqlite', false, { body: { result: [] } }],
    ['POLL', 'postgres', false, refused],
  ])(
    'those of the report are the campaign’s, in one change (%s on %s)',
    async (cause, kind, webhooks, answer) => {
      await using world = await start({ kind, webhooks, counters: () => answer });
      using told = overWebSocket(world.app.url, changes, { ids: [id] });
      await told.atLeast(1);
      expect(told.events[0]).toMatchObject({ cause: 'SNAPSHOT', stats: null });
      const { revision } = await world.campaign();
      const { createdAt, completedAt } = await world.report();
      await told.atLeast(2);

      const { stats, ...campaign } = await world.campaign();
      expect(stats).toMatchObject({ source: 'DELIVERY_REPORT', final: false, ...rolledUp });
      expect(stats.asOf >= createdAt && stats.asOf <= completedAt).toBe(true);
      expect(campaign).toMatchObject({ revision: revision + 1, status: 'COMPLETED' });
      expect(told.events.slice(1)).toMatchObject([
        {
          cause,
          kinds: ['STATS'],
          fromRevision: revision,
          revision: revision + 1,
          transitions: [],
          stats: { source: 'DELIVERY_REPORT', final: false, sent: 12 },
        },
      ]);
      const [newest] = campaign.history.nodes;
      expect(newest).toMatchObject({ cause, revision: revision + 1, kinds: ['STATS'] });
      expect(newest.changedFields).toEqual(
        expect.arrayContaining(['stats.source', 'stats.sent', 'stats.hardBounced', 'progress']),
      );

      // The same once more is no change, and neither is that there are still no others.
      await world.report();
      await world.refresh();
      expect(await world.campaign()).toMatchObject({
        revision: revision + 1,
        stats: { source: 'DELIVERY_REPORT', ...rolledUp },
      });
      expect(told.events).toHaveLength(2);
    },
  );

  test('a later report’s counters take the place of those', async () => {
    await using world = await start();
    await world.report(['ok_read', 'not_sent']);
    expect((await world.campaign()).stats).toMatchObject({ sent: 1, queued: 1, final: false });
    const { revision } = await world.campaign();
    await world.report(['ok_read', 'ok_read']);
    const campaign = await world.campaign();
    expect(campaign.stats).toMatchObject({ sent: 2, queued: 0, opened: 2, final: true });
    expect(campaign.revision).toBe(revision + 1);
  });

  test.each([
    ['completed', ['ok_read', 'err_giveup'], true],
    ['completed', ['ok_read', 'ok_sent'], false],
    ['completed', ['ok_read', 'purring'], false],
    ['in_progress', ['ok_read', 'ok_read'], false],
    ['stopped', ['ok_read', 'ok_read'], false],
    ['canceled', ['ok_read', 'err_lost'], true],
  ] as const)('those of a campaign that is %s, of %j, are final: %s', async (status, told, final) => {
    await using world = await start();
    world.selzy.set('1', { status });
    await world.report(told);
    expect((await world.campaign()).stats).toMatchObject({ source: 'DELIVERY_REPORT', final });
  });

  test('also those of a campaign that is followed no more', async () => {
    await using world = await start({ webhooks: false });
    await world.campaign();
    await world.ask('mutation ($id: ID!) { unfollowCampaign(id: $id) { errors { code } } }');
    await world.report();
    expect((await world.campaign()).stats).toMatchObject({ source: 'DELIVERY_REPORT', ...rolledUp });
  });

  test('a report does not bring back a campaign that was deleted meanwhile', async () => {
    await using world = await start();
    await world.campaign();
    const reporting = world.report();
    await until(() => world.selzy.requests.some(({ operation }) => operation.endsWith('DeliveryStats')));
    world.selzy.remove('1');
    await world.refresh();
    const { revision, deletedAt } = await world.campaign();
    expect(deletedAt).not.toBeNull();
    expect(await reporting).toMatchObject({ status: 'COMPLETED' });
    expect(await world.campaign()).toMatchObject({ revision, deletedAt });
  });
});

describe.concurrent('where it gives them', () => {
  test('they take the place of a report’s, and no report takes theirs', async () => {
    let isRefused = true;
    await using world = await start({ counters: () => (isRefused ? refused : null) });
    await world.report();
    isRefused = false;
    await world.refresh();
    const theirs = { source: 'PROVIDER', final: true, recipients: 50, sent: 40, delivered: 30, queued: null };
    const campaign = await world.campaign();
    expect(campaign.stats).toMatchObject(theirs);
    await world.report(['ok_read']);
    expect(await world.campaign()).toMatchObject({ revision: campaign.revision, stats: theirs });
  });
});
