import { GraphQLError } from 'graphql';
import { expect, test } from 'vitest';
import { createSubscriptionCounts, type SubscriptionCounts } from './subscription-limits.ts';

/** Counts one more, which is allowed. */
function allowed(counts: SubscriptionCounts, connection: object, token: string): () => void {
  const countOff = counts.add(connection, token);
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
  expect(counts.add(one, token)).toEqual(
    tooMany(
      /^No more than 2 subscriptions .*one connection.*limits\.subscriptionsPerConnection.*Complete one/,
    ),
  );
  allowed(counts, two, token);
  expect(counts.add(two, token)).toEqual(
    tooMany(/^No more than 3 subscriptions .*one token.*limits\.subscriptionsPerToken.*Complete one/),
  );
  allowed(counts, three, otherToken);
});

test('what was refused does not count', () => {
  const counts = createSubscriptionCounts({ subscriptionsPerConnection: 1, subscriptionsPerToken: 1 });
  const [token, one, two] = ['token:a', {}, {}];
  const countOff = allowed(counts, one, token);
  for (const connection of [one, two, two])
    expect(counts.add(connection, token)).toBeInstanceOf(GraphQLError);
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
    expect(counts.add(connection, token)).toBeInstanceOf(GraphQLError);
  }
});
