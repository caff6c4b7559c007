import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { problemOf } from '../../test/support/contract.ts';
import { get, openServer, person, secret } from '../../test/support/http-client.ts';
import { type Answer, startSampleServer } from '../../test/support/sample-server.ts';
import { until } from '../../test/support/wait.ts';
import { createHttp, type SentRequest, statusProblem } from './http.ts';

const never = () => new Promise<Answer>(() => {});

test('what went out is told with who waits for it, its method and host; secrets are told of as they come', async () => {
  await using server = await startSampleServer(() => ({ body: {} }));
  const [sent, secrets, tokens]: [SentRequest[], string[], string[]] = [[], [], []];
  const http = createHttp(
    { baseUrl: `${server.url}/api`, secrets: [secret] },
    {
      timeoutMs: 5_000,
      gate: { admit: async () => {}, finished: (...[, , , one]) => void sent.push(one) },
      onSecret: (one) => void secrets.push(one),
      onToken: (one) => void tokens.push(one),
    },
  );
  await http.request(get, person);
  await http.request({ ...get, method: 'POST', query: { api_key: secret } }, { priority: 'poll' });
  http.addToken('session-1');
  const { host } = new URL(server.url);
  expect(sent).toEqual([
    { call: person, method: 'GET', host },
    { call: { priority: 'poll' }, method: 'POST', host },
  ]);
  expect([secrets, tokens]).toEqual([[secret], ['session-1']]);
});

test('a pause, and the provider’s own count, are passed on to the gate, if it heeds any', async () => {
  await using at = await openServer(never);
  const limit = { limit: 500, remaining: 12, resetAt: 30_000 };
  at.http.pause(30_000);
  at.http.hearLimit(limit);
  expect([at.pauses, at.limits]).toEqual([[30_000], [limit]]);
  const gate = { admit: async () => {}, finished: () => {} };
  const heedless = createHttp({ baseUrl: at.server.url, secrets: [] }, { gate, timeoutMs: 1 });
  heedless.pause(5);
  heedless.hearLimit(limit);
});

describe('a request', () => {
  test('goes out as it is asked for', async () => {
    await using at = await openServer(() => ({ body: {} }));
    await at.http.request({ ...get, query: { 'page[offset]': '5' }, headers: { 'x-one': '1' } }, person);
    const form = new URLSearchParams({ key: 'a b&c' });
    await at.http.request({ operation: 'send', path: 'api.php', method: 'POST', form }, person);
    await at.http.request({ operation: 'log in', path: 'login', method: 'POST', json: { key: 'é' } }, person);
    await at.http.request({ operation: 'stop', path: 'stop', method: 'PATCH' }, person);
    expect(at.server.received).toMatchObject([
      { method: 'GET', url: '/api/things/1?page%5Boffset%5D=5', headers: { 'x-one': '1' }, body: '' },
      {
        method: 'POST',
        url: '/api/api.php',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'key=a+b%26c',
      },
      {
        method: 'POST',
        url: '/api/login',
        headers: { 'content-type': 'application/json' },
        body: '{"key":"é"}',
      },
      { method: 'PATCH', url: '/api/stop' },
    ]);
    expect(at.server.received[0]?.headers).toMatchObject({ accept: 'application/json' });
  });

  test('waits for the gate, and does not go out when the gate says no', async () => {
    await using server = await startSampleServer(() => ({ body: {} }));
    const refusal = new Error('Not now.');
    const gate = { admit: () => Promise.reject(refusal), finished: () => {} };
    const http = createHttp({ baseUrl: server.url, secrets: [] }, { gate, timeoutMs: 1_000 });
    await expect(http.request(get, person)).rejects.toBe(refusal);
    expect(server.received).toEqual([]);
  });

  test.each([200, 404, 429, 500, 503])(
    'that is answered with %d is sent once, and counted',
    async (status) => {
      await using at = await openServer(() => ({ status, body: { told: true } }));
      expect(await at.http.request(get, person)).toMatchObject({ status, body: { told: true } });
      expect(at.server.received).toHaveLength(1);
      expect([at.admitted, at.finished]).toEqual([[person], [['read', String(status)]]]);
    },
  );
});

