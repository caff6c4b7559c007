import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import {
  attributesOf,
  createOperationLog,
  fieldsOf,
  type OperationArgs,
  type OperationLog,
  operationOf,
  stopwatch,
} from '../tracing/operations.ts';
import type { Span, SpanStart, Tracing } from '../tracing/span.ts';
import { during, type Work, workAtHand } from '../tracing/work.ts';
import { pathOf } from './path.ts';

const longestPath = 200;

/** Tells of every request and every operation: in a line of the log, and in spans (docs/operations.md). */
export function createRequestLog({
  logger,
  tracing,
}: {
  readonly logger: Logger;
  readonly tracing: Tracing;
}) {
  return {
    /** Runs what answers a request over HTTP; it is told of once the answer has gone out, or the client has. */
    http<T>(request: IncomingMessage, response: ServerResponse, answer: () => T): T {
      const { method = '', headers, socket } = request;
      const { path, route, isProbe } = shown(request);
      const span = isProbe ? null : tracing.begin(startOf(method, path, route), textOf(headers.traceparent));
      const work = workOf(requestIdOf(request), span);
      const elapsed = stopwatch();
      const bytesBefore = socket.bytesWritten;
      response.setHeader('x-request-id', work.requestId);

      response.once('close', () => {
        const isAborted = !response.writableFinished;
        const status = response.headersSent ? response.statusCode : null;
        endSpans(work, span, status, isAborted);
        const level = isProbe && !isAborted && (status ?? 500) < 400 ? 'debug' : 'info';
        if (!logger.isLevelEnabled(level)) return;
        const bytes = socket.bytesWritten - bytesBefore;
        const told = { method, path, status, ms: elapsed(), bytes, ...(isAborted && { aborted: true }) };
        logger[level]({ ...told, ...fieldsOf(work, span) }, 'request');
      });
      return during(work, answer);
    },

    /**
     * Begins an operation over WebSocket.
     * @param connection the request that the connection began with
     * @param who the name of its grant
     * @param args null: there is nothing to be run, as the operation is refused
     */
    operation(connection: IncomingMessage, who: string, args: OperationArgs | null): OperationLog {
      const operation = args && operationOf(args);
      const attributes = { 'network.protocol.name': 'websocket', ...attributesOf(operation) };
      const span = tracing.begin({ name: operation?.type ?? 'operation', kind: 'server', attributes });
      const work = { ...workOf(operationIdOf(connection), span), who, operation };
      return createOperationLog(logger, work, span, 'websocket');
    },

    /** Begins a subscription over SSE, within the request that it came by. */
    subscription(args: OperationArgs): OperationLog {
      const work = workAtHand() ?? workOf(randomUUID(), null);
      work.operation = operationOf(args);
      work.span?.set(attributesOf(work.operation));
      return createOperationLog(logger, work, work.span, 'sse');
    },
  };
}

export type RequestLog = ReturnType<typeof createRequestLog>;

function workOf(requestId: string, span: Span | null): Work {
  return { requestId, who: null, operation: null, errors: 0, span };
}

function startOf(method: string, path: string, route: string | null): SpanStart {
  return {
    name: route === null ? method : `${method} ${route}`,
    kind: 'server',
    attributes: {
      'http.request.method': method,
      'url.path': path,
      'url.scheme': 'http',
      ...(route !== null && { 'http.route': route }),
    },
  };
}

function endSpans(work: Work, span: Span | null, status: number | null, isAborted: boolean): void {
  if (!span) return;
  // An operation that nobody waits for any more may never be told as done.
  if (work.span !== span) work.span?.end('aborted');
  if (status !== null) span.set({ 'http.response.status_code': status });
  const isFault = status !== null && status >= 500;
  span.end(isFault ? String(status) : isAborted ? 'aborted' : undefined);
}

const webhook = /^\/webhooks\/([^/]*).*$/s;
const routes: ReadonlySet<string> = new Set(['/', '/graphql', '/metrics', '/health/live', '/health/ready']);
/** They are asked for every few seconds. */
const probes: ReadonlySet<string> = new Set(['/metrics', '/health/live', '/health/ready']);

/** The path as it may be told: a webhook's ends in a secret, and one with a slip in it is a secret still. */
function shown(request: IncomingMessage) {
  const path = pathOf(request);
  const known = routes.has(path) ? path : null;
  return {
    path: path.replace(webhook, '/webhooks/$1/…').slice(0, longestPath),
    route: webhook.test(path) ? '/webhooks/{account}/{secret}' : known,
    isProbe: probes.has(path),
  };
}

/** What the client calls it, or somebody between; made here where that makes no sense. */
function requestIdOf({ headers }: IncomingMessage): string {
  const told = textOf(headers['x-request-id']) ?? '';
  return /^[\x21-\x7e]{1,100}$/.test(told) ? told : randomUUID();
}

const connections = new WeakMap<IncomingMessage, { readonly id: string; operations: number }>();

/** The connection's, and how manieth of its operations this is: `<id>.<number>`. */
function operationIdOf(connection: IncomingMessage): string {
  const known = connections.get(connection) ?? { id: requestIdOf(connection), operations: 0 };
  connections.set(connection, known);
  known.operations += 1;
  return `${known.id}.${known.operations}`;
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
