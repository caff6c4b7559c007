import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Live } from '../live/live.ts';
import type { GraphQLServer } from './graphql.ts';
import { type OperationRequest, openSubscription, prepareOperation } from './operation.ts';
import { SseSink } from './sse-sink.ts';
import type { SubscriptionCounts } from './subscription-limits.ts';

export interface SseParts {
  readonly graphql: GraphQLServer;
  readonly live: Live;
  readonly counts: SubscriptionCounts;
  readonly logger: Logger;
  readonly allowedOrigins: readonly string[];
}

const largestBody = 1024 * 1024;
/** A comment now and then keeps what stands between from taking the connection for dead. */
const heartbeatMs = 12_000;

const requestSchema = z.object({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * Subscriptions over SSE, a request for each (the "distinct connections mode" of GraphQL over SSE): `next` for every
 * answer, its id the cursor to come back with, and `complete` at the end. Everything else is the HTTP endpoint's.
 */
export function createSse({ graphql, live, counts, logger, allowedOrigins }: SseParts) {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = request.method === 'POST' ? await readBody(request) : null;
    const asked = body === null ? fromUrl(request) : fromJson(body);
    const operation = asked && (await prepareOperation(graphql, asked));
    if (!operation || !('args' in operation) || operation.execute) return passOn(request, response, body);
    const lastEventId = request.headers['last-event-id'];
    const after = typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : null;
    const opened = await openSubscription({ operation, connection: request.socket, after }, counts, logger);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      ...corsHeaders(request),
    });
    if (!('feed' in opened)) return refuse(response, opened);
    // Something at once, so that the client knows that it is heard.
    response.write(':\n\n');
    const sink = new SseSink(request.socket, response);
    const subscriber = live.subscribe(opened, sink);
    const heartbeat = setInterval(() => sink.full() ?? response.write(':\n\n'), heartbeatMs);
    response.once('close', () => subscriber.end());
    // It may have gone while its subscription was being opened.
    if (response.closed) subscriber.end();
    try {
      await subscriber.done;
    } finally {
      clearInterval(heartbeat);
      response.destroy();
    }
  }

  function corsHeaders({ headers: { origin } }: IncomingMessage): Record<string, string> {
    if (origin === undefined || !allowedOrigins.includes(origin)) return {};
    return { 'access-control-allow-origin': origin, vary: 'Origin' };
  }

  /** What is no subscription after all goes the way of every other request. */
  async function passOn(
    request: IncomingMessage,
    response: ServerResponse,
    body: string | null,
  ): Promise<void> {
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (typeof value === 'string') headers.set(name, value);
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const answer = await graphql.fetch(url, { method: request.method ?? 'GET', headers, body });
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body) await pipeline(Readable.from(answer.body), response);
    else response.end();
  }

  return serve;
}

export type Sse = ReturnType<typeof createSse>;

/** Whether a request may be one for a subscription over SSE. */
export function wantsEvents({ method, headers }: IncomingMessage): boolean {
  if (!headers.accept?.toLowerCase().includes('text/event-stream')) return false;
  return (
    method === 'GET' ||
    (method === 'POST' && headers['content-type']?.toLowerCase().includes('application/json') === true)
  );
}

function fromUrl({ url = '' }: IncomingMessage): OperationRequest | null {
  const parameters = new URL(url, 'http://localhost').searchParams;
  const variables = parameters.get('variables');
  const told = {
    query: parameters.get('query'),
    operationName: parameters.get('operationName'),
    variables: variables === null ? null : parseJson(variables),
  };
  return requestSchema.safeParse(told).data ?? null;
}

function fromJson(body: string): OperationRequest | null {
  return requestSchema.safeParse(parseJson(body)).data ?? null;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    // What is larger is cut off, and so no JSON.
    if (size > largestBody) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function refuse(response: ServerResponse, errors: readonly GraphQLError[]): void {
  response.end(`event: next\ndata: ${JSON.stringify({ errors })}\n\nevent: complete\ndata:\n\n`);
}
