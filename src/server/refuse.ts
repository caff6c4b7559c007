import type { ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';

/** What tells a client to sign in (RFC 6750, section 3). */
export const challenge = { 'www-authenticate': 'Bearer realm="campaign-graph"' };

const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  LIMIT_EXCEEDED: 429,
};

export function unauthenticated(http?: object): GraphQLError {
  const message = 'Sign in with a valid token: "Authorization: Bearer <token>".';
  return new GraphQLError(message, { extensions: { code: 'UNAUTHENTICATED', ...(http && { http }) } });
}

/** Answers a request that is not let in, in GraphQL's form, with the status that says the same. */
export function refuse(response: ServerResponse, error: GraphQLError, status?: number): void {
  const { code, retryAfterSeconds } = error.extensions;
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    ...(code === 'UNAUTHENTICATED' && challenge),
    ...(typeof retryAfterSeconds === 'number' && { 'retry-after': String(retryAfterSeconds) }),
  };
  response.writeHead(status ?? statuses[String(code)] ?? 400, headers);
  response.end(JSON.stringify({ errors: [error] }));
}