test.each([
  [401, 'PROVIDER_UNAUTHENTICATED'],
  [403, 'PROVIDER_FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [408, 'PROVIDER_UNAVAILABLE'],
  [429, 'PROVIDER_RATE_LIMITED'],
  [400, 'PROVIDER_REJECTED'],
  [422, 'PROVIDER_REJECTED'],
  [500, 'PROVIDER_UNAVAILABLE'],
  [599, 'PROVIDER_UNAVAILABLE'],
])('the status %d is %s, in the provider’s words or ours', (status, code) => {
  const reply = { status, headers: {}, body: {} };
  expect(statusProblem(reply, 'No.', 'E5')).toMatchObject({ code, message: 'No.', providerCode: 'E5' });
  expect(statusProblem(reply, null)).toMatchObject({
    code,
    message: `The provider answered with HTTP status ${status}.`,
    providerCode: String(status),
  });
});

test.each([
  ['seconds', () => '30'],
  ['a date', () => new Date(Date.now() + 30_500).toUTCString()],
])('Retry-After comes over the wire as %s', async (_name, write) => {
  await using at = await openServer(() => ({ status: 429, headers: { 'Retry-After': write() }, body: {} }));
  const problem = statusProblem(await at.http.request(get, person), null);
  expect(problem.code).toBe('PROVIDER_RATE_LIMITED');
  expect(problem.retryAfterMs).toBeGreaterThan(20_000);
  expect(problem.retryAfterMs).toBeLessThanOrEqual(31_000);
});

describe('an answer that is none', () => {
  test.each([301, 302, 303, 307, 308])('a redirect (%d) is refused, and not followed', async (status) => {
    await using elsewhere = await startSampleServer(() => ({ body: { stolen: true } }));
    await using at = await openServer(() => ({ status, headers: { location: elsewhere.url }, body: {} }));
    const json = { key: 'x' };
    for (const request of [get, { ...get, method: 'POST', json } as const]) {
      const problem = await problemOf(at.http.request(request, person));
      expect(problem).toMatchObject({ code: 'PROVIDER_BAD_RESPONSE' });
      expect(problem.message).toContain(`redirect (HTTP ${status})`);
    }
    expect(elsewhere.received).toEqual([]);
    expect(at.finished).toEqual(Array(2).fill(['read', String(status)]));
  });

  test.each([
    ['empty', '', /with an empty body\.$/],
    ['blank', ' \n ', /with an empty body\.$/],
    ['HTML', '<html>\n<body>Down</body>', /not JSON: <html> <body>Down<\/body>\.$/],
    ['cut short', '{"bearer": "secret', /with JSON that is damaged or breaks off\.$/],
    ['a token alone', 'Use eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln', /not JSON: Use \[redacted\]\.$/],
    ['long', 'x'.repeat(10_000), /not JSON: x{120}\.$/],
  ])('a body that is %s', async (_name, body, message) => {
    await using at = await openServer(() => ({ body }));
    const problem = await problemOf(at.http.request(get, person));
    expect(problem).toMatchObject({ code: 'PROVIDER_BAD_RESPONSE', message: expect.stringMatching(message) });
  });

  test('is of no matter where the status already tells of an error', async () => {
    await using at = await openServer(() => ({ status: 502, body: '<html>Bad gateway' }));
    expect(await at.http.request(get, person)).toMatchObject({ status: 502, body: undefined });
  });

  test.each<[string, (body: Buffer) => Answer]>([
    ['as it is', (body) => ({ body: body.toString() })],
    [
      'with its length left out',
      (body) => ({ headers: { 'transfer-encoding': 'chunked' }, body: body.toString() }),
    ],
  ])('a body over 32 MiB is refused, %s', async (_name, send) => {
    await using at = await openServer(() => send(Buffer.alloc(33 * 1024 * 1024, ' ')));
    expect(await problemOf(at.http.request(get, person))).toMatchObject({
      code: 'PROVIDER_BAD_RESPONSE',
      message: 'The answer of the provider is larger than 32 MiB.',
    });
    expect(at.finished).toHaveLength(1);
  });

  test('a body over 32 MiB is refused, however small it is on the way', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
    await using server = createServer((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : null;
    const gate = { admit: async () => {}, finished: () => {} };
    const http = createHttp(
      { baseUrl: `http://127.0.0.1:${port}`, secrets: [] },
      { gate, timeoutMs: 10_000 },
    );
    const message = 'The answer of the provider is larger than 32 MiB.';
    expect(await problemOf(http.request(get, person))).toMatchObject({ message });
  });

  test('a body under 32 MiB is read', async () => {
    await using at = await openServer(() => ({ body: JSON.stringify('x'.repeat(8 * 1024 * 1024)) }));
    expect(await at.http.request(get, person)).toMatchObject({ status: 200 });
  });
});

describe('no answer', () => {
  test('a server that never answers is a time-out', async () => {
    await using at = await openServer(never, 150);
    expect(await problemOf(at.http.request(get, person))).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      message: 'The provider did not answer within 0.15 s.',
    });
    expect(at.finished).toEqual([['read', 'timeout']]);
  });

  test('a server that is not there can not be reached', async () => {
    const at = await openServer(never);
    await at[Symbol.asyncDispose]();
    const problem = await problemOf(at.http.request(get, person));
    expect(problem).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      message: "The provider can't be reached (ECONNREFUSED).",
    });
    expect(at.finished).toEqual([['read', 'network']]);
  });

  test.each(['before', 'while'])('a call that is called off %s it runs ends', async (when) => {
    await using at = await openServer(never, 600_000);
    const leaving = new AbortController();
    if (when === 'before') leaving.abort();
    const asked = problemOf(at.http.request(get, { ...person, signal: leaving.signal }));
    if (when === 'while') await until(() => at.server.received.length === 1);
    leaving.abort();
    const message = 'The request to the provider was called off.';
    expect(await asked).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', message });
    expect(at.finished).toEqual([['read', 'aborted']]);
  });
});
