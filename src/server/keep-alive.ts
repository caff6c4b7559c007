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

  function ping(): void {
    const takenNow = takenBytes(connection);
    // With nothing waiting, bytes are taken by the system alone, and say nothing of the client.
    if (isWaiting && takenNow > taken) unanswered = 0;
    taken = takenNow;
    isWaiting = connection.writableLength > 0;
    // It is behind: how long that may last is not for pings to say, which it can't even have read yet.
    if (connection.writableLength > littleBytes) {
      unanswered = 0;
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
