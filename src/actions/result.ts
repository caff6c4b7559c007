import { z } from 'zod';
import { attempt, ProblemError, problemCodes } from '../model/problem.ts';
import type { Result } from './parts.ts';

const resultSchema = z.object({
  keys: z.array(z.string()),
  problems: z.array(
    z.object({
      code: z.enum(problemCodes),
      message: z.string(),
      providerCode: z.string().nullable(),
      argument: z.array(z.string()).optional(),
    }),
  ),
});

/** What the work leads to, where a refusal is an answer like any other. */
export async function settled(work: () => Promise<Result>): Promise<Result> {
  const result = await attempt(work());
  return result instanceof ProblemError ? { keys: [], problems: [result] } : result;
}

/** As JSON, to be kept or told to another replica. */
export function resultToText({ keys, problems }: Result): string {
  return JSON.stringify({
    keys,
    problems: problems.map(({ code, message, providerCode, argument }) => ({
      code,
      message,
      providerCode,
      ...(argument && { argument }),
    })),
  });
}

/** @throws what zod throws, where it is none */
export function resultFromText(text: string): Result {
  const { keys, problems } = resultSchema.parse(JSON.parse(text));
  return {
    keys,
    problems: problems.map(
      ({ code, message, providerCode, argument }) =>
        new ProblemError(code, message, { providerCode, ...(argument && { argument }) }),
    ),
  };
}
