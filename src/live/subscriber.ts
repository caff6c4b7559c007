import type { Position } from './cursor.ts';
import type { FeedReader, Told } from './feed.ts';
import type { Group, Member } from './group.ts';
import type { LiveHooks } from './hooks.ts';

/** Where a subscriber's events go. */
export interface Sink {
  /** @param payload the answer as JSON, in UTF-8; many sinks share it */
  send(payload: Buffer, cursor: string | null): void;
  /** Resolves once it can take more; null: it can now. Never, where it has been closed. */
  full(): Promise<void> | null;
}

export interface SubscriberParts {
  readonly group: Group;
  readonly sink: Sink;
  readonly hooks: LiveHooks;
  /** Is called once. */
  readonly onEnd: () => void;
}

/**
 * One subscription at work. It is in one of these states:
 * - waiting: its sink is full; all that is kept of it is its place in the feed;
 * - behind: it reads its own way forward in the feed, as fast as its sink takes it;
 * - live: it has caught up, and its group tells it;
 * - ended.
 * behind → live when it has caught up; live → waiting when its sink is full; waiting → behind when it no longer is.
 */
export class Subscriber implements Member {
  readonly #parts: SubscriberParts;
  readonly #done = Promise.withResolvers<void>();
  #isEnded = false;
  /** Its own way forward; null: it is live. */
  #reader: FeedReader | null;
  /** Up to where it has been told, since it has caught up. */
  #position: Position = { seq: 0 };
  #wake = () => {};

  constructor(parts: SubscriberParts, start: FeedReader) {
    this.#parts = parts;
    this.#reader = start;
    this.#follow(start).catch((error: unknown) => this.#end(error));
  }

  /** Resolves when it has ended. Rejects with what its feed could not be read for. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  end(): void {
    this.#end(null);
  }

  /** How many entries of its feed it has yet to go through; null: it has caught up. */
  lag(): number | null {
    return this.#reader && Math.max(0, this.#parts.group.feed.head() - this.#reader.position.seq);
  }

  /** What its group tells. Of what it had been told before it joined it is not told again. */
  deliver(told: Told, payload: Buffer): boolean {
    const { seq } = this.#position;
    if (told.last <= seq) return false;
    // Steps merged with some that it has been told, or told in one piece with such: it reads on by itself.
    if (told.first <= seq || told.position.seq < seq) {
      this.leave();
      return false;
    }
    this.#parts.sink.send(payload, told.cursor);
    this.#position = told.position;
    if (this.#parts.sink.full()) this.leave();
    return true;
  }

  /** Its group can tell it no more: it goes on by itself from where it is. */
  leave(): void {
    this.#parts.group.leave(this);
    this.#reader = this.#parts.group.feed.from(this.#position);
    this.#follow(this.#reader).catch((error: unknown) => this.#end(error));
  }

  /** Reads its own way forward until its group has taken it in. */
  async #follow(reader: FeedReader): Promise<void> {
    try {
      while (!this.#isEnded) {
        await this.#until(this.#parts.sink.full());
        if (this.#isEnded) return;
        const told = await reader.poll();
        if (told) await this.#tell(told);
        else if (this.#join(reader)) return;
        else await this.#until(reader.news(), this.#parts.group.settled());
      }
    } finally {
      reader.end();
    }
  }

  async #tell(told: Told): Promise<void> {
    const payload = await this.#parts.group.execute(told);
    if (this.#isEnded) return;
    this.#parts.sink.send(payload, told.cursor);
    this.#parts.hooks.onDelivery(told, 1);
  }

  #join({ position }: FeedReader): boolean {
    if (this.#isEnded || !this.#parts.group.join(this, position)) return false;
    this.#position = position;
    this.#reader = null;
    return true;
  }

  /** Resolves with the first of them, or when it is ended; nothing of it stays behind with those that last. */
  async #until(...moments: readonly (Promise<void> | null)[]): Promise<void> {
    const awaited = moments.filter((moment) => moment !== null);
    if (awaited.length === 0 || this.#isEnded) return;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      for (const moment of awaited) moment.then(resolve, reject);
    });
  }

  /** @param error null: its client has had enough */
  #end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#parts.group.leave(this);
    this.#wake();
    this.#parts.onEnd();
    if (error === null) this.#done.resolve();
    else this.#done.reject(error);
  }
}
