import { describe, expect, test } from 'vitest';
import { placeholder, problemsOf, secret } from '../test/support/config.ts';

const selzy = { name: 'shop', provider: 'selzy', apiKey: 'key' };

describe('a configuration is refused with a path and a reason:', () => {
  test.each<[string, object, RegExp]>([
    ['no accounts', {}, /^accounts: missing$/],
    ['an empty list of accounts', { accounts: [] }, /^accounts: must name at least one account$/],
    ['accounts that are no list', { accounts: { a: selzy } }, /^accounts: expected array/],
    [
      'an account that is none',
      { accounts: ['shop'] },
      /^accounts\[0\].provider: missing; there are .*appizer/,
    ],
    [
      'a missing key',
      { accounts: [selzy, { ...selzy, name: 'b', apiKey: undefined }] },
      /^accounts\[1\]\.apiKey: missing$/,
    ],
    [
      'a key that is no text',
      { accounts: [{ ...selzy, apiKey: 12345 }] },
      /^accounts\[0\]\.apiKey: expected string/,
    ],
    [
      'an unknown provider',
      { accounts: [{ ...selzy, provider: 'pigeon' }] },
      /^accounts\[0\]\.provider: unknown; there are/,
    ],
    ['a name twice', { accounts: [selzy, selzy] }, /^accounts\[1\]\.name: "shop" is taken already$/],
    [
      'a name with a colon',
      { accounts: [{ ...selzy, name: 'a:b' }] },
      /^accounts\[0\]\.name: must be of a-z/,
    ],
    [
      'a name in capitals',
      { accounts: [{ ...selzy, name: 'Shop' }] },
      /^accounts\[0\]\.name: must be of a-z/,
    ],
    [
      'a missing baseUrl',
      { accounts: [{ ...selzy, provider: 'octeth' }] },
      /^accounts\[0\]\.baseUrl: missing$/,
    ],
    [
      'a baseUrl without http',
      { accounts: [{ ...selzy, baseUrl: 'api.selzy.com' }] },
      /^accounts\[0\]\.baseUrl: must be a URL/,
    ],
    [
      'a password in a baseUrl',
      { accounts: [{ ...selzy, baseUrl: `https://us3r:${secret}@example.com` }] },
      /^accounts\[0\]\.baseUrl: must hold no user and no password$/,
    ],
    [
      'a user in a publicUrl',
      { accounts: [selzy], server: { publicUrl: `https://${secret}@example.com` } },
      /^server\.publicUrl: must hold no user and no password$/,
    ],
    [
      'another channel',
      { accounts: [{ ...selzy, channel: 'PUSH' }] },
      /^accounts\[0\]\.channel: .*EMAIL.*SMS/,
    ],
    [
      'a time zone of Mars',
      { accounts: [{ ...selzy, timeZone: 'Mars' }] },
      /^accounts\[0\]\.timeZone: must be an IANA/,
    ],
    ['a budget of none', { accounts: [{ ...selzy, requestBudget: [] }] }, /^accounts\[0\]\.requestBudget: /],
    [
      'a budget of nothing',
      { accounts: [{ ...selzy, requestBudget: { limit: 0, windowSeconds: 60 } }] },
      /^accounts\[0\]\.requestBudget\.limit: .*>0/,
    ],
    [
      'a budget without a window',
      { accounts: [{ ...selzy, requestBudget: { limit: 10 } }] },
      /^accounts\[0\]\.requestBudget\.windowSeconds: missing$/,
    ],
    [
      'an unknown key of a budget',
      { accounts: [{ ...selzy, requestBudget: [{ limit: 1, windowSeconds: 1, burst: 2 }] }] },
      /^accounts\[0\]\.requestBudget\[0\]\.burst: unknown key$/,
    ],
    [
      'polling that never ends',
      { accounts: [{ ...selzy, polling: { fastest: 0 } }] },
      /^accounts\[0\]\.polling\.fastest: .*>0/,
    ],
    [
      'slowest below fastest',
      { accounts: [selzy], polling: { fastest: 9, slowest: 8 } },
      /^accounts\[0\]\.polling: slowest \(8 s\) is below fastest \(9 s\)$/,
    ],
    ['an unknown key', { accounts: [selzy], acounts: [] }, /^acounts: unknown key$/],
    [
      'an unknown key of an account',
      { accounts: [{ ...selzy, apikey: 'x' }] },
      /^accounts\[0\]\.apikey: unknown key$/,
    ],
    [
      'an unknown key of the server',
      { accounts: [selzy], server: { prot: 1 } },
      /^server\.prot: unknown key$/,
    ],
    [
      'an unknown key of the polling',
      { accounts: [selzy], polling: { often: 1 } },
      /^polling\.often: unknown key$/,
    ],
    [
      'an open address',
      { accounts: [selzy], server: { host: '0.0.0.0' } },
      /^server\.host: only a loopback address/,
    ],
    ['a port too high', { accounts: [selzy], server: { port: 65_536 } }, /^server\.port: .*65535/],
    [
      'an origin that is none',
      { accounts: [selzy], server: { allowedOrigins: ['*'] } },
      /^server\.allowedOrigins\[0\]: must be a URL/,
    ],
    ['another database', { accounts: [selzy], database: 'mysql://x' }, /^database: must be sqlite:/],
    ['limits that are none', { accounts: [selzy], limits: 5 }, /^limits: expected object/],
    [
      'an unknown limit',
      { accounts: [selzy], limits: { subscriptions: 5 } },
      /^limits\.subscriptions: unknown key$/,
    ],
    [
      'a limit of none',
      { accounts: [selzy], limits: { subscriptionsPerConnection: 0 } },
      /^limits\.subscriptionsPerConnection: .*>0/,
    ],
    [
      'a limit below none',
      { accounts: [selzy], limits: { subscriptionsPerToken: -1 } },
      /^limits\.subscriptionsPerToken: .*>0/,
    ],
    [
      'a limit of a half',
      { accounts: [selzy], limits: { subscriptionsPerToken: 1.5 } },
      /^limits\.subscriptionsPerToken: expected int/,
    ],
    [
      'a limit in words',
      { accounts: [selzy], limits: { subscriptionsPerConnection: 'many' } },
      /^limits\.subscriptionsPerConnection: expected number/,
    ],
    [
      'days that are none',
      { accounts: [selzy], retention: { thinAfterDays: 'a week' } },
      /^retention\.thinAfterDays: must be a number of days, or false$/,
    ],
    [
      'days of true',
      { accounts: [selzy], retention: { dropAfterDays: true } },
      /^retention\.dropAfterDays: must be a number of days, or false$/,
    ],
    [
      'less than a day',
      { accounts: [selzy], retention: { thinAfterDays: 0 } },
      /^retention\.thinAfterDays: must be 1 day at least$/,
    ],
    [
      'days that end before they begin',
      { accounts: [selzy], retention: { thinAfterDays: 90 } },
      /^retention\.dropAfterDays: must be more than thinAfterDays$/,
    ],
    [
      'an unknown key of the retention',
      { accounts: [selzy], retention: { days: 7 } },
      /^retention\.days: unknown key$/,
    ],
    [
      'someone to follow nowhere',
      { accounts: [selzy], follow: [{ account: 'b', externalId: '1' }] },
      /^follow\[0\]\.account: there is no account "b"$/,
    ],
    [
      'nobody to follow',
      { accounts: [selzy], follow: [{ account: 'shop' }] },
      /^follow\[0\]\.externalId: missing$/,
    ],
  ])('%s', (_name, config, sentence) => {
    expect(problemsOf(config)).toEqual([expect.stringMatching(sentence)]);
  });

  test('an empty section of who may sign in', () => {
    const name = 'auth: is empty: leave it out, or name `tokens` or `jwt`';
    expect(problemsOf({ accounts: [selzy], auth: null })).toEqual([name]);
    expect(problemsOf({ accounts: [selzy], auth: null, server: { host: '0.0.0.0' } })).toEqual([name]);
  });

  test.each(['', 'accounts', '- a', '5'])('a text that is no configuration: %j', (text) => {
    expect(problemsOf(text)).toHaveLength(1);
  });
});

