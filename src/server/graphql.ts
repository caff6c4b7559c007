import type { GraphQLSchema } from 'graphql';
import { createYoga } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { GraphQLContext } from '../graphql/context.ts';
import { toClientError } from '../graphql/errors.ts';

import { graphiqlOptions, renderGraphiql } from './graphiql.ts';

export interface GraphQLServerParts {
  readonly schema: GraphQLSchema;
  readonly context: () => GraphQLContext;
  readonly allowedOrigins: readonly string[];
  readonly logger: Logger;
}

/** GraphQL over HTTP and SSE, GraphiQL, and the one pipeline that WebSocket uses too. */
export function createGraphQLServer({ schema, context, allowedOrigins, logger }: GraphQLServerParts) {
  const logUnforeseen = (error: unknown) =>
    logger.error({ err: error }, 'a request failed in a way nobody foresaw');
  return createYoga({
    schema,
    context,
    graphqlEndpoint: '/graphql',
    landingPage: false,
    multipart: false,
    // What nobody foresaw is logged by us, once; the rest is the client's business.
    logging: false,
    maskedErrors: { maskError: (error) => toClientError(error, logUnforeseen) },
    cors: (request) => {
      const origin = request.headers.get('origin');
      return origin !== null && allowedOrigins.includes(origin)
        ? { origin: [origin], credentials: false }
        : false;
    },
    graphiql: graphiqlOptions,
    renderGraphiQL: renderGraphiql,
  });
}

export type GraphQLServer = ReturnType<typeof createGraphQLServer>;
