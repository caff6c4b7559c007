import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { type Answer, startSampleServer } from '../../test/support/sample-server.ts';
import { until } from '../../test/support/wait.ts';
import { createAccess } from './access.ts';
import { authSettings } from './settings.ts';

const start = Date.UTC(2027, 0, 1);
const minutes = 60_000;
const jwt = { issuer: 'https://id.example.com', audience: 'campaigns' };

interface Signer {
  readonly jwk: JWK;
  readonly spki: string;
  /** A good token, which expires in an hour. */
  sign(change?: { readonly kid?: string; readonly sub?: string }): Promise<string>;
}

async function createSigner(kid: string, alg = 'ES256'): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid },
    spki: await exportSPKI(publicKey),
    sign: (change) => signed({ alg, kid: change?.kid ?? kid }, privateKey, change?.sub),
  };
}

function signed(
  header: { alg: string; kid?: string },
  key: CryptoKey | Uint8Array,
  sub = 'ann',
): Promise<string> {
  return new SignJWT({ role: 'viewer', accounts: '*' })
    .setProtectedHeader(header)
    .setIssuer(jwt.issuer)
    .setAudience(jwt.audience)
    .setSubject(sub)
    .setExpirationTime(start / 1000 + 3_600)
    .sign(key);
}

const [first, second] = await Promise.all([createSigner('first'), createSigner('second')]);
const answerWith = (...signers: readonly Signer[]): Answer => ({
  body: { keys: signers.map(({ jwk }) => jwk) },
});

