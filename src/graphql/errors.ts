import { GraphQLError } from 'graphql';
import type { UserError } from '../generated/graphql.ts';
import { ProblemError } from '../model/problem.ts';

/** What can be wrong with a request as such; problems have codes of their own. */
const requestCodes = [
  'BAD_INPUT',
  'FORBIDDEN',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'LIMIT_EXCEEDED',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_ONLY',
  'TIMED_OUT',
  'TOO_COSTLY',
  'TOO_DEEP',
  'TOO_MANY_ALIASES',
  'TOO_MANY_TOKENS',
  'UNAUTHENTICATED',
] as const;
export type RequestCode = (typeof requestCodes)[number];

/** Any other code of graphql's and Yoga's is BAD_INPUT here. */
const known: ReadonlySet<unknown> = new Set(requestCodes);
export const bodyTooLarge = 'The request body is too large (limits.bodyBytes).';
/** What Yoga says otherwise, by its code. */
const yogaErrors: Readonly<Record<string, { readonly code: RequestCode; readonly message: string }>> = {
  REQUEST_ENTITY_TOO_LARGE: { code: 'LIMIT_EXCEEDED', message: bodyTooLarge },
};

/**
 * What a client is told of an error: problems with their code, mistakes in the request as they are, and nothing at all
 * of what nobody foresaw.
 */
export function toClientError(error: unknown, logUnforeseen: (error: unknown) => void): GraphQLError {
  const origin = originOf(error);
  const place = error instanceof GraphQLError ? placeOf(error) : {};
  if (origin instanceof ProblemError) {
    return new GraphQLError(origin.message, { ...place, extensions: extensionsOf(origin) });
  }
  if (error instanceof GraphQLError && origin instanceof GraphQLError) {
    const message = yogaErrors[String(origin.extensions.code)]?.message ?? error.message;
    return new GraphQLError(message, {
      ...placeOf(origin),
      ...place,
      extensions: requestExtensions(error, origin),
    });
  }
  logUnforeseen(origin);
  return new GraphQLError('Something went wrong here, and has been logged.', {
    ...place,
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
}

/** How an error looks where HTTP's own words for it mean nothing. */
export function withoutHttp(error: GraphQLError): GraphQLError {
  const { http: _http, ...extensions } = error.extensions;
  return new GraphQLError(error.message, { ...placeOf(error), extensions });
}

/**
 * The same for a mutation, which answers with its problems.
 * @throws what is no ProblemError
 */
export function toUserError(error: unknown): UserError {
  if (!(error instanceof ProblemError)) throw error;
  const { code, message, argument, providerCode } = error;
  return { code, message, path: argument && [...argument], providerCode };
}

/** The error below the wrapping that graphql gives to what a resolver throws. */
function originOf(error: unknown): unknown {
  let origin = error;
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError;
  return origin;
}

/**
 * A request that could not even be begun is a 400, where the client understands statuses (`spec`); one whose body can't
 * be read is, whatever the client understands.
 */
function requestExtensions(error: GraphQLError, { message, extensions }: GraphQLError) {
  const isSyntax = message.startsWith('Syntax Error');
  const told = yogaErrors[String(extensions.code)]?.code ?? extensions.code;
  const kept = known.has(told) ? told : 'BAD_INPUT';
  const code = isSyntax ? 'GRAPHQL_PARSE_FAILED' : kept;
  const http =
    error.extensions.http ?? extensions.http ?? (error.path ? undefined : { status: 400, spec: true });
  if (typeof http !== 'object') return { code };
  return { code, http: extensions.code === 'BAD_REQUEST' ? { ...http, spec: false } : http };
}

function placeOf({ nodes, source, positions, path }: GraphQLError) {
  return { nodes, source, positions, path };
}

function extensionsOf({ code, providerCode, argument, retryAfterMs }: ProblemError) {
  return {
    code,
    ...(providerCode !== null && { providerCode }),
    ...(argument !== null && { argument: argument.join('.') }),
    ...(retryAfterMs !== null && { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
  };
}
