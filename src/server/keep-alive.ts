import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { takenBytes } from './stalled.ts';

const pingMs = 12_000;
/** A ping is read after all that was written before it. With no more than this before it, it is answered at once. */
const littleBytes = 64 * 1024;
/** So many pings in a row may go unanswered by a client that has more to read first. */
const mostUnanswered = 5;

/**
 * Pings a client every 12 s, and ends its connection when it does not answer: after 12 s, or after a minute where it has
 * much to read before the ping. Unlike the pings of graphql-ws this leaves those who are slow, but read, in peace.
 */
export function keepAlive(socket: WebSocket, connection: Socket): void {
  let unanswered = 0;
  let written = connection.bytesWritten;
  let taken = 0;
  let isWaiting = false;
  /** How many times in a row nothing had been taken of much that waits. */
  let stalled = 0;

  function ping(): void {
    const takenNow = takenBytes(connection);
    // With nothing waiting, bytes are taken by the system alone, and say nothing of the client.
    if (isWaiting && takenNow > taken) unanswered = 0;
    stalled = isWaiting && takenNow === taken ? stalled + 1 : 0;
    taken = takenNow;
    isWaiting = connection.writableLength > 0;
    // It is behind, and can't have read a ping yet. Its subscriptions end it within a minute, if it has any.
    if (connection.writableLength > littleBytes) {
      unanswered = 0;
      if (stalled > mostUnanswered) socket.terminate();
      return;
    }
    const isPatient = connection.bytesWritten - written > littleBytes;
    if (unanswered < (isPatient ? mostUnanswered : 1)) {
      unanswered += 1;
      socket.ping();
    } else {
      socket.terminate();
    }
  }

  const timer = setInterval(ping, pingMs);
  socket.on('pong', () => {
    unanswered = 0;
    written = connection.bytesWritten;
  });
  socket.on('close', () => clearInterval(timer));
}
