import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExecutionArgs, GraphQLError } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { withoutHttp } from '../graphql/errors.ts';
import type { Live } from '../live/live.ts';
import type { Sink } from '../live/subscriber.ts';
import type { GraphQLServer } from './graphql.ts';
import { type Operation, openSubscription, prepareOperation } from './operation.ts';
import { type AccessRules, isAllowed } from './origin.ts';
import { pathOf } from './path.ts';

export interface WebSocketParts extends AccessRules {
  readonly graphql: GraphQLServer;
  readonly live: Live;
  readonly logger: Logger;
}

/** Largest message a client may send. */
const maxPayload = 1024 * 1024;
/** How long clients have for closing their connections. */
const closingMs = 2_000;
/** So many bytes may wait for a client that does not read; beyond that its subscriptions are behind. */
const mostWaitingBytes = 256 * 1024;
/** A client that has not read anything for so long, while it is behind, is let go. */
const patienceMs = 60_000;
/** "Try again later": the client comes back with its cursor. */
const tryAgainLater = 1013;

/** An operation, and where its answers go. */
interface Asked {
  readonly operation: Operation;
  readonly socket: WebSocket;
  readonly id: string;
}

/**
 * GraphQL over WebSocket (graphql-transport-ws) at the path of the HTTP endpoint, through the same pipeline. graphql-ws
 * keeps the protocol; the answers of subscriptions are written by their subscribers.
 * @returns a function that closes all connections
 */
export function serveWebSocket(server: Server, { graphql, live, logger, ...access }: WebSocketParts) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload });
  const prepared = new WeakMap<ExecutionArgs, Asked>();
  const askedWith = (args: ExecutionArgs): Asked => {
    const asked = prepared.get(args);
    if (!asked) throw new Error('An operation was not prepared.');
    return asked;
  };

  async function prepare(socket: WebSocket, id: string, payload: SubscribePayload) {
    const operation = await prepareOperation(graphql, payload);
    if (!('args' in operation)) return operation;
    prepared.set(operation.args, { operation, socket, id });
    return operation.args;
  }

  async function subscribe(args: ExecutionArgs) {
    const { operation, socket, id } = askedWith(args);
    const opened = await openSubscription(operation, logger);
    if (!('feed' in opened)) return { errors: opened };
    // An iterator that yields nothing: it begins when graphql-ws does, and ends when the client leaves.
    let subscriber: ReturnType<Live['subscribe']> | null = null;
    const nothing: AsyncIterableIterator<never> = {
      [Symbol.asyncIterator]: () => nothing,
      async next() {
        subscriber = live.subscribe(opened, sinkOf(socket, id));
        await subscriber.done;
        return { done: true, value: undefined };
      },
      async return() {
        subscriber?.end();
        return { done: true, value: undefined };
      },
    };
    return nothing;
  }

  const graphqlWs = useServer(
    {
      // Not the upgrade's request: it is a GET, and mutations are refused to those.
      onSubscribe: ({ extra }, id, payload) => prepare(extra.socket, id, payload),
      onNext: (_context, _id, _payload, _args, { data, errors, extensions }) =>
        errors && {
          errors: errors.map(format),
          ...(data !== undefined && { data }),
          ...(extensions && { extensions }),
        },
      onError: (_context, _id, _payload, errors) => errors.map(format),
      execute: (args) => askedWith(args).operation.execute(),
      subscribe,
    },
    sockets,
  );

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A client that is gone before it is refused is no reason to end the process.
    socket.on('error', () => socket.destroy());
    if (pathOf(request) !== '/graphql') return refuse(socket, '404 Not Found');
    if (!isAllowed(request, access)) return refuse(socket, '403 Forbidden');
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      sockets.emit('connection', webSocket, request),
    );
  };
  server.on('upgrade', upgrade);

  return async () => {
    server.off('upgrade', upgrade);
    // Who does not read does not answer to being closed either.
    const impatience = setTimeout(() => {
      for (const client of sockets.clients) client.terminate();
    }, closingMs);
    await graphqlWs.dispose();
    clearTimeout(impatience);
  };
}

/** Writes the `next` messages of one operation. */
function sinkOf(socket: WebSocket, id: string): Sink {
  const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  let waiting: Promise<void> | null = null;

  function untilWritten(frame: string): Promise<void> {
    return new Promise((resolve) => {
      const impatience = setTimeout(() => letGo(socket), patienceMs);
      socket.send(frame, () => {
        clearTimeout(impatience);
        waiting = null;
        resolve();
      });
    });
  }

  return {
    send(payload) {
      if (socket.readyState !== socket.OPEN) return;
      const frame = `${head}${payload}}`;
      if (waiting || socket.bufferedAmount + frame.length <= mostWaitingBytes) socket.send(frame);
      else waiting = untilWritten(frame);
    },
    full: () => waiting,
  };
}

function letGo(socket: WebSocket): void {
  socket.close(tryAgainLater, 'You do not read. Come back with your cursor.');
  // It does not read the farewell either.
  setTimeout(() => socket.terminate(), closingMs).unref();
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function format(error: GraphQLError) {
  return withoutHttp(error).toJSON();
}