/** An issuer whose answer and clock the test sets, and the access that asks it. */
async function openIssuer(answer: Answer) {
  const issuer = { answer, time: start };
  const server = await startSampleServer(() => issuer.answer);
  const told: string[] = [];
  const access = createAccess(
    authSettings.parse({ jwt: { ...jwt, jwksUrl: `${server.url}/keys` } }),
    () => issuer.time,
    (problem) => void told.push(problem),
  );
  return {
    issuer,
    server,
    told,
    asked: () => server.received.length,
    isLetIn: async (token: string) => (await access.authenticate(`Bearer ${token}`)) !== null,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describe('a JWT of a key set', () => {
  test.each(['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA'])('is taken: %s', async (alg) => {
    const signer = await createSigner('key', alg);
    await using at = await openIssuer(answerWith(signer));
    expect(await at.isLetIn(await signer.sign())).toBe(true);
  });

  test.each<[string, () => Promise<string>]>([
    ['another key of the same name', async () => (await createSigner('first')).sign()],
    ['the name of another key', () => first.sign({ kid: 'second' })],
    [
      'the public key as a shared secret',
      () => signed({ alg: 'HS256', kid: 'first' }, Buffer.from(first.spki)),
    ],
    [
      'the public key as a shared secret, as it is published',
      () => signed({ alg: 'HS256', kid: 'first' }, Buffer.from(JSON.stringify(first.jwk))),
    ],
    [
      'no algorithm',
      async () => (await first.sign()).replace(/^[^.]+/, Buffer.from('{"alg":"none"}').toString('base64url')),
    ],
    [
      'another algorithm in the header',
      async () =>
        (await first.sign()).replace(
          /^[^.]+/,
          Buffer.from('{"alg":"ES384","kid":"first"}').toString('base64url'),
        ),
    ],
  ])('is refused: %s', async (_name, token) => {
    await using at = await openIssuer(answerWith(first, second));
    expect(await at.isLetIn(await first.sign())).toBe(true);
    expect(await at.isLetIn(await token())).toBe(false);
    expect(await at.isLetIn(await second.sign())).toBe(true);
  });

  test('is refused where the set holds a shared secret', async () => {
    const secret = Buffer.alloc(32, 'k');
    const jwk = { kty: 'oct', kid: 'shared', alg: 'HS256', k: secret.toString('base64url') };
    await using at = await openIssuer({ body: { keys: [jwk] } });
    expect(await at.isLetIn(await signed({ alg: 'HS256', kid: 'shared' }, secret))).toBe(false);
  });
});

describe('the keys', () => {
  test('are fetched when they are first needed, once for all', async () => {
    await using at = await openIssuer(answerWith(first));
    expect(await at.isLetIn('not.a.token-with-a-header')).toBe(false);
    expect(await at.isLetIn('opaque')).toBe(false);
    expect(at.asked()).toBe(0);
    const tokens = await Promise.all(['ann', 'bob', 'eve'].map((sub) => first.sign({ sub })));
    expect(await Promise.all(tokens.map(at.isLetIn))).toEqual([true, true, true]);
    expect(at.server.received).toMatchObject([{ method: 'GET', url: '/keys' }]);
  });

  test('are fetched again for one that is new, and not at once again', async () => {
    await using at = await openIssuer(answerWith(first));
    expect(await at.isLetIn(await first.sign())).toBe(true);
    at.issuer.answer = answerWith(first, second);
    expect(await at.isLetIn(await second.sign())).toBe(false);
    at.issuer.time += 10_000;
    expect(await at.isLetIn(await second.sign())).toBe(true);
    expect(await at.isLetIn(await first.sign())).toBe(true);
    expect(at.asked()).toBe(2);
  });

  test('are not asked for by each token with a key that there is not', async () => {
    await using at = await openIssuer(answerWith(first));
    expect(await at.isLetIn(await first.sign())).toBe(true);
    at.issuer.time += 10_000;
    for (const kid of ['a', 'b', 'c']) expect(await at.isLetIn(await first.sign({ kid }))).toBe(false);
    expect(at.asked()).toBe(2);
    expect(await at.isLetIn(await first.sign())).toBe(true);
    expect(at.told).toEqual([]);
  });

  test('are renewed behind the scenes, and one that is withdrawn counts no more', async () => {
    await using at = await openIssuer(answerWith(first));
    const token = await first.sign();
    expect(await at.isLetIn(token)).toBe(true);
    at.issuer.answer = answerWith(second);
    at.issuer.time += 5 * minutes;
    expect(await at.isLetIn(token)).toBe(true);
    await until(() => at.asked() === 2);
    // What was verified is remembered for a minute, and may have been so once more before the answer came.
    await until(async () => {
      at.issuer.time += minutes;
      return !(await at.isLetIn(token));
    });
    expect(await at.isLetIn(await second.sign())).toBe(true);
  });
});

const away: Answer = { status: 503, body: 'down for maintenance' };

describe('an issuer that is away', () => {
  test('lets nobody in, is left alone for a while, and is told of now and then', async () => {
    await using at = await openIssuer(away);
    const token = await first.sign();
    for (let request = 0; request < 5; request += 1) expect(await at.isLetIn(token)).toBe(false);
    expect([at.asked(), at.told]).toEqual([1, [expect.stringMatching(/^auth\.jwt\.jwksUrl: .*HTTP 503/)]]);
    for (let past = 0; past < 50_000; past += 10_000) {
      at.issuer.time += 10_000;
      expect(await at.isLetIn(token)).toBe(false);
    }
    expect([at.asked(), at.told.length]).toEqual([6, 1]);
    at.issuer.time += 10_000;
    expect(await at.isLetIn(token)).toBe(false);
    expect([at.asked(), at.told.length]).toEqual([7, 2]);
    at.issuer.answer = answerWith(first);
    at.issuer.time += 10_000;
    expect(await at.isLetIn(token)).toBe(true);
  });

  test('goes unnoticed for some minutes, and no longer', async () => {
    await using at = await openIssuer(answerWith(first));
    const token = await first.sign();
    expect(await at.isLetIn(token)).toBe(true);
    at.issuer.answer = away;
    at.issuer.time += 15 * minutes - 1;
    expect(await at.isLetIn(token)).toBe(true);
    await until(() => at.told.length === 1);
    at.issuer.time += 1;
    expect(await at.isLetIn(await first.sign({ sub: 'bob' }))).toBe(false);
    // What was just looked at is remembered for a minute.
    at.issuer.time += minutes;
    expect(await at.isLetIn(token)).toBe(false);
    at.issuer.answer = answerWith(first);
    at.issuer.time += 10_000;
    expect(await at.isLetIn(token)).toBe(true);
  });

  test('is one that takes no connections', async () => {
    const at = await openIssuer(answerWith(first));
    await at[Symbol.asyncDispose]();
    expect(await at.isLetIn(await first.sign())).toBe(false);
    expect(at.told).toEqual([expect.stringMatching(/\(ECONNREFUSED\)/)]);
  });

  test.each<[string, Answer, RegExp]>([
    ['a redirect', { status: 302, headers: { location: '/other' }, body: { keys: [first.jwk] } }, /HTTP 302/],
    ['no JSON', { body: '<html>' }, /JSON/],
    ['something else', { body: { key: [] } }, /malformed/],
    ['keys that are none', { body: { keys: 'first' } }, /malformed/],
    ['too much', { body: { keys: [first.jwk], padding: 'x'.repeat(1024 * 1024) } }, /larger than 1 MiB/],
  ])('is one that answers with %s', async (_name, answer, reason) => {
    await using at = await openIssuer(answer);
    expect(await at.isLetIn(await first.sign())).toBe(false);
    expect([at.asked(), at.told]).toEqual([1, [expect.stringMatching(reason)]]);
  });
});
