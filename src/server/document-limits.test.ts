import { type GraphQLError, getIntrospectionQuery } from 'graphql';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createSchema } from '../graphql/schema.ts';
import type { DocumentLimits } from './document-limits.ts';
import { createGraphQLServer } from './graphql.ts';
import { prepareOperation } from './operation.ts';
import type { OperationRequest } from './request.ts';
import { graphqlSettings, limitsSettings } from './settings.ts';

const viewer = { id: 'open', role: 'operator', accounts: [] } as const;

/** A server without services: it can prepare every operation, and run what needs none. */
function graphqlWith(limits: Partial<DocumentLimits>) {
  return createGraphQLServer({
    schema: createSchema(),
    context: () => JSON.parse('{}'),
    allowedOrigins: [],
    limits: limitsSettings.parse({
      documentTokens: limits.tokens,
      documentDepth: limits.depth,
      documentAliases: limits.aliases,
      documentCost: limits.cost,
    }),
    settings: graphqlSettings.parse({ introspection: limits.introspection }),
    persisted: null,
    logger: pino({ level: 'silent' }),
  });
}

/** What is wrong with each operation, on the way of WebSocket and SSE. */
async function refusals(
  limits: Partial<DocumentLimits>,
  ...requests: readonly OperationRequest[]
): Promise<readonly (readonly GraphQLError[])[]> {
  const graphql = graphqlWith(limits);
  const all: (readonly GraphQLError[])[] = [];
  for (const request of requests) {
    const prepared = await prepareOperation(graphql, request, viewer);
    all.push('args' in prepared ? [] : prepared);
  }
  return all;
}

async function codeOf(
  limits: Partial<DocumentLimits>,
  query: string,
  variables: Record<string, unknown> = {},
) {
  const [errors] = await refusals(limits, { query, variables });
  return errors?.[0]?.extensions.code ?? 'accepted';
}

describe('a limit lets pass what reaches it, and nothing beyond', () => {
  test.each([
    ['tokens', '{ accounts { name } }', 6, 'TOO_MANY_TOKENS'],
    ['depth', '{ accounts { provider { name } } }', 3, 'TOO_DEEP'],
    ['aliases', '{ a: accounts { name } b: accounts { name } }', 2, 'TOO_MANY_ALIASES'],
    ['cost', '{ campaigns(first: 10) { nodes { id } } }', 61, 'TOO_COSTLY'],
  ])('%s', async (limit, query, measure, code) => {
    expect(await codeOf({ [limit]: measure }, query)).toBe('accepted');
    expect(await codeOf({ [limit]: measure - 1 }, query)).toBe(code);
  });

  test('comments and characters count as tokens do', async () => {
    expect(await codeOf({ tokens: 10 }, `{ accounts { name } } ${'#\n'.repeat(10)}`)).toBe('accepted');
    expect(await codeOf({ tokens: 10 }, `{ accounts { name } } ${'#\n'.repeat(11)}`)).toBe('TOO_MANY_TOKENS');
    expect(await codeOf({ tokens: 10 }, `{ accounts { name } } ${' '.repeat(500)}`)).toBe('TOO_MANY_TOKENS');
  });

  test('nesting that no stack can hold is too much, whatever the limit', async () => {
    expect(await codeOf({ tokens: 1_000_000 }, '{a'.repeat(100_000))).toBe('TOO_DEEP');
  });
});

test('the same document is refused with some variables and accepted with others', async () => {
  const query = 'query ($n: Int) { campaigns(first: $n) { nodes { id name } } }';
  const requests = [10, 500, 10, 500].map((n) => ({ query, variables: { n } }));
  const codes = (await refusals({ cost: 500 }, ...requests)).map(
    ([error]) => error?.extensions.code ?? 'accepted',
  );
  expect(codes).toEqual(['accepted', 'TOO_COSTLY', 'accepted', 'TOO_COSTLY']);
});

test('a syntax error is one still, whatever it quotes', async () => {
  const query = '{ accounts "Syntax Error: Document contains more than 7 tokens." }';
  expect(await codeOf({}, query)).toBe('GRAPHQL_PARSE_FAILED');
});

describe('without introspection', () => {
  const closed = { introspection: false };

  test.each([
    ['the schema', getIntrospectionQuery()],
    ['a type', '{ __type(name: "Campaign") { name } }'],
    ['a type by a fragment', '{ ...f } fragment f on Query { a: __type(name: "Campaign") { name } }'],
    ['the schema in a mutation', 'mutation { __schema { description } }'],
  ])('%s is not told', async (_what, query) => {
    const [errors] = await refusals(closed, { query });
    expect(errors).toMatchObject([
      {
        message: expect.stringMatching(/introspection.*turned off/i),
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ]);
  });

  test.each([
    ['a field', '{ campaignz { id } }', {}],
    ['an argument', '{ campaigns(frist: 1) { totalCount } }', {}],
    ['a type', '{ node(id: "1") { ... on Campagn { id } } }', {}],
    ['an enum', '{ campaigns(filter: { statuses: [SENDIN] }) { totalCount } }', {}],
    ['a member', '{ campaigns(filter: { activ: true }) { totalCount } }', {}],
    [
      'a member in a variable',
      'query ($f: CampaignFilter) { campaigns(filter: $f) { totalCount } }',
      { f: { activ: true } },
    ],
    [
      'an enum in a variable',
      'subscription ($f: CampaignFilter) { campaignUpdated(filter: $f) { at } }',
      { f: { statuses: ['SENDIN'] } },
    ],
  ])('%s that is misspelt is not put right', async (_what, query, variables) => {
    const [errors] = await refusals(closed, { query, variables });
    expect(errors).not.toEqual([]);
    expect(errors?.[0]?.extensions.code).toMatch(/^(GRAPHQL_VALIDATION_FAILED|BAD_INPUT)$/);
    expect(JSON.stringify(errors)).not.toMatch(/did you mean|SENDING|active/i);
  });

  test('the name of the type of what was got is told', async () => {
    const response = await graphqlWith(closed).fetch(
      'http://localhost/graphql?query={__typename}',
      {},
      { viewer: () => viewer },
    );
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });
});

test('of many mistakes the first are told', async () => {
  const query = `{ ${Array.from({ length: 100 }, (_, at) => `nope${at}`).join(' ')} }`;
  const [errors] = await refusals({}, { query });
  expect(errors).toHaveLength(21);
});

test('with introspection, names are suggested', async () => {
  const [errors] = await refusals({}, { query: '{ campaignz { id } }' });
  expect(errors?.[0]?.message).toContain('Did you mean');
});
