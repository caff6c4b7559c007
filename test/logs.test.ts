import { createHash } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { startApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { openTelemetry } from '../src/tracing/telemetry.ts';
import { accountAt } from './support/app.ts';
import { collectLines } from './support/log-lines.ts';
import { until } from './support/wait.ts';

const token = 'a-token-that-nobody-knows-0123456789';
const authorization = `Bearer ${token}`;

/** The app with one account and one token, and what it logs. */
async function startLogged() {
  const simulator = await startSimulator({ campaigns: 0 });
  simulator.providers.appizer.add({ externalId: '501' });
  const config = parseConfig(
    {
      server: { port: 0 },
      database: 'sqlite::memory:',
      auth: {
        tokens: [
          {
            name: 'desk',
            sha256: createHash('sha256').update(token).digest('hex'),
            role: 'operator',
            accounts: ['*'],
          },
        ],
      },
      accounts: [accountAt(simulator, 'appizer')],
      polling: { fastest: 0.05, slowest: 1 },
    },
    {},
  );
  const log = collectLines();
  const telemetry = await openTelemetry({ LOG_LEVEL: 'debug' }, log);
  const app = await startApp(config, telemetry.logger, Date.now, telemetry);
  return {
    ...app,
    ...log,
    key: simulator.providers.appizer.apiKey,
    post: (body: object, headers: Readonly<Record<string, string>> = {}) =>
      fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization, ...headers },
        body: JSON.stringify(body),
      }),
    async [Symbol.asyncDispose]() {
      await app.stop();
      await simulator.stop();
    },
  };
}

const look = 'query Look($id: ID!) { campaign(id: $id) { id } }';
const id = 'campaign:appizer-main:501';

test('a request, and the provider’s requests that it waits for, are told with one id; polls with none', async () => {
  await using app = await startLogged();
  const response = await app.post({ query: look, variables: { id } }, { 'x-request-id': 'r-1' });
  expect((await response.json()).data.campaign).toEqual({ id });
  expect(response.headers.get('x-request-id')).toBe('r-1');
  const request = await until(() => app.lines('request')[0]);
  expect(request).toMatchObject({
    level: 30,
    method: 'POST',
    path: '/graphql',
    status: 200,
    requestId: 'r-1',
    who: 'desk',
    type: 'query',
    operation: 'Look',
  });
  const calls = () => app.lines('provider request');
  const polls = await until(() => {
    const found = calls().filter(({ priority }) => priority === 'poll');
    return found.length > 0 && found;
  });
  expect(calls()).toContainEqual(
    expect.objectContaining({ level: 30, account: 'appizer-main', outcome: '200', requestId: 'r-1' }),
  );
  expect(polls[0]).toMatchObject({ level: 20, account: 'appizer-main' });
  expect(polls[0]).not.toHaveProperty('requestId');
});

test('what goes wrong is told too: who may not come in, errors, and a path that leads nowhere', async () => {
  await using app = await startLogged();
  await app.post({ query: look }, { authorization: 'Bearer of-another-0123456789' });
  await app.post({ query: '{ accounts { name } ', variables: { id } });
  await app.post({ query: look, variables: { id: 'nothing' } });
  await fetch(`${app.url}/webhooks/appizer-main/abcdefghijklmnopqrstuvwxyz`, { method: 'POST' });
  await until(() => app.lines('request').length === 4);
  const [foreign, broken, bad, hook] = app.lines('request');
  expect(foreign).toMatchObject({ status: 401 });
  expect(foreign).not.toHaveProperty('who');
  expect(broken).toMatchObject({ who: 'desk' });
  expect(broken).not.toHaveProperty('type');
  expect(bad).toMatchObject({ operation: 'Look', errors: 1 });
  expect(hook).toMatchObject({ path: '/webhooks/appizer-main/…', status: 404 });
  expect(app.texts.join('')).not.toMatch(/abcdefghijkl|of-another/);
});

test('operations over WebSocket and subscriptions over SSE are told with their names, times and deliveries', async () => {
  await using app = await startLogged();
  const client = createClient({
    url: `${app.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
    connectionParams: { authorization },
  });
  const run = (query: string, variables: Record<string, unknown> = {}) =>
    new Promise<void>((resolve) => {
      client.subscribe({ query, variables }, { next() {}, error: () => resolve(), complete: resolve });
    });
  await run(look, { id });
  await run('{ nothing }');
  const hear = 'subscription Hear($ids: [ID!]) { campaignUpdated(ids: $ids) { cursor } }';
  const events: unknown[] = [];
  const leave = client.subscribe(
    { query: hear, variables: { ids: [id] } },
    { next: (event) => void events.push(event), error() {}, complete() {} },
  );
  await until(() => events.length > 0);
  leave();
  const ending = new AbortController();
  const stream = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization },
    body: JSON.stringify({ query: hear, variables: { ids: [id] } }),
    signal: ending.signal,
  });
  await until(() => app.lines('subscription begun').length === 2);
  ending.abort();
  await stream.text().catch(() => {});
  await until(() => app.lines('subscription ended').length === 2);
  await client.dispose();

  const ids = app.lines().flatMap(({ transport, requestId }) => (transport === 'websocket' ? requestId : []));
  const [connection] = String(ids[0]).split('.');
  expect(app.lines('operation')).toEqual([
    expect.objectContaining({ type: 'query', operation: 'Look', who: 'desk', requestId: `${connection}.1` }),
  ]);
  expect(app.lines('operation refused')).toEqual([
    expect.objectContaining({ codes: ['GRAPHQL_VALIDATION_FAILED'], requestId: `${connection}.2` }),
  ]);
  expect(app.lines('subscription ended')).toEqual([
    expect.objectContaining({
      transport: 'websocket',
      type: 'subscription',
      operation: 'Hear',
      deliveries: events.length,
      requestId: `${connection}.3`,
    }),
    expect.objectContaining({ transport: 'sse', operation: 'Hear', who: 'desk' }),
  ]);
  expect(app.lines('request')).toEqual([expect.objectContaining({ path: '/graphql', operation: 'Hear' })]);
  const written = app.texts.join('');
  for (const secret of [token, app.key, 'campaignUpdated']) expect(written).not.toContain(secret);
});
