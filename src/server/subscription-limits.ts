import { GraphQLError } from 'graphql';

/** How many subscriptions may be open at a time. */
export interface SubscriptionLimits {
  readonly perConnection: number;
  readonly perToken: number;
}

/** Counts the subscriptions of each connection and of each token. */
export function createSubscriptionCounts({ perConnection, perToken }: SubscriptionLimits) {
  const ofConnections = new WeakMap<object, number>();
  const ofTokens = new WeakMap<object, number>();

  return {
    /**
     * Counts one more. @returns a function that counts it off again, or why there may be no more.
     * @param token stands for whoever has signed in
     */
    add(connection: object, token: object): (() => void) | GraphQLError {
      const here = ofConnections.get(connection) ?? 0;
      if (here >= perConnection)
        return tooMany('one connection', perConnection, 'subscriptionsPerConnection');
      const everywhere = ofTokens.get(token) ?? 0;
      if (everywhere >= perToken) return tooMany('one token', perToken, 'subscriptionsPerToken');
      ofConnections.set(connection, here + 1);
      ofTokens.set(token, everywhere + 1);
      return () => {
        ofConnections.set(connection, (ofConnections.get(connection) ?? 1) - 1);
        ofTokens.set(token, (ofTokens.get(token) ?? 1) - 1);
      };
    },
  };
}

export type SubscriptionCounts = ReturnType<typeof createSubscriptionCounts>;

function tooMany(what: string, limit: number, setting: string): GraphQLError {
  return new GraphQLError(
    `No more than ${limit} subscriptions may be open for ${what} (limits.${setting}). Complete one first, or name several campaigns in one subscription.`,
    { extensions: { code: 'LIMIT_EXCEEDED' } },
  );
}
