import got from 'got';
import { ProblemError } from '../model/problem.ts';
import { createRedactor } from './redact.ts';
import { outcomeOf, type RequestOutcome, SizeError, troubleOf } from './trouble.ts';

/** Who waits for a call: a person, whose calls go first, or the poller. */
export interface Call {
  readonly priority: 'person' | 'poll';
  readonly signal?: AbortSignal;
}

export interface HttpOptions {
  /** Paths are appended to it. */
  readonly baseUrl: string;
  /** What must never be seen in a message, a log or a raw answer. */
  readonly secrets: readonly string[];
}

/** A provider's own count of our requests. */
export interface RateLimit {
  /** How many there are in a window. */
  readonly limit: number;
  /** How many of them are left. */
  readonly remaining: number;
  /** When the window ends, ms since 1970. */
  readonly resetAt: number;
}

export interface HttpRequest {
  /** The provider's own name for the call, for metrics: "getCampaignStatus". */
  readonly operation: string;
  readonly path: string;
  readonly method?: 'GET' | 'POST' | 'PATCH';
  readonly query?: Readonly<Record<string, string>>;
  readonly form?: URLSearchParams;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as JSON; undefined where it is none (then only an error's status is of use). */
  readonly body: unknown;
}

/** Calls to one account's provider. Every answer comes back, whatever its status; no request is sent twice. */
export interface Http {
  /**
   * @throws ProblemError PROVIDER_UNAVAILABLE when no answer came, or not all of it, or the certificate is not to be
   * trusted; PROVIDER_BAD_RESPONSE when a 2xx holds no JSON, the answer is a redirect, too large, too deep or can't be
   * read; PROVIDER_RATE_LIMITED when the account's budget is used up and a person waits
   */
  request(request: HttpRequest, call: Call): Promise<HttpReply>;
  /** Adds a secret that came with an answer, and that another will take the place of: a session's token. */
  addToken(token: string): void;
  /** Passes on that the provider, though it answered, asks to be left alone for so long. */
  pause(ms: number): void;
  /** Passes on what the provider says of its own count of our requests. */
  hearLimit(limit: RateLimit): void;
  /** Removes all known secrets from a text or a JSON value. */
  redactText(text: string): string;
  redactJson(value: unknown): unknown;
}

/** What is told of a request besides how it went. Its URL and body are not: keys may be in them. */
export interface SentRequest {
  readonly call: Call;
  readonly method: string;
  /** The provider's, with the port where it is not the usual one. */
  readonly host: string;
}

/** What stands between an account and its provider: lets requests pass within the budget, and hears how they went. */
export interface RequestGate {
  /** Resolves when a request may go out; it counts as made. */
  admit(call: Call): Promise<void>;
  /** @param seconds how long it took, without what it waited to be let pass */
  finished(operation: string, outcome: RequestOutcome, seconds: number, sent: SentRequest): void;
  /** The provider asks to be left alone for so long. */
  pause?(ms: number): void;
  hearLimit?(limit: RateLimit): void;
}

export interface Transport {
  readonly gate: RequestGate;
  readonly timeoutMs: number;
  /** Told of every secret there is, so that others can keep them out too. */
  readonly onSecret?: (secret: string) => void;
  /** The same of those that come with answers. */
  readonly onToken?: (token: string) => void;
}

/** A short secret could stand in an answer by chance, as a part of a name; a long one that does was given away. */
const longSecret = 12;

function isLong(secret: string): boolean {
  return secret.length >= longSecret;
}

/** Whose tokens they are: an account has one session. */
const session = 'session';
/** Once it is unpacked. */
const largestBody = 32 * 1024 * 1024;
/** What goes through an answer calls itself for each level of it, and so must not meet thousands. */
const deepestBody = 100;
/** A list's entries are members of a member of the answer. */
const levelsOfEntries = 2;
const formType = { 'content-type': 'application/x-www-form-urlencoded' };

export function createHttp(options: HttpOptions, { gate, timeoutMs, onSecret, onToken }: Transport): Http {
  const redactor = createRedactor(options.secrets);
  const longSecrets = createRedactor(options.secrets.filter(isLong));
  for (const secret of options.secrets) onSecret?.(secret);
  const host = URL.parse(options.baseUrl)?.host ?? '';
  const cleanText = (text: string) => redactor.text(text);
  /** Answers, and what they consist of, in which there is nothing to be removed. */
  let clean = new WeakSet<object>();

  /** @param levels how far down the parts are asked for on their own */
  function noteClean(value: unknown, levels: number): void {
    if (typeof value !== 'object' || value === null) return;
    clean.add(value);
    if (levels > 0) for (const member of Object.values(value)) noteClean(member, levels - 1);
  }

  const client = got.extend({
    prefixUrl: options.baseUrl,
    timeout: { request: timeoutMs },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    responseType: 'text',
    headers: { 'user-agent': 'campaign-graph', accept: 'application/json' },
  });

  async function send(request: HttpRequest, call: Call) {
    // One signal for both reasons: putting two together costs a tenth of a request's time.
    const ending = new AbortController();
    let isTooLarge = false;
    const callOff = () => ending.abort();
    if (call.signal?.aborted) callOff();
    call.signal?.addEventListener('abort', callOff);
    const sending = client(request.path, {
      ...(request.method && { method: request.method }),
      ...(request.query && { searchParams: request.query }),
      ...(request.form && { body: request.form.toString() }),
      ...(request.json !== undefined && { json: request.json }),
      headers: { ...(request.form && formType), ...request.headers },
      signal: ending.signal,
    });
    sending.on('downloadProgress', ({ transferred }) => {
      if (transferred <= largestBody) return;
      isTooLarge = true;
      ending.abort();
    });
    try {
      return await sending;
    } catch (error) {
      if (!isTooLarge) throw error;
      throw new SizeError('larger than 32 MiB', { cause: error });
    } finally {
      call.signal?.removeEventListener('abort', callOff);
    }
  }

  return {
    async request(request, call) {
      await gate.admit(call);
      const started = performance.now();
      const sent: SentRequest = { call, method: request.method ?? 'GET', host };
      const done = (outcome: RequestOutcome) =>
        gate.finished(request.operation, outcome, (performance.now() - started) / 1000, sent);
      let response: Awaited<ReturnType<typeof send>>;
      try {
        response = await send(request, call);
      } catch (error) {
        const outcome = outcomeOf(error, call.signal);
        done(outcome);
        const [code, message] = troubleOf(outcome, error, timeoutMs);
        throw new ProblemError(code, cleanText(message));
      }
      done(`${response.statusCode}`);
      const isClean = !redactor.mayFind(response.body);
      const text = isClean ? response.body : longSecrets.text(response.body);
      const reply = readReply(response.statusCode, response.headers, text, cleanText);
      if (isClean) noteClean(reply.body, levelsOfEntries);
      return reply;
    },
    addToken(token) {
      redactor.addToken(token, session);
      if (isLong(token)) longSecrets.addToken(token, session);
      // In what was clean there may be this one.
      clean = new WeakSet();
      onToken?.(token);
    },
    pause: (ms) => gate.pause?.(ms),
    hearLimit: (limit) => gate.hearLimit?.(limit),
    redactText: cleanText,
    redactJson: (value) =>
      typeof value === 'object' && value !== null && clean.has(value) ? value : redactor.json(value),
  };
}

/**
 * The problem that an HTTP status stands for, with the provider's own words where it gave some.
 * @param words what the provider says, if it says anything
 */
export function statusProblem(
  reply: HttpReply,
  words: string | null,
  providerCode: string | null = null,
): ProblemError {
  const { status } = reply;
  const message = words ?? `The provider answered with HTTP status ${status}.`;
  const options = { providerCode: providerCode ?? String(status), retryAfterMs: retryAfterMs(reply) };
  if (status === 401) return new ProblemError('PROVIDER_UNAUTHENTICATED', message, options);
  if (status === 403) return new ProblemError('PROVIDER_FORBIDDEN', message, options);
  if (status === 404) return new ProblemError('NOT_FOUND', message, options);
  if (status === 429) return new ProblemError('PROVIDER_RATE_LIMITED', message, options);
  if (status === 408 || status >= 500) return new ProblemError('PROVIDER_UNAVAILABLE', message, options);
  return new ProblemError('PROVIDER_REJECTED', message, options);
}

/** `Retry-After` in ms, from seconds or an HTTP date; null where there is none. */
export function retryAfterMs(reply: HttpReply, now = Date.now()): number | null {
  const value = reply.headers['retry-after'];
  if (typeof value !== 'string') return null;
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
  // Date.parse takes "-5" for a year.
  const date = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function readReply(
  status: number,
  headers: HttpReply['headers'],
  text: string,
  cleanText: (text: string) => string,
): HttpReply {
  const body = parseJson(text);
  if (status >= 300 && status < 400) {
    throw new ProblemError(
      'PROVIDER_BAD_RESPONSE',
      `The provider answered with a redirect (HTTP ${status}).`,
    );
  }
  if (isDeeper(body, deepestBody)) {
    const message = `The provider's answer is nested more than ${deepestBody} levels deep.`;
    throw new ProblemError('PROVIDER_BAD_RESPONSE', message);
  }
  if (status < 300 && body === undefined) {
    const told = wordsFor(cleanText(text).trim());
    throw new ProblemError('PROVIDER_BAD_RESPONSE', `The provider answered with ${told}.`);
  }
  return { status, headers, body };
}

/** What a body is that is no JSON. Broken JSON is not shown: it may be a log-in's, with a token that nobody knows yet. */
function wordsFor(text: string): string {
  if (text === '') return 'an empty body';
  if (/^[{["]/.test(text)) return 'JSON that is damaged or breaks off';
  const start = text.slice(0, 1_000).replaceAll(webToken, '[redacted]').replaceAll(/\s+/g, ' ');
  return `something that is not JSON: ${start.slice(0, 120)}`;
}

/** RFC 7519; its first part is an object, and so begins alike. */
const webToken = /eyJ[\w-]+(\.[\w-]*)*/g;

function parseJson(text: string): unknown {
  try {
    return unstorable.test(text) ? JSON.parse(text, storable) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** NUL, which PostgreSQL can't store, and halves of surrogate pairs, which no database gives back as they were. */
const unstorable = /\\u(0000|d[89a-f])/i;

function storable(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}
