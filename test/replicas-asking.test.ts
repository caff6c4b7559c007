import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GraphQLAnswer } from './support/app.ts';
import { createDatabase } from './support/databases.ts';
import { expectExclusive } from './support/exclusive.ts';
import { type ManyAccounts, type SimulatedAccount, startManyAccounts } from './support/many-accounts.ts';
import { createReplicas, type Replica, type Replicas } from './support/replicas.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const pause = `mutation ($input: CampaignActionInput!) {
  pauseCampaign(input: $input) { campaign { status revision } errors { code } }
}`;
const refresh = 'mutation ($id: ID!) { refreshCampaign(id: $id) { campaign { id } errors { code } } }';
const look = 'query ($id: ID!) { campaign(id: $id, maxAgeSeconds: 0) { status } }';
const report = `mutation ($id: ID!) {
  requestDeliveryReport(input: { campaignId: $id }) { task { id } errors { code } }
}`;
const taskOf = 'query ($id: ID!) { task(id: $id) { status report { rowCount } } }';

async function ask({ url }: Replica, query: string, variables: object): Promise<GraphQLAnswer['data']> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors }: GraphQLAnswer = await response.json();
  expect(errors).toBeUndefined();
  return data;
}

// What people ask of a replica that does not take care of the account.
describe('over any of three replicas', { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  let many: ManyAccounts;
  let replicas: Replicas;

  beforeAll(async () => {
    many = stack.use(
      await startManyAccounts({
        ...{ simulators: 3, campaigns: 40, moving: 2 },
        budgets: { 'bsg-2': 30 },
        selzyQuirks: { notification: 'never' },
      }),
    );
    const server = { port: 0, publicUrl: 'https://campaigns.example.com' };
    replicas = stack.use(createReplicas(await createDatabase('postgres'), many, { server }));
    await Promise.all([replicas.start(), replicas.start(), replicas.start()]);
    await until(async () => `${await replicas.shares()}` === '4,4,4', 30_000);
    await replicas.allKnown(many.moving.map(({ id }) => id));
  }, 90_000);
  afterAll(() => stack.disposeAsync(), 30_000);

  function accountNamed(name: string): SimulatedAccount {
    const account = many.accounts.find((one) => one.name === name);
    if (!account) throw new Error(`There is no account ${name}.`);
    return account;
  }

  /** A replica that takes care of an account, and two that don't. */
  async function threeFor(account: string): Promise<[holder: Replica, near: Replica, far: Replica]> {
    const { holder, others } = await replicas.holderOf(account);
    const [near, far] = others;
    if (!near || !far) throw new Error('Three replicas are needed.');
    return [holder, near, far];
  }

  test('what was asked for with one key at two of them at once is done once', async () => {
    const { requests } = accountNamed('octeth-1');
    const [holder, near, far] = await threeFor('octeth-1');
    const input = { id: 'campaign:octeth-1:1000', idempotencyKey: 'once' };
    const answers = await Promise.all([near, far, holder].map((one) => ask(one, pause, { input })));
    for (const { pauseCampaign } of answers)
      expect(pauseCampaign).toEqual({
        campaign: { status: 'PAUSED', revision: expect.any(Number) },
        errors: [],
      });
    const done = requests.filter(({ operation }) => operation === 'Campaign.Pause');
    expect(done.map(({ to }) => to)).toEqual([holder.address]);
  });

  test('a query that wants the provider asked anew has its holder ask', async () => {
    const { provider, requests } = accountNamed('bsg-1');
    const [holder, near] = await threeFor('bsg-1');
    provider.set('1000', { status: 'paused' });
    const { campaign } = await ask(near, look, { id: 'campaign:bsg-1:1000' });
    expect(campaign).toEqual({ status: 'PAUSED' });
    expect(requests.filter(({ externalId }) => externalId === '1000').at(-1)?.to).toBe(holder.address);
  });

  test('what somebody watches is read at the pace of that within 2 s, by its holder', async () => {
    const { requests } = accountNamed('appizer-1');
    const [holder, near] = await threeFor('appizer-1');
    // It has ended, and would be read once a minute.
    const readsOf = () => requests.filter(({ externalId }) => externalId === '1004');
    const since = Date.now();
    using told = overWebSocket(
      near.url,
      'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { cause } }',
      {
        ids: ['campaign:appizer-1:1004'],
      },
    );
    const soon = await until(() => readsOf().filter(({ at }) => at >= since)[0]);
    expect(soon.at - since).toBeLessThan(2_000);
    const before = readsOf().length;
    await until(() => readsOf().length > before);
    expect(new Set(readsOf().map(({ to }) => to))).toEqual(new Set([holder.address]));
    expect(told.errors).toEqual([]);
  });

  test('questions at all of them together don’t pass an account’s budget', async () => {
    const { requests, perMinute } = accountNamed('bsg-2');
    const ids = Array.from({ length: 40 }, (_, place) => `campaign:bsg-2:${1_000 + place}`);
    const answers = await Promise.all(
      replicas.running.flatMap((one) => ids.map((id) => ask(one, refresh, { id }))),
    );
    const codes = answers.flatMap(({ refreshCampaign }) => refreshCampaign.errors).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(['PROVIDER_RATE_LIMITED']));
    expect(codes.length).toBeGreaterThanOrEqual(ids.length - perMinute);
    expect(codes.length).toBeLessThan(answers.length);
    expect(requests.length).toBeLessThanOrEqual(perMinute);
  });

  test('a report is asked for over one, wakes at another by its webhook, and is fetched though its holder is killed', async () => {
    const { requests } = accountNamed('selzy-1');
    const [holder, near, far] = await threeFor('selzy-1');
    const { requestDeliveryReport } = await ask(near, report, { id: 'campaign:selzy-1:1001' });
    expect(requestDeliveryReport.errors).toEqual([]);
    const { id } = requestDeliveryReport.task;
    const order = requests.findLast(({ parameters }) => parameters.notify_url !== undefined);
    const looks = () => requests.filter(({ parameters }) => id.endsWith(parameters.task_uuid ?? '?'));
    const { pathname } = new URL(order?.parameters.notify_url ?? '');
    expect((await fetch(`${far.url}${pathname}`, { method: 'POST' })).status).toBe(200);
    const [first] = await until(() => looks().length > 0 && looks());
    expect(first?.to).toBe(holder.address);
    // By itself it would have been asked after 2 s.
    expect((first?.at ?? 0) - (order?.at ?? 0)).toBeLessThan(2_000);

    holder.send('SIGKILL');
    const { task } = await until(async () => {
      const answer = await ask(near, taskOf, { id });
      return answer.task.status === 'COMPLETED' && answer;
    }, 40_000);
    expect(task.report.rowCount).toBeGreaterThan(0);
    expect(looks().at(-1)?.to).not.toBe(holder.address);
  });

  test('no account has been asked by two at once, whatever was asked for', async () => {
    expectExclusive(many, await replicas.takings());
  });
});
