import { ProblemError } from '../../model/problem.ts';
import { type HttpReply, retryAfterMs, statusProblem } from '../http.ts';
import { listOf, readBoolean, readNumber, readText } from '../read.ts';
import { type Codes, commonCodes, problemFor } from './codes.ts';
import { envelopeBody, errorEntry } from './wire.ts';

/** What every answer says about how the command went, whichever of Octeth's many shapes it has. */
export interface Envelope {
  readonly success: boolean;
  /** Error numbers, 0 left out. */
  readonly codes: readonly number[];
  /** All that the answer says in words. */
  readonly message: string | null;
}

/**
 * `Success` decides; where it is missing, the absence of errors does. Numbers come as 1, "1", [1], {"campaigns": 1} or
 * in `Errors`; words as a text, a list of them, in `ErrorMessage` or in `Errors` (providers/README.md 3.4).
 */
export function readEnvelope(body: unknown): Envelope {
  const wire = envelopeBody.safeParse(body).data;
  if (!wire) return { success: false, codes: [], message: null };
  const errors = errorsOf(wire.errors);
  const codes = new Set([wire.errorcode, errors.map(({ code }) => code)].flatMap(numbersIn));
  const words = [wire.errortext, wire.errormessage, errors.map(({ message }) => message)].flatMap(wordsIn);
  return {
    success: readBoolean(wire.success) ?? (codes.size === 0 && errors.length === 0),
    codes: [...codes],
    message: words.length === 0 ? null : [...new Set(words)].join(' '),
  };
}

/**
 * The problem that an answer tells of; null where the command worked.
 * @param commandCodes the numbers whose meaning depends on the command
 * @param clean removes secrets from the provider's words
 */
export function problemOf(
  reply: HttpReply,
  commandCodes: Codes,
  clean: (text: string) => string,
): ProblemError | null {
  const { success, codes, message } = readEnvelope(reply.body);
  const worked = reply.status < 300;
  if (worked && success) return null;
  const words = message === null ? null : clean(message);
  for (const code of codes) {
    const known = commonCodes[code] ?? (statusSpeaks(reply.status) ? undefined : commandCodes[code]);
    if (known) return problemFor(code, known, { words, retryAfterMs: retryAfterMs(reply) });
  }
  const providerCode = codes[0] === undefined ? null : String(codes[0]);
  if (isElsewhere(reply, codes)) {
    const message = words ?? `No API of Octeth answers at this baseUrl (HTTP ${reply.status}).`;
    return new ProblemError('PROVIDER_BAD_RESPONSE', message);
  }
  if (!worked && reply.status !== 404) return statusProblem(reply, words, providerCode);
  return new ProblemError('PROVIDER_REJECTED', words ?? refusal(providerCode), { providerCode });
}

/** Octeth says "not found" by its numbers, so a 404 without one, like a body that is no object, is not from its API. */
function isElsewhere({ status, body }: HttpReply, codes: readonly number[]): boolean {
  if (status === 404) return codes.length === 0;
  return status < 300 && !envelopeBody.safeParse(body).success;
}

/** A status that says by itself who is at fault outranks the numbers of a command. */
function statusSpeaks(status: number): boolean {
  return status >= 500 || [401, 403, 408, 429].includes(status);
}

function refusal(code: string | null): string {
  return code === null
    ? 'Octeth refused the command and does not say why.'
    : `Octeth refused the command (${code}).`;
}

/** `Errors` is a list of {Code, Message}, one of them alone, or mere words. */
function errorsOf(errors: unknown) {
  const alone = errorEntry.safeParse(errors).data;
  const list = alone && (alone.code ?? alone.message) !== undefined ? [errors] : listOf(errors);
  return list.map((entry) => errorEntry.safeParse(entry).data ?? { code: undefined, message: entry });
}

function numbersIn(value: unknown): number[] {
  const number = readNumber(value);
  if (number === null) return listOf(value).flatMap(numbersIn);
  return Number.isInteger(number) && number !== 0 ? [number] : [];
}

function wordsIn(value: unknown): string[] {
  if (typeof value !== 'string') return listOf(value).flatMap(wordsIn);
  const words = readText(value);
  return words === null ? [] : [words.trim()];
}
