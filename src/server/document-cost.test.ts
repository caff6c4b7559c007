import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createSchema } from '../graphql/schema.ts';
import { costOf } from './document-cost.ts';

const schema = createSchema();

function cost(query: string, variables?: Record<string, unknown>, operationName?: string): number {
  return costOf(schema, { document: parse(query), variables, operationName });
}

/** Of a lookup. */
const lookup = 50;

describe('a list costs as many times its items', () => {
  test.each([
    ['as were asked for', '{ campaigns(first: 7) { nodes { id name } } }', 7],
    ['from the end too', '{ campaigns(last: 7) { nodes { id name } } }', 7],
    ['as are usual', '{ campaigns { nodes { id name } } }', 50],
    ['as are usual where null was asked for', '{ campaigns(first: null) { nodes { id name } } }', 50],
    ['as are named', '{ campaigns(first: 500, filter: { ids: ["a", "b"] }) { nodes { id name } } }', 2],
    ['as there can be, whatever was asked for', '{ campaigns(first: 9999) { nodes { id name } } }', 500],
    ['as there can be, whoever is named', '{ campaigns(first: -3) { nodes { id name } } }', 0],
  ])('%s', (_what, query, items) => {
    expect(cost(query)).toBe(lookup + 1 + 2 * items);
  });

  test('in each of its two forms', () => {
    expect(cost('{ campaigns(first: 7) { totalCount nodes { id } edges { cursor node { id } } } }')).toBe(
      lookup + 3 + 7 * (1 + 3),
    );
  });

  test('and lists in lists multiply', () => {
    expect(cost('{ campaigns(first: 10) { nodes { history(first: 20) { nodes { at } } } } }')).toBe(
      lookup + 1 + 10 * (lookup + 1 + 20),
    );
    expect(cost('{ campaigns(first: 10) { nodes { series { at } } } }')).toBe(
      lookup + 1 + 10 * (lookup + 200),
    );
  });

  test('of a few where nobody can ask for more', () => {
    expect(cost('{ accounts { name provider { title } } }')).toBe(1 + 5 * 3);
  });
});

describe('the size of a list can come from', () => {
  const query =
    'query ($n: Int = 30, $f: CampaignFilter) { campaigns(first: $n, filter: $f) { nodes { id } } }';

  test.each([
    ['a variable', { n: 7 }, 7],
    ['the default of a variable', {}, 30],
    ['the schema, where the variable is null', { n: null }, 50],
    ['the ids in a variable', { n: 500, f: { ids: ['a', 'b', 'c'] } }, 3],
    ['the usual, where the variable is something else', { n: 'many' }, 50],
    ['the number, where the ids are something else', { n: 7, f: { ids: 1 } }, 7],
    ['the number, where the filter is something else', { n: 7, f: 'all' }, 7],
    ['the number, where no ids are named', { n: 7, f: { ids: [] } }, 7],
  ])('%s', (_what, variables, items) => {
    expect(cost(query, variables)).toBe(lookup + 1 + items);
  });
});

describe('an operation costs', () => {
  test('as much with fragments as without', () => {
    const plain = '{ campaigns(first: 9) { nodes { id stats { sent } } } }';
    const inline =
      '{ ... on Query { campaigns(first: 9) { ... { nodes { ... on Campaign { id stats { sent } } } } } } }';
    const named = `{ campaigns(first: 9) { ...page } }
      fragment page on CampaignConnection { nodes { ...campaign } }
      fragment campaign on Campaign { id stats { sent } }`;
    expect([cost(inline), cost(named)]).toEqual([cost(plain), cost(plain)]);
  });

  test('what its mutation does to each of those that are named', () => {
    const query =
      'mutation ($input: DeleteCampaignsInput!) { deleteCampaigns(input: $input) { deletedIds } }';
    expect(cost(query, { input: { ids: ['a', 'b', 'c'] } })).toBe(3 * lookup + 1);
  });

  test('one event, as a subscription', () => {
    const query = 'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { at campaign { id } } }';
    expect(cost(query, { ids: ['a', 'b', 'c'] })).toBe(lookup + 3);
  });

  test('alone, whatever stands beside it', () => {
    const query = 'query One { accounts { name } } query Other { campaigns { nodes { id } } }';
    expect(cost(query, {}, 'One')).toBe(1 + 5);
    expect(cost(query, {}, 'Other')).toBe(lookup + 1 + 50);
  });

  test('nothing, if it is not there', () => {
    expect(cost('query One { accounts { name } }', {}, 'Other')).toBe(0);
    expect(cost('query One { accounts { name } } query Other { accounts { name } }')).toBe(0);
    expect(cost('fragment one on Query { accounts { name } }')).toBe(0);
  });

  test('a finite amount where its fragments go in a circle or are not there', () => {
    expect(
      cost('{ ...a ...c } fragment a on Query { ...b accounts { name } } fragment b on Query { ...a }'),
    ).toBe(6);
  });

  test('little where it names what the schema lacks', () => {
    expect(cost('{ nope { nope } ... on Nope { nope } ...nope } fragment nope on Nope { nope }')).toBe(1);
  });
});

test('fragments that double thirty times are reckoned at once', () => {
  const chain = Array.from(
    { length: 30 },
    (_, at) => `fragment f${at} on Query { ...f${at + 1} ...f${at + 1} }`,
  );
  expect(cost(`{ ...f0 } ${chain.join(' ')} fragment f30 on Query { __typename }`)).toBe(2 ** 30);
});
