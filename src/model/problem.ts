import { z } from 'zod';

/** Every way in which something asked of this service can fail; the same words as `ProblemCode` in the schema. */
export const problemCodes = [
  'BAD_INPUT',
  'NOT_FOUND',
  'NOT_SUPPORTED',
  'INVALID_STATE',
  'FORBIDDEN',
  'CONFLICT',
  'PROVIDER_UNAUTHENTICATED',
  'PROVIDER_FORBIDDEN',
  'PROVIDER_RATE_LIMITED',
  'PROVIDER_UNAVAILABLE',
  'PROVIDER_BAD_RESPONSE',
  'PROVIDER_REJECTED',
] as const;

export type ProblemCode = (typeof problemCodes)[number];

export interface ProblemOptions {
  /** The provider's own error code, as a string. */
  readonly providerCode?: string | null;
  /** How long the provider asks us to leave it alone. */
  readonly retryAfterMs?: number | null;
  /** The input field at fault, outermost first. */
  readonly argument?: readonly string[];
  readonly cause?: unknown;
}

/**
 * The one error that crosses the layers. It is made where the trouble is understood (a provider's folder, the edge of
 * the API) and turned into a GraphQL error or a `UserError` at the other edge. Messages hold no secrets.
 */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly providerCode: string | null;
  readonly retryAfterMs: number | null;
  /** Not "path": graphql takes an error with a path for one that it has placed already. */
  readonly argument: readonly string[] | null;

  constructor(code: ProblemCode, message: string, options: ProblemOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.providerCode = options.providerCode ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.argument = options.argument ?? null;
  }
}

/** The same problem in other words, or blamed on something else. */
export function reworded(
  problem: ProblemError,
  change: { readonly code?: ProblemCode; readonly message?: string; readonly argument?: readonly string[] },
): ProblemError {
  const { code, message, providerCode, retryAfterMs } = problem;
  const argument = change.argument ?? problem.argument;
  return new ProblemError(change.code ?? code, change.message ?? message, {
    providerCode,
    retryAfterMs,
    cause: problem,
    ...(argument && { argument }),
  });
}

/** A problem as it is kept. */
export const problemSchema = z.object({
  code: z.enum(problemCodes),
  message: z.string(),
  providerCode: z.string().nullable(),
  at: z.number(),
}) satisfies z.ZodType<Problem>;

/** What is told of a problem after the fact, in an account's health. */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly providerCode: string | null;
  readonly at: number;
}

/** Whether a problem says something about the provider or the account, rather than about the one campaign asked for. */
export function concernsAccount(code: ProblemCode): boolean {
  return code.startsWith('PROVIDER_') && code !== 'PROVIDER_REJECTED';
}

/** Gives what the work gives, or the problem that it failed with. */
export async function attempt<T>(work: Promise<T>): Promise<T | ProblemError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}
