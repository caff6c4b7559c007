import type { GraphQLError } from 'graphql';
import { createCount } from './count.ts';
import { refusal } from './refuse.ts';
import type { Limits } from './settings.ts';

/** Counts the subscriptions of each connection and of each token. */
export function createSubscriptionCounts({
  subscriptionsPerConnection: perConnection,
  subscriptionsPerToken: perToken,
}: Pick<Limits, 'subscriptionsPerConnection' | 'subscriptionsPerToken'>) {
  const ofConnections = new WeakMap<object, number>();
  const tokens = createCount(perToken);

  return {
    /**
     * Counts one more. @returns a function that counts it off again, or why there may be no more.
     * @param token the id of whoever has signed in
     */
    add(connection: object, token: string): (() => void) | GraphQLError {
      const here = ofConnections.get(connection) ?? 0;
      if (here >= perConnection)
        return tooMany('one connection', perConnection, 'subscriptionsPerConnection');
      const countOff = tokens.add(token);
      if (!countOff) return tooMany('one token', perToken, 'subscriptionsPerToken');
      ofConnections.set(connection, here + 1);
      return () => {
        ofConnections.set(connection, (ofConnections.get(connection) ?? 1) - 1);
        countOff();
      };
    },
  };
}

export type SubscriptionCounts = ReturnType<typeof createSubscriptionCounts>;

function tooMany(what: string, limit: number, setting: string): GraphQLError {
  return refusal(
    'LIMIT_EXCEEDED',
    `No more than ${limit} subscriptions may be open for ${what} (limits.${setting}). Complete one first, or name several campaigns in one subscription.`,
  );
}
