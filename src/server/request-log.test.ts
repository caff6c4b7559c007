import { createServer, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import { GraphQLError, parse } from 'graphql';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { kinds, startCollector } from '../../test/support/collector.ts';
import { collectLines } from '../../test/support/log-lines.ts';
import { until } from '../../test/support/wait.ts';
import { noTracing, type Tracing } from '../tracing/span.ts';
import { openTelemetry } from '../tracing/telemetry.ts';
import { workAtHand } from '../tracing/work.ts';
import { createRequestLog } from './request-log.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server whose requests are logged. */
async function openServer(answer: Answer, tracing: Tracing = noTracing, level = 'debug') {
  const log = collectLines();
  const requests = createRequestLog({ logger: pino({ level }, log), tracing });
  const server = createServer((request, response) => {
    requests.http(request, response, () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    ...log,
    requests,
    url: `http://127.0.0.1:${port}`,
    line: () => until(() => log.lines('request')[0]),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const ok: Answer = (_request, response) => void response.end('ok');

describe('a request over HTTP', () => {
  test('is one line: what was asked for, by whom, and how it went', async () => {
    await using at = await openServer((request, response) => {
      const work = workAtHand();
      if (work) Object.assign(work, { who: 'ops', operation: { type: 'query', name: 'Campaigns' } });
      request.resume();
      response.writeHead(201).end('x'.repeat(1_000));
    });
    const body = 'query Campaigns { secret }';
    const response = await fetch(`${at.url}/graphql?query=secret`, { method: 'POST', body });
    await response.text();
    const line = await at.line();
    expect(line).toMatchObject({
      level: 30,
      method: 'POST',
      path: '/graphql',
      status: 201,
      requestId: response.headers.get('x-request-id'),
      who: 'ops',
      type: 'query',
      operation: 'Campaigns',
    });
    expect(line.bytes).toBeGreaterThan(1_000);
    expect(line.ms).toEqual(expect.any(Number));
    expect(at.texts.join('')).not.toContain('secret');
    expect(at.texts).toHaveLength(1);
  });

  test.each([
    ['/webhooks/shop/abcdefghijklmnop', '/webhooks/shop/…'],
    ['/webhooks/shop/abcdefghijklmnop/more', '/webhooks/shop/…'],
    ['/webhooks/shop', '/webhooks/shop/…'],
    [`/${'x'.repeat(500)}`, `/${'x'.repeat(199)}`],
  ])('to %s is told as one to %s', async (path, shown) => {
    await using at = await openServer(ok);
    await fetch(`${at.url}${path}`);
    expect((await at.line()).path).toBe(shown);
  });

  test('whose client goes before it is answered is told as such', async () => {
    let isAsked = false;
    await using at = await openServer(() => {
      isAsked = true;
    });
    const request = openRequest(`${at.url}/graphql`).end();
    request.on('error', () => {});
    await until(() => isAsked);
    request.destroy();
    expect(await at.line()).toMatchObject({ aborted: true, status: null });
  });

  test('of a probe is told at debug, unless it is refused', async () => {
    let status = 200;
    await using at = await openServer((_request, response) => void response.writeHead(status).end());
    await fetch(`${at.url}/health/ready`);
    status = 503;
    await fetch(`${at.url}/health/ready`);
    const lines = await until(() => at.lines().length === 2 && at.lines());
    expect(lines.map(({ level, status }) => [level, status])).toEqual([
      [20, 200],
      [30, 503],
    ]);
  });

  test('is not told of where the level is above', async () => {
    await using at = await openServer(ok, noTracing, 'warn');
    const response = await fetch(at.url);
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(at.texts).toEqual([]);
  });
});

describe('the id of a request', () => {
  const made = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

  test.each([
    ['as the client has it', 'abc-1', /^abc-1$/],
    ['as long as may be', 'x'.repeat(100), /^x{100}$/],
    ['made, where it is longer', 'x'.repeat(101), made],
    ['made, where it has what can’t be seen', 'abc 1', made],
    ['made, where it is not ASCII', 'abc\u00e9', made],
    ['made, where there is none', '', made],
  ])('is %s, and is sent back', async (_name, told, id) => {
    await using at = await openServer(ok);
    const response = await fetch(at.url, { headers: told ? { 'x-request-id': told } : {} });
    expect(response.headers.get('x-request-id')).toMatch(id);
    expect((await at.line()).requestId).toBe(response.headers.get('x-request-id'));
  });
});

describe('an operation over WebSocket', () => {
  const document = parse('query Look { accounts { name } } query Other { accounts { name } }');
  const heard = parse('subscription Hear { campaignUpdated { cursor } }');
  test('is one line, numbered after its connection; a subscription is two', async () => {
    const connections: IncomingMessage[] = [];
    await using at = await openServer((request, response) => {
      connections.push(request);
      response.end();
    });
    await fetch(at.url, { headers: { 'x-request-id': 'c-1' } });
    const [connection] = connections;
    if (!connection) throw new Error('There was no request.');
    const query = at.requests.operation(connection, 'ops', { document, operationName: 'Other' });
    expect(query.during(workAtHand)).toMatchObject({ requestId: 'c-1.1', who: 'ops' });
    query.ended();
    const subscription = at.requests.operation(connection, 'ops', { document: heard });
    subscription.opened();
    subscription.ended(7);
    const refused = at.requests.operation(connection, 'ops', null);
    refused.refused([new GraphQLError('no', { extensions: { code: 'LIMIT_EXCEEDED' } })]);
    const told = at.lines().filter(({ transport }) => transport === 'websocket');
    expect(told).toEqual([
      expect.objectContaining({ msg: 'operation', type: 'query', operation: 'Other', requestId: 'c-1.1' }),
      expect.objectContaining({ msg: 'subscription begun', operation: 'Hear', requestId: 'c-1.2' }),
      expect.objectContaining({ msg: 'subscription ended', deliveries: 7, who: 'ops' }),
      expect.objectContaining({ msg: 'operation refused', codes: ['LIMIT_EXCEEDED'], errors: 1 }),
    ]);
    expect(told.map(({ ms }) => typeof ms)).toEqual(told.map(() => 'number'));
  });
});

test('a request is a span, that of a probe is not; it goes on with the caller’s trace', async () => {
  await using collector = await startCollector();
  const { tracing } = await openTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }, collectLines());
  await using at = await openServer(({ url }, response) => {
    response.writeHead(url === '/broken' ? 500 : 200).end();
  }, tracing);
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  await fetch(`${at.url}/health/live`);
  await fetch(`${at.url}/webhooks/shop/abcdefghijklmnop`, {
    headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  });
  await fetch(`${at.url}/broken`);
  await until(() => at.lines().length === 3);
  await tracing.stop();
  const [hook, broken] = collector.spans();
  expect(collector.spans()).toHaveLength(2);
  expect(hook).toMatchObject({
    name: 'GET /webhooks/{account}/{secret}',
    kind: kinds.server,
    traceId,
    parentSpanId: 'b7ad6b7169203331',
    attributes: { 'url.path': '/webhooks/shop/…', 'http.response.status_code': 200 },
  });
  expect(broken).toMatchObject({ name: 'GET', attributes: { 'error.type': '500' } });
  expect(at.lines().map((line) => line.traceId)).toEqual([undefined, traceId, broken?.traceId]);
});
