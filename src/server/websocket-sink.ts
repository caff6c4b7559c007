import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Sink } from '../live/subscriber.ts';
import { textFrame } from './frame.ts';
import { watchStalled } from './stalled.ts';

/** So many bytes may wait for a client that does not read; beyond that its subscriptions are behind. */
const mostWaitingBytes = 64 * 1024;
/** How long a client that is let go has to close its connection. */
const closingMs = 10_000;
/** "Try again later": the client comes back with its cursor. */
export const tryAgainLater = 1013;

/**
 * Writes the `next` messages of one operation. Each goes to the connection in one piece, past the WebSocket's own
 * sender: where a message goes to many clients, most of the time is spent on writing.
 */
export class WebSocketSink implements Sink {
  readonly #socket: WebSocket;
  readonly #connection: Socket;
  readonly #head: string;
  #waiting: Promise<void> | null = null;
  /** How many messages it has been given. */
  sent = 0;

  /**
   * @param connection what the socket itself writes to
   * @param id the operation's
   */
  constructor(socket: WebSocket, connection: Socket, id: string) {
    this.#socket = socket;
    this.#connection = connection;
    this.#head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  }

  send(payload: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.sent += 1;
    const frame = textFrame(this.#head, payload, '}');
    const hasRoom = this.#connection.writableLength + frame.length <= mostWaitingBytes;
    if (this.#waiting || hasRoom) this.#connection.write(frame);
    else this.#waiting = this.#untilWritten(frame);
  }

  full(): Promise<void> | null {
    return this.#waiting;
  }

  #untilWritten(frame: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const endWatch = watchStalled(this.#connection, () => this.#letGo());
      this.#connection.write(frame, () => {
        endWatch();
        this.#waiting = null;
        resolve();
      });
    });
  }

  #letGo(): void {
    this.#socket.close(tryAgainLater, 'You do not read. Come back with your cursor.');
    // It does not read the farewell either.
    setTimeout(() => this.#socket.terminate(), closingMs).unref();
  }
}
