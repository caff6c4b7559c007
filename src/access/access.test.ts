import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createAccess } from './access.ts';
import { sees } from './grant.ts';
import { authSettings } from './settings.ts';

const start = Date.UTC(2027, 0, 1);
const dashboard = { name: 'dashboard', sha256: hash('d4shb0ard'), role: 'viewer', accounts: ['*'] };
const ops = {
  name: 'ops',
  sha256: hash('0ps+/=~.'),
  role: 'operator',
  accounts: ['main', 'shop'],
  expiresAt: '2027-01-01T01:00:00Z',
};

function hash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function accessWith(auth: object, now = () => start) {
  return createAccess(authSettings.parse(auth), now, () => {});
}

const access = accessWith({ tokens: [dashboard, ops] });

/** What a token is given, which must be something. */
async function granted(from: typeof access, token: string) {
  const grant = await from.authenticate(`Bearer ${token}`);
  if (!grant) throw new Error('The token is not let in.');
  return grant;
}

test('without settings everybody may do everything', async () => {
  const open = createAccess(
    null,
    () => start,
    () => {},
  );
  for (const authorization of [undefined, '', 'Bearer x']) {
    const grant = await open.authenticate(authorization);
    expect(grant).toMatchObject({ role: 'operator', accounts: '*', expiresAt: null });
    expect(grant && open.isStillGranted(grant)).toBe(true);
  }
});

describe('a token', () => {
  test('gives what the configuration says', async () => {
    expect(await granted(access, 'd4shb0ard')).toMatchObject({
      name: 'dashboard',
      role: 'viewer',
      accounts: '*',
      expiresAt: null,
    });
    expect(await granted(access, '0ps+/=~.')).toMatchObject({
      name: 'ops',
      role: 'operator',
      accounts: new Set(['main', 'shop']),
      expiresAt: Date.UTC(2027, 0, 1, 1),
    });
  });

  test.each(['bearer d4shb0ard', 'BEARER d4shb0ard', 'Bearer   d4shb0ard '])(
    'is taken from %j',
    async (authorization) => {
      expect(await access.authenticate(authorization)).toMatchObject({ name: 'dashboard' });
    },
  );

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'd4shb0ard',
    'Bearerd4shb0ard',
    ' Bearer d4shb0ard',
    'Bearer\td4shb0ard',
    'Bearer d4shb0ard x',
    'Bearer d4shb0ard,',
    'Bearer d4shb0ardé',
    'Bearer D4SHB0ARD',
    'Bearer d4shb0ar',
    'Basic d4shb0ard',
    'Token d4shb0ard',
    `Bearer ${hash('d4shb0ard')}`,
    `Bearer ${'x'.repeat(20_000)}`,
    'Bearer a.b.c',
  ])('is none: %j', async (authorization) => {
    expect(await access.authenticate(authorization)).toBeNull();
  });

  test('holds until it expires', async () => {
    let time = start;
    const expiring = accessWith({ tokens: [ops] }, () => time);
    const grant = await granted(expiring, '0ps+/=~.');
    time = Date.UTC(2027, 0, 1, 1) - 1;
    expect(await granted(expiring, '0ps+/=~.')).toEqual(grant);
    expect(expiring.isStillGranted(grant)).toBe(true);
    time += 1;
    expect(await expiring.authenticate('Bearer 0ps+/=~.')).toBeNull();
    expect(expiring.isStillGranted(grant)).toBe(false);
  });

  test('is not to be found in its grant, nor its hash', async () => {
    const grant = await granted(access, '0ps+/=~.');
    const told = JSON.stringify(grant);
    expect(told).not.toContain('0ps+/=~.');
    expect(told).not.toContain(ops.sha256);
  });

  test('is counted by an id that others do not have', async () => {
    const again = accessWith({ tokens: [{ ...ops, role: 'viewer' }] });
    const ids = await Promise.all([
      granted(access, '0ps+/=~.'),
      granted(again, '0ps+/=~.'),
      granted(access, 'd4shb0ard'),
    ]);
    expect(ids[0]?.id).toBe(ids[1]?.id);
    expect(ids[0]?.id).not.toBe(ids[2]?.id);
  });
});

test('a holder sees the accounts that are granted, and no others', async () => {
  const [all, two] = [await granted(access, 'd4shb0ard'), await granted(access, '0ps+/=~.')];
  expect(['main', 'shop', 'other', '*', ''].map((account) => sees(two, account))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(sees(all, 'other')).toBe(true);
});

describe('after a reload a grant', () => {
  test.each<[string, object[]]>([
    ['the same', [dashboard, ops]],
    ['in another order', [{ ...ops, accounts: ['shop', 'main', 'shop'], sha256: ops.sha256.toUpperCase() }]],
    ['the same moment, in another zone', [{ ...ops, expiresAt: '2027-01-01T02:00:00+01:00' }]],
  ])('holds: %s', async (_name, tokens) => {
    expect(accessWith({ tokens }).isStillGranted(await granted(access, '0ps+/=~.'))).toBe(true);
  });

  test.each<[string, object[]]>([
    ['the token is gone', [dashboard]],
    ['another token has the name', [{ ...ops, sha256: hash('other') }]],
    ['another role', [{ ...ops, role: 'viewer' }]],
    ['fewer accounts', [{ ...ops, accounts: ['main'] }]],
    ['more accounts', [{ ...ops, accounts: ['main', 'shop', 'other'] }]],
    ['all accounts', [{ ...ops, accounts: ['*'] }]],
    ['another name', [{ ...ops, name: 'op' }]],
    ['another end', [{ ...ops, expiresAt: '2027-01-01T00:30:00Z' }]],
    ['no end', [{ ...ops, expiresAt: undefined }]],
  ])('holds no more: %s', async (_name, tokens) => {
    expect(accessWith({ tokens }).isStillGranted(await granted(access, '0ps+/=~.'))).toBe(false);
  });

  test('holds no more where there was no signing in, or is none now', async () => {
    const open = createAccess(
      null,
      () => start,
      () => {},
    );
    const grant = await open.authenticate(undefined);
    expect(grant && access.isStillGranted(grant)).toBe(false);
    expect(open.isStillGranted(await granted(access, 'd4shb0ard'))).toBe(false);
  });
});
