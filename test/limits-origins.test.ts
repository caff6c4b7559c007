import { once } from 'node:events';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Simulator, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { tokenOf } from './support/signing-in.ts';

const token = tokenOf('one');
const authorization = token.bearer;
const allowed = 'https://dashboard.example.com';
const publicUrl = 'https://campaigns.example.com/';
const foreign = 'https://evil.example.com';
const json = { 'content-type': 'application/json' };
const query = JSON.stringify({ query: '{ accounts { name } }' });
const inUrl = `?query=${encodeURIComponent('{ accounts { name } }')}`;
const mutation = JSON.stringify({
  query: 'mutation { createCampaign(input: { account: "octeth-main", name: "New" }) { errors { code } } }',
});

let simulator: Simulator;
let open: TestApp;
let closed: TestApp;

beforeAll(async () => {
  simulator = await startSimulator({ campaigns: 0 });
  simulator.providers.octeth.add({ externalId: '1' });
  const options = {
    accounts: [accountAt(simulator, 'octeth')],
    polling: { fastest: 600, slowest: 3_600 },
    server: { publicUrl, allowedOrigins: [allowed, 'https://other.example.com'] },
  };
  open = await startTestApp(options);
  closed = await startTestApp({ ...options, auth: { tokens: [token.settings] } });
  return async () => {
    await Promise.all([open.stop(), closed.stop()]);
    await simulator.stop();
  };
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks /graphql with just these headers, as `fetch` does not. SSE is read until something has come. */
function ask(
  app: TestApp,
  method: string,
  headers: OutgoingHttpHeaders,
  body?: string,
  search = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request(`${app.url}/graphql${search}`, { method, headers, agent: false }, (response) => {
      const { statusCode: status = 0, headers } = response;
      let text = '';
      const done = () => resolve({ status, headers, text });
      response.setEncoding('utf8').on('end', done).on('error', reject);
      response.on('data', (chunk: string) => {
        text += chunk;
        if (headers['content-type']?.startsWith('text/event-stream')) {
          done();
          asking.destroy();
        }
      });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

/** What is known of an answer that is refused. */
const refusal = (code: string) => ({ errors: [{ message: expect.any(String), extensions: { code } }] });

describe.each([
  ['without a token', () => open, {}],
  ['with a token', () => closed, { authorization }],
])('%s', (_how, app, signedIn) => {
  test.each([
    ['text/plain'],
    ['text/plain; charset=utf-8; application/json'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/graphql'],
    ['application/octet-stream'],
    [''],
    [undefined],
  ])('a POST as %j, which any page can send, is refused', async (type) => {
    const { octeth } = simulator.providers;
    for (const accept of ['application/json', 'text/event-stream']) {
      const headers = { accept, ...signedIn, ...(type !== undefined && { 'content-type': type }) };
      const { status, text } = await ask(app(), 'POST', headers, mutation);
      expect([status, JSON.parse(text)]).toEqual([415, refusal('BAD_INPUT')]);
    }
    expect(octeth.campaigns.size).toBe(1);
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'application/graphql+json'])(
    'a POST as %s is read',
    async (type) => {
      expect(await ask(app(), 'POST', { ...signedIn, 'content-type': type }, query)).toMatchObject({
        status: 200,
      });
    },
  );

  test('a GET changes nothing', async () => {
    const search = `?query=${encodeURIComponent(JSON.parse(mutation).query)}`;
    for (const accept of ['application/json', 'text/event-stream']) {
      expect((await ask(app(), 'GET', { accept, ...signedIn }, undefined, search)).status).toBe(405);
    }
  });

  test.each([
    foreign,
    'null',
    'http://evil.example.com',
    `${allowed}.evil.example.com`,
    'file://',
    'nonsense',
  ])('the origin %s gets nothing', async (origin) => {
    const headers = { ...signedIn, origin };
    const answers = [
      await ask(app(), 'POST', { ...headers, ...json }, query),
      await ask(app(), 'POST', { ...headers, ...json, accept: 'text/event-stream' }, query),
      await ask(app(), 'GET', headers, undefined, inUrl),
      await ask(app(), 'GET', { ...headers, accept: 'text/html' }),
      await ask(app(), 'OPTIONS', { ...headers, 'access-control-request-method': 'POST' }),
    ];
    for (const { status, headers, text } of answers) {
      expect(status).toBe(403);
      expect(JSON.parse(text)).toEqual(refusal('FORBIDDEN'));
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(await upgradeStatus(app(), { origin })).toBe(403);
  });

  test('an origin that is allowed is told all, by its own name', async () => {
    const headers = { ...signedIn, origin: allowed };
    const answers = [
      await ask(app(), 'POST', { ...headers, ...json }, query),
      await ask(app(), 'GET', headers, undefined, inUrl),
      await ask(app(), 'POST', { ...headers, ...json, accept: 'text/event-stream' }, query),
      await ask(
        app(),
        'POST',
        { ...headers, ...json, accept: 'text/event-stream' },
        JSON.stringify({ query: 'subscription { campaignUpdated { cursor } }' }),
      ),
    ];
    for (const { status, headers } of answers) {
      expect(status).toBe(200);
      expect(headers['access-control-allow-origin']).toBe(allowed);
      expect(headers['access-control-allow-credentials']).toBeUndefined();
      expect(headers.vary).toContain('Origin');
    }
    expect(await upgradeStatus(app(), { origin: allowed })).toBe(101);
    // What is wrong, too.
    const refused = await ask(app(), 'POST', { ...headers, 'content-type': 'text/plain' }, query);
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([415, allowed]);
  });

  test('a page of an allowed origin may ask whether it may ask, without a token', async () => {
    const { status, headers } = await ask(app(), 'OPTIONS', {
      origin: allowed,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': allowed,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization,content-type',
    });
  });

  test('our own origins are ours: the one that was asked, and the one that we are known by', async () => {
    for (const origin of [app().url, 'https://campaigns.example.com']) {
      expect((await ask(app(), 'POST', { ...signedIn, ...json, origin }, query)).status).toBe(200);
      expect(await upgradeStatus(app(), { origin })).toBe(101);
    }
  });

  test('what pages of others fetch as they fetch pictures is refused; links to us are not', async () => {
    const fetched = (site: string, more: object = {}) =>
      ask(
        app(),
        'GET',
        { ...signedIn, 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', ...more },
        undefined,
        inUrl,
      );
    for (const site of ['cross-site', 'same-site']) expect((await fetched(site)).status).toBe(403);
    for (const site of ['same-origin', 'none']) expect((await fetched(site)).status).toBe(200);
    expect((await fetched('cross-site', { origin: allowed })).status).toBe(200);
    const page = await ask(app(), 'GET', {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      accept: 'text/html',
    });
    expect(page.status).toBe(200);
  });
});

test('why it is refused can be read by a page of an allowed origin', async () => {
  const { status, headers } = await ask(closed, 'POST', { ...json, origin: allowed }, query);
  expect([status, headers['access-control-allow-origin']]).toEqual([401, allowed]);
});

test('with tokens any host is ours, and without only those that we are known by', async () => {
  const host = 'internal.example.com:8080';
  expect((await ask(closed, 'POST', { ...json, authorization, host }, query)).status).toBe(200);
  expect(
    (await ask(closed, 'POST', { ...json, authorization, host, origin: `https://${host}` }, query)).status,
  ).toBe(200);
  expect((await ask(closed, 'POST', { ...json, authorization, host, origin: foreign }, query)).status).toBe(
    403,
  );
  expect(await upgradeStatus(closed, { host })).toBe(101);
  expect((await ask(open, 'POST', { ...json, host }, query)).status).toBe(403);
  expect(await upgradeStatus(open, { host })).toBe(403);
});

/** What a WebSocket is answered; 101: it is open. */
async function upgradeStatus(app: TestApp, headers: Readonly<Record<string, string>>): Promise<number> {
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers,
  });
  socket.on('error', () => {});
  const status = await Promise.race([
    once(socket, 'open').then(() => 101),
    new Promise<number>((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    }),
  ]);
  socket.terminate();
  return status;
}
