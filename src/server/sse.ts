import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import type { Grant } from '../access/grant.ts';
import type { Viewer } from '../graphql/context.ts';
import { bodyTooLarge } from '../graphql/errors.ts';
import type { Live } from '../live/live.ts';
import { apart } from '../tracing/work.ts';
import type { Door } from './door.ts';
import type { GraphQLServer } from './graphql.ts';
import { type OpeningParts, openSubscription, prepareOperation } from './operation.ts';
import { type PersistedDocuments, withDocument } from './persisted.ts';
import { refusal, refuse, unauthenticated } from './refuse.ts';
import type { OperationRequest } from './request.ts';
import type { RequestLog } from './request-log.ts';
import type { Limits } from './settings.ts';
import { SseSink } from './sse-sink.ts';
import { watchStalled } from './stalled.ts';

export interface SseParts extends OpeningParts {
  readonly graphql: GraphQLServer;
  readonly door: Door;
  readonly live: Live;
  readonly persisted: PersistedDocuments | null;
  readonly limits: Pick<Limits, 'bodyBytes' | 'operationSeconds'>;
  readonly requests: RequestLog;
}

/** A comment now and then keeps what stands between from taking the connection for dead. */
const heartbeatMs = 12_000;

const requestSchema = z.object({
  // It may be named by its id instead.
  query: z.string().default(''),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  extensions: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * Subscriptions over SSE, a request for each (the "distinct connections mode" of GraphQL over SSE): `next` for every
 * answer, its id the cursor to come back with, and `complete` at the end. Everything else is the HTTP endpoint's.
 */
export function createSse(parts: SseParts) {
  const { graphql, door, live, persisted, limits, requests } = parts;

  /** @param grant what the request was let in by */
  async function serve(request: IncomingMessage, response: ServerResponse, grant: Grant): Promise<void> {
    const body = request.method === 'POST' ? await readBody(request, limits.bodyBytes) : null;
    if (body instanceof GraphQLError) return refuse(response, body, 413);
    // It may have taken a while to come in whole.
    const viewerNow = () => door.viewerNow(grant);
    const viewer = viewerNow();
    if (!viewer) return refuse(response, unauthenticated());
    const asked = body === null ? fromUrl(request) : fromJson(body);
    const whole = asked && withDocument(asked, persisted);
    const operation =
      whole && !(whole instanceof GraphQLError) && (await prepareOperation(graphql, whole, viewer));
    if (!operation || !('args' in operation) || operation.execute)
      return passOn(request, response, body, viewerNow);
    const lastEventId = request.headers['last-event-id'];
    const after = typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : null;
    const log = requests.subscription(operation.args);
    let leave: () => void = () => response.destroy();
    const end = door.begin(grant, () => leave());
    response.once('close', () => end?.());
    // It may have gone while it was signing in.
    if (response.closed) end?.();
    const opened = end
      ? await openSubscription({ operation, connection: request.socket, after, viewerNow }, parts)
      : [tooManyConnections()];
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    if (!('feed' in opened)) {
      log.refused(opened);
      return tell(response, opened);
    }
    log.opened();
    // Something at once, so that the client knows that it is heard.
    response.write(':\n\n');
    const sink = new SseSink(request.socket, response);
    const subscriber = apart(() => live.subscribe(opened, sink));
    leave = () => subscriber.end();
    const heartbeat = setInterval(() => sink.full() ?? response.write(':\n\n'), heartbeatMs);
    response.once('close', () => subscriber.end());
    // Or while its subscription was being opened.
    if (response.closed) subscriber.end();
    try {
      await subscriber.done;
    } catch (error) {
      response.destroy();
      throw error;
    } finally {
      clearInterval(heartbeat);
      log.ended(sink.sent);
    }
    if (response.closed) return;
    // Who does not read does not let it end either.
    const endWatch = watchStalled(request.socket, () => response.destroy());
    response.once('close', endWatch);
    response.end();
  }

  /** What is no subscription after all goes the way of every other request. */
  async function passOn(
    request: IncomingMessage,
    response: ServerResponse,
    body: string | null,
    viewer: () => Viewer | null,
  ): Promise<void> {
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (typeof value === 'string') headers.set(name, value);
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const answer = await graphql.fetch(url, { method: request.method ?? 'GET', headers, body }, { viewer });
    // Yoga lets an answer in the form of events be kept.
    response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), 'cache-control': 'no-store' });
    if (!answer.body) return void response.end();
    await pipeline(Readable.from(answer.body), response).catch((error: unknown) => {
      // A client that has left.
      if (!response.destroyed || response.writableFinished) throw error;
    });
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
  const [variables, extensions] = [parameters.get('variables'), parameters.get('extensions')];
  const told = {
    query: parameters.get('query') ?? undefined,
    operationName: parameters.get('operationName'),
    variables: variables === null ? null : parseJson(variables),
    extensions: extensions === null ? null : parseJson(extensions),
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

async function readBody(request: IncomingMessage, largest: number): Promise<string | GraphQLError> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    chunks.push(chunk);
    if (size > largest) return refusal('LIMIT_EXCEEDED', bodyTooLarge);
  }
  return Buffer.concat(chunks).toString();
}

function tooManyConnections(): GraphQLError {
  const message = 'This token has too many connections (limits.connectionsPerToken). Close one first.';
  return refusal('LIMIT_EXCEEDED', message);
}

function tell(response: ServerResponse, errors: readonly GraphQLError[]): void {
  response.end(`event: next\ndata: ${JSON.stringify({ errors })}\n\nevent: complete\ndata:\n\n`);
}
