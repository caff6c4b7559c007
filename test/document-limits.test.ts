import { readFileSync } from 'node:fs';
import { buildClientSchema, getIntrospectionQuery, parse } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { exampleTabs } from '../src/graphql/examples.ts';
import { createSchema } from '../src/graphql/schema.ts';
import { costOf } from '../src/server/document-cost.ts';
import { shapeOf } from '../src/server/document-shape.ts';
import { limitsSettings } from '../src/server/settings.ts';
import { idOf, type QuietApp, startQuietApp } from './support/quiet-app.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

let app: QuietApp;

beforeAll(async () => {
  app = await startQuietApp();
  await app.see({ externalId: 'a', status: 'SENDING', sent: 1 });
  return () => app.stop();
});

/** Fragments that each use the next one twice: 2^30 fields, in a document of a few lines. */
const doubling = `
  ${Array.from({ length: 30 }, (_, at) => `fragment f${at} on Campaign { ...f${at + 1} ...f${at + 1} }`).join('\n')}
  fragment f30 on Campaign { id }`;

/** What is selected of a campaign, by what it is refused for. Limits are named as in the configuration. */
const excesses = [
  ['many tokens', 'TOO_MANY_TOKENS', 'documentTokens', `{ ${'name '.repeat(2_000)} }`, ''],
  ['many comments', 'TOO_MANY_TOKENS', 'documentTokens', `{ id ${'#\n'.repeat(3_000)} }`, ''],
  ['many directives', 'TOO_MANY_TOKENS', 'documentTokens', `{ id ${'@skip(if: true) '.repeat(400)} }`, ''],
  [
    'a long string',
    'TOO_MANY_TOKENS',
    'documentTokens',
    `{ tasks(after: "${'x'.repeat(200_000)}") { totalCount } }`,
    '',
  ],
  [
    'deep nesting',
    'TOO_DEEP',
    'documentDepth',
    `${'{ tasks { nodes { campaign '.repeat(6)} { id } ${'} } }'.repeat(6)}`,
    '',
  ],
  [
    'many aliases',
    'TOO_MANY_ALIASES',
    'documentAliases',
    `{ ${Array.from({ length: 60 }, (_, at) => `a${at}: name`).join(' ')} }`,
    '',
  ],
  ['the same again and again', 'TOO_MANY_ALIASES', 'documentAliases', `{ ${'name '.repeat(100)} }`, ''],
  [
    'lists in lists',
    'TOO_COSTLY',
    'documentCost',
    '{ history(first: 500) { nodes { campaign { history(first: 500) { nodes { at } } } } } }',
    '',
  ],
  ['fragments that double', 'TOO_COSTLY', 'documentCost', '{ ...f0 }', doubling],
] as const;

const many = (count: number, one: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => one(at)).join(' ');

/** Each asks for the schema many times over, in a document of a few KB. */
const schemas = [
  [
    'by aliases that multiply',
    'TOO_MANY_ALIASES',
    `{ __schema { ${many(25, (at) => `t${at}: types { ...t }`)} } }
    fragment t on __Type { ${many(24, (at) => `f${at}: fields { description type { description } }`)} }`,
  ],
  ['by six aliases', 'TOO_MANY_ALIASES', `{ ${many(6, (at) => `a${at}: __type(name: "Query") { name }`)} }`],
  [
    'by lists in lists, and five aliases',
    'TOO_COSTLY',
    `{ __schema { ${many(5, (at) => `t${at}: types { ...t }`)} } }
    fragment t on __Type { fields { args { ...a } type { ...r } } inputFields { ...a } interfaces { ...u } possibleTypes { ...u } }
    fragment a on __InputValue { name description type { ...r } }
    fragment r on __Type { ...u ofType { ...u ofType { ...u ofType { ...u } } } }
    fragment u on __Type { ...e inputFields { ...b } fields { name description isDeprecated args { ...b } type { ...s } } }
    fragment b on __InputValue { name description defaultValue type { ...s } }
    fragment s on __Type { ...e ofType { ...e ofType { ...e } } }
    fragment e on __Type { kind name description enumValues { name description isDeprecated } }`,
  ],
  [
    'by fragments that double',
    'TOO_COSTLY',
    `{ __schema { types { ...f0 } } }
    ${many(20, (at) => `fragment f${at} on __Type { ...f${at + 1} ...f${at + 1} }`)} fragment f20 on __Type { name }`,
  ],
] as const;

const refused = (code: string, limit: string) => [
  expect.objectContaining({
    message: expect.stringMatching(new RegExp(`\\d.*limits\\.${limit}\\).*(Ask|Give)`)),
    extensions: { code },
  }),
];

