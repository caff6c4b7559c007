import { GraphQLError, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createSubscriptionCounts, type SubscriptionCounts, weightOf } from './subscription-limits.ts';

/** Counts one more, which is allowed. */
function allowed(counts: SubscriptionCounts, connection: object, token: string, weight = 1): () => void {
  const countOff = counts.add(connection, token, weight);
  if (countOff instanceof GraphQLError) throw countOff;
  return countOff;
}

const tooMany = (words: RegExp) =>
  expect.objectContaining({
    message: expect.stringMatching(words),
    extensions: { code: 'LIMIT_EXCEEDED' },
  });

test('a connection and a token have their limits, each of them for itself', () => {
  const counts = createSubscriptionCounts({ subscriptionsPerConnection: 2, subscriptionsPerToken: 3 });
  const [token, otherToken] = ['token:a', 'token:b'];
  const [one, two, three] = [{}, {}, {}];
  allowed(counts, one, token);
  allowed(counts, one, token);
  expect(counts.add(one, token, 1)).toEqual(
    tooMany(
      /^No more than 2 subscriptions .*one connection.*limits\.subscriptionsPerConnection.*Complete one/,
    ),
  );
  allowed(counts, two, token);
  expect(counts.add(two, token, 1)).toEqual(
    tooMany(/^No more than 3 subscriptions .*one token.*limits\.subscriptionsPerToken.*Complete one/),
  );
  allowed(counts, three, otherToken);
});

test('what was refused does not count', () => {
  const counts = createSubscriptionCounts({ subscriptionsPerConnection: 1, subscriptionsPerToken: 1 });
  const [token, one, two] = ['token:a', {}, {}];
  const countOff = allowed(counts, one, token);
  for (const connection of [one, two, two])
    expect(counts.add(connection, token, 1)).toBeInstanceOf(GraphQLError);
  countOff();
  // Neither of `two`, which was refused for its token, nor of the token, which was refused for `one`.
  allowed(counts, two, token)();
  allowed(counts, one, token);
});

test('what is counted off makes room for one', () => {
  const counts = createSubscriptionCounts({ subscriptionsPerConnection: 2, subscriptionsPerToken: 2 });
  const [token, connection] = ['token:a', {}];
  const [first] = [allowed(counts, connection, token), allowed(counts, connection, token)];
  for (let countOff = first, time = 0; time < 5; time += 1) {
    countOff();
    countOff = allowed(counts, connection, token);
    expect(counts.add(connection, token, 1)).toBeInstanceOf(GraphQLError);
  }
});

test('a heavy one counts as several, and is counted off as such', () => {
  const counts = createSubscriptionCounts({ subscriptionsPerConnection: 6, subscriptionsPerToken: 7 });
  const [token, one, two] = ['token:a', {}, {}];
  const countOff = allowed(counts, one, token, 4);
  expect(counts.add(one, token, 3)).toEqual(
    tooMany(/subscriptionsPerConnection\)\. This one counts as 3, .* size .*Complete one/),
  );
  expect(counts.add(two, token, 4)).toEqual(
    tooMany(/subscriptionsPerToken\)\. This one counts as 4, .* size .*Complete one/),
  );
  allowed(counts, one, token, 2);
  allowed(counts, two, token, 1);
  countOff();
  allowed(counts, one, token, 4);
  expect(counts.add(two, token, 1)).toBeInstanceOf(GraphQLError);
});

describe('as how many a subscription counts', () => {
  const usual =
    'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { cursor cause changedFields campaign { id name status stats { sent delivered opened } } } }';
  const ids = (count: number) =>
    Array.from({ length: count }, (_, index) => `campaign:selzy-main:${1_000_000 + index}`);
  const weigh = (query: string, variables: Readonly<Record<string, unknown>> = {}) =>
    weightOf({ query, variables }, parse(query));

  test.each([
    ['a usual one', usual, { ids: ids(10) }, 1],
    ['one without variables', 'subscription { campaignUpdated { cause } }', undefined, 1],
    ['a dashboard of 500 campaigns', usual, { ids: ids(500) }, 4],
    ['the most that a message may hold', usual, { ids: ['x'.repeat(1024 * 1024)] }, 257],
    // Parsed, these are most of a megabyte.
    [
      'a document of very many fields',
      `subscription { campaignUpdated { ${'id '.repeat(1_990)}} }`,
      undefined,
      18,
    ],
  ])('%s', (_what, query, variables, weight) => {
    expect(weigh(query, variables)).toBe(weight);
  });
});
