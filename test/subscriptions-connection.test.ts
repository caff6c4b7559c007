import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { accountAt, startTestApp } from './support/app.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const changes = 'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { cause campaign { id } } }';
const accounts = 'subscription { accountUpdated { name } }';

async function startApp(server: object = {}) {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startGenerousSimulator());
  const { appizer } = simulator.providers;
  appizer.add({ externalId: 'camp_1', status: 'completed', counters: { sent: 1, delivered: 1 } });
  const app = stack.use(await startTestApp({ accounts: [accountAt(simulator, 'appizer')], server }));
  return {
    url: app.url,
    socketUrl: `${app.url.replace('http', 'ws')}/graphql`,
    async gauge(name: string) {
      const metrics = await (await fetch(`${app.url}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface Message {
  readonly type: string;
  readonly id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answers to its own messages
  readonly payload?: any;
}

/** A socket that has been greeted, and what it was told since. */
async function openSocket(url: string) {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  const messages: Message[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  await once(socket, 'open');
  const send = (message: object) => socket.send(JSON.stringify(message));
  send({ type: 'connection_init' });
  await until(() => messages.some(({ type }) => type === 'connection_ack'));
  return {
    socket,
    messages,
    send,
    subscribe: (id: string, payload: object) => send({ id, type: 'subscribe', payload }),
    told: (id: string, type: string) =>
      until(() => messages.find((message) => message.id === id && message.type === type)),
    [Symbol.dispose]: () => socket.terminate(),
  };
}

describe('the number of subscribers', () => {
  test.each([
    ['WebSocket', overWebSocket],
    ['SSE', overSse],
  ])('over %s is back at 0 when all have left, though nothing happens any more', async (_name, subscribe) => {
    await using service = await startApp();
    const gauge = () => service.gauge('campaign_graph_subscribers');
    expect(await gauge()).toBe(0);
    {
      using _waiting = subscribe(service.url, changes);
      using named = subscribe(service.url, changes, { ids: ['campaign:appizer-main:camp_1'] });
      using health = subscribe(service.url, accounts);
      await named.atLeast(1);
      await health.atLeast(1);
      await until(async () => (await gauge()) === 3);
    }
    await until(async () => (await gauge()) === 0);
    expect(await service.gauge('campaign_graph_subscription_groups')).toBe(0);
  });

  test('is back at 0 when a client completes, or just vanishes', async () => {
    await using service = await startApp();
    const gauge = () => service.gauge('campaign_graph_subscribers');
    using staying = await openSocket(service.socketUrl);
    using vanishing = await openSocket(service.socketUrl);
    for (const { subscribe } of [staying, vanishing]) {
      subscribe('1', { query: changes });
      subscribe('2', { query: accounts });
    }
    await until(async () => (await gauge()) === 4);
    staying.send({ id: '1', type: 'complete' });
    await until(async () => (await gauge()) === 3);
    vanishing.socket.terminate();
    await until(async () => (await gauge()) === 1);
    staying.send({ id: '2', type: 'complete' });
    await until(async () => (await gauge()) === 0);
  });

  test('never counts one who leaves while the provider is still being asked', async () => {
    await using simulator = await startGenerousSimulator();
    const { appizer } = simulator.providers;
    appizer.add({ externalId: 'camp_1', status: 'sending' });
    appizer.fault({ kind: 'delay', ms: 200 });
    await using app = await startTestApp({ accounts: [accountAt(simulator, 'appizer')] });
    using socket = await openSocket(`${app.url.replace('http', 'ws')}/graphql`);
    socket.subscribe('1', { query: changes, variables: { ids: ['campaign:appizer-main:camp_1'] } });
    await until(() => appizer.requests.length > 0);
    socket.send({ id: '1', type: 'complete' });
    await until(() => appizer.requests.some(({ status }) => status === 200));
    socket.subscribe('2', { query: changes, variables: { ids: ['campaign:appizer-main:camp_1'] } });
    await socket.told('2', 'next');
    socket.send({ id: '2', type: 'complete' });
    await until(async () =>
      /^campaign_graph_subscribers 0$/m.test(await (await fetch(`${app.url}/metrics`)).text()),
    );
  });
});

describe('over WebSocket', () => {
  test('queries and mutations are answered once', async () => {
    await using service = await startApp();
    const client = createClient({ url: service.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
    const run = async (query: string) => {
      const answers = [];
      for await (const answer of client.iterate({ query })) answers.push(answer);
      return answers;
    };
    expect(await run('{ accounts { name } }')).toEqual([{ data: { accounts: [{ name: 'appizer-main' }] } }]);
    expect(
      await run(
        `mutation { followCampaign(account: "appizer-main", externalId: "camp_1") { campaign { status } errors { code } } }`,
      ),
    ).toEqual([{ data: { followCampaign: { campaign: { status: 'COMPLETED' }, errors: [] } } }]);
    expect(await run('{ node(id: "nonsense") { id } }')).toMatchObject([
      { data: { node: null }, errors: [{ extensions: { code: 'BAD_INPUT' } }] },
    ]);
    await client.dispose();
  });

  test('what is wrong with an operation is told as an error, and the socket stays open', async () => {
    await using service = await startApp();
    using socket = await openSocket(service.socketUrl);
    const wrong = [
      ['{ accounts { name }', 'GRAPHQL_PARSE_FAILED'],
      ['{ accounts { colour } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['subscription { accountUpdated { colour } }', 'GRAPHQL_VALIDATION_FAILED'],
    ] as const;
    for (const [place, [query, code]] of wrong.entries()) {
      socket.subscribe(String(place), { query });
      const { payload } = await socket.told(String(place), 'error');
      expect(payload).toMatchObject([{ message: expect.any(String), extensions: { code } }]);
      expect(payload[0].locations).toHaveLength(1);
      expect(payload[0].extensions).not.toHaveProperty('http');
    }
    socket.subscribe('good', { query: '{ accounts { name } }' });
    const { payload } = await socket.told('good', 'next');
    expect(payload).toEqual({ data: { accounts: [{ name: 'appizer-main' }] } });
    expect(socket.socket.readyState).toBe(WebSocket.OPEN);
  });

  test('a wrong variable and a refused argument are told with their code, and the socket stays open', async () => {
    await using service = await startApp();
    using socket = await openSocket(service.socketUrl);
    const wrong = [{ ids: 7.5 }, { ids: [null] }, { ids: ['malformed'] }];
    for (const [place, variables] of wrong.entries()) {
      socket.subscribe(String(place), { query: changes, variables });
      const told = await until(() => socket.messages.find(({ id }) => id === String(place)));
      const errors = told.type === 'error' ? told.payload : told.payload.errors;
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
      expect(errors[0].extensions).not.toHaveProperty('http');
    }
    socket.subscribe('good', { query: accounts });
    await socket.told('good', 'next');
  });
});

describe('origins', () => {
  const upgrade = (url: string, origin: string) => {
    const socket = new WebSocket(url, 'graphql-transport-ws', { origin });
    return new Promise<number | 'open'>((resolve, reject) => {
      socket.on('open', () => resolve('open'));
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('error', reject);
    }).finally(() => socket.terminate());
  };
  const post = (url: string, origin: string) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ query: '{ accounts { name } }' }),
    });

  test('a foreign page gets no WebSocket, no answer and no grant', async () => {
    await using service = await startApp({ allowedOrigins: ['https://dashboard.example.com'] });
    for (const origin of ['https://evil.example.com', 'null', 'https://dashboard.example.com.evil.com']) {
      expect(await upgrade(service.socketUrl, origin)).toBe(403);
      const response = await post(service.url, origin);
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('our own pages and the configured ones get both', async () => {
    await using service = await startApp({ allowedOrigins: ['https://dashboard.example.com'] });
    for (const origin of [service.url, 'https://dashboard.example.com']) {
      expect(await upgrade(service.socketUrl, origin)).toBe('open');
      const response = await post(service.url, origin);
      expect(await response.json()).toEqual({ data: { accounts: [{ name: 'appizer-main' }] } });
    }
    const granted = await post(service.url, 'https://dashboard.example.com');
    expect(granted.headers.get('access-control-allow-origin')).toBe('https://dashboard.example.com');
  });

  test('there is no WebSocket elsewhere', async () => {
    await using service = await startApp();
    const elsewhere = service.socketUrl.replace('/graphql', '/metrics');
    expect(await upgrade(elsewhere, service.url)).toBe(404);
  });
});