describe.each(excesses)('a document with %s', (_what, code, limit, selection, fragments) => {
  const query = `query ($id: ID!) { campaign(id: $id) ${selection} } ${fragments}`;
  const changes = `subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { campaign ${selection} } } ${fragments}`;

  test('is refused over HTTP', async () => {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query, variables: { id: idOf('a') } }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ errors: refused(code, limit) });
  });

  test.each([
    ['WebSocket, as a query', overWebSocket, query],
    ['WebSocket, as a subscription', overWebSocket, changes],
    ['SSE, as a subscription', overSse, changes],
  ])('is refused over %s', async (_way, subscribe, document) => {
    using told = subscribe(app.url, document, { id: idOf('a'), ids: [idOf('a')] });
    await until(() => told.ended);
    expect(told.errors).toEqual(refused(code, limit));
    expect(told.events).toEqual([]);
  });
});

test.each(schemas)('introspection is refused that asks for much %s', async (_how, code, query) => {
  const { data, errors } = await app.request(query);
  expect(data).toBeUndefined();
  expect(errors).toMatchObject([{ message: expect.stringMatching(/\d.*Ask for/), extensions: { code } }]);
});

test('introspection may have five aliases', async () => {
  const { data, errors } = await app.request(
    `{ ${many(5, (at) => `a${at}: __type(name: "Query") { name }`)} }`,
  );
  expect(errors).toBeUndefined();
  expect(data.a4).toEqual({ name: 'Query' });
});

test('a document is refused by GET, too', async () => {
  const url = `${app.url}/graphql?query=${encodeURIComponent('{ campaigns(first: 500) { nodes { history { nodes { at cause kinds revision } } } } }')}`;
  const response = await fetch(url, { headers: { accept: 'application/graphql-response+json' } });
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ errors: refused('TOO_COSTLY', 'documentCost') });
});

test('what was refused is refused again, and with less in its variables it is not', async () => {
  const query = 'query ($n: Int) { campaigns(first: 500) { nodes { history(first: $n) { nodes { at } } } } }';
  for (const [n, codes] of [
    [500, ['TOO_COSTLY']],
    [1, undefined],
    [500, ['TOO_COSTLY']],
    [1, undefined],
  ] as const) {
    const { errors } = await app.request(query, { n });
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(codes);
  }
});

test('variables that are wrong are told by what runs the document', async () => {
  const query = 'query ($n: Int, $f: CampaignFilter) { campaigns(first: $n, filter: $f) { totalCount } }';
  for (const variables of [{ n: 'many' }, { n: 1e6 }, { f: { ids: 7 } }, { f: 'all' }]) {
    const { errors } = await app.request(query, variables);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
  }
});

describe('what people ask for every day has room to spare', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const bodies = [...readme.matchAll(/-d '(\{[\s\S]*?\})'/g)].map(([, body = '']) => JSON.parse(body));
  const inReadme = z
    .array(z.object({ query: z.string() }))
    .min(3)
    .parse(bodies);
  const introspection = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  });
  const row = `id name channel status providerStatus progress active changedAt provider { title }
    stats { recipients sent delivered opened clicked unsubscribed rates { delivery open click bounce } }
    throughput { perSecond estimatedFinishAt } freshness { observedAt stale reason }`;
  const dashboard = `{ campaigns(first: 500) { totalCount pageInfo { endCursor } edges { cursor node { ${row} } } } }`;
  const schema = createSchema();

  test.each([
    ...exampleTabs.map(({ query }) => query),
    ...inReadme.map(({ query }) => query),
    introspection,
    dashboard,
    `subscription { campaignUpdated { cursor kinds changedFields transitions { from to at } campaign { ${row} } } }`,
  ])('%s', (query) => {
    const document = parse(query);
    const { depth, aliases } = shapeOf(document);
    const { tokenCount: tokens = Number.NaN } = document;
    const limits = limitsSettings.parse({});
    expect(tokens * 2).toBeLessThanOrEqual(limits.documentTokens);
    expect(depth * 2).toBeLessThanOrEqual(limits.documentDepth);
    expect(aliases * 2).toBeLessThanOrEqual(limits.documentAliases);
    expect(costOf(schema, { document }) * 2).toBeLessThanOrEqual(limits.documentCost);
  });

  test.each([
    ['by tools', getIntrospectionQuery()],
    ['by tools that want all of it', introspection],
  ])('the schema can be asked for %s', async (_who, query) => {
    const { data, errors } = await app.request(query);
    expect(errors).toBeUndefined();
    expect(buildClientSchema(data).getType('Campaign')).toBeDefined();
  });

  test('a full page of a dashboard', async () => {
    const { data, errors } = await app.request(dashboard);
    expect(errors).toBeUndefined();
    expect(data.campaigns.edges).toHaveLength(1);
  });
});
