import { readdirSync, readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import type { GraphQLContext } from './context.ts';
import { onlyForOperators } from './operators.ts';
import { resolvers } from './resolvers/index.ts';

const folder = new URL('../../schema/', import.meta.url);

/** The API as its SDL describes it, with the resolvers behind it. */
export function createSchema(): GraphQLSchema {
  const files = readdirSync(folder).filter((name) => name.endsWith('.graphql'));
  const typeDefs = files.map((name) => readFileSync(new URL(name, folder), 'utf8'));
  return onlyForOperators(makeExecutableSchema<GraphQLContext>({ typeDefs, resolvers }));
}
