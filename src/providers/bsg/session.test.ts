import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  type Received,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import { bsg } from './index.ts';
import { tokenBody } from './wire.ts';

const call = { priority: 'poll' } as const;
const start = Date.UTC(2025, 0, 1);
const month = 30 * 86_400_000;

function jwt(issuedAt: number | null, expiresAt: number | null, mark = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    ...(issuedAt !== null && { iat: issuedAt / 1000 }),
    ...(expiresAt !== null && { exp: expiresAt / 1000 }),
    mark,
  };
  return `${part({ alg: 'RS256' })}.${part(claims)}.signature`;
}

/** A server whose log-in and refresh give what they are told to, an account at it, and a clock to turn. */
async function startScene(answers: {
  logIn: (received: Received) => Answer | Promise<Answer>;
  refresh?: (received: Received) => Answer;
  detail?: (received: Received) => Answer;
}) {
  const { body } = await readSample('bsg', 'detail');
  const server = await startSampleServer((received) => {
    if (received.url === '/api/auth/login') return answers.logIn(received);
    if (received.url === '/api/auth/refresh') return answers.refresh?.(received) ?? { status: 404, body: {} };
    return answers.detail?.(received) ?? { body };
  });
  const clock = { now: start };
  const source = bsg.open(
    { apiKey: 'live_1', baseUrl: server.url },
    openConnection({ now: () => clock.now }),
  );
  return {
    clock,
    read: (signal?: AbortSignal) => source.read('53651994', { ...call, ...(signal && { signal }) }),
    /** The calls so far as "login", "refresh" and "detail", each with the token that it carried. */
    calls: () =>
      server.received.map(({ url, headers }) => [
        url.replace(/.*\//, ''),
        headers.authorization?.replace('Bearer ', ''),
      ]),
    bodies: () => server.received.map(({ body: sent }) => sent),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

test('one log-in serves all callers, also those that come while it runs', async () => {
  await using scene = await startScene({ logIn: () => ({ body: { bearer: 'a' } }) });
  await Promise.all([scene.read(), scene.read(), scene.read()]);
  await scene.read();
  expect(scene.calls()).toEqual([['login', undefined], ...Array(4).fill(['detail', 'a'])]);
});

test('the documented token, long run out, lives for as long as it was made for', async () => {
  const sample = await readSample('bsg', 'token');
  const { bearer } = tokenBody.parse(sample.body);
  await using scene = await startScene({ logIn: () => sample });
  scene.clock.now = Date.UTC(2026, 0, 1);
  await scene.read();
  scene.clock.now += 26 * 86_400_000;
  await scene.read();
  expect(scene.calls()).toEqual([
    ['login', undefined],
    ['detail', bearer],
    ['detail', bearer],
  ]);
});

test('a token with less than a tenth of its life left is refreshed, once for all callers', async () => {
  const [first, second] = [jwt(start, start + month), jwt(start + month, start + 2 * month)];
  await using scene = await startScene({
    logIn: () => ({ body: { bearer: first } }),
    refresh: () => ({ body: { bearer: second } }),
  });
  scene.clock.now = start + 0.89 * month;
  await scene.read();
  scene.clock.now = start + 0.91 * month;
  await Promise.all([scene.read(), scene.read()]);
  expect(scene.calls()).toEqual([
    ['login', undefined],
    ['detail', first],
    ['refresh', first],
    ['detail', second],
    ['detail', second],
  ]);
  expect(scene.bodies()[2]).toBe('');
});

test.each([
  ['five minutes: a minute before the end', 300, 239, 241],
  ['twenty seconds: halfway', 20, 9, 11],
])('a token that lives for %s', async (_, life, notYet, due) => {
  const first = jwt(start, start + life * 1000);
  await using scene = await startScene({
    logIn: () => ({ body: { bearer: first } }),
    refresh: () => ({ body: { bearer: 'b' } }),
  });
  await scene.read();
  scene.clock.now = start + notYet * 1000;
  await scene.read();
  scene.clock.now = start + due * 1000;
  await scene.read();
  expect(scene.calls().map(([name]) => name)).toEqual(['login', 'detail', 'detail', 'refresh', 'detail']);
});

test('a token that has run out is not refreshed but replaced by a log-in', async () => {
  const tokens = [jwt(start, start + month), 'b'];
  await using scene = await startScene({ logIn: () => ({ body: { bearer: tokens.shift() } }) });
  await scene.read();
  scene.clock.now = start + month;
  await scene.read();
  expect(scene.calls().map(([name]) => name)).toEqual(['login', 'detail', 'login', 'detail']);
});

test('a refresh that fails ends in a log-in', async () => {
  const tokens = [jwt(start, start + month), 'b'];
  await using scene = await startScene({
    logIn: () => ({ body: { bearer: tokens.shift() } }),
    refresh: () => ({ status: 500, body: { message: 'No.' } }),
  });
  await scene.read();
  scene.clock.now = start + 0.95 * month;
  await scene.read();
  expect(scene.calls().map(([name]) => name)).toEqual(['login', 'detail', 'refresh', 'login', 'detail']);
  expect(scene.calls().at(-1)).toEqual(['detail', 'b']);
});

test.each([
  ['an opaque token', 'opaque'],
  ['a token without exp', jwt(start, null)],
  ['a token whose middle is no JSON', 'a.b.c'],
])('%s lives until it is refused', async (_, bearer) => {
  await using scene = await startScene({ logIn: () => ({ body: { bearer } }) });
  await scene.read();
  scene.clock.now += 100 * month;
  await scene.read();
  expect(scene.calls().map(([name]) => name)).toEqual(['login', 'detail', 'detail']);
});

test('a refused token is replaced by one log-in, and each call repeated once', async () => {
  const tokens = ['a', 'b'];
  const { body } = await readSample('bsg', 'detail');
  await using scene = await startScene({
    logIn: () => ({ body: { bearer: tokens.shift() } }),
    detail: ({ headers }) => (headers.authorization === 'Bearer b' ? { body } : { status: 401, body: {} }),
  });
  const readings = await Promise.all([scene.read(), scene.read()]);
  expect(readings.map((reading) => reading?.status)).toEqual(['COMPLETED', 'COMPLETED']);
  expect(scene.calls().filter(([name]) => name === 'login')).toHaveLength(2);
  expect(scene.calls().filter(([, token]) => token === 'b')).toHaveLength(2);
});

test('a second refusal stands', async () => {
  await using scene = await startScene({
    logIn: () => ({ body: { bearer: 'a' } }),
    detail: () => ({ status: 401, body: { message: 'Expired JWT Token' } }),
  });
  await expect(scene.read()).rejects.toMatchObject({
    code: 'PROVIDER_UNAUTHENTICATED',
    message: 'Expired JWT Token',
  });
  expect(scene.calls().map(([name]) => name)).toEqual(['login', 'detail', 'login', 'detail']);
});

test.each([
  [401, { message: 'Invalid live_1' }, 'PROVIDER_UNAUTHENTICATED'],
  [403, {}, 'PROVIDER_UNAUTHENTICATED'],
  [422, { message: 'The given data was invalid.', errors: { api_key: ['No.'] } }, 'PROVIDER_UNAUTHENTICATED'],
  [200, { error: 1, errorDescription: 'invalid key' }, 'PROVIDER_UNAUTHENTICATED'],
  [404, {}, 'PROVIDER_BAD_RESPONSE'],
  [200, { token: 'x' }, 'PROVIDER_BAD_RESPONSE'],
  [429, {}, 'PROVIDER_RATE_LIMITED'],
  [503, {}, 'PROVIDER_UNAVAILABLE'],
])('a log-in that ends in %s %j is %s, and the next call tries again', async (status, body, code) => {
  const answers: Answer[] = [{ status, body }];
  await using scene = await startScene({ logIn: () => answers.shift() ?? { body: { bearer: 'a' } } });
  await expect(scene.read()).rejects.toMatchObject({ code, message: expect.not.stringContaining('live_1') });
  expect(await scene.read()).toMatchObject({ status: 'COMPLETED' });
});

test('a caller that leaves does not end the log-in for the others', async () => {
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
  await using scene = await startScene({
    async logIn() {
      isAsked();
      await held;
      return { body: { bearer: 'a' } };
    },
  });
  const leaving = new AbortController();
  const [left, stayed] = [scene.read(leaving.signal), scene.read()];
  await asked;
  leaving.abort();
  await expect(left).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  letGo();
  expect(await stayed).toMatchObject({ status: 'COMPLETED' });
});
