import { GraphQLError } from 'graphql';
import type { UserError } from '../generated/graphql.ts';
import { ProblemError } from '../model/problem.ts';

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
  if (origin instanceof GraphQLError) {
    // What graphql itself finds, as with variables of the wrong type, comes without a code.
    const extensions = { ...origin.extensions, code: origin.extensions.code ?? codeOf(origin) };
    return new GraphQLError(origin.message, { ...placeOf(origin), ...place, extensions });
  }
  logUnforeseen(origin);
  return new GraphQLError('Something went wrong here, and has been logged.', {
    ...place,
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
}

/**
 * The same for a mutation, which answers with its problems.
 * @throws what is no ProblemError
 */
export function toUserError(error: unknown): UserError {
  if (!(error instanceof ProblemError)) throw error;
  const { code, message, path, providerCode } = error;
  return { code, message, path: path && [...path], providerCode };
}

/** The error below the wrapping that graphql gives to what a resolver throws. */
function originOf(error: unknown): unknown {
  let origin = error;
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError;
  return origin;
}

function codeOf({ message }: GraphQLError): string {
  return message.startsWith('Syntax Error') ? 'GRAPHQL_PARSE_FAILED' : 'BAD_INPUT';
}

function placeOf({ nodes, source, positions, path }: GraphQLError) {
  return { nodes, source, positions, path };
}

function extensionsOf({ code, providerCode, path, retryAfterMs }: ProblemError) {
  return {
    code,
    ...(providerCode !== null && { providerCode }),
    ...(path !== null && { argument: path.join('.') }),
    ...(retryAfterMs !== null && { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }),
  };
}
