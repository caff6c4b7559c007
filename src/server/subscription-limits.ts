import type { DocumentNode, GraphQLError } from 'graphql';
import { createCount } from './count.ts';
import { refusal } from './refuse.ts';
import type { OperationRequest } from './request.ts';
import type { Limits } from './settings.ts';

/** A subscription keeps the request that it was opened with: beyond this many characters it counts as several. */
const usualSize = 4 * 1024;
/** Once they are parsed, a document takes about as much for a token as variables take for so many characters. */
const charactersPerToken = 32;

/** As how many a subscription counts, so that those of a token can't take any amount of memory. */
export function weightOf(
  request: OperationRequest,
  { tokenCount = 0 }: Pick<DocumentNode, 'tokenCount'>,
): number {
  const size = JSON.stringify(request).length + tokenCount * charactersPerToken;
  return Math.ceil(size / usualSize);
}

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
     * @param weight as how many it counts
     */
    add(connection: object, token: string, weight: number): (() => void) | GraphQLError {
      const here = ofConnections.get(connection) ?? 0;
      if (here + weight > perConnection)
        return tooMany('one connection', perConnection, 'subscriptionsPerConnection', weight);
      const countOff = tokens.add(token, weight);
      if (!countOff) return tooMany('one token', perToken, 'subscriptionsPerToken', weight);
      ofConnections.set(connection, here + weight);
      return () => {
        ofConnections.set(connection, (ofConnections.get(connection) ?? weight) - weight);
        countOff();
      };
    },
  };
}

export type SubscriptionCounts = ReturnType<typeof createSubscriptionCounts>;

function tooMany(what: string, limit: number, setting: string, weight: number): GraphQLError {
  const weighty =
    weight > 1 ? ` This one counts as ${weight}, for the size of its document and its variables.` : '';
  return refusal(
    'LIMIT_EXCEEDED',
    `No more than ${limit} subscriptions may be open for ${what} (limits.${setting}).${weighty} Complete one first, or name several campaigns in one subscription.`,
  );
}
