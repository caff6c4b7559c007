import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { startTestApp } from './support/app.ts';
import { connectRaw, post, tokenOf } from './support/signing-in.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const [one, other] = [tokenOf('one', 'viewer'), tokenOf('other', 'viewer')];
const subscription = 'subscription { accountUpdated(names: ["main"]) { name } }';

function start(limits: object) {
  return startTestApp({
    accounts: [{ name: 'main', provider: 'appizer', apiKey: 'key', baseUrl: 'http://127.0.0.1:1' }],
    auth: { tokens: [one.settings, other.settings] },
    limits,
  });
}

const refused = (setting: string) => [
  {
    message: expect.stringContaining(`limits.${setting}`),
    extensions: { code: 'LIMIT_EXCEEDED' },
  },
];

test('a token may have so many connections, over WebSocket and SSE together', async () => {
  await using app = await start({ connectionsPerToken: 2 });
  using first = await connectRaw(app.url);
  await first.greet(one.bearer);
  using second = overSse(app.url, subscription, {}, one.bearer);
  await second.atLeast(1);
  using third = await connectRaw(app.url);
  await third.greet(one.bearer);
  expect(await third.closed()).toBe(1013);
  expect(third.messages).toEqual([]);
  using fourth = overSse(app.url, subscription, {}, one.bearer);
  await until(() => fourth.ended);
  expect([fourth.errors, fourth.events]).toEqual([refused('connectionsPerToken'), []]);
  // Requests are no connections, and others have their own.
  const request = await post(app.url, { query: '{ accounts { name } }' }, { authorization: one.bearer });
  expect(request.status).toBe(200);
  using others = overWebSocket(app.url, subscription, {}, other.bearer);
  await others.atLeast(1);
  expect([second.ended, second.errors]).toEqual([false, []]);
});

test('one that ends makes room, whichever way it ends', async () => {
  await using app = await start({ connectionsPerToken: 1 });
  const ways = [
    async () => {
      using client = await connectRaw(app.url);
      await client.greet(one.bearer);
      expect(client.messages).toMatchObject([{ type: 'connection_ack' }]);
    },
    async () => {
      using told = overSse(app.url, subscription, {}, one.bearer);
      await told.atLeast(1);
    },
    async () => {
      const client = await connectRaw(app.url);
      await client.greet(one.bearer);
      client.subscribe('1', subscription);
      await client.answer('1');
      client.socket.close(1000);
      await client.closed();
    },
  ];
  for (const way of [...ways, ...ways.toReversed()]) {
    await way();
    await until(async () => {
      using next = await connectRaw(app.url);
      await next.greet(one.bearer);
      if (next.messages.length === 0) return false;
      next.socket.close(1000);
      await next.closed();
      return true;
    });
  }
});

test('subscriptions are counted for each token', async () => {
  await using app = await start({ subscriptionsPerToken: 1 });
  using first = overWebSocket(app.url, subscription, {}, one.bearer);
  await first.atLeast(1);
  for (const subscribe of [overWebSocket, overSse]) {
    using second = subscribe(app.url, subscription, {}, one.bearer);
    await until(() => second.errors.length > 0);
    expect(second.errors).toEqual(refused('subscriptionsPerToken'));
  }
  using others = overSse(app.url, subscription, {}, other.bearer);
  await others.atLeast(1);
});

test('an address may have so many connections, signed in or not', async () => {
  await using app = await start({ connectionsPerAddress: 3 });
  const { hostname, port } = new URL(app.url);
  const sockets: Socket[] = [];
  for (let count = 0; count < 3; count += 1) {
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    sockets.push(socket);
  }
  const statusOf = () =>
    new Promise<number | undefined>((resolve) => {
      get(`${app.url}/health/live`, { agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', () => resolve(undefined));
    });
  expect(await statusOf()).toBeUndefined();
  sockets.pop()?.destroy();
  await until(async () => (await statusOf()) === 200);
  for (const socket of sockets) socket.destroy();
});
