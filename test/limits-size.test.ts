import { type IncomingMessage, request } from 'node:http';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { connectRaw, post, tokenOf } from './support/signing-in.ts';

const token = tokenOf('one', 'viewer');
const authorization = token.bearer;
const query = '{ accounts { name } }';
const subscription = 'subscription { accountUpdated { name } }';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({
    accounts: [{ name: 'main', provider: 'appizer', apiKey: 'key', baseUrl: 'http://127.0.0.1:1' }],
    auth: { tokens: [token.settings] },
    limits: { bodyBytes: 2_000, messageBytes: 1_000 },
  });
  return () => app.stop();
});

/** A request of so many bytes. */
function bodyOf(bytes: number, document = query): string {
  const empty = JSON.stringify({ query: document, variables: { fill: '' } });
  return JSON.stringify({ query: document, variables: { fill: 'x'.repeat(bytes - empty.length) } });
}

/** Sends a body in pieces, without telling its size before. */
function inPieces(body: string, accept: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept, authorization };
    const asking = request(`${app.url}/graphql`, { method: 'POST', agent: false, headers });
    asking.on('error', reject);
    asking.on('response', (response: IncomingMessage) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text })).on('error', reject);
    });
    for (let at = 0; at < body.length; at += 500) asking.write(body.slice(at, at + 500));
    asking.end();
  });
}

const tooLarge = {
  errors: [
    {
      message: 'The request body is too large (limits.bodyBytes).',
      extensions: { code: 'LIMIT_EXCEEDED' },
    },
  ],
};

describe.each([
  ['HTTP', 'application/json', query],
  ['HTTP, of a client that understands statuses', 'application/graphql-response+json', query],
  ['SSE', 'text/event-stream', subscription],
  ['SSE, of a query', 'text/event-stream', query],
])('a body that is too large over %s is a 413', (_way, accept, document) => {
  test('that tells its size', async () => {
    const response = await post(app.url, bodyOf(2_001, document), { authorization, accept });
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual(tooLarge);
  });

  test.each([2_001, 200_000])('of %i bytes in pieces', async (bytes) => {
    const { status, text } = await inPieces(bodyOf(bytes, document), accept);
    expect(status).toBe(413);
    expect(JSON.parse(text)).toEqual(tooLarge);
  });
});

test('one that is just as large as it may be is read', async () => {
  const response = await post(app.url, bodyOf(2_000), { authorization });
  expect([response.status, await response.json()]).toEqual([200, { data: { accounts: [{ name: 'main' }] } }]);
  const { status } = await inPieces(bodyOf(2_000), 'application/json');
  expect(status).toBe(200);
});

test('who has not signed in is told so first', async () => {
  expect((await post(app.url, bodyOf(2_001))).status).toBe(401);
});

test('a message over WebSocket that is too large closes it with 1009, signed in or not', async () => {
  using client = await connectRaw(app.url);
  await client.greet(authorization);
  client.subscribe('1', query, { fill: 'x'.repeat(800) });
  expect(await client.answer('1')).toMatchObject({ type: 'next' });
  client.subscribe('2', query, { fill: 'x'.repeat(1_000) });
  expect(await client.closed()).toBe(1009);
  expect(client.messages.some(({ id }) => id === '2')).toBe(false);
  using stranger = await connectRaw(app.url);
  stranger.send({ type: 'connection_init', payload: { authorization: 'x'.repeat(1_000) } });
  expect(await stranger.closed()).toBe(1009);
});

test('a URL that is too long is refused before anything else', async () => {
  const response = await fetch(`${app.url}/graphql?query=${'x'.repeat(20_000)}`, {
    headers: { authorization },
  });
  expect(response.status).toBe(431);
});
