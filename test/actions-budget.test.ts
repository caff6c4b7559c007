import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { until } from './support/wait.ts';

const id = 'campaign:octeth-main:1';
const limit = 40;
/** Of each ten requests, polls leave two to people. */
const forPolls = 32;

/** An account whose polls have taken of its budget all that they may, and have still much to read. */
async function startBusy() {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0 }));
  const { octeth } = simulator.providers;
  octeth.add({ externalId: '1', status: 'Sending' });
  // A list that fails, so that each campaign is read by itself.
  octeth.fault({ kind: 'error', code: 100003 }, { operation: 'Campaigns.Get' });
  // More than the polls' share, for what nothing is known of is read at once.
  const others = Array.from({ length: limit }, () => octeth.add({ status: 'Sending' }));
  const requestBudget = { limit, windowSeconds: 600 };
  const app = stack.use(
    await startTestApp({
      accounts: [accountAt(simulator, 'octeth', { requestBudget })],
      follow: ['1', ...others].map((externalId) => ({ account: 'octeth-main', externalId })),
    }),
  );
  const arrived = () => octeth.requests.length;
  await until(() => arrived() >= forPolls);
  return {
    octeth,
    arrived,
    count: (operation: string) => octeth.requests.filter((one) => one.operation === operation).length,
    async pause() {
      const { data, errors } = await app.request(
        `mutation { pauseCampaign(input: { id: "${id}" }) {
          campaign { status freshness { stale } history { nodes { cause transitions { to } } } }
          errors { code message path }
        } }`,
      );
      expect(errors).toBeUndefined();
      return data.pauseCampaign;
    },
    /** Reads the campaign as a person does, until so many requests have been made in all. */
    async spendUpTo(requests: number) {
      const refresh = `mutation { refreshCampaign(id: "${id}") { errors { code } } }`;
      while (arrived() < requests) await app.request(refresh);
    },
    async budget() {
      const { data } = await app.request(
        '{ account(name: "octeth-main") { budget { used exhaustedUntil } } }',
      );
      return data.account.budget;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe.concurrent('mutations go ahead of polls', () => {
  test('polls have used up their share: a campaign is paused at once', async () => {
    await using service = await startBusy();
    expect(service.arrived()).toBe(forPolls);
    const { campaign, errors } = await service.pause();
    expect(errors).toEqual([]);
    expect(campaign).toMatchObject({ status: 'PAUSED', freshness: { stale: false } });
    expect(campaign.history.nodes[0]).toEqual({ cause: 'MUTATION', transitions: [{ to: 'PAUSED' }] });
    // The command and the read-back, and no poll in between.
    expect(service.arrived()).toBe(forPolls + 2);
    expect(await service.budget()).toEqual({ used: forPolls + 2, exhaustedUntil: null });
  });

  test('what is left of the budget is one request: it is paused, and nobody could see that', async () => {
    await using service = await startBusy();
    await service.spendUpTo(limit - 1);
    const { campaign, errors } = await service.pause();
    const message = expect.stringContaining("accepted that the campaign is paused, but can't be asked");
    expect(errors).toEqual([{ code: 'PROVIDER_UNAVAILABLE', message, path: null }]);
    expect(campaign).toMatchObject({ status: 'SENDING', freshness: { stale: true } });
    expect(service.octeth.campaigns.get('1')?.status).toBe('Paused');
    expect(service.arrived()).toBe(limit);
    expect(service.count('Campaign.Pause')).toBe(1);
  });

  test('all of the budget is used up: it is said so, and nothing is sent', async () => {
    await using service = await startBusy();
    await service.spendUpTo(limit);
    const { campaign, errors } = await service.pause();
    expect(errors).toMatchObject([
      { code: 'PROVIDER_RATE_LIMITED', message: expect.stringContaining('request budget'), path: null },
    ]);
    expect(campaign.status).toBe('SENDING');
    expect(service.arrived()).toBe(limit);
    expect(service.count('Campaign.Pause')).toBe(0);
    expect((await service.budget()).exhaustedUntil).toEqual(expect.any(String));
  });
});

test('polls that wait for their turn by the dozen hold up nobody', async () => {
  await using simulator = await startSimulator({ campaigns: 0 });
  const { octeth } = simulator.providers;
  const externalIds = Array.from({ length: 60 }, () => octeth.add({ status: 'Sending' }));
  // Each second a few: the polls take their share as soon as it is free, again and again.
  const requestBudget = { limit: 10, windowSeconds: 1 };
  await using app = await startTestApp({ accounts: [accountAt(simulator, 'octeth', { requestBudget })] });
  await until(
    async () => (await app.request('{ campaigns { totalCount } }')).data.campaigns.totalCount === 60,
  );
  octeth.fault({ kind: 'error', code: 100003 }, { operation: 'Campaigns.Get' });
  for (const externalId of externalIds.slice(0, 5)) {
    const { data } = await app.request(
      `mutation { pauseCampaign(input: { id: "campaign:octeth-main:${externalId}" }) {
        campaign { status } errors { code }
      } }`,
    );
    expect(data.pauseCampaign).toEqual({ campaign: { status: 'PAUSED' }, errors: [] });
  }
});
