import type { GraphQLSchema } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { GraphQLContext, Viewer } from '../graphql/context.ts';
import { toClientError } from '../graphql/errors.ts';
import { noteOperation } from '../tracing/operations.ts';
import { deadline } from './deadline.ts';
import { createDocumentCache } from './document-cache.ts';
import { documentLimits } from './document-limits.ts';
import { onlyPersisted, type PersistedDocuments } from './persisted.ts';
import { readOnly } from './read-only.ts';
import { challenge, refusal, unauthenticated } from './refuse.ts';
import type { GraphQLSettings, Limits } from './settings.ts';

export interface GraphQLServerParts {
  readonly schema: GraphQLSchema;
  readonly context: (viewer: Viewer) => GraphQLContext;
  readonly allowedOrigins: readonly string[];
  readonly limits: Limits;
  readonly settings: GraphQLSettings;
  /** null: any document is run. */
  readonly persisted: PersistedDocuments | null;
  readonly logger: Logger;
}

/** What a request comes with: who asks. Where there is nobody, a browser asks only whether it may ask. */
interface ServerContext {
  readonly viewer?: () => Viewer | null;
}

/** Tokens of the documents that are kept parsed: about a thousand usual ones, or 100 MB of the worst. */
const keptTokens = 200_000;

/** GraphQL over HTTP, and the one pipeline that WebSocket uses too. */
export function createGraphQLServer(parts: GraphQLServerParts) {
  const { schema, context, allowedOrigins, limits, settings, persisted, logger } = parts;
  const logUnforeseen = (error: unknown) =>
    logger.error({ err: error }, 'a request failed in a way nobody foresaw');
  return createYoga<ServerContext, GraphQLContext>({
    schema,
    context({ viewer: viewerNow }) {
      // The request may have taken a while to come in whole.
      const viewer = viewerNow?.();
      if (!viewer) throw unauthenticated({ status: 401, headers: challenge });
      return context(viewer);
    },
    graphqlEndpoint: '/graphql',
    landingPage: false,
    multipart: false,
    maxRequestBodySize: limits.bodyBytes,
    // What nobody foresaw is logged by us, once; the rest is the client's business.
    logging: false,
    maskedErrors: { maskError: (error) => toClientError(error, logUnforeseen) },
    cors: (request) => {
      const origin = request.headers.get('origin');
      return origin !== null && allowedOrigins.includes(origin)
        ? { origin: [origin], credentials: false }
        : false;
    },
    plugins: [
      ...(persisted ? onlyPersisted(persisted) : []),
      documentLimits({
        tokens: limits.documentTokens,
        depth: limits.documentDepth,
        aliases: limits.documentAliases,
        cost: limits.documentCost,
        introspection: settings.introspection,
      }),
      noSubscriptions,
      readOnly,
      deadline(limits.operationSeconds),
      noteOperation,
    ],
    parserAndValidationCache: { documentCache: createDocumentCache(keptTokens), errorCache: noCache },
    // It would come without its policy (graphiql.ts).
    graphiql: false,
  });
}

/** What can't be parsed is soon found out again. */
const noCache = { get: () => undefined, set: () => {} };

const noSubscriptions: Plugin = {
  onSubscribe({ setResultAndStopExecution }) {
    const message =
      'Subscriptions come over WebSocket, or over SSE: ask with "accept: text/event-stream", by GET or with JSON.';
    setResultAndStopExecution({ errors: [refusal('BAD_INPUT', message, { http: { status: 406 } })] });
  },
};

export type GraphQLServer = ReturnType<typeof createGraphQLServer>;
