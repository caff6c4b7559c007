import { describe, expect, test } from 'vitest';
import { authSettings, unknownAccounts } from './settings.ts';

const sha256 = '0123456789abcdef'.repeat(4);
const token = { name: 'ops', sha256, role: 'operator', accounts: ['*'] };
const jwt = {
  jwksUrl: 'https://id.example.com/keys',
  issuer: 'https://id.example.com',
  audience: 'campaigns',
};
const { jwksUrl: _jwksUrl, ...noKeys } = jwt;
const secret = 'a secret of which there are more than 32 bytes';

/** What is wrong with a section, a line each: the path and the reason. */
function problemsOf(auth: unknown): string[] {
  const issues = authSettings.safeParse(auth).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a section is refused with a path and a reason:', () => {
  test.each<[string, unknown, RegExp]>([
    ['nothing', {}, /^: needs tokens or jwt/],
    ['no tokens', { tokens: [] }, /^: needs tokens or jwt/],
    ['no section', 'open', /^: .*expected object/],
    ['an unknown key', { tokens: [token], token: 1 }, /^: Unrecognized key: "token"$/],
    ['tokens that are no list', { tokens: token }, /^tokens: .*expected array/],
    ['a token without a name', { tokens: [{ ...token, name: undefined }] }, /^tokens\.0\.name: .*undefined/],
    ['a blank name', { tokens: [{ ...token, name: ' ' }] }, /^tokens\.0\.name: must be 1 to 100/],
    [
      'a name with a line feed',
      { tokens: [{ ...token, name: 'a\nb' }] },
      /^tokens\.0\.name: must be 1 to 100/,
    ],
    [
      'a name too long',
      { tokens: [{ ...token, name: 'a'.repeat(101) }] },
      /^tokens\.0\.name: must be 1 to 100/,
    ],
    [
      'the token itself',
      { tokens: [{ ...token, sha256: secret }] },
      /^tokens\.0\.sha256: must be the SHA-256/,
    ],
    ['a hash too short', { tokens: [{ ...token, sha256: 'ab' }] }, /^tokens\.0\.sha256: must be the SHA-256/],
    [
      'no role',
      { tokens: [{ ...token, role: undefined }] },
      /^tokens\.0\.role: missing; there are viewer and op/,
    ],
    [
      'another role',
      { tokens: [{ ...token, role: 'admin' }] },
      /^tokens\.0\.role: unknown; there are viewer/,
    ],
    ['no accounts', { tokens: [{ ...token, accounts: [] }] }, /^tokens\.0\.accounts: must name at least one/],
    [
      'all accounts and one',
      { tokens: [{ ...token, accounts: ['*', 'a'] }] },
      /^tokens\.0\.accounts: "\*" stands/,
    ],
    [
      'a local time',
      { tokens: [{ ...token, expiresAt: '2027-01-31T00:00:00' }] },
      /^tokens\.0\.expiresAt: must be/,
    ],
    [
      'no time',
      { tokens: [{ ...token, expiresAt: 'soon' }] },
      /^tokens\.0\.expiresAt: must be a date and time/,
    ],
    [
      'a name twice',
      { tokens: [token, { ...token, sha256: 'f'.repeat(64) }] },
      /^tokens\.1\.name: another token has the same$/,
    ],
    [
      'a token twice, in other letters',
      { tokens: [token, { ...token, name: 'b', sha256: sha256.toUpperCase() }] },
      /^tokens\.1\.sha256: another token has the same$/,
    ],
    ['a JWT without keys', { jwt: noKeys }, /^jwt: needs either jwksUrl or secret$/],
    ['a JWT with keys of two kinds', { jwt: { ...jwt, secret } }, /^jwt: needs either jwksUrl or secret$/],
    [
      'a secret too short',
      { jwt: { ...noKeys, secret: 'x'.repeat(31) } },
      /^jwt\.secret: must be of at least 32/,
    ],
    ['no issuer', { jwt: { ...jwt, issuer: undefined } }, /^jwt\.issuer: .*undefined/],
    ['an empty audience', { jwt: { ...jwt, audience: '' } }, /^jwt\.audience: must not be empty$/],
    ['an unknown key of the JWT', { jwt: { ...jwt, algorithms: ['none'] } }, /^jwt: Unrecognized key/],
    [
      'keys with a password',
      { jwt: { ...jwt, jwksUrl: 'https://a:b@id.example.com' } },
      /^jwt\.jwksUrl: must hold no/,
    ],
    ...[
      'id.example.com/keys',
      'http://id.example.com/keys',
      'http://10.0.0.1/',
      'file:///keys',
      'nowhere',
    ].map((jwksUrl): [string, unknown, RegExp] => [
      `keys at ${jwksUrl}`,
      { jwt: { ...jwt, jwksUrl } },
      /^jwt\.jwksUrl: must be a URL that begins with https/,
    ]),
  ])('%s', (_name, auth, sentence) => {
    expect(problemsOf(auth)).toEqual([expect.stringMatching(sentence)]);
  });

  test('all at once, and no secret is repeated', () => {
    const problems = problemsOf({
      tokens: [
        { ...token, role: secret, expiresAt: secret },
        { ...token, sha256: secret },
        { ...token, accounts: [], name: `${secret}\n` },
        secret,
      ],
      jwt: { jwksUrl: secret, secret: [secret], issuer: [secret] },
    });
    expect(problems.map((problem) => problem.split(': ')[0]).toSorted()).toEqual([
      'jwt',
      'jwt.audience',
      'jwt.issuer',
      'jwt.jwksUrl',
      'jwt.secret',
      'tokens.0.expiresAt',
      'tokens.0.role',
      'tokens.1.name',
      'tokens.1.sha256',
      'tokens.2.accounts',
      'tokens.2.name',
      'tokens.2.sha256',
      'tokens.3',
    ]);
    expect(problems.filter((problem) => problem.includes(secret))).toEqual([]);
  });
});

test.each([
  'https://id.example.com/keys?tenant=1',
  'http://127.0.0.1:8080/keys',
  'http://localhost/',
  'http://[::1]/',
])('keys may be at %s', (jwksUrl) => {
  expect(problemsOf({ jwt: { ...jwt, jwksUrl } })).toEqual([]);
});

test('what is left out has its default, and what is given one form', () => {
  const expiresAt = '2027-01-31T02:00:00+02:00';
  expect(authSettings.parse({ tokens: [{ ...token, sha256: sha256.toUpperCase(), expiresAt }] })).toEqual({
    tokens: [{ ...token, expiresAt: Date.UTC(2027, 0, 31) }],
  });
  expect(authSettings.parse({ jwt: { ...noKeys, secret } })).toEqual({
    tokens: [],
    jwt: { ...noKeys, rolesClaim: 'role', accountsClaim: 'accounts', source: { secret } },
  });
});

test('accounts that are not there are told, whatever else is wrong', () => {
  const auth = {
    tokens: [
      { accounts: ['shop', 'sohp'] },
      5,
      { accounts: 'shop' },
      { ...token, accounts: [1, 'b'] },
      token,
    ],
    jwt: 7,
  };
  expect(unknownAccounts(auth, new Set(['shop', 'main']))).toEqual([
    'auth.tokens[0].accounts[1]: there is no account of this name',
    'auth.tokens[3].accounts[1]: there is no account of this name',
  ]);
  expect(unknownAccounts(undefined, new Set())).toEqual([]);
});
