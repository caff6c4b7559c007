import { getIntrospectionQuery, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { shapeOf } from './document-shape.ts';

describe('depth', () => {
  test.each([
    ['of fields', '{ a { b { c } } d }', 3],
    [
      'through fragments, which are no fields',
      '{ a { ...f } } fragment f on T { ... { b { ... on U { c } } } }',
      3,
    ],
    ['of the deepest operation', 'query One { a } query Two { a { b } }', 2],
    ['of what is used alone', '{ a } fragment f on T { a { b { c } } }', 1],
    ['of fragments that go in a circle', '{ ...a } fragment a on T { b { ...a } }', 1],
    ['of fragments that are not there', '{ a { ...nope } }', 1],
    ['of an empty selection', '{ a { } }', 1],
    ['of introspection, which is bounded by itself', getIntrospectionQuery(), 1],
  ])('%s', (_what, query, depth) => {
    expect(shapeOf(parse(query))).toMatchObject({ depth });
  });
});

describe('aliases', () => {
  test.each([
    ['are counted', '{ a: x b: x { c: y } }', 3],
    ['and fields that are repeated', '{ x x x y }', 2],
    ['also through inline fragments', '{ x ... { x } ... on T { x } }', 2],
    ['once in a fragment, however often it is used', '{ ...f p { ...f } } fragment f on T { a: x }', 1],
    ['in a fragment that is not used', '{ x } fragment f on T { a: x }', 1],
    ['and in introspection', '{ __schema { a: types { name name } } }', 2],
    ['but not the same field at two places', '{ x { y } z { y } }', 0],
  ])('%s', (_what, query, aliases) => {
    expect(shapeOf(parse(query))).toMatchObject({ aliases });
  });
});

describe('introspection', () => {
  test.each([
    ['{ __schema { description } }', true],
    ['{ ...f } fragment f on Query { a: __type(name: "T") { name } }', true],
    ['{ __typename x { __typename } }', false],
  ])('%s: %s', (query, introspects) => {
    expect(shapeOf(parse(query))).toMatchObject({ introspects });
  });
});

test('fragments that double thirty times are looked at once', () => {
  const chain = Array.from(
    { length: 30 },
    (_, at) => `fragment f${at} on T { a { ...f${at + 1} } b { ...f${at + 1} } }`,
  );
  const document = parse(`{ ...f0 } ${chain.join(' ')} fragment f30 on T { x }`);
  expect(shapeOf(document)).toEqual({ depth: 31, aliases: 0, introspects: false });
});
