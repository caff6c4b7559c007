import type { ServerResponse } from 'node:http';
import type { GraphQLError } from 'graphql';

const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  LIMIT_EXCEEDED: 429,
};

/** Answers a request that is not let in, in GraphQL's form, with the status that says the same. */
export function refuse(response: ServerResponse, error: GraphQLError, status?: number): void {
  const { code, retryAfterSeconds } = error.extensions;
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    ...(code === 'UNAUTHENTICATED' && { 'www-authenticate': 'Bearer realm="campaign-graph"' }),
    ...(typeof retryAfterSeconds === 'number' && { 'retry-after': String(retryAfterSeconds) }),
  };
  response.writeHead(status ?? statuses[String(code)] ?? 400, headers);
  response.end(JSON.stringify({ errors: [error] }));
}
