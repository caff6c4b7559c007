import { beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({
    accounts: [{ name: 'appizer-main', provider: 'appizer', apiKey: 'never-used' }],
  });
  return () => app.stop();
});

describe('what is wrong with a request is told by a code', () => {
  test.each([
    ['text that is no GraphQL', 'GRAPHQL_PARSE_FAILED', '{ campaigns { nodes { id } }', {}],
    ['no text at all', 'GRAPHQL_PARSE_FAILED', ' ', {}],
    ['a field that is not there', 'GRAPHQL_VALIDATION_FAILED', '{ campaigns { nope } }', {}],
    ['an argument that is missing', 'GRAPHQL_VALIDATION_FAILED', '{ campaign { id } }', {}],
    [
      'a word that the enum lacks',
      'GRAPHQL_VALIDATION_FAILED',
      '{ campaigns(first: "3") { totalCount } }',
      {},
    ],
    [
      'a variable of the wrong type',
      'BAD_INPUT',
      'query ($first: Int) { campaigns(first: $first) { totalCount } }',
      { first: 'three' },
    ],
    ['a variable that is missing', 'BAD_INPUT', 'query ($id: ID!) { campaign(id: $id) { id } }', {}],
    [
      'a moment that is none',
      'BAD_INPUT',
      'query ($at: DateTime) { campaigns(filter: { createdAfter: $at }) { totalCount } }',
      { at: 'yesterday' },
    ],
    [
      'a member that the filter lacks',
      'BAD_INPUT',
      'query ($filter: CampaignFilter) { campaigns(filter: $filter) { totalCount } }',
      { filter: { colour: 'red' } },
    ],
    ['an argument that can not be', 'BAD_INPUT', '{ campaigns(first: -1) { totalCount } }', {}],
    ['an id without a form', 'BAD_INPUT', '{ node(id: "1") { id } }', {}],
  ])('%s: %s', async (_what, code, query, variables) => {
    const { errors } = await app.request(query, variables);
    expect(errors).toMatchObject([{ extensions: { code } }]);
    // How it travels is the server's business.
    expect(errors?.[0]?.extensions).not.toHaveProperty('http');
  });

  const post = (body: string) =>
    fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body,
    });

  test.each([
    ['no JSON', '{ "query": '],
    ['no query', '{}'],
    ['an unknown member', '{ "query": "{ __typename }", "qeury": 1 }'],
    ['variables that are no object', '{ "query": "{ __typename }", "variables": 7 }'],
    ['an unknown operation name', '{ "query": "query One { __typename }", "operationName": "Two" }'],
    [
      'a variable of the wrong type',
      '{ "query": "query ($n: Int) { campaigns(first: $n) { totalCount } }", "variables": { "n": "x" } }',
    ],
  ])('a body with %s is bad input, and HTTP 400', async (_what, body) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    const answer = await response.json();
    expect(answer).not.toHaveProperty('data');
    expect(answer.errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
  });

  test('a variable of the wrong type is named', async () => {
    const response = await post(
      '{ "query": "query ($many: Int) { campaigns(first: $many) { totalCount } }", "variables": { "many": "x" } }',
    );
    const { errors } = await response.json();
    expect(errors[0].message).toContain('$many');
  });

  test('an error in a field says which field of the answer it is, and where it stands in the request', async () => {
    const { data, errors } = await app.request(`{
      good: account(name: "appizer-main") { name }
      bad: campaign(id: "1") { id }
    }`);
    expect(data).toEqual({ good: { name: 'appizer-main' }, bad: null });
    expect(errors).toMatchObject([{ path: ['bad'], locations: [{ line: 3, column: 7 }] }]);
  });

  test('mutations are not taken by GET', async () => {
    const query = 'mutation { unfollowCampaign(id: "campaign:appizer-main:1") { errors { code } } }';
    const response = await fetch(`${app.url}/graphql?query=${encodeURIComponent(query)}`);
    expect(response.status).toBe(405);
  });
});
