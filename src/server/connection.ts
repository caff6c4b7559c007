import type { IncomingMessage } from 'node:http';
import { CloseCode, type Server } from 'graphql-ws';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { Grant } from '../access/grant.ts';
import { inTurn } from './messages.ts';

/** What operations are told of the connection that they came over. */
export interface Connection {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** What it was let in by; null: it has not signed in yet. */
  grant: Grant | null;
}

/** "Message too big" (RFC 6455). */
const tooLarge = 1009;
/** While so much waits for a client to read it, nothing more that it says is read: each word of it may have an answer. */
const mostWaitingBytes = 64 * 1024;
/** What a client may say before it has signed in. */
const largestGreeting = 64 * 1024;

/** Serves one connection by graphql-ws' protocol. */
export function serveConnection(
  protocol: Server<Connection>,
  socket: WebSocket,
  request: IncomingMessage,
  logger: Logger,
): void {
  function failed(error: unknown): void {
    logger.error({ err: error }, 'a message over WebSocket failed in a way nobody foresaw');
    socket.close(CloseCode.InternalServerError, 'Internal server error');
  }

  const connection: Connection = { socket, request, grant: null };

  function waitForReader(): void {
    if (socket.isPaused || request.socket.writableLength <= mostWaitingBytes) return;
    socket.pause();
    request.socket.once('drain', () => socket.resume());
  }

  // Each ping has its answer, too.
  socket.on('ping', waitForReader);
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (data) =>
        new Promise((resolve) => {
          // A client that is gone has no use for it.
          if (socket.readyState === socket.OPEN) socket.send(data, () => resolve());
          else resolve();
        }),
      close: (code, reason) => socket.close(code, reason),
      onMessage(handle) {
        const dispatch = inTurn(handle, (why) => socket.close(CloseCode.BadRequest, why), failed);
        socket.on('message', (data) => {
          // A client that is shown out may take its time to leave, and has nothing to say any more.
          if (socket.readyState !== socket.OPEN) return;
          const text = String(data);
          if (!connection.grant && text.length > largestGreeting)
            return socket.close(tooLarge, 'Sign in first, in fewer words');
          dispatch(text).catch(failed);
          waitForReader();
        });
      },
    },
    connection,
  );
  // A frame that is malformed, or a client that is gone: the socket is closed by itself.
  socket.on('error', (error) => logger.debug({ err: error }, 'a WebSocket failed'));
  socket.on('close', (code, reason) => {
    Promise.resolve(closed(code, String(reason))).catch(failed);
  });
}
