import { beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { connectRaw, post, tokenOf } from './support/signing-in.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const good = tokenOf('dashboard', 'viewer');
const expired = tokenOf('old', 'operator', ['*'], { expiresAt: '2020-01-01T00:00:00Z' });
const query = '{ accounts { name } }';
const subscription = 'subscription { accountUpdated(names: ["shop-alpha"]) { name } }';
const accounts = [{ name: 'shop-alpha', provider: 'appizer', apiKey: 'key', baseUrl: 'http://127.0.0.1:1' }];

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({
    accounts,
    auth: { tokens: [good.settings, expired.settings] },
    limits: { failedSignInsPerMinute: 1_000 },
  });
  return () => app.stop();
});

type Headers = Readonly<Record<string, string>>;

/** The ways of HTTP to ask for something, each with what it asks for. */
const ways: Readonly<Record<string, (headers: Headers) => Promise<Response>>> = {
  'HTTP POST': (headers) => post(app.url, { query }, headers),
  'HTTP GET': (headers) => fetch(`${app.url}/graphql?query=${encodeURIComponent(query)}`, { headers }),
  'SSE POST': (headers) =>
    post(app.url, { query: subscription }, { accept: 'text/event-stream', ...headers }),
  'SSE GET': (headers) =>
    fetch(`${app.url}/graphql?query=${encodeURIComponent(subscription)}`, {
      headers: { accept: 'text/event-stream', ...headers },
    }),
  'SSE POST of a query': (headers) => post(app.url, { query }, { accept: 'text/event-stream', ...headers }),
};

const refused: readonly (readonly [string, string | null])[] = [
  ['no token', null],
  ['a wrong token', 'Bearer wrong'],
  ['a token that has expired', expired.bearer],
  ['the scheme alone', 'Bearer'],
  ['no scheme', good.bearer.replace('Bearer ', '')],
  ['another scheme', good.bearer.replace('Bearer', 'Basic')],
  ['the token and something else', `${good.bearer} x`],
  ['the hash of the token', `Bearer ${good.settings.sha256}`],
  ['what looks like a JWT', 'Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoib3BlcmF0b3IifQ.'],
];

describe.each(Object.entries(ways))('by %s', (_way, ask) => {
  test.each(refused)('%s is refused', async (_what, authorization) => {
    const response = await ask(authorization === null ? {} : { authorization });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="[^"]+"$/);
    expect(await response.json()).toEqual({
      errors: [{ message: expect.stringContaining('Sign in'), extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  test.each([good.bearer, good.bearer.replace('Bearer', 'bearer')])('%s is let in', async (authorization) => {
    const response = await ask({ authorization });
    expect(response.status).toBe(200);
    const { value } = (await response.body?.getReader().read()) ?? {};
    // A subscription says first that it is heard.
    expect(new TextDecoder().decode(value)).toMatch(/"shop-alpha"|^:\n\n$/);
  });
});

describe('over WebSocket', () => {
  test.each(refused)('%s closes it with 4403', async (_what, authorization) => {
    using client = await connectRaw(app.url);
    await client.greet(authorization ?? undefined);
    expect(await client.closed()).toBe(4403);
    expect(client.messages).toEqual([]);
  });

  test.each([[[good.bearer]], [{ token: good.bearer }], [7], [null], ['']])(
    'an authorization that is %j closes it with 4403',
    async (authorization) => {
      using client = await connectRaw(app.url);
      await client.greet(authorization);
      expect(await client.closed()).toBe(4403);
    },
  );

  test('the header of the upgrade lets nobody in, for pages can not set it', async () => {
    using client = await connectRaw(app.url, { headers: { authorization: good.bearer } });
    await client.greet();
    expect(await client.closed()).toBe(4403);
  });

  test('what is asked before it was signed in closes it with 4401', async () => {
    using client = await connectRaw(app.url);
    client.subscribe('1', query);
    expect(await client.closed()).toBe(4401);
    expect(client.messages).toEqual([]);
  });

  test('what is asked while it is being let in closes it with 4401', async () => {
    using client = await connectRaw(app.url);
    client.send({ type: 'connection_init', payload: { authorization: 'Bearer wrong' } });
    client.subscribe('1', query);
    expect([4401, 4403]).toContain(await client.closed());
    expect(client.messages).toEqual([]);
  });

  test('a token lets in, for queries and subscriptions', async () => {
    using client = await connectRaw(app.url);
    await client.greet(good.bearer);
    client.subscribe('1', query);
    expect(await client.answer('1')).toMatchObject({
      type: 'next',
      payload: { data: { accounts: [{ name: 'shop-alpha' }] } },
    });
    using told = overWebSocket(app.url, subscription, {}, good.bearer);
    await told.atLeast(1);
    expect(told.events).toEqual([{ name: 'shop-alpha' }]);
  });

  test('signing in a second time is no way to another token', async () => {
    using client = await connectRaw(app.url);
    await client.greet(good.bearer);
    client.send({ type: 'connection_init', payload: { authorization: good.bearer } });
    expect(await client.closed()).toBe(4429);
  });
});

describe('without a token', () => {
  test('GraphiQL comes, with a query in its address too, and nothing is run', async () => {
    for (const search of ['', `?query=${encodeURIComponent(query)}`, '?%71uery=%7Baccounts%7Bname%7D%7D']) {
      const response = await fetch(`${app.url}/graphql${search}`, { headers: { accept: 'text/html' } });
      expect(response.status).toBe(200);
      const page = await response.text();
      expect(page).toContain('<html');
      expect(page).not.toContain('shop-alpha');
    }
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'HEAD'])('%s is refused like the others', async (method) => {
    const response = await fetch(`${app.url}/graphql?query=${encodeURIComponent(query)}`, { method });
    expect(response.status).toBe(401);
  });

  test('health is told, and metrics are not', async () => {
    for (const path of ['live', 'ready']) {
      expect((await fetch(`${app.url}/health/${path}`)).status).toBe(200);
    }
    const metrics = await fetch(`${app.url}/metrics`);
    expect([metrics.status, metrics.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('Bearer'),
    ]);
    expect(await metrics.text()).not.toContain('campaign_graph_');
  });

  test('nothing is asked for by a page, where GraphiQL is turned off', async () => {
    await using plain = await startTestApp({
      accounts,
      auth: { tokens: [good.settings] },
      graphql: { graphiql: false },
    });
    const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    for (const name of ['query', '%71uery']) {
      const url = `${plain.url}/graphql?${name}=${encodeURIComponent(query)}`;
      const without = await fetch(url, { headers: { accept: browser } });
      expect(without.status).toBe(401);
      expect(without.headers.get('www-authenticate')).toContain('Bearer');
      expect(await without.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
      const headers = { accept: 'text/html, application/json', authorization: good.bearer };
      expect(await (await fetch(url, { headers })).json()).toEqual({
        data: { accounts: [{ name: 'shop-alpha' }] },
      });
    }
  });
});

test('what clients say differs in nothing but the token: the same over SSE by the official way', async () => {
  using told = overSse(app.url, subscription, {}, good.bearer);
  await told.atLeast(1);
  expect(told.events).toEqual([{ name: 'shop-alpha' }]);
  using without = overSse(app.url, subscription);
  await until(() => without.ended);
  expect(without.events).toEqual([]);
});
