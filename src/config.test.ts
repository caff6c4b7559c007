import { describe, expect, test } from 'vitest';
import { type Config, ConfigError, parseConfig, readConfig } from './config.ts';

const environment = {
  SELZY_API_KEY: 'selzy-5ecr3t',
  BSG_API_KEY: 'bsg-5ecr3t',
  OCTETH_API_KEY: 'octeth-5ecr3t',
  APPIZER_API_KEY: 'appizer-5ecr3t',
};

/** The example of service.md, whole. */
const example = `
server:
  host: 127.0.0.1            # any other address needs \`auth\`
  port: 4000                 # 0: any free one
  publicUrl: https://campaigns.example.com   # where providers can reach our webhooks
  allowedOrigins: [https://dashboard.example.com]
database: sqlite:./data/campaign-graph.db    # the default; sqlite::memory: ; postgres://user@host/db
accounts:
  - name: selzy-main         # a-z, 0-9, '-', '_', '.'; unique
    provider: selzy
    apiKey: \${SELZY_API_KEY} # \${NAME} is taken from the environment; a missing one is a problem
    baseUrl: https://api.selzy.com/en/api
    channel: EMAIL           # selzy does not tell; EMAIL unless said
    requestBudget: { limit: 1200, windowSeconds: 60 }   # every account can have one, or a list of them
    reportHosts: [127.0.0.1]  # hosts a report file may come from though they are not public or not https
  - name: bsg-main
    provider: bsg
    apiKey: \${BSG_API_KEY}
    baseUrl: https://one-api.bsg.world
    timeZone: UTC            # bsg and octeth send local times without a zone
  - name: octeth-main
    provider: octeth
    baseUrl: https://mail.example.com        # requests go to <baseUrl>/api.php
    apiKey: \${OCTETH_API_KEY}                # or sessionId
    timeZone: UTC
  - name: appizer-main
    provider: appizer
    apiKey: \${APPIZER_API_KEY}
    baseUrl: https://api.appizer.com/v1
polling:                     # seconds; every account can have its own \`polling\`
  fastest: 5                 # no campaign is read more often than this
  slowest: 3600
follow:                      # campaigns to follow from the start, for providers that cannot list
  - { account: selzy-main, externalId: "1234" }
`;

const auth = `
auth:                        # left out: open, on loopback alone
  tokens:
    - { name: dashboard, sha256: "${'a'.repeat(64)}", role: viewer, accounts: ["*"] }
    - { name: ops, sha256: "${'b'.repeat(64)}", role: operator, accounts: [octeth-main] }
`;

/** What the configuration is refused with, a sentence per problem. */
function problemsOf(read: () => Config): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/** ${NAME}, as a configuration writes it. */
function placeholder(name: string): string {
  return `\${${name}}`;
}

/** A configuration with one account, which `account` goes over. */
function withAccount(account: object, rest: object = {}): Config {
  return parseConfig(
    { accounts: [{ name: 'shop', provider: 'selzy', apiKey: 'key', ...account }], ...rest },
    {},
  );
}