test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s is a loopback address', (host) => {
  expect(problemsOf({ accounts: [selzy], server: { host } })).toEqual([]);
});

test.each(['0.0.0.0', '::', '10.0.0.1', 'example.com', '127.0.0.1.example.com', 'localhost.example.com', ''])(
  '%j is none',
  (host) => {
    expect(problemsOf({ accounts: [selzy], server: { host } })).toHaveLength(1);
  },
);

test('all problems are told at once', () => {
  const problems = problemsOf({
    server: { host: '0.0.0.0', port: -1, more: 1 },
    database: 'file.db',
    retention: { thinAfterDays: 8, dropAfterDays: 7 },
    auth: { tokens: [] },
    accounts: [
      { name: 'A', provider: 'selzy' },
      { name: 'b', provider: 'pigeon' },
      {
        name: 'c',
        provider: 'octeth',
        apiKey: placeholder('NOT_THERE'),
        baseUrl: 'https://mail.example.com',
      },
      { name: 'd', provider: 'appizer', apiKey: 'key', polling: { slowest: 1, fastest: 2 } },
      { name: 'd', provider: 'bsg', apiKey: 'key' },
    ],
    follow: [{ account: 'nobody', externalId: '1' }],
  });
  const paths = problems.map((sentence) => sentence.split(': ')[0]);
  expect(paths.toSorted()).toEqual([
    'accounts[0].apiKey',
    'accounts[0].name',
    'accounts[1].provider',
    'accounts[2].apiKey',
    'accounts[3].polling',
    'accounts[4].name',
    'auth',
    'database',
    'follow[0].account',
    'retention.dropAfterDays',
    'server.more',
    'server.port',
  ]);
});
