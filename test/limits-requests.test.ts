import { expect, test } from 'vitest';
import { type GraphQLAnswer, startTestApp, type TestAppOptions } from './support/app.ts';
import { connectRaw, post, tokenOf } from './support/signing-in.ts';

const [one, other] = [tokenOf('one', 'viewer'), tokenOf('other', 'viewer')];
const query = '{ accounts { name } }';
const subscription = 'subscription { accountUpdated { name } }';

function start(limits: object, options: Partial<TestAppOptions> = {}) {
  return startTestApp({
    accounts: [{ name: 'main', provider: 'appizer', apiKey: 'key', baseUrl: 'http://127.0.0.1:1' }],
    auth: { tokens: [one.settings, other.settings] },
    limits,
    ...options,
  });
}

const tooMany = (setting: string) => ({
  message: expect.stringMatching(new RegExp(`too many.*limits\\.${setting}`)),
  extensions: { code: 'LIMIT_EXCEEDED', retryAfterSeconds: expect.any(Number) },
});

async function expectTooMany(response: Response, setting: string): Promise<void> {
  expect(response.status).toBe(429);
  const { errors }: GraphQLAnswer = await response.json();
  expect(errors).toEqual([tooMany(setting)]);
  const retryAfter = Number(response.headers.get('retry-after'));
  expect(errors?.[0]?.extensions).toMatchObject({ retryAfterSeconds: retryAfter });
  expect([retryAfter > 0, retryAfter <= 60]).toEqual([true, true]);
}

test('a token may ask so often a minute, by whichever way; others go on', async () => {
  await using app = await start({ requestsPerMinute: 4 });
  using client = await connectRaw(app.url);
  await client.greet(one.bearer);
  const asks = (authorization: string, accept = 'application/json') =>
    post(app.url, { query }, { authorization, accept });
  expect((await asks(one.bearer)).status).toBe(200);
  const events = await post(
    app.url,
    { query: subscription },
    { authorization: one.bearer, accept: 'text/event-stream' },
  );
  expect(events.status).toBe(200);
  await events.body?.cancel();
  for (const [id, document] of [
    ['1', query],
    ['2', subscription],
  ] as const) {
    client.subscribe(id, document);
    expect(await client.answer(id)).toMatchObject({ type: 'next' });
  }
  await expectTooMany(await asks(one.bearer), 'requestsPerMinute');
  await expectTooMany(await asks(one.bearer, 'text/event-stream'), 'requestsPerMinute');
  await expectTooMany(
    await fetch(`${app.url}/graphql?query=${encodeURIComponent(query)}`, {
      headers: { authorization: one.bearer },
    }),
    'requestsPerMinute',
  );
  client.subscribe('3', query);
  expect(await client.answer('3')).toMatchObject({ type: 'error', payload: [tooMany('requestsPerMinute')] });
  // What is open goes on, and what is no operation is not counted.
  client.send({ type: 'ping' });
  await expect.poll(() => client.messages.at(-1)?.type).toBe('pong');
  expect((await fetch(`${app.url}/graphql`, { headers: { accept: 'text/html' } })).status).toBe(200);
  expect((await asks(other.bearer)).status).toBe(200);
  using second = await connectRaw(app.url);
  await second.greet(other.bearer);
  second.subscribe('1', query);
  expect(await second.answer('1')).toMatchObject({ type: 'next' });
});

test('where nobody signs in, nobody is counted', async () => {
  await using app = await startTestApp({
    accounts: [{ name: 'main', provider: 'appizer', apiKey: 'key', baseUrl: 'http://127.0.0.1:1' }],
    limits: { requestsPerMinute: 1 },
  });
  for (let count = 0; count < 4; count += 1) expect((await app.request(query)).errors).toBeUndefined();
});

test('an address may fail to sign in so often a minute; a valid token is still let in', async () => {
  await using app = await start({ failedSignInsPerMinute: 4 });
  const asks = (authorization?: string, accept = 'application/json') =>
    post(app.url, { query }, { authorization, accept });
  expect((await asks()).status).toBe(401);
  expect((await asks('Bearer wrong', 'text/event-stream')).status).toBe(401);
  expect((await fetch(`${app.url}/metrics`, { headers: { authorization: 'Bearer wrong' } })).status).toBe(
    401,
  );
  using client = await connectRaw(app.url);
  await client.greet('Bearer wrong');
  expect(await client.closed()).toBe(4403);
  await expectTooMany(await asks('Bearer wrong'), 'failedSignInsPerMinute');
  await expectTooMany(await asks(undefined, 'text/event-stream'), 'failedSignInsPerMinute');
  await expectTooMany(await fetch(`${app.url}/metrics`), 'failedSignInsPerMinute');
  const guess = await fetch(`${app.url}/webhooks/main/a-guess`, { method: 'POST' });
  await expectTooMany(guess, 'failedSignInsPerMinute');
  using again = await connectRaw(app.url);
  await again.greet('Bearer wrong');
  expect(await again.closed()).toBe(4403);
  expect((await asks(one.bearer)).status).toBe(200);
  using valid = await connectRaw(app.url);
  await valid.greet(one.bearer);
  valid.subscribe('1', query);
  expect(await valid.answer('1')).toMatchObject({ type: 'next' });
});
