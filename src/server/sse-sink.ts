import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Sink } from '../live/subscriber.ts';
import { watchStalled } from './stalled.ts';

const blankLine = Buffer.from('\n\n');

/** Writes the `next` events of one operation; each one's id is the cursor to come back with. */
export class SseSink implements Sink {
  readonly #connection: Socket;
  readonly #response: ServerResponse;
  #waiting: Promise<void> | null = null;
  /** How many events it has been given. */
  sent = 0;

  /** @param connection what the response is written to */
  constructor(connection: Socket, response: ServerResponse) {
    this.#connection = connection;
    this.#response = response;
  }

  send(payload: Buffer, cursor: string | null): void {
    this.sent += 1;
    const id = cursor === null ? '' : `id: ${cursor}\n`;
    const head = Buffer.from(`${id}event: next\ndata: `);
    const hasRoom = this.#response.write(Buffer.concat([head, payload, blankLine]));
    if (!hasRoom && !this.#response.destroyed) this.#waiting ??= this.#untilDrained();
  }

  full(): Promise<void> | null {
    return this.#waiting;
  }

  #untilDrained(): Promise<void> {
    const response = this.#response;
    return new Promise((resolve) => {
      const endWatch = watchStalled(this.#connection, () => response.destroy());
      const done = () => {
        endWatch();
        response.off('drain', done).off('close', done);
        this.#waiting = null;
        resolve();
      };
      response.on('drain', done).on('close', done);
    });
  }
}
