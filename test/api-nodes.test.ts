import { beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp, type TestApp } from './support/app.ts';

let app: TestApp;
let simulator: Simulator;

beforeAll(async () => {
  await using stack = new AsyncDisposableStack();
  simulator = stack.use(await startSimulator({ campaigns: 0 }));
  simulator.providers.appizer.add({ externalId: 'camp_1', status: 'completed' });
  app = stack.use(
    await startTestApp({
      accounts: providerNames.map((name) => accountAt(simulator, name)),
    }),
  );
  const kept = stack.move();
  return () => kept.disposeAsync();
});

const node = `query ($id: ID!) { node(id: $id) {
  __typename id
  ... on Provider { title channels capabilities }
  ... on Account { provider { name } health { state problem { code } } budget { limit windowSeconds exhaustedUntil } }
  ... on Campaign { externalId status channel account { name } provider { name } }
} }`;

describe('node', () => {
  test('a provider', async () => {
    expect(await app.request(node, { id: 'provider:appizer' })).toEqual({
      data: {
        node: {
          __typename: 'Provider',
          id: 'provider:appizer',
          title: 'Appizer',
          channels: ['PUSH'],
          capabilities: ['STATS'],
        },
      },
    });
  });

  test('an account', async () => {
    expect(await app.request(node, { id: 'account:octeth-main' })).toMatchObject({
      data: {
        node: {
          __typename: 'Account',
          id: 'account:octeth-main',
          provider: { name: 'octeth' },
          health: { state: 'UP', problem: null },
          budget: { limit: 100_000, windowSeconds: 60, exhaustedUntil: null },
        },
      },
    });
  });

  test('a campaign, also one that nobody has asked for yet', async () => {
    expect(await app.request(node, { id: 'campaign:appizer-main:camp_1' })).toEqual({
      data: {
        node: {
          __typename: 'Campaign',
          id: 'campaign:appizer-main:camp_1',
          externalId: 'camp_1',
          status: 'COMPLETED',
          channel: 'PUSH',
          account: { name: 'appizer-main' },
          provider: { name: 'appizer' },
        },
      },
    });
  });

  test.each([
    'provider:nobody',
    'account:nobody',
    'campaign:nobody:1',
    'campaign:appizer-main:nothing',
    'campaign:selzy-main:1',
    'campaign:bsg-main:1',
    'campaign:octeth-main:1',
    // An id with colons of its own is well-formed.
    'campaign:appizer-main:a:b',
    'task:selzy-main:ff719cf2-4ed9-11e9-8647-d663bd873d93',
  ])('%s is well-formed and names nothing', async (id) => {
    expect(await app.request(node, { id })).toEqual({ data: { node: null } });
  });

  test.each([
    '',
    'camp_1',
    'provider:',
    'provider:Selzy',
    'account:a b',
    'campaign:appizer-main',
    'campaign:appizer-main:',
    'campaign::camp_1',
    'campaign:appizer-main:camp 1',
    'campaign:appizer-main:кампания',
    'campaign:appizer-main:..',
    `campaign:appizer-main:${'1'.repeat(201)}`,
    'task:selzy-main:',
    'task:selzy-main:one two',
    'tasks:selzy-main:ff719cf2-4ed9-11e9-8647-d663bd873d93',
    'campaign:appizer-main:camp_1\n',
  ])('%j is malformed', async (id) => {
    const { data, errors } = await app.request(node, { id });
    expect(data).toEqual({ node: null });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT', argument: 'id' } }]);
  });
});

describe('campaign', () => {
  test.each([
    '',
    'provider:selzy',
    'account:selzy-main',
    'task:selzy-main:ff719cf2-4ed9-11e9-8647-d663bd873d93',
    'campaign:appizer-main:a/b c',
  ])('%j is no id of a campaign', async (id) => {
    const { errors } = await app.request('query ($id: ID!) { campaign(id: $id) { id } }', { id });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
  });
});

describe('providers and accounts', () => {
  test('all providers are told, with what they can do', async () => {
    const { data } = await app.request('{ providers { id name title channels capabilities } }');
    expect(data.providers).toMatchObject([
      { id: 'provider:selzy', name: 'selzy', title: 'Selzy', channels: ['EMAIL', 'SMS'] },
      { id: 'provider:bsg', name: 'bsg', title: 'BSG', channels: ['SMS'] },
      { id: 'provider:octeth', name: 'octeth', title: 'Octeth', channels: ['EMAIL'] },
      { id: 'provider:appizer', name: 'appizer', title: 'Appizer', channels: ['PUSH'] },
    ]);
    for (const { capabilities } of data.providers) expect(capabilities).toContain('STATS');
  });

  test('a provider that no account uses is told too', async () => {
    await using alone = await startTestApp({ accounts: [accountAt(simulator, 'appizer')] });
    const { data } = await alone.request('{ providers { name } accounts { name } }');
    expect(data).toEqual({
      providers: [{ name: 'selzy' }, { name: 'bsg' }, { name: 'octeth' }, { name: 'appizer' }],
      accounts: [{ name: 'appizer-main' }],
    });
  });

  test('accounts are told in the order of the configuration', async () => {
    const { data } = await app.request('{ accounts { id name provider { id } } }');
    expect(data.accounts).toEqual(
      providerNames.map((name) => ({
        id: `account:${name}-main`,
        name: `${name}-main`,
        provider: { id: `provider:${name}` },
      })),
    );
  });

  test('one account by its name; null for a name that no account has', async () => {
    const { data } = await app.request(
      '{ one: account(name: "bsg-main") { id } none: account(name: "bsg") { id } }',
    );
    expect(data).toEqual({ one: { id: 'account:bsg-main' }, none: null });
  });

  test('the budget counts the requests that were made', async () => {
    await using alone = await startTestApp({
      accounts: [accountAt(simulator, 'appizer', { requestBudget: { limit: 50, windowSeconds: 3_600 } })],
    });
    const used = async () => {
      const { data } = await alone.request(
        '{ account(name: "appizer-main") { budget { limit windowSeconds used } } }',
      );
      return data.account.budget;
    };
    expect(await used()).toEqual({ limit: 50, windowSeconds: 3_600, used: 0 });
    await alone.request('{ campaign(id: "campaign:appizer-main:unknown_1") { id } }');
    await alone.request('{ campaign(id: "campaign:appizer-main:unknown_2") { id } }');
    expect(await used()).toEqual({ limit: 50, windowSeconds: 3_600, used: 2 });
  });
});
