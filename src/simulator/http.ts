import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** A request to one provider; `path` is what follows the provider's prefix. */
export interface Incoming {
  /** The address that it came to. */
  to: string;
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

const bodyLimit = 1_000_000;

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

export function html(status: number, title: string): Answer {
  const body = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

export function text(status: number, body: string): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

/** Reads a request to its end. Throws a RangeError when its body is larger than a megabyte. */
export async function readIncoming(request: IncomingMessage, url: URL, path: string): Promise<Incoming> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > bodyLimit) throw new RangeError('The body is larger than 1,000,000 bytes.');
    chunks.push(bytes);
  }
  return {
    to: request.socket.localAddress ?? '',
    method: request.method ?? 'GET',
    path,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

export function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    ...answer.headers,
    'content-length': String(Buffer.byteLength(answer.body)),
  });
  response.end(answer.body);
}

/** The value of a JSON text, or undefined when it is none. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function fieldText(value: unknown): string {
  if (Array.isArray(value)) return value.map(fieldText).join(',');
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return value === null || value === undefined ? '' : String(value);
}

/** The fields of a form: repeated ones (`tags[]=a&tags[]=b`) come as one, with commas. */
export function formFields(form: URLSearchParams): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const name of new Set(form.keys())) fields[name] = form.getAll(name).join(',');
  return fields;
}

/** The fields of a body, a JSON object or a form, whichever its content type says. Not an object: no fields. */
export function bodyFields({ headers, body }: Incoming): Record<string, string> {
  if (!headers['content-type']?.includes('json')) return formFields(new URLSearchParams(body));
  const value = parseJson(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, fieldText(field)]));
}

export function bearerOf(headers: IncomingHttpHeaders): string | null {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}
