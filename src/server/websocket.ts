import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import { CloseCode, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import { withoutHttp } from '../graphql/errors.ts';
import type { Live } from '../live/live.ts';
import type { Subscriber } from '../live/subscriber.ts';
import type { OperationLog } from '../tracing/operations.ts';
import { type Connection, serveConnection } from './connection.ts';
import type { Door } from './door.ts';
import type { GraphQLServer } from './graphql.ts';
import { keepAlive } from './keep-alive.ts';
import { type OpeningParts, type Operation, openSubscription, prepareOperation } from './operation.ts';
import { type AccessRules, isAllowed } from './origin.ts';
import { pathOf } from './path.ts';
import { type PersistedDocuments, withDocument } from './persisted.ts';
import { unauthenticated } from './refuse.ts';
import type { RequestLog } from './request-log.ts';
import type { Limits } from './settings.ts';
import { tryAgainLater, WebSocketSink } from './websocket-sink.ts';

export interface WebSocketParts extends AccessRules, OpeningParts {
  readonly graphql: GraphQLServer;
  readonly door: Door;
  readonly live: Live;
  readonly persisted: PersistedDocuments | null;
  readonly limits: Pick<Limits, 'messageBytes' | 'operationSeconds'>;
  readonly requests: RequestLog;
}

/** "Going away": clients come back. */
const goingAway = 1001;
/** How long clients have for closing their connections. */
const closingMs = 2_000;

/** An operation, and where its answers go. */
interface Asked {
  readonly operation: Operation;
  readonly connection: Connection;
  readonly id: string;
  readonly log: OperationLog;
}

/**
 * GraphQL over WebSocket (graphql-transport-ws) at the path of the HTTP endpoint, through the same pipeline. graphql-ws
 * keeps the protocol; the answers of subscriptions are written by their subscribers.
 * @returns a function that closes all connections
 */
export function serveWebSocket(server: Server, parts: WebSocketParts) {
  const { graphql, door, live, persisted, limits, requests, logger } = parts;
  const { messageBytes: maxPayload } = limits;
  const sockets = new WebSocketServer({ noServer: true, maxPayload, handleProtocols });
  const prepared = new WeakMap<ExecutionArgs, Asked>();
  const askedWith = (args: ExecutionArgs): Asked => {
    const asked = prepared.get(args);
    if (!asked) throw new Error('An operation was not prepared.');
    return asked;
  };

  async function prepare(connection: Connection, id: string, payload: SubscribePayload) {
    const { grant } = connection;
    if (!grant) throw new Error('An operation got past the door without signing in.');
    const refuse = (errors: readonly GraphQLError[]) => {
      requests.operation(connection.request, grant.name, null).refused(errors);
      return errors;
    };
    const refused = await door.count(grant);
    if (refused) return refuse([refused]);
    const request = withDocument(payload, persisted);
    if (request instanceof GraphQLError) return refuse([request]);
    const viewer = door.viewerNow(grant);
    if (!viewer) return refuse([unauthenticated()]);
    const operation = await prepareOperation(graphql, request, viewer);
    if (!('args' in operation)) return refuse(operation);
    const log = requests.operation(connection.request, grant.name, operation.args);
    prepared.set(operation.args, { operation, connection, id, log });
    return operation.args;
  }

  /** @returns false: it is closed with 4403 */
  async function letIn(connection: Connection, payload: Readonly<Record<string, unknown>> | undefined) {
    const { socket, request } = connection;
    const authorization = typeof payload?.authorization === 'string' ? payload.authorization : undefined;
    const grant = await door.signIn(authorization, request);
    if (!('id' in grant)) return false;
    const end = door.begin(grant, (why) => {
      if (why === 'forbidden') socket.close(CloseCode.Forbidden, 'Forbidden');
      else socket.close(goingAway, 'Going away');
    });
    if (!end) {
      socket.close(tryAgainLater, 'Too many connections');
      return false;
    }
    socket.once('close', end);
    if (socket.readyState !== socket.OPEN) end();
    connection.grant = grant;
    return true;
  }

  async function execute(args: ExecutionArgs) {
    const { operation, log } = askedWith(args);
    try {
      return await log.during(() => operation.execute?.());
    } finally {
      log.ended();
    }
  }

  async function subscribe(args: ExecutionArgs) {
    const { operation, connection, id, log } = askedWith(args);
    const { socket, request } = connection;
    const viewerNow = () => connection.grant && door.viewerNow(connection.grant);
    const opening = { operation, connection: socket, viewerNow };
    const opened = await log.during(() => openSubscription(opening, parts));
    if (!('feed' in opened)) {
      log.refused(opened);
      return { errors: opened };
    }
    log.opened();
    const sink = new WebSocketSink(socket, request.socket, id);
    const onEnd = () => {
      opened.onEnd();
      log.ended(sink.sent);
    };
    return silence(() => live.subscribe({ ...opened, onEnd }, sink));
  }

  const protocol = makeServer<Record<string, unknown>, Connection>({
    onConnect: ({ extra, connectionParams }) => letIn(extra, connectionParams),
    // Not the upgrade's request: it is a GET, and mutations are refused to those.
    onSubscribe: ({ extra }, id, payload) => prepare(extra, id, payload),
    onNext: (_context, _id, _payload, _args, { data, errors, extensions }) =>
      errors && {
        errors: errors.map(format),
        ...(data !== undefined && { data }),
        ...(extensions && { extensions }),
      },
    onError: (_context, _id, _payload, errors) => errors.map(format),
    execute,
    subscribe,
  });

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A client that is gone before it is refused is no reason to end the process.
    socket.on('error', () => socket.destroy());
    if (pathOf(request) !== '/graphql') return refuseUpgrade(socket, '404 Not Found');
    if (!isAllowed(request, parts)) return refuseUpgrade(socket, '403 Forbidden');
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      keepAlive(webSocket, request.socket);
      serveConnection(protocol, webSocket, request, logger);
    });
  };
  server.on('upgrade', upgrade);

  return async () => {
    server.off('upgrade', upgrade);
    for (const client of sockets.clients) client.close(goingAway, 'Going away');
    // Who does not read does not answer to being closed either.
    const impatience = setTimeout(() => {
      for (const client of sockets.clients) client.terminate();
    }, closingMs);
    await new Promise((resolve) => sockets.close(resolve));
    clearTimeout(impatience);
  };
}

/**
 * An iterator that yields nothing: what is subscribed begins when graphql-ws first asks, and ends when the client leaves.
 */
function silence(subscribe: () => Subscriber): AsyncIterableIterator<never> {
  const end = { done: true, value: undefined } as const;
  // Let go of once it has been called: what it needs is large, and a subscription may last.
  let begin: typeof subscribe | null = subscribe;
  let subscriber: Subscriber | null = null;

  function subscribed(): Subscriber | null {
    subscriber ??= begin?.() ?? null;
    begin = null;
    return subscriber;
  }

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      await subscribed()?.done;
      return end;
    },
    async return() {
      subscribed()?.end();
      return end;
    },
  };
}

function refuseUpgrade(socket: Duplex, status: string): void {
  // Else a client that does not close its end would keep the socket.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function format(error: GraphQLError) {
  return withoutHttp(error).toJSON();
}
