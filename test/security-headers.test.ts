import { beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { tokenOf } from './support/signing-in.ts';

const token = tokenOf('dashboard');
const dashboard = 'https://dashboard.example.com';
let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({
    // Nobody is there.
    accounts: [{ name: 'main', provider: 'appizer', apiKey: 'key', baseUrl: 'http://127.0.0.1:1' }],
    auth: { tokens: [token.settings] },
    server: { allowedOrigins: [dashboard] },
  });
  return () => app.stop();
});

const closedPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

interface Asked extends RequestInit {
  readonly path?: string;
  readonly status: number;
  readonly cacheControl?: string;
}

const signedIn = { authorization: token.bearer, 'content-type': 'application/json' };
const html = { accept: 'text/html' };
const body = JSON.stringify({ query: '{ accounts { name } }' });
const subscription = JSON.stringify({ query: 'subscription { campaignUpdated { cursor } }' });
const events = { ...signedIn, accept: 'text/event-stream' };

const answers: readonly (readonly [string, Asked])[] = [
  ['data', { method: 'POST', headers: signedIn, body, status: 200 }],
  ['a failed request', { method: 'POST', headers: signedIn, body: '{', status: 400 }],
  ['a body of another type', { method: 'POST', body, status: 415 }],
  [
    'a request without a token',
    { method: 'POST', headers: { 'content-type': 'application/json' }, body, status: 401 },
  ],
  ['a foreign origin', { headers: { origin: 'https://evil.example' }, status: 403 }],
  [
    "a browser's question whether it may ask",
    { method: 'OPTIONS', headers: { origin: dashboard }, status: 204 },
  ],
  [
    'events',
    {
      method: 'POST',
      headers: events,
      body: subscription,
      status: 200,
      cacheControl: 'no-store, no-transform',
    },
  ],
  ['an answer in place of events', { method: 'POST', headers: events, body, status: 200 }],
  ['the way to the API', { path: '/', redirect: 'manual', status: 302 }],
  ['a path where nothing is', { path: '/nothing', headers: html, status: 404 }],
  ['a notification that nobody waits for', { path: '/webhooks/main/x', method: 'POST', status: 404 }],
  ['health', { path: '/health/live', status: 200 }],
  ['readiness', { path: '/health/ready', status: 200 }],
  ['metrics', { path: '/metrics', headers: signedIn, status: 200 }],
  ['metrics without a token', { path: '/metrics', status: 401 }],
];

describe('an answer goes into nobody else’s page, frame or cache, and is what it says it is:', () => {
  test.each(answers)(
    '%s',
    async (_name, { path = '/graphql', status, cacheControl = 'no-store', ...asked }) => {
      const { response, told } = await headersOf(path, asked);
      expect(response.status).toBe(status);
      expect(told).toEqual({
        ...common,
        'content-security-policy': closedPolicy,
        'cache-control': cacheControl,
      });
    },
  );

  test('the page', async () => {
    const { response, told } = await headersOf('/graphql', { headers: html });
    expect(response.status).toBe(200);
    const { 'content-security-policy': policy, ...others } = told;
    expect(others).toEqual({ ...common, 'cache-control': 'no-store' });
    expect(directivesOf(policy)).toEqual({
      'default-src': "'none'",
      'script-src': expect.stringMatching(/^'sha256-[\w+/]{43}='$/),
      'worker-src': 'blob:',
      'style-src': "'unsafe-inline'",
      'font-src': 'data:',
      'img-src': 'data:',
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    });
  });
});

test('an allowed origin is granted what it asks for all the same', async () => {
  const headers = { ...signedIn, origin: dashboard };
  for (const asked of [
    { headers, body },
    { headers: { ...headers, ...events }, body: subscription },
  ]) {
    const { response } = await headersOf('/graphql', { method: 'POST', ...asked });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(dashboard);
  }
});

const common = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** What is sent twice comes as one value with a comma, and is not what is expected. */
async function headersOf(path: string, asked: RequestInit) {
  const response = await fetch(`${app.url}${path}`, asked);
  await response.body?.cancel();
  const names = [...Object.keys(common), 'content-security-policy', 'cache-control'];
  return { response, told: Object.fromEntries(names.map((name) => [name, response.headers.get(name)])) };
}

function directivesOf(policy: string | null | undefined): Record<string, string> {
  return Object.fromEntries(
    (policy ?? '').split('; ').map((directive) => {
      const [name = '', ...sources] = directive.split(' ');
      return [name, sources.join(' ')];
    }),
  );
}
