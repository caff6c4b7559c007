import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dice, diceFor } from './fuzz-dice.ts';
import { nested, oddNumber, oddText, oddValue } from './fuzz-values.ts';

/** A provider's answer as it is about to go out. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export interface FuzzedProviders extends AsyncDisposable {
  readonly url: string;
  /** How many answers it has changed. */
  readonly changed: number;
  /** What share of the answers is changed from now on. */
  share: number;
}

/**
 * Stands before the simulated providers and changes their answers: what a provider, or something that pretends to be one,
 * could send in the place of what its documents print.
 * @param target the simulator's URL, which becomes the one of this in what it answers
 */
export async function startFuzzedProviders(target: string, seed: number): Promise<FuzzedProviders> {
  /** How often each question was asked: what comes of it must not depend on what else is asked meanwhile. */
  const asked = new Map<string, number>();
  let url = '';
  let changed = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { method = 'GET', headers } = request;
    const kept = ['content-type', 'authorization', 'accept'].flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value] as const] : [];
    });
    const true_ = await fetch(`${target}${request.url}`, {
      method,
      headers: Object.fromEntries(kept),
      ...(body.length > 0 && { body }),
      redirect: 'manual',
    });
    const plain = {
      status: true_.status,
      headers: { 'content-type': true_.headers.get('content-type') ?? 'application/json' },
      body: (await true_.text()).replaceAll(target, url),
    };
    const question = `${method} ${request.url} ${body}`;
    const time = (asked.get(question) ?? 0) + 1;
    asked.set(question, time);
    const dice = diceFor(seed + hashOf(question), time);
    if (!dice.chance(providers.share)) return send(response, plain);
    changed += 1;
    send(response, changedAnswer(dice, plain));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('It listens on no port.');
  url = `http://127.0.0.1:${address.port}`;
  const providers: FuzzedProviders = {
    url,
    share: 0,
    get changed() {
      return changed;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return providers;
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
  response.end(body);
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

/** Not 429: an account that is told to wait asks nothing for a while. */
const statuses = [200, 201, 204, 301, 304, 400, 401, 402, 403, 404, 409, 418, 422, 500, 502, 503] as const;

function changedAnswer(dice: Dice, { status, headers, body }: Answer): Answer {
  const text = String(body);
  const kind = dice.below(24);
  if (kind === 0) return { status: dice.oneOf(statuses), headers, body };
  if (kind === 1) return { status, headers: { ...headers, ...oddHeaders(dice) }, body };
  if (kind === 2) return { status, headers, body: encoded(dice, text) };
  if (kind === 3) return { status, headers, body: text.slice(0, dice.below(text.length + 1)) };
  if (kind === 4) return { status, headers, body: JSON.stringify(oddValue(dice)) };
  if (kind === 5) return { status, headers, body: nested(dice.oneOf([500, 20_000]), dice) };
  const value = parsed(text);
  if (value === undefined) return { status, headers, body: changedLines(dice, text) };
  // Undefined is no JSON: nothing is left of it then.
  return { status, headers, body: JSON.stringify(changedValue(dice, value, 1 + dice.below(3))) ?? '' };
}

function oddHeaders(dice: Dice): Readonly<Record<string, string>> {
  const [name, value] = dice.oneOf<readonly [string, string]>([
    ['content-type', 'text/html'],
    ['content-type', 'application/json; charset=utf-16'],
    ['content-encoding', 'gzip'],
    ['content-encoding', 'nothing'],
    ['location', 'http://169.254.169.254/'],
    ['retry-after', '-1'],
    ['retry-after', '99999999999'],
    ['retry-after', 'Thu, 99 Foo 2026'],
    ['set-cookie', 'a=b'],
  ]);
  return { [name]: value };
}

function encoded(dice: Dice, text: string): Buffer {
  return dice.oneOf([
    Buffer.from(`\ufeff${text}`),
    Buffer.from(text, 'utf16le'),
    Buffer.from(`${text}\u00e9\u00ff`, 'latin1'),
    Buffer.from(`${text}\0`),
    Buffer.concat([Buffer.from(text), Buffer.of(0xc3)]),
  ]);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value with this many places in it that are another than they were. */
function changedValue(dice: Dice, value: unknown, places: number): unknown {
  if (places > 1) return changedValue(dice, changedValue(dice, value, places - 1), 1);
  if (typeof value !== 'object' || value === null || dice.chance(0.1)) return another(dice, value);
  if (Array.isArray(value)) {
    const at = dice.below(value.length + 1);
    if (at === value.length) return [...value, ...value.slice(0, 1), oddValue(dice)];
    return value.map((item, place) => (place === at ? changedValue(dice, item, 1) : item));
  }
  const members = Object.entries(value);
  const chosen = dice.below(members.length + 1);
  // An object of its own, so that a member called `__proto__` is one.
  return Object.fromEntries(
    members.flatMap(([name, member], place) => {
      if (place !== chosen) return [[name, member]];
      if (dice.chance(0.15)) return [];
      if (dice.chance(0.1)) return [[dice.oneOf(['__proto__', '', `${name} `, name.toUpperCase()]), member]];
      return [[name, changedValue(dice, member, 1)]];
    }),
  );
}

function another(dice: Dice, value: unknown): unknown {
  const kind = dice.below(10);
  if (kind === 0) return null;
  if (kind === 1) return [value];
  if (kind === 2) return { value };
  if (kind === 3) return String(value);
  if (kind === 4) return JSON.stringify(value);
  if (kind === 5 && typeof value === 'string') return oddText(dice) + value;
  if (kind === 6) return oddNumber(dice);
  if (kind === 7) return 'x'.repeat(dice.oneOf([300, 300, 3_000]));
  if (kind === 8) return oddText(dice);
  return oddValue(dice);
}

/** Lines of a file with some that are no lines of such a file. */
function changedLines(dice: Dice, text: string): string {
  const lines = text.split('\n');
  for (let times = 1 + dice.below(3); times > 0; times -= 1) {
    const at = dice.below(lines.length);
    const line = lines[at] ?? '';
    lines[at] = dice.oneOf([
      line.replaceAll(';', ','),
      `"${line}`,
      `${line};`.repeat(50),
      line.split('').reverse().join(''),
      oddText(dice),
      line + oddText(dice),
      `${oddNumber(dice)};${line}`,
      '',
    ]);
  }
  return lines.join('\n');
}