describe('the documented example', () => {
  test('is read whole', () => {
    const { server, database, accounts, follow } = readConfig(example, environment);
    expect(server).toEqual({
      host: '127.0.0.1',
      port: 4000,
      publicUrl: 'https://campaigns.example.com',
      allowedOrigins: ['https://dashboard.example.com'],
    });
    expect(database).toBe('sqlite:./data/campaign-graph.db');
    expect(follow).toEqual([{ account: 'selzy-main', externalId: '1234' }]);
    const told = accounts.map(({ name, provider, settings }) => ({
      name,
      provider: provider.name,
      settings,
    }));
    expect(told).toMatchObject([
      {
        name: 'selzy-main',
        provider: 'selzy',
        settings: {
          apiKey: 'selzy-5ecr3t',
          baseUrl: 'https://api.selzy.com/en/api',
          channel: 'EMAIL',
          reportHosts: ['127.0.0.1'],
        },
      },
      {
        name: 'bsg-main',
        provider: 'bsg',
        settings: { apiKey: 'bsg-5ecr3t', baseUrl: 'https://one-api.bsg.world', timeZone: 'UTC' },
      },
      {
        name: 'octeth-main',
        provider: 'octeth',
        settings: { apiKey: 'octeth-5ecr3t', baseUrl: 'https://mail.example.com', timeZone: 'UTC' },
      },
      {
        name: 'appizer-main',
        provider: 'appizer',
        settings: { apiKey: 'appizer-5ecr3t', baseUrl: 'https://api.appizer.com/v1' },
      },
    ]);
    const [selzy, ...others] = accounts;
    expect(selzy?.requestBudgets).toEqual([{ limit: 1_200, windowSeconds: 60 }]);
    for (const { requestBudgets, provider } of others)
      expect(requestBudgets).toEqual(provider.requestBudgets);
    for (const { polling } of accounts) expect(polling).toEqual({ fastestMs: 5_000, slowestMs: 3_600_000 });
  });

  test('with `auth` may listen on any address, and without on none but loopback', () => {
    const everywhere = example.replace('host: 127.0.0.1', 'host: 0.0.0.0');
    const { auth: read, server } = readConfig(everywhere + auth, environment);
    expect(server.host).toBe('0.0.0.0');
    expect(read?.tokens).toMatchObject([
      { name: 'dashboard', role: 'viewer', accounts: ['*'] },
      { name: 'ops', role: 'operator', accounts: ['octeth-main'] },
    ]);
    expect(problemsOf(() => readConfig(everywhere, environment))).toEqual([
      expect.stringMatching(/^server\.host: only a loopback address .*without `auth`/),
    ]);
  });

  test('has tokens for accounts that there are', () => {
    const other = auth.replace('[octeth-main]', '[octeth-main, another]');
    expect(problemsOf(() => readConfig(example + other, environment))).toEqual([
      'auth.tokens[1].accounts[1]: there is no account of this name',
    ]);
  });
});

test('what is left out has the documented defaults', () => {
  const { server, database, auth, accounts, limits, graphql, retention, follow } = withAccount({});
  expect(server).toEqual({ host: '127.0.0.1', port: 4000, publicUrl: null, allowedOrigins: [] });
  expect([database, follow]).toEqual(['sqlite:./data/campaign-graph.db', []]);
  expect([auth, graphql]).toEqual([null, { introspection: true, graphiql: true }]);
  expect(retention).toEqual({ thinAfterDays: 7, dropAfterDays: 90 });
  expect(limits).toMatchObject({
    bodyBytes: 1_048_576,
    subscriptionsPerConnection: 1_000,
    documentDepth: 12,
  });
  expect(accounts).toMatchObject([
    {
      settings: { channel: 'EMAIL' },
      polling: { fastestMs: 5_000, slowestMs: 3_600_000 },
      timeoutMs: 10_000,
    },
  ]);
});

