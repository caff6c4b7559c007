import { buildSchema, getIntrospectionQuery, graphqlSync, parse } from 'graphql';
import { expect, test } from 'vitest';
import { costOf } from './document-cost.ts';

const schema = buildSchema(`
  type Query { one: Item! all: [Item!]! }
  type Item { id: ID! kind: Kind @deprecated of(kinds: [Kind], old: Int @deprecated): Query }
  enum Kind { LARGE SMALL @deprecated }
`);

function cost(query: string, variables?: Record<string, unknown>, most?: number): number {
  return costOf(schema, { document: parse(query), variables }, most);
}

/** How many fields an answer has. */
function fieldsIn(answer: unknown): number {
  if (Array.isArray(answer)) return answer.reduce((sum: number, one) => sum + fieldsIn(one), 0);
  if (typeof answer !== 'object' || answer === null) return 0;
  return Object.values(answer).reduce((sum: number, one) => sum + 1 + fieldsIn(one), 0);
}

test.each([
  ['all of it', getIntrospectionQuery({ inputValueDeprecation: true })],
  [
    'lists in lists',
    '{ __schema { types { fields(includeDeprecated: true) { type { fields(includeDeprecated: true) { name } } } } } }',
  ],
  ['a type', '{ __type(name: "Item") { name kind fields(includeDeprecated: true) { name } } }'],
  ['no type', '{ __type(name: "Nothing") { name } }'],
  [
    'one by another name',
    '{ a: __type(name: "Query") { b: fields { name } ...c } } fragment c on __Type { ... { fields { type { ofType { name } } } } }',
  ],
])('introspection costs by the fields of its answer: %s', (_what, source) => {
  const { data, errors } = graphqlSync({ schema, source });
  expect(errors).toBeUndefined();
  expect(cost(source) / 3).toBeGreaterThanOrEqual(fieldsIn(data));
  // What is merged in the answer is counted each time.
  expect(cost(source) / 3).toBeLessThanOrEqual(fieldsIn(data) + 10);
});

test('a type may be named by a variable', () => {
  const query = 'query ($name: String = "Item") { __type(name: $name) { fields { name } } }';
  expect(cost(query)).toBe(3 * (2 + 3));
  expect(cost(query, { name: 'Query' })).toBe(3 * (2 + 2));
  expect(cost(query, { name: ['Query', 7] })).toBe(3);
});

test('what costs more than it may is counted no further', () => {
  const query = getIntrospectionQuery();
  expect(cost(query, {}, 50)).toBeGreaterThan(50);
  expect(cost(query, {}, 50)).toBeLessThan(cost(query));
});

test('fragments that go in a circle, or that double thirty times, are reckoned at once', () => {
  const circle =
    '{ __schema { types { ...a } } } fragment a on __Type { name ...b } fragment b on __Type { ...a fields { type { ...a } } }';
  expect(cost(circle)).toBeGreaterThan(0);
  const chain = Array.from(
    { length: 30 },
    (_, at) => `fragment f${at} on __Schema { ...f${at + 1} ...f${at + 1} }`,
  );
  expect(cost(`{ __schema { ...f0 } } ${chain.join(' ')} fragment f30 on __Schema { description }`)).toBe(
    3 * (1 + 2 ** 30),
  );
});
