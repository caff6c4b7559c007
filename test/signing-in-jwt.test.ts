import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../src/config.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { watchConnections } from './support/quiet-app.ts';
import { connectRaw, post, tokenOf } from './support/signing-in.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const accounts = ['mine', 'theirs'].map((name) => ({
  name,
  provider: 'appizer',
  apiKey: 'key',
  baseUrl: 'http://127.0.0.1:1',
}));
const query = '{ accounts { name } }';
const changes = 'subscription { accountUpdated { name } }';
const secret = 'a secret of more than thirty-two bytes';
const [issuer, audience] = ['https://issuer.example.com', 'campaign-graph'];
const pair = await generateKeyPair('ES256');
const otherPair = await generateKeyPair('ES256');
const fixed = tokenOf('fixed');

/** An issuer's keys; with `hold` it does not answer before it is told to. */
async function startIssuer({ hold = false } = {}) {
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const waiting: ServerResponse[] = [];
  const answer = (response: ServerResponse) => response.end(JSON.stringify({ keys: [jwk] }));
  const server = createServer((_request, response) => {
    if (hold) waiting.push(response);
    else answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    jwksUrl: `http://127.0.0.1:${port}/keys`,
    waiting,
    answer() {
      for (const response of waiting.splice(0)) answer(response);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

interface Told {
  readonly role?: unknown;
  readonly accounts?: unknown;
  readonly iss?: string;
  readonly aud?: string;
  readonly expires?: string;
}

type Kind = 'secret' | 'jwks';

/** A JWT that is good unless told otherwise. */
async function bearerOf(kind: Kind, told: Told = {}, forged = false): Promise<string> {
  const { role = 'viewer', accounts = ['mine'], iss = issuer, aud = audience, expires = '1h' } = told;
  const jwt = new SignJWT({ role, accounts })
    .setProtectedHeader(kind === 'jwks' ? { alg: 'ES256', kid: 'k1' } : { alg: 'HS256' })
    .setSubject('anna')
    .setIssuer(iss)
    .setAudience(aud)
    .setExpirationTime(expires);
  const { privateKey } = forged ? otherPair : pair;
  const key = kind === 'jwks' ? privateKey : Buffer.from(forged ? secret.toUpperCase() : secret);
  return `Bearer ${await jwt.sign(key)}`;
}

const refused: readonly (readonly [string, (kind: Kind) => Promise<string>])[] = [
  ['signed by another', (kind) => bearerOf(kind, {}, true)],
  ['signed in the other way', (kind) => bearerOf(kind === 'jwks' ? 'secret' : 'jwks')],
  ['of another issuer', (kind) => bearerOf(kind, { iss: 'https://evil.example.com' })],
  ['for another audience', (kind) => bearerOf(kind, { aud: 'another' })],
  ['that has expired', (kind) => bearerOf(kind, { expires: '-1m' })],
  ['without a role', (kind) => bearerOf(kind, { role: 'admin' })],
  ['without accounts', (kind) => bearerOf(kind, { accounts: [] })],
  ['that is cut off', async (kind) => (await bearerOf(kind)).slice(0, -4)],
];

describe.each<Kind>(['secret', 'jwks'])('a JWT, by %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    const issuing = await startIssuer();
    const source = kind === 'jwks' ? { jwksUrl: issuing.jwksUrl } : { secret };
    app = await startTestApp({ accounts, auth: { jwt: { ...source, issuer, audience } } });
    return async () => {
      await app.stop();
      await issuing[Symbol.asyncDispose]();
    };
  });

  test('lets in over HTTP, WebSocket and SSE, and shows its accounts alone', async () => {
    const bearer = await bearerOf(kind);
    expect((await app.request(query, {}, bearer)).data).toEqual({ accounts: [{ name: 'mine' }] });
    for (const subscribe of [overWebSocket, overSse]) {
      using told = subscribe(app.url, changes, {}, bearer);
      await told.atLeast(1);
      expect(told.events).toEqual([{ name: 'mine' }]);
    }
  });

  test('gives the role and the accounts that it names', async () => {
    const follow = `mutation { followCampaign(account: "mine", externalId: "1") { errors { code } } }`;
    const mayRead = await app.request(follow, {}, await bearerOf(kind, { accounts: '*' }));
    expect(mayRead.data.followCampaign.errors).toMatchObject([{ code: 'FORBIDDEN' }]);
    const mayChange = await app.request(follow, {}, await bearerOf(kind, { role: ['viewer', 'operator'] }));
    expect(mayChange.data.followCampaign.errors).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    const all = await app.request(query, {}, await bearerOf(kind, { accounts: '*' }));
    expect(all.data.accounts).toHaveLength(2);
  });

  test('of accounts that there are not shows nothing at all', async () => {
    const bearer = await bearerOf(kind, { accounts: ['nobody'] });
    const all = `{ accounts { name } campaigns { totalCount nodes { id } } campaignSummary { total byStatus { count } }
      tasks { totalCount nodes { id } } }`;
    expect((await app.request(all, {}, bearer)).data).toEqual({
      accounts: [],
      campaigns: { totalCount: 0, nodes: [] },
      campaignSummary: { total: 0, byStatus: [] },
      tasks: { totalCount: 0, nodes: [] },
    });
  });

  test.each(refused)('%s is refused', async (_what, make) => {
    const authorization = await make(kind);
    const response = await post(app.url, { query }, { authorization });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    using client = await connectRaw(app.url);
    await client.greet(authorization);
    expect(await client.closed()).toBe(4403);
  });

  test('that expires closes what it has open', async () => {
    // A few seconds are granted for the issuer's clock.
    const bearer = await bearerOf(kind, { expires: '-3s' });
    using client = await connectRaw(app.url);
    await client.greet(bearer);
    using events = overSse(app.url, changes, {}, bearer);
    await events.atLeast(1);
    expect(await client.closed()).toBe(4403);
    await until(() => events.ended);
  });
});

describe('while the keys of the issuer are waited for', () => {
  test('a token whose issuer is not trusted any more is not let in', async () => {
    await using issuing = await startIssuer({ hold: true });
    const auth = { tokens: [fixed.settings], jwt: { jwksUrl: issuing.jwksUrl, issuer, audience } };
    await using app = await startTestApp({ accounts, auth });
    const authorization = await bearerOf('jwks');
    using client = await connectRaw(app.url);
    client.send({ type: 'connection_init', payload: { authorization } });
    const asking = post(app.url, { query }, { authorization });
    await until(() => issuing.waiting.length > 0);
    await app.reload(parseConfig({ accounts, auth: { tokens: [fixed.settings] } }, {}));
    issuing.answer();
    expect(await client.closed()).toBe(4403);
    expect((await asking).status).toBe(401);
  });

  test('a client that leaves does not count as a connection', async () => {
    await using issuing = await startIssuer({ hold: true });
    const auth = { jwt: { jwksUrl: issuing.jwksUrl, issuer, audience } };
    await using app = await startTestApp({ accounts, auth, limits: { connectionsPerToken: 1 } });
    using connections = watchConnections();
    const authorization = await bearerOf('jwks');
    const url = `${app.url}/graphql?query=${encodeURIComponent(changes)}`;
    const asking = get(url, { agent: false, headers: { accept: 'text/event-stream', authorization } });
    asking.on('error', () => {});
    await until(() => issuing.waiting.length > 0);
    const open = connections.open();
    asking.destroy();
    await until(() => connections.open() < open);
    issuing.answer();
    // Let in after the one that left, which was waiting for the same.
    expect((await app.request(query, {}, authorization)).errors).toBeUndefined();
    using told = overSse(app.url, changes, {}, authorization);
    await told.atLeast(1);
  });
});
