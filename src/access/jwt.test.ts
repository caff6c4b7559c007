import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createAccess } from './access.ts';
import { authSettings } from './settings.ts';

const seconds = Date.UTC(2027, 0, 1) / 1000;
const secret = 'a secret of which there are more than 32 bytes';
const jwt = { secret, issuer: 'https://id.example.com', audience: 'campaigns' };
const good = {
  iss: jwt.issuer,
  aud: jwt.audience,
  sub: 'ann',
  exp: seconds + 600,
  role: 'viewer',
  accounts: ['main'],
};

function accessWith(change: object = {}, now = () => seconds * 1000) {
  return createAccess(authSettings.parse({ jwt: { ...jwt, ...change } }), now, () => {});
}

/** By hand: what is signed may be anything. */
function sign(claims: object, alg = 'HS256', key = secret): string {
  const content = `${base64url({ alg })}.${base64url(claims)}`;
  const hash = alg.replace('HS', 'sha');
  return `${content}.${createHmac(hash, key).update(content).digest('base64url')}`;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function grantFor(claims: object, access = accessWith()) {
  return access.authenticate(`Bearer ${sign(claims)}`);
}

describe('a JWT', () => {
  test('gives what its claims say', async () => {
    const grant = await grantFor(good);
    expect(grant).toMatchObject({ name: 'ann', role: 'viewer', accounts: new Set(['main']) });
    // The tolerance for the issuer's clock is part of it.
    expect(grant?.expiresAt).toBe((good.exp + 5) * 1000);
  });

  test.each<[string, object]>([
    ['the audience among others', { ...good, aud: ['other', jwt.audience] }],
    ['expired within the tolerance', { ...good, exp: seconds - 4 }],
    ['valid from now on', { ...good, nbf: seconds }],
    ['soon valid, within the tolerance', { ...good, nbf: seconds + 5 }],
  ])('is taken: %s', async (_name, claims) => {
    expect(await grantFor(claims)).toMatchObject({ role: 'viewer' });
  });

  test.each<[string, object]>([
    ['another issuer', { ...good, iss: 'https://other.example.com' }],
    ['no issuer', { ...good, iss: undefined }],
    ['another audience', { ...good, aud: 'other' }],
    ['other audiences', { ...good, aud: ['campaign', 'other'] }],
    ['no audience', { ...good, aud: undefined }],
    ['expired', { ...good, exp: seconds - 5 }],
    ['no end', { ...good, exp: undefined }],
    ['an end that is no number', { ...good, exp: String(good.exp) }],
    ['an end past all dates', { ...good, exp: 1e13 }],
    ['not yet valid', { ...good, nbf: seconds + 6 }],
    ['an empty subject', { ...good, sub: '' }],
    ['no role', { ...good, role: undefined }],
    ['another role', { ...good, role: 'admin' }],
    ['a role in capitals', { ...good, role: 'Viewer' }],
    ['roles in one string', { ...good, role: 'viewer operator' }],
    ['a role that is no string', { ...good, role: { viewer: true } }],
    ['no roles', { ...good, role: [] }],
    ['no accounts', { ...good, accounts: undefined }],
    ['an empty list of accounts', { ...good, accounts: [] }],
    ['blank accounts', { ...good, accounts: '  ' }],
    ['accounts that are no strings', { ...good, accounts: ['main', 5] }],
    ['accounts that are no list', { ...good, accounts: { main: true } }],
  ])('is refused: %s', async (_name, claims) => {
    expect(await grantFor(claims)).toBeNull();
  });

  test.each<[string, () => string]>([
    ['another secret', () => sign(good, 'HS256', secret.toUpperCase())],
    ['another algorithm', () => sign(good, 'HS512')],
    ['no algorithm and no signature', () => `${base64url({ alg: 'none' })}.${base64url(good)}.`],
    ['no algorithm', () => `${base64url({ alg: 'none' })}.${base64url(good)}.AAAA`],
    [
      'a changed payload',
      () => sign(good).replace(/\.[^.]+\./, `.${base64url({ ...good, role: 'operator' })}.`),
    ],
    ['a cut signature', () => sign(good).slice(0, -2)],
    ['a fourth part', () => `${sign(good)}.AAAA`],
    ['a header that is none', () => 'AAAA.AAAA.AAAA'],
    [
      'a critical header that is not known',
      () => `${base64url({ alg: 'HS256', crit: ['x'], x: 1 })}.${base64url(good)}.AAAA`,
    ],
  ])('is refused: %s', async (_name, token) => {
    expect(await accessWith().authenticate(`Bearer ${token()}`)).toBeNull();
  });

  test('holds until it expires, whoever has shown it before', async () => {
    let time = seconds * 1000;
    const access = accessWith({}, () => time);
    const grant = await grantFor({ ...good, exp: seconds + 10.5 }, access);
    expect(grant?.expiresAt).toBe((seconds + 16) * 1000);
    time = (seconds + 16) * 1000 - 1;
    expect(await grantFor({ ...good, exp: seconds + 10.5 }, access)).toEqual(grant);
    expect(grant && access.isStillGranted(grant)).toBe(true);
    time += 1;
    expect(await grantFor({ ...good, exp: seconds + 10.5 }, access)).toBeNull();
    expect(grant && access.isStillGranted(grant)).toBe(false);
  });

  test('is taken beside the tokens of the configuration', async () => {
    const token = {
      name: 'ops',
      sha256: createHash('sha256').update('a.b.c').digest('hex'),
      role: 'operator',
      accounts: ['*'],
    };
    const access = createAccess(
      authSettings.parse({ tokens: [token], jwt }),
      () => seconds * 1000,
      () => {},
    );
    expect(await access.authenticate('Bearer a.b.c')).toMatchObject({ name: 'ops' });
    expect(await grantFor(good, access)).toMatchObject({ name: 'ann' });
    expect(await access.authenticate('Bearer a.b.d')).toBeNull();
  });

  test('is counted by whose it is, also when it is renewed', async () => {
    const [one, renewed, other] = [
      await grantFor(good),
      await grantFor({ ...good, exp: good.exp + 1 }),
      await grantFor({ ...good, sub: 'bob' }),
    ];
    expect(one?.id).toBe(renewed?.id);
    expect(one?.id).not.toBe(other?.id);
  });

  test('of nobody is counted by itself', async () => {
    const nobody = { ...good, sub: undefined };
    const [one, again, other] = [
      await grantFor(nobody),
      await grantFor(nobody),
      await grantFor({ ...nobody, exp: good.exp + 1 }),
    ];
    expect(one?.id).toBe(again?.id);
    expect(one?.id).not.toBe(other?.id);
    expect(JSON.stringify([one, other])).not.toContain(sign(nobody));
  });
});

describe('the role', () => {
  test.each<[string, object, string]>([
    ['in a string', { role: 'operator' }, 'role'],
    ['in a list, with those of others', { role: ['admin', 5, 'operator'] }, 'role'],
    ['the one that may do more', { role: ['operator', 'viewer'] }, 'role'],
    ['further in', { realm_access: { roles: ['operator'] } }, 'realm_access.roles'],
    ['under a name with dots', { 'https://example.com/role': 'operator' }, 'https://example.com/role'],
  ])('may stand %s', async (_name, claims, rolesClaim) => {
    const grant = await grantFor({ ...good, role: 'viewer', ...claims }, accessWith({ rolesClaim }));
    expect(grant?.role).toBe('operator');
  });

  test.each(['constructor.name', '__proto__', 'role.length', 'realm_access..roles', 'role.0'])(
    'does not stand in %s',
    async (rolesClaim) => {
      expect(await grantFor({ ...good, role: ['viewer'] }, accessWith({ rolesClaim }))).toBeNull();
    },
  );
});

describe('the accounts', () => {
  test.each<[unknown, ReadonlySet<string> | string]>([
    [['main', 'shop', 'main'], new Set(['main', 'shop'])],
    ['main', new Set(['main'])],
    [' main  shop ', new Set(['main', 'shop'])],
    ['*', '*'],
    [['*'], '*'],
    [['main', '*'], '*'],
    [['main shop'], new Set(['main shop'])],
  ])('%j', async (accounts, seen) => {
    expect((await grantFor({ ...good, accounts }))?.accounts).toEqual(seen);
  });

  test('may stand further in', async () => {
    const access = accessWith({ accountsClaim: 'app.campaigns.accounts' });
    const grant = await grantFor({ ...good, app: { campaigns: { accounts: ['shop'] } } }, access);
    expect(grant?.accounts).toEqual(new Set(['shop']));
    expect(await grantFor({ ...good, app: { campaigns: 'accounts' } }, access)).toBeNull();
  });
});

describe('after a reload a grant by JWT', () => {
  test('holds with the same settings, whatever the tokens', async () => {
    const grant = await grantFor(good);
    const token = { name: 'ops', sha256: 'f'.repeat(64), role: 'viewer', accounts: ['*'] };
    const reloaded = createAccess(
      authSettings.parse({ tokens: [token], jwt: { ...jwt, rolesClaim: 'role' } }),
      () => seconds * 1000,
      () => {},
    );
    expect(grant && reloaded.isStillGranted(grant)).toBe(true);
  });

  test.each<[string, object]>([
    ['secret', { secret: `${secret}!` }],
    ['keys', { secret: undefined, jwksUrl: 'https://id.example.com/keys' }],
    ['issuer', { issuer: 'https://other.example.com' }],
    ['audience', { audience: 'other' }],
    ['claim of roles', { rolesClaim: 'roles' }],
    ['claim of accounts', { accountsClaim: 'account' }],
  ])('holds no more with another %s', async (_name, change) => {
    const grant = await grantFor(good);
    expect(grant && accessWith(change).isStillGranted(grant)).toBe(false);
  });

  test('holds no more without JWTs', async () => {
    const grant = await grantFor(good);
    const token = { name: 'ops', sha256: 'f'.repeat(64), role: 'viewer', accounts: ['*'] };
    const tokensAlone = createAccess(
      authSettings.parse({ tokens: [token] }),
      () => seconds * 1000,
      () => {},
    );
    expect(grant && tokensAlone.isStillGranted(grant)).toBe(false);
  });

  test('tells nothing of the secret', async () => {
    const told = JSON.stringify(await grantFor(good));
    expect(told).not.toContain(secret);
  });
});
