import { expect } from 'vitest';
import { z } from 'zod';
import { problemCodes } from '../../src/model/problem.ts';
import type { FuzzAnswer } from './fuzz-app.ts';

/** All that a client may be told but INTERNAL_SERVER_ERROR, which no input may lead to. */
const codes = [
  ...problemCodes,
  ...['TOO_MANY_TOKENS', 'TOO_DEEP', 'TOO_MANY_ALIASES', 'TOO_COSTLY', 'LIMIT_EXCEEDED', 'TIMED_OUT'],
  ...['UNAUTHENTICATED', 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED'],
];

const place = z.strictObject({ line: z.number(), column: z.number() });

/** An error as GraphQL's specification has it ("Errors"), with a code of ours (contract/service.md, "Errors"). */
const error = z.strictObject({
  message: z.string().min(1),
  locations: z.array(place).optional(),
  path: z.array(z.union([z.string(), z.number()])).optional(),
  extensions: z.looseObject({ code: z.enum(codes) }),
});

export const errorList = z.array(error).min(1);

export const graphqlAnswer = z
  .strictObject({
    data: z.record(z.string(), z.unknown()).nullable().optional(),
    errors: errorList.optional(),
  })
  .refine(({ data, errors }) => data !== undefined || errors !== undefined, 'neither data nor errors');

export type GraphQLAnswer = z.output<typeof graphqlAnswer>;

/** Checks that an answer over HTTP is one of GraphQL, and gives it. */
export function expectAnswer({ status, type, body }: FuzzAnswer): GraphQLAnswer {
  expect(status, body.slice(0, 1_000)).toBeLessThan(500);
  expect(type).toMatch(/^application\/(graphql-response\+)?json/);
  const parsed = graphqlAnswer.safeParse(JSON.parse(body));
  if (!parsed.success)
    throw new Error(`${parsed.error.issues.map(({ path }) => path.join('.'))} in ${body.slice(0, 1_000)}`);
  return parsed.data;
}

/** Checks that an answer as a text holds none of these. */
export function expectWithout(text: string, words: readonly string[]): void {
  for (const word of words)
    if (text.includes(word)) throw new Error(`"${word}" stands in ${text.slice(0, 2_000)}`);
}
