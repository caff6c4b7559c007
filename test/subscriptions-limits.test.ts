import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startProvider } from './support/held-provider.ts';
import {
  idOf,
  type QuietApp,
  type QuietAppOptions,
  startQuietApp,
  watchConnections,
} from './support/quiet-app.ts';
import { openSocket, slowSse, subscribeOver } from './support/slow-socket.ts';
import { until } from './support/wait.ts';

const changes = `subscription ($ids: [ID!], $after: String) {
  campaignUpdated(ids: $ids, after: $after) { stats { sent } }
}`;
const ids = [idOf('a')];

const error = z.object({ message: z.string(), extensions: z.object({ code: z.string() }) });
const answer = z.object({ errors: z.array(error) });
const message = z.object({ type: z.string(), id: z.string().optional(), payload: z.unknown().optional() });

async function startApp(limits: QuietAppOptions['limits'] = {}, baseUrl?: string): Promise<QuietApp> {
  const app = await startQuietApp(undefined, { limits, ...(baseUrl !== undefined && { baseUrl }) });
  await app.see({ externalId: 'a', status: 'SENDING', sent: 0 });
  return app;
}

/** A WebSocket, and what it was told. */
async function connect(url: string) {
  const messages: z.infer<typeof message>[] = [];
  const socket = await openSocket(url);
  socket.on('message', (data) => messages.push(message.parse(JSON.parse(String(data)))));
  const told = (id: string) => messages.filter((one) => one.id === id);
  return {
    told,
    subscribe: (id: string, variables: object = { ids }) => subscribeOver(socket, id, changes, variables),
    complete: (id: string) => socket.send(JSON.stringify({ id, type: 'complete' })),
    vanish: () => socket.terminate(),
    /** Waits until everything that was sent has been heard. */
    async heard() {
      socket.send(JSON.stringify({ type: 'ping' }));
      await once(socket, 'message');
    },
    /** Waits until an operation has had so many answers. */
    answers: (id: string, count: number) =>
      until(() => told(id).filter(({ type }) => type === 'next').length === count),
    /** What an operation was refused with. */
    async refusal(id: string) {
      const { type, payload } = await until(() => told(id)[0]);
      return type === 'error' ? z.array(error).parse(payload) : answer.parse(payload).errors;
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}

/** Asks over SSE for what ends at once, and gives all of it. */
async function overSse(url: string, variables: object = { ids }): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ query: changes, variables }),
  });
  expect(response.status).toBe(200);
  return response.text();
}

const tooMany = (setting: string) => [
  {
    message: expect.stringMatching(new RegExp(`limits\\.${setting}\\b.*Complete one first`)),
    extensions: { code: 'LIMIT_EXCEEDED' },
  },
];

/** Of one token's subscriptions, one more may be opened, and then no other. */
async function expectRoomForOne(url: string): Promise<void> {
  using client = await connect(url);
  let tries = 0;
  await until(async () => {
    tries += 1;
    client.subscribe(String(tries));
    const first = await until(() => client.told(String(tries))[0]);
    return z.object({ data: z.unknown() }).safeParse(first.payload).data?.data != null;
  });
  client.subscribe('other');
  expect(await client.refusal('other')).toEqual(tooMany('subscriptionsPerToken'));
}

test('one connection has no more subscriptions than are allowed, and the others go on', async () => {
  await using app = await startApp({ subscriptionsPerConnection: 2 });
  using client = await connect(app.url);
  using other = await connect(app.url);
  for (const id of ['1', '2']) {
    client.subscribe(id);
    await client.answers(id, 1);
  }
  client.subscribe('3');
  expect(await client.refusal('3')).toEqual(tooMany('subscriptionsPerConnection'));
  // Another connection has its own.
  other.subscribe('1');
  await other.answers('1', 1);
  await app.see({ externalId: 'a', status: 'SENDING', sent: 1 });
  await Promise.all([client.answers('1', 2), client.answers('2', 2), other.answers('1', 2)]);
  client.complete('1');
  client.subscribe('4');
  await client.answers('4', 1);
  client.subscribe('5');
  expect(await client.refusal('5')).toEqual(tooMany('subscriptionsPerConnection'));
  await app.see({ externalId: 'a', status: 'SENDING', sent: 2 });
  await Promise.all([client.answers('2', 3), client.answers('4', 2)]);
  const toldOfRefused = client.told('3').map(({ type }) => type);
  expect([['error'], ['next', 'complete']]).toContainEqual(toldOfRefused);
});

test('one token has no more than are allowed over WebSocket and SSE together', async () => {
  await using app = await startApp({ subscriptionsPerToken: 3 });
  using one = await connect(app.url);
  using two = await connect(app.url);
  using three = await slowSse(app.url, { ids });
  await until(() => three.events.length === 1);
  for (const client of [one, two]) {
    client.subscribe('1');
    await client.answers('1', 1);
  }
  two.subscribe('2');
  expect(await two.refusal('2')).toEqual(tooMany('subscriptionsPerToken'));
  const [, json = '', rest] = /^event: next\ndata: ([^\n]+)\n\n(.*)$/s.exec(await overSse(app.url)) ?? [];
  expect(answer.parse(JSON.parse(json)).errors).toEqual(tooMany('subscriptionsPerToken'));
  expect(rest).toBe('event: complete\ndata:\n\n');
  await app.see({ externalId: 'a', status: 'SENDING', sent: 1 });
  await Promise.all([one.answers('1', 2), two.answers('1', 2), until(() => three.events.length === 2)]);
  three[Symbol.dispose]();
  await expectRoomForOne(app.url);
});

