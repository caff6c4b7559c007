import { GraphQLError, type GraphQLSchema } from 'graphql';
import { ProblemError } from '../model/problem.ts';
import type { Viewer } from './context.ts';
import { toUserError } from './errors.ts';

/** Why somebody may change nothing. */
export const forbidden = new ProblemError(
  'FORBIDDEN',
  'This token may only read: its role is viewer, and changes need operator.',
);

/** Has every mutation do nothing for who may only read; its payload says so. */
export function onlyForOperators(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve } = field;
    field.resolve = (root, args, context, info) =>
      mayChange(context.viewer) ? resolve?.(root, args, context, info) : refused();
  }
  return schema;
}

export function mayChange({ role }: Viewer): boolean {
  return role === 'operator';
}

/**
 * The same for a client that looks for what has to do with signing in among a request's errors. There are payloads
 * beside it, so to HTTP the request has not failed ("GraphQL over HTTP", "Status Codes").
 */
export const forbiddenError = new GraphQLError(forbidden.message, {
  extensions: { code: forbidden.code, http: { status: 200, spec: true } },
});

/** What it holds beside errors depends on the mutation: nothing of any. */
function refused() {
  return { campaign: null, task: null, deletedIds: [], errors: [toUserError(forbidden)] };
}
