import { GraphQLError, type GraphQLSchema } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
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

/** GraphQL over HTTP, GraphiQL, and the one pipeline that WebSocket uses too. */
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
    plugins: [noSubscriptions],
    graphiql: graphiqlOptions,
    renderGraphiQL: renderGraphiql,
  });
}

const noSubscriptions: Plugin = {
  onSubscribe({ setResultAndStopExecution }) {
    const message =
      'Subscriptions come over WebSocket, or over SSE: ask with "accept: text/event-stream", by GET or with JSON.';
    const extensions = { code: 'BAD_INPUT', http: { status: 406 } };
    setResultAndStopExecution({ errors: [new GraphQLError(message, { extensions })] });
  },
};

export type GraphQLServer = ReturnType<typeof createGraphQLServer>;
