import { describe, expect, test } from 'vitest';
import { type NewCampaign, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const stats = `stats {
  recipients messages queued sent delivered undelivered failed unreported opened openedTotal clicked clickedTotal
  hardBounced softBounced unsubscribed complained source final
  rates { delivery open click bounce failure unsubscribe }
}`;

const untold = {
  recipients: null,
  messages: null,
  queued: null,
  sent: null,
  delivered: null,
  undelivered: null,
  failed: null,
  unreported: null,
  opened: null,
  openedTotal: null,
  clicked: null,
  clickedTotal: null,
  hardBounced: null,
  softBounced: null,
  unsubscribed: null,
  complained: null,
  source: 'PROVIDER',
  final: false,
};
const noRates = { delivery: null, open: null, click: null, bounce: null, failure: null, unsubscribe: null };

interface Example {
  readonly campaign: NewCampaign;
  readonly progress: number;
  readonly stats: object;
}

const examples: Readonly<Record<(typeof providerNames)[number], Example>> = {
  selzy: {
    campaign: {
      status: 'in_progress',
      counters: {
        recipients: 1_000,
        sent: 800,
        delivered: 600,
        opened: 300,
        openedTotal: 400,
        clicked: 60,
        clickedTotal: 90,
        unsubscribed: 6,
        complained: 3,
      },
    },
    progress: 0.8,
    stats: {
      ...untold,
      recipients: 1_000,
      sent: 800,
      delivered: 600,
      opened: 300,
      openedTotal: 400,
      clicked: 60,
      clickedTotal: 90,
      unsubscribed: 6,
      complained: 3,
      rates: { ...noRates, delivery: 0.75, open: 0.5, click: 0.1, unsubscribe: 0.01 },
    },
  },
  bsg: {
    campaign: {
      status: 'sending',
      counters: {
        recipients: 100,
        messages: 200,
        sent: 150,
        delivered: 90,
        undelivered: 20,
        expired: 10,
        unknown: 5,
        failed: 10,
      },
    },
    // 200 messages, of which 150 are sent and 10 could not be: 40 wait.
    progress: 0.8,
    stats: {
      ...untold,
      recipients: 100,
      messages: 200,
      queued: 40,
      sent: 150,
      delivered: 90,
      undelivered: 30,
      failed: 10,
      unreported: 5,
      rates: { ...noRates, delivery: 0.6, failure: 0.1 },
    },
  },
  octeth: {
    campaign: {
      status: 'Sending',
      counters: {
        recipients: 1_000,
        sent: 950,
        delivered: 900,
        failed: 20,
        opened: 450,
        openedTotal: 600,
        clicked: 90,
        clickedTotal: 120,
        hardBounced: 30,
        softBounced: 8,
        unsubscribed: 9,
      },
    },
    progress: 0.97,
    stats: {
      ...untold,
      recipients: 1_000,
      sent: 950,
      delivered: 900,
      failed: 20,
      opened: 450,
      openedTotal: 600,
      clicked: 90,
      clickedTotal: 120,
      hardBounced: 30,
      softBounced: 8,
      unsubscribed: 9,
      rates: { delivery: 900 / 950, open: 0.5, click: 0.1, bounce: 0.04, failure: 0.02, unsubscribe: 0.01 },
    },
  },
  appizer: {
    campaign: {
      status: 'sending',
      counters: { recipients: 1_000, sent: 900, delivered: 800, opened: 200, clicked: 50, failed: 40 },
    },
    progress: 0.94,
    stats: {
      ...untold,
      recipients: 1_000,
      queued: 60,
      sent: 900,
      delivered: 800,
      failed: 40,
      unreported: 100,
      opened: 200,
      clicked: 50,
      rates: { ...noRates, delivery: 800 / 900, open: 0.25, click: 0.0625, failure: 0.04 },
    },
  },
};

describe('counters and rates', () => {
  test.each(providerNames)('of %s', async (name) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const externalId = simulator.providers[name].add(examples[name].campaign);
    await using app = await startTestApp({ accounts: [accountAt(simulator, name)] });
    const { data } = await app.request(`query ($id: ID!) { campaign(id: $id) { progress ${stats} } }`, {
      id: `campaign:${name}-main:${externalId}`,
    });
    expect(data.campaign.stats).toEqual(examples[name].stats);
    expect(data.campaign.progress).toBeCloseTo(examples[name].progress, 10);
  });

  test.each(providerNames)('of %s divide nothing by zero', async (name) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const { status } = { status: '', ...examples[name].campaign };
    const externalId = simulator.providers[name].add({ status });
    await using app = await startTestApp({ accounts: [accountAt(simulator, name)] });
    const { data } = await app.request(`query ($id: ID!) { campaign(id: $id) { progress ${stats} } }`, {
      id: `campaign:${name}-main:${externalId}`,
    });
    expect(data.campaign.progress).toBeNull();
    expect(data.campaign.stats).toMatchObject({ sent: 0, delivered: 0, rates: noRates });
  });

  test('of a campaign that has ended are final once nothing is left to be told', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const { appizer } = simulator.providers;
    appizer.add({ externalId: 'camp_1', status: 'completed', counters: { sent: 10, delivered: 9 } });
    await using app = await startTestApp({ accounts: [accountAt(simulator, 'appizer')] });
    const isFinal = async () => {
      const { data } = await app.request(
        '{ campaign(id: "campaign:appizer-main:camp_1") { stats { final } } }',
      );
      return data.campaign.stats.final;
    };
    expect(await isFinal()).toBe(false);
    appizer.set('camp_1', { counters: { delivered: 10 } });
    await until(isFinal);
  });
});

describe.each(databaseKinds)('campaignSummary on %s', (kind) => {
  test('counts campaigns and adds their counters up', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const { octeth, appizer } = simulator.providers;
    octeth.add({ status: 'Sent', counters: { recipients: 10, sent: 10, delivered: 8, hardBounced: 2 } });
    octeth.add({ status: 'Sent', counters: { recipients: 30, sent: 30, delivered: 12, opened: 5 } });
    appizer.add({ externalId: 'camp_1', status: 'sending', counters: { recipients: 5, sent: 1 } });
    await using app = await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'octeth'), accountAt(simulator, 'appizer')],
      follow: [{ account: 'appizer-main', externalId: 'camp_1' }],
    });
    const summary = async (filter: object | null = null) => {
      const { data } = await app.request(
        `query ($filter: CampaignFilter) {
          campaignSummary(filter: $filter) { total byStatus { status count } ${stats} }
        }`,
        { filter },
      );
      return data.campaignSummary;
    };
    const all = await until(async () => {
      const found = await summary();
      return found.total === 3 ? found : null;
    });
    expect(all).toMatchObject({
      total: 3,
      byStatus: [
        { status: 'SENDING', count: 1 },
        { status: 'COMPLETED', count: 2 },
      ],
      stats: {
        recipients: 45,
        sent: 41,
        delivered: 20,
        opened: 5,
        hardBounced: 2,
        // Appizer alone tells it.
        queued: 4,
        // Nobody tells them.
        messages: null,
        complained: null,
        final: false,
        rates: { delivery: 20 / 41, open: 0.25 },
      },
    });
    expect(await summary({ statuses: ['COMPLETED'] })).toMatchObject({
      total: 2,
      byStatus: [{ status: 'COMPLETED', count: 2 }],
      stats: { sent: 40, queued: null, final: true },
    });
    expect(await summary({ search: 'no such name' })).toEqual({ total: 0, byStatus: [], stats: null });
  });
});
