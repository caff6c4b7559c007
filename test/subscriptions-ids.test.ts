import { once } from 'node:events';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { z } from 'zod';
import { idOf, type QuietApp, startQuietApp } from './support/quiet-app.ts';
import { openSocket } from './support/slow-socket.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const query = 'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { cause stats { sent } } }';
const changes = `subscription ($ids: [ID!], $after: String) {
  campaignUpdated(ids: $ids, after: $after) { cursor cause stats { sent } }
}`;
const messageSchema = z.object({ type: z.string(), id: z.string().optional(), payload: z.unknown() });

async function startApp(): Promise<QuietApp> {
  const app = await startQuietApp();
  await app.see({ externalId: 'a', status: 'SENDING', sent: 0 });
  return app;
}

/** A client that speaks the protocol by hand. */
async function connect(app: QuietApp) {
  const socket = await openSocket(app.url);
  const messages: z.output<typeof messageSchema>[] = [];
  socket.on('message', (data) => messages.push(messageSchema.parse(JSON.parse(String(data)))));
  const send = (message: object) => socket.send(JSON.stringify(message));
  return {
    messages,
    send,
    /** Types of the messages of an operation. */
    told: (id: string) => messages.filter((message) => message.id === id).map(({ type }) => type),
    subscribe: (id: string) =>
      send({ id, type: 'subscribe', payload: { query, variables: { ids: [idOf('a')] } } }),
    complete: (id: string) => send({ id, type: 'complete' }),
    [Symbol.asyncDispose]: async () => {
      socket.close();
      if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close');
    },
  };
}

test('an id may be used again at once, for an operation of its own', async () => {
  await using app = await startApp();
  {
    await using client = await connect(app);
    client.subscribe('1');
    await until(() => client.told('1').length === 1);
    client.complete('1');
    client.subscribe('1');
    await until(() => client.told('1').length === 2);
    // Before the first of it has come.
    client.complete('1');
    client.subscribe('1');
    client.complete('1');
    client.subscribe('1');
    await app.see({ externalId: 'a', status: 'SENDING', sent: 1 });
    await until(async () => (await app.metric('subscribers')) === 1);
    await until(() => client.told('1').length >= 3);
    await app.see({ externalId: 'a', status: 'SENDING', sent: 2 });
    await until(() => JSON.stringify(client.messages.at(-1)).includes('"sent":2'));
    expect(client.told('1')).not.toContain('complete');
    expect(await app.metric('subscribers')).toBe(1);
  }
  await until(async () => (await app.metric('subscribers')) === 0);
  expect(await app.metric('subscription_groups')).toBe(0);
});

test('a message that waited for an id, and is none that a client may send, ends its connection alone', async () => {
  await using app = await startApp();
  await using client = await connect(app);
  await using other = await connect(app);
  client.subscribe('1');
  client.complete('1');
  client.subscribe('1');
  client.send({ id: '1', type: 'next', payload: {} });
  other.subscribe('1');
  await until(() => other.told('1').length === 1);
  await until(async () => (await app.metric('subscribers')) === 1);
});

test('an id that is in use is refused, and with it the connection', async () => {
  await using app = await startApp();
  await using client = await connect(app);
  client.subscribe('1');
  await until(() => client.told('1').length === 1);
  client.subscribe('1');
  await until(async () => (await app.metric('subscribers')) === 0);
});

test.each(['*/*', 'application/json'])(
  'a subscription over HTTP that accepts %s is refused, with a word on how to ask',
  async (accept) => {
    await using app = await startApp();
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { accept, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { ids: [idOf('a')] } }),
      signal: AbortSignal.timeout(5_000),
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(await response.text()).toContain('text/event-stream');
    expect(await app.metric('subscribers')).toBe(0);
  },
);

test('a media type is one in capital letters, too', async () => {
  await using app = await startApp();
  const leaving = new AbortController();
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { accept: 'Text/Event-Stream', 'content-type': 'Application/JSON' },
    body: JSON.stringify({ query, variables: { ids: [idOf('a')] } }),
    signal: leaving.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  await until(async () => (await app.metric('subscribers')) === 1);
  leaving.abort();
  await until(async () => (await app.metric('subscribers')) === 0);
});

test('a document that is nested too deeply is an error of its own operation alone', async () => {
  await using app = await startApp();
  await using client = await connect(app);
  client.subscribe('1');
  await until(() => client.told('1').length === 1);
  client.send({ id: '2', type: 'subscribe', payload: { query: '{a'.repeat(100_000) } });
  await until(() => client.told('2').length === 1);
  expect(JSON.stringify(client.messages.at(-1))).toMatch(/"type":"error".*TOO_MANY_TOKENS/);
  await app.see({ externalId: 'a', status: 'SENDING', sent: 1 });
  await until(() => client.told('1').length === 2);
});

test('a cursor of what has not happened yet leads to the present state', async () => {
  await using app = await startApp();
  using first = overWebSocket(app.url, changes, { ids: [idOf('a')] });
  await first.atLeast(1);
  const [epoch] = first.events[0].cursor.split('.');
  using told = overWebSocket(app.url, changes, { ids: [idOf('a')], after: `${epoch}.1.zzzz.YQ` });
  await told.atLeast(1);
  expect(told.events[0]).toMatchObject({ cause: 'RESET', stats: { sent: 0 } });
  await app.see({ externalId: 'a', status: 'SENDING', sent: 1 });
  await Promise.all([first.atLeast(2), told.atLeast(2)]);
});
