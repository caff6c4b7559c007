import type { ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { RequestCode } from '../graphql/errors.ts';

/** What tells a client to sign in (RFC 6750, section 3). */
export const challenge = { 'www-authenticate': 'Bearer realm="campaign-graph"' };

const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  LIMIT_EXCEEDED: 429,
};

/** @param more what its extensions tell beside the code */
export function refusal(code: RequestCode, message: string, more: object = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...more } });
}

export function unauthenticated(http?: object): GraphQLError {
  const message = 'Sign in with a valid token: "Authorization: Bearer <token>".';
  return refusal('UNAUTHENTICATED', message, http && { http });
}

/** Somebody else's page asks, or by a name that is not ours. */
export function notOurs(): GraphQLError {
  return refusal('FORBIDDEN', 'This host or origin is not ours, and not in server.allowedOrigins.');
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