test('one whose variables are large counts as several, which its refusal says', async () => {
  await using app = await startApp({ subscriptionsPerConnection: 4, subscriptionsPerToken: 5 });
  using one = await connect(app.url);
  using two = await connect(app.url);
  // Those of accounts that there are not: nobody has to be asked for them.
  const large = { ids: Array.from({ length: 400 }, (_, index) => `campaign:other:${index + 1_000_000}`) };
  one.subscribe('1', large);
  await until(async () => (await app.metric('subscribers')) === 1);
  one.subscribe('2');
  await one.answers('2', 1);
  const counts = expect.stringContaining('This one counts as 3, for the size of its document');
  one.subscribe('3', large);
  two.subscribe('1', large);
  for (const [client, id] of [
    [one, '3'],
    [two, '1'],
  ] as const)
    expect(await client.refusal(id)).toMatchObject([
      { message: counts, extensions: { code: 'LIMIT_EXCEEDED' } },
    ]);
  one.complete('1');
  await until(async () => (await app.metric('subscribers')) === 1);
  two.subscribe('2', large);
  await until(async () => (await app.metric('subscribers')) === 2);
});

describe('a subscription no longer counts', () => {
  test('when its client completes it, or vanishes', async () => {
    await using app = await startApp({ subscriptionsPerToken: 1 });
    using completing = await connect(app.url);
    completing.subscribe('1');
    await completing.answers('1', 1);
    completing.complete('1');
    await expectRoomForOne(app.url);
    using vanishing = await connect(app.url);
    await until(async () => (await app.metric('subscribers')) === 0);
    vanishing.subscribe('1');
    await vanishing.answers('1', 1);
    vanishing.vanish();
    await expectRoomForOne(app.url);
    await until(async () => (await app.metric('subscribers')) === 0);
    using events = await slowSse(app.url, { ids });
    await until(() => events.events.length === 1);
    events[Symbol.dispose]();
    await expectRoomForOne(app.url);
  });

  test.each([
    ['an id that is none', { ids: ['malformed'] }],
    ['a cursor that is none', { ids, after: 'malformed' }],
    ['a variable of another type', { ids: [null] }],
  ])('when it could not be opened for %s', async (_what, variables) => {
    await using app = await startApp({ subscriptionsPerToken: 1 });
    using client = await connect(app.url);
    for (const id of ['1', '2', '3']) {
      client.subscribe(id, variables);
      expect(await client.refusal(id)).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
      expect(await overSse(app.url, variables)).toContain('"BAD_INPUT"');
    }
    await expectRoomForOne(app.url);
    await until(async () => (await app.metric('subscribers')) === 0);
    client.subscribe('4');
    await client.answers('4', 1);
  });

  test('when it took too long to be opened, as soon as that has come to its end', async () => {
    await using provider = await startProvider();
    await using app = await startApp({ subscriptionsPerToken: 1, operationSeconds: 0.1 }, provider.url);
    using client = await connect(app.url);
    const variables = { ids: [idOf('unknown')] };
    client.subscribe('1', variables);
    expect(await client.refusal('1')).toMatchObject([{ extensions: { code: 'TIMED_OUT' } }]);
    client.subscribe('2');
    expect(await client.refusal('2')).toEqual(tooMany('subscriptionsPerToken'));
    provider.answer();
    await expectRoomForOne(app.url);
    await until(async () => (await app.metric('subscribers')) === 0);
    expect(await overSse(app.url, { ids: [idOf('other')] })).toContain('"TIMED_OUT"');
    provider.answer();
    await expectRoomForOne(app.url);
    await until(async () => (await app.metric('subscribers')) === 0);
  });

  describe.each([
    ['and can not be', { ids: [idOf('unknown')], after: 'malformed' }],
    ['and can be', { ids: [idOf('unknown')] }],
  ])('when its client has left while it was being opened, %s', (_what, variables) => {
    test.each([
      ['completed', completes],
      ['vanished', vanishes],
    ])('over WebSocket: it has %s', async (_how, leave) => {
      await using provider = await startProvider();
      await using app = await startApp({ subscriptionsPerToken: 1 }, provider.url);
      using connections = watchConnections();
      using client = await connect(app.url);
      client.subscribe('1', variables);
      await until(() => provider.asked === 1);
      await leave(client, connections.open);
      provider.answer();
      await expectRoomForOne(app.url);
      expect(client.told('1')).toEqual([]);
    });

    test('over SSE', async () => {
      await using provider = await startProvider();
      await using app = await startApp({ subscriptionsPerToken: 1 }, provider.url);
      using connections = watchConnections();
      const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
      const asking = request(`${app.url}/graphql`, { method: 'POST', agent: false, headers });
      asking.on('error', () => {});
      asking.end(JSON.stringify({ query: changes, variables }));
      await until(() => provider.asked === 1);
      const open = connections.open();
      asking.destroy();
      await until(() => connections.open() < open);
      provider.answer();
      await expectRoomForOne(app.url);
    });
  });
});

type Client = Awaited<ReturnType<typeof connect>>;

/** The server has heard of it. */
async function completes(client: Client): Promise<void> {
  client.complete('1');
  await client.heard();
}

/** The server has noticed. */
async function vanishes(client: Client, openConnections: () => number): Promise<void> {
  const open = openConnections();
  client.vanish();
  await until(() => openConnections() < open);
}
