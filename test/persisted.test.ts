import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { idOf } from './support/quiet-app.ts';
import { connectRaw, post } from './support/signing-in.ts';

const documents = {
  query: 'query ($id: ID!) { campaign(id: $id) { status } }',
  two: 'query One { accounts { name } } query Two { providers { name } }',
  mutation: 'mutation ($id: ID!) { unfollowCampaign(id: $id) { campaign { status } errors { code } } }',
  subscription: 'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { cause campaign { status } } }',
  wrong: '{ nonsense }',
};
const hashOf = (document: string) => createHash('sha256').update(document).digest('hex');
const file = join(mkdtempSync(join(tmpdir(), 'persisted-')), 'documents.json');
const variables = { id: idOf('a'), ids: [idOf('a')] };
const answer = { data: { campaign: { status: 'SENDING' } } };
const unknown = 'f'.repeat(64);

let app: TestApp;

beforeAll(async () => {
  writeFileSync(
    file,
    JSON.stringify(Object.fromEntries(Object.values(documents).map((text) => [hashOf(text), text]))),
  );
  app = await startTestApp({
    accounts: [{ name: 'main', provider: 'appizer', apiKey: 'key', baseUrl: 'http://127.0.0.1:1' }],
    polling: { fastest: 600, slowest: 3_600 },
    graphql: { persistedDocuments: file },
  });
  const reading = { externalId: 'a', status: 'SENDING', providerStatus: 'sending', raw: null } as const;
  const seen = {
    account: 'main',
    channel: 'PUSH',
    externalId: 'a',
    cause: 'POLL',
    askedAt: Date.now(),
  } as const;
  await app.observe([{ ...seen, reading }]);
  return () => app.stop();
});

/** What is asked for by its id. */
const byId = (document: keyof typeof documents) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(documents[document]) } },
});

type Asked = Readonly<Record<string, unknown>>;
type Way = (asked: Asked) => Promise<unknown>;

function get(asked: Asked, accept: string): Promise<Response> {
  const parameters = Object.entries(asked).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return fetch(`${app.url}/graphql?${new URLSearchParams(Object.fromEntries(parameters))}`, {
    headers: { accept },
  });
}

/** The first answer over SSE, or the one of HTTP where it is refused. */
async function firstOf(response: Response): Promise<unknown> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ; ) {
    const json = /^(?:data: )?(\{.*\})$/m.exec(text)?.[1];
    if (json !== undefined) {
      await reader?.cancel();
      return JSON.parse(json);
    }
    const { value, done } = (await reader?.read()) ?? { done: true };
    if (done) throw new Error(`There is no answer: ${text}`);
    text += value;
  }
}

const sse = 'text/event-stream';
const ways: readonly (readonly [string, Way])[] = [
  ['HTTP POST', async (asked) => (await post(app.url, asked)).json()],
  ['HTTP GET', async (asked) => (await get(asked, 'application/json')).json()],
  ['SSE POST', async (asked) => firstOf(await post(app.url, asked, { accept: sse }))],
  ['SSE GET', async (asked) => firstOf(await get(asked, sse))],
  [
    'WebSocket',
    async (asked) => {
      using client = await connectRaw(app.url);
      await client.greet();
      // The protocol asks for a document.
      client.send({ id: '1', type: 'subscribe', payload: { query: '', ...asked } });
      const { type, payload } = await client.answer('1');
      return type === 'error' ? { errors: payload } : payload;
    },
  ],
];
const refusedWith = (code: string) => ({
  errors: [{ message: expect.stringContaining('graphql.persistedDocuments'), extensions: { code } }],
});

describe.each(ways)('over %s', (way, ask) => {
  test('a document is run by its id, with its variables', async () => {
    expect(await ask({ ...byId('query'), variables })).toEqual(answer);
    expect(await ask({ ...byId('query'), variables: { id: idOf('a') } })).toEqual(answer);
  });

  test('one of its operations is run', async () => {
    expect(await ask({ ...byId('two'), operationName: 'One' })).toEqual({
      data: { accounts: [{ name: 'main' }] },
    });
  });

  test.each(Object.values(documents))('a document by itself is refused: %s', async (query) => {
    expect(await ask({ query, variables })).toEqual(refusedWith('PERSISTED_QUERY_ONLY'));
  });

  test('an id that is not in the list is refused, also with its document', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: unknown } };
    expect(await ask({ extensions, variables })).toEqual(refusedWith('PERSISTED_QUERY_NOT_FOUND'));
    const query = '{ accounts { name } }';
    const itsOwn = { persistedQuery: { version: 1, sha256Hash: hashOf(query) } };
    expect(await ask({ query, extensions: itsOwn })).toEqual(refusedWith('PERSISTED_QUERY_NOT_FOUND'));
    expect(await ask({ extensions: itsOwn })).toEqual(refusedWith('PERSISTED_QUERY_NOT_FOUND'));
  });

  test('of an id and a document the id counts', async () => {
    expect(await ask({ ...byId('query'), query: '{ accounts { name } }', variables })).toEqual(answer);
  });

  test.each([{}, { persistedQuery: null }, { persistedQuery: {} }, { persistedQuery: { sha256Hash: 7 } }])(
    'what is no id is refused: %j',
    async (extensions) => {
      expect(await ask({ extensions })).toEqual(refusedWith('PERSISTED_QUERY_ONLY'));
    },
  );

  test.each(['__proto__', 'constructor', 'toString'])('%s is no id', async (sha256Hash) => {
    expect(await ask({ extensions: { persistedQuery: { sha256Hash } } })).toEqual(
      refusedWith('PERSISTED_QUERY_NOT_FOUND'),
    );
  });

  test('a document of the list that is wrong is told as such', async () => {
    expect(await ask(byId('wrong'))).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });

  test('a subscription is run where there are any', async () => {
    const told = await ask({ ...byId('subscription'), variables });
    if (way.startsWith('HTTP'))
      expect(told).toMatchObject({ errors: [{ extensions: { code: 'BAD_INPUT' } }] });
    else
      expect(told).toEqual({
        data: { campaignUpdated: { cause: 'SNAPSHOT', campaign: { status: 'SENDING' } } },
      });
  });
});

test('a mutation is run by POST, and not by GET', async () => {
  const asked = { ...byId('mutation'), variables: { id: idOf('b') } };
  expect((await get(asked, 'application/json')).status).toBe(405);
  expect(await (await post(app.url, asked)).json()).toMatchObject({
    data: { unfollowCampaign: { errors: [{ code: 'NOT_FOUND' }] } },
  });
});

test('refusals are a 400 for who understands statuses', async () => {
  const accept = 'application/graphql-response+json';
  for (const asked of [
    { query: '{ accounts { name } }' },
    { extensions: { persistedQuery: { sha256Hash: unknown } } },
  ]) {
    expect((await post(app.url, asked, { accept })).status).toBe(400);
  }
});
