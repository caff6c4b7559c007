import { connect } from 'node:net';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

/** The status line of the answer to a request that is written out; null: the connection was closed without one. */
function statusOf(url: string, lines: readonly string[], { reset = false } = {}): Promise<number | null> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write([...lines, '', ''].join('\r\n'));
      if (reset) socket.resetAndDestroy();
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      socket.end();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0) || null));
  });
}

const upgrade = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

test('upgrades that make no sense, or that are given up, are no reason to end', async () => {
  await using app = await startTestApp({ accounts: [accountAt(await simulated(), 'appizer')] });
  const { host } = new URL(app.url);
  expect(await statusOf(app.url, ['GET // HTTP/1.1', `Host: ${host}`, ...upgrade])).toBe(404);
  expect(await statusOf(app.url, ['GET //  HTTP/1.1', `Host: ${host}`])).not.toBe(500);
  for (let round = 0; round < 40; round++) {
    await statusOf(app.url, ['GET /other HTTP/1.1', `Host: ${host}`, ...upgrade], { reset: true });
  }
  expect((await app.request('{ accounts { name } }')).data.accounts).toHaveLength(1);
});

test('who is refused an upgrade, and does not close its end, keeps no connection', async () => {
  await using app = await startTestApp({ accounts: [accountAt(await simulated(), 'appizer')] });
  const { hostname, port, host } = new URL(app.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  socket.write(['GET /other HTTP/1.1', `Host: ${host}`, ...upgrade, '', ''].join('\r\n'));
  let told = '';
  socket.on('data', (chunk) => {
    told += chunk;
  });
  await until(() => told.startsWith('HTTP/1.1 404'));
  // What is written to a connection that is gone is answered by a reset.
  const writing = setInterval(() => socket.write('x'), 20);
  await closed;
  clearInterval(writing);
});

test('a client that says much, and reads nothing of what is said to it, is not listened to', async () => {
  await using app = await startTestApp({ accounts: [accountAt(await simulated(), 'appizer')] });
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await new Promise((resolve) => socket.once('message', resolve));
  socket.pause();
  const ping = JSON.stringify({ type: 'ping', payload: { x: 'a'.repeat(500_000) } });
  for (let count = 0; count < 200; count++) socket.send(ping);
  // The service stops reading, so that what is said stays with the client.
  await until(() => socket.bufferedAmount > 50_000_000);
  expect((await app.request('{ accounts { name } }')).data.accounts).toHaveLength(1);
  expect(socket.bufferedAmount).toBeGreaterThan(50_000_000);
  socket.terminate();
});

test('a page that gives its own name our address is refused, by HTTP and WebSocket', async () => {
  await using app = await startTestApp({ accounts: [accountAt(await simulated(), 'appizer')] });
  const { port } = new URL(app.url);
  const foreign = `Host: evil.example:${port}`;
  const query = 'GET /graphql?query=%7B__typename%7D HTTP/1.1';
  expect(await statusOf(app.url, [query, foreign])).toBe(403);
  expect(await statusOf(app.url, [query, `Host: localhost:${port}`])).toBe(200);
  expect(await statusOf(app.url, ['GET /metrics HTTP/1.1', foreign])).toBe(403);
  expect(await statusOf(app.url, ['GET /metrics HTTP/1.1', `Host: localhost:${port}`])).toBe(200);
  const origin = `Origin: http://evil.example:${port}`;
  expect(await statusOf(app.url, ['GET /graphql HTTP/1.1', foreign, origin, ...upgrade])).toBe(403);
});

test('names that the service is known by are let in', async () => {
  await using app = await startTestApp({
    accounts: [accountAt(await simulated(), 'appizer')],
    server: { publicUrl: 'https://campaigns.example.com', allowedOrigins: ['https://dashboard.example.com'] },
  });
  const query = 'GET /graphql?query=%7B__typename%7D HTTP/1.1';
  expect(await statusOf(app.url, [query, 'Host: campaigns.example.com'])).toBe(200);
  const response = await fetch(`${app.url}/graphql?query=%7B__typename%7D`, {
    headers: { origin: 'https://dashboard.example.com' },
  });
  expect(response.headers.get('access-control-allow-origin')).toBe('https://dashboard.example.com');
});

test('a client that leaves before its subscription begins leaves nothing behind', async () => {
  const simulator = await simulated();
  simulator.providers.appizer.fault({ kind: 'hang' });
  await using app = await startTestApp({ accounts: [accountAt(simulator, 'appizer')] });
  const query = 'subscription { campaignUpdated(ids: ["campaign:appizer-main:camp_7"]) { cursor } }';
  for (const subscribe of [overSse, overWebSocket]) {
    using told = subscribe(app.url, query);
    await until(() => simulator.providers.appizer.requests.length > 0);
    expect(told.events).toEqual([]);
  }
  await until(async () => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    return /^campaign_graph_subscribers 0$/m.test(text);
  });
});

async function simulated() {
  return startSimulator({ campaigns: 0 });
}
