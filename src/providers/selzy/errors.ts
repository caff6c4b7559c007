import { type ProblemCode, ProblemError, reworded } from '../../model/problem.ts';
import { type HttpReply, retryAfterMs, statusProblem } from '../http.ts';
import { envelope } from './wire.ts';

/** Source: selzy.com, "API errors" (providers/README.md 1.8); `unspecified` is told apart by its words. */
const codes = new Map<string, ProblemCode>([
  ['invalid_api_key', 'PROVIDER_UNAUTHENTICATED'],
  ['access_denied', 'PROVIDER_FORBIDDEN'],
  ['unknown_method', 'NOT_SUPPORTED'],
  ['invalid_arg', 'BAD_INPUT'],
  ['not_enough_money', 'PROVIDER_REJECTED'],
  ['retry_later', 'PROVIDER_UNAVAILABLE'],
  ['api_call_limit_exceeded_for_api_key', 'PROVIDER_RATE_LIMITED'],
  ['api_call_limit_exceeded_for_ip', 'PROVIDER_RATE_LIMITED'],
]);

/** How long to stay away once a limit is exceeded: Selzy counts calls per minute, and sends no Retry-After. */
const limitWindowMs = 60_000;

/**
 * The problem that an answer tells of; null for a good one. An answer with an error or an error code has failed,
 * whatever its HTTP status: most come with 200.
 * @param clean takes secrets out of the provider's words
 */
export function problemOf(reply: HttpReply, clean: (words: string) => string): ProblemError | null {
  const { error = null, code = null } = envelope.safeParse(reply.body).data ?? {};
  if (error === null && code === null) return reply.status < 300 ? null : httpProblem(reply, null, null);
  const message = error === null ? `The provider's error code is ${code}.` : clean(decodeEntities(error));
  const known = problemCode(code ?? (reply.status < 300 ? 'unspecified' : ''), message);
  if (known === null && reply.status >= 300) return httpProblem(reply, message, code);
  const windowMs = known === 'PROVIDER_RATE_LIMITED' ? limitWindowMs : null;
  return new ProblemError(known ?? 'PROVIDER_REJECTED', message, {
    providerCode: code,
    retryAfterMs: retryAfterMs(reply) ?? windowMs,
  });
}

const ofTheCampaign: ReadonlySet<ProblemCode> = new Set(['INVALID_STATE', 'NOT_FOUND', 'BAD_INPUT']);

/** For a call that takes an id and no more: what finds fault with the request finds fault with the id. */
export function blamingId(problem: ProblemError): ProblemError {
  return ofTheCampaign.has(problem.code) ? reworded(problem, { argument: ['id'] }) : problem;
}

/** Selzy's error texts are HTML: "can&#039;t" is "can't". */
export function decodeEntities(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,6})|#x([\da-f]{1,5})|([a-z]+));/gi, (entity, decimal, hex, name) => {
    if (name) return entities[String(name).toLowerCase()] ?? entity;
    return String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex, 16));
  });
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

function problemCode(code: string, message: string): ProblemCode | null {
  if (code.startsWith('api_call_limit_exceeded')) return 'PROVIDER_RATE_LIMITED';
  if (code !== 'unspecified') return codes.get(code) ?? null;
  if (/not found|does(n't| not) exist/i.test(message)) return 'NOT_FOUND';
  if (/can('t|not) be cancel/i.test(message)) return 'INVALID_STATE';
  return /access denied/i.test(message) ? 'PROVIDER_FORBIDDEN' : null;
}

/**
 * Selzy says in words that it knows no such campaign. A bare 404 speaks of the URL instead, and must not make
 * campaigns look deleted.
 */
function httpProblem(reply: HttpReply, words: string | null, code: string | null): ProblemError {
  if (reply.status !== 404) return statusProblem(reply, words, code);
  const told = words === null ? '' : `: ${words}`;
  return new ProblemError('NOT_SUPPORTED', `Selzy has no such method at this address (HTTP 404)${told}`, {
    providerCode: code ?? '404',
  });
}