describe('one account', () => {
  test.each([
    [{ fastest: 10 }, { fastest: 5, slowest: 60 }, { fastestMs: 10_000, slowestMs: 60_000 }],
    [{ slowest: 90 }, { fastest: 5, slowest: 60 }, { fastestMs: 5_000, slowestMs: 90_000 }],
    [{ fastest: 0.5, slowest: 2 }, {}, { fastestMs: 500, slowestMs: 2_000 }],
    [{}, { fastest: 20 }, { fastestMs: 20_000, slowestMs: 3_600_000 }],
    [{ fastest: 7_200 }, {}, { fastestMs: 7_200_000, slowestMs: 7_200_000 }],
  ])('with the polling %j over %j', (own, global, expected) => {
    expect(withAccount({ polling: own }, { polling: global }).accounts[0]?.polling).toEqual(expected);
  });

  test('with one budget, with several', () => {
    const [minute, hour] = [
      { limit: 10, windowSeconds: 60 },
      { limit: 100, windowSeconds: 3_600 },
    ];
    expect(withAccount({ requestBudget: minute }).accounts[0]?.requestBudgets).toEqual([minute]);
    expect(withAccount({ requestBudget: [minute, hour] }).accounts[0]?.requestBudgets).toEqual([
      minute,
      hour,
    ]);
  });

  test('of octeth has a key or a session, and not both', () => {
    const octeth = { provider: 'octeth', baseUrl: 'https://mail.example.com' };
    const problems = (settings: object) => problemsOf(() => withAccount({ ...octeth, ...settings }));
    expect(problems({ apiKey: 'key' })).toEqual([]);
    expect(problems({ apiKey: undefined, sessionId: 'session' })).toEqual([]);
    expect(problems({ apiKey: undefined })).toEqual(['accounts[0].apiKey: missing (or give sessionId)']);
    expect(problems({ apiKey: 'key', sessionId: 'session' })).toEqual([
      expect.stringMatching(/^accounts\[0\]\.apiKey: .*sessionId/),
    ]);
  });

  test('takes the keys that mean something to other providers', () => {
    const shared = { channel: 'SMS', timeZone: 'Europe/Berlin', reportHosts: ['files.example.com'] };
    expect(problemsOf(() => withAccount(shared))).toEqual([]);
  });
});

test('campaigns to follow may have a number for an id', () => {
  const { follow } = withAccount({}, { follow: [{ account: 'shop', externalId: 1234 }] });
  expect(follow).toEqual([{ account: 'shop', externalId: '1234' }]);
});

test('each limit can be set by itself', () => {
  const { limits } = withAccount({}, {});
  for (const name of Object.keys(limits)) {
    expect(withAccount({}, { limits: { [name]: 7 } }).limits, name).toEqual({ ...limits, [name]: 7 });
  }
});

test.each([
  [{ thinAfterDays: 1.5 }, { thinAfterDays: 1.5, dropAfterDays: 90 }],
  [{ thinAfterDays: false }, { thinAfterDays: Number.POSITIVE_INFINITY, dropAfterDays: 90 }],
  [{ dropAfterDays: false }, { thinAfterDays: 7, dropAfterDays: Number.POSITIVE_INFINITY }],
  [
    { thinAfterDays: false, dropAfterDays: false },
    { thinAfterDays: Number.POSITIVE_INFINITY, dropAfterDays: Number.POSITIVE_INFINITY },
  ],
])('the changes are kept as %j says', (written, retention) => {
  expect(withAccount({}, { retention: written }).retention).toEqual(retention);
});

test('the configuration is frozen', () => {
  const config = withAccount({}, { follow: [{ account: 'shop', externalId: '1' }] });
  for (const part of [
    config,
    config.server,
    config.accounts,
    config.limits,
    config.graphql,
    config.retention,
    config.follow,
  ]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

describe('the environment', () => {
  const fill = (value: object, from: Record<string, string | undefined>) =>
    parseConfig({ accounts: [{ name: 'shop', provider: 'selzy', ...value }] }, from);

  test('stands in for a placeholder, wherever in a text', () => {
    const value = {
      apiKey: `${placeholder('KEY')}-${placeholder('TAIL')}`,
      baseUrl: `https://${placeholder('HOST')}/api`,
    };
    const [account] = fill(value, { KEY: 'a', TAIL: placeholder('KEY'), HOST: 'selzy.example.com' }).accounts;
    expect(account?.settings).toMatchObject({
      apiKey: `a-${placeholder('KEY')}`,
      baseUrl: 'https://selzy.example.com/api',
    });
  });

  test.each(['apiKey', 'baseUrl', 'channel'])('that lacks what %s needs is one problem', (name) => {
    for (const from of [{}, { MISSING_ONE: '' }]) {
      const problems = problemsOf(() => fill({ apiKey: 'key', [name]: placeholder('MISSING_ONE') }, from));
      expect(problems).toEqual([
        `accounts[0].${name}: ${placeholder('MISSING_ONE')} is not in the environment`,
      ]);
    }
  });
});
