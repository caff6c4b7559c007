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
 * - halted: what it listens to is about to be another; all that is kept of it is its place in the feed;
 * - ended.
 * behind → live when it has caught up; live → waiting when its sink is full; waiting → behind when it no longer is;
 * halted → behind in another group.
 */
export class Subscriber implements Member {
  readonly #parts: SubscriberParts;
  readonly #done = Promise.withResolvers<void>();
  #group: Group;
  #isEnded = false;
  /** Its own way forward; null: it is live, halted or ended. */
  #reader: FeedReader | null = null;
  /** Up to where it has been told for sure; null: it is still to be told what its feed begins with. */
  #position: Position | null = null;
  #wake = () => {};

  constructor(parts: SubscriberParts, start: FeedReader) {
    this.#parts = parts;
    this.#group = parts.group;
    this.#goOn(start);
  }

  /** Resolves when it has ended. Rejects with what its feed could not be read for. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** @param error null: its client has had enough */
  end(error: unknown = null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stop();
    this.#parts.onEnd();
    if (error === null) this.#done.resolve();
    else this.#done.reject(error);
  }

  /** How many entries of its feed it has yet to go through; null: it has caught up. */
  lag(): number | null {
    return this.#reader && Math.max(0, this.#group.feed.head() - this.#reader.position.seq);
  }

  /** What its group tells. Of what it had been told before it joined it is not told again. */
  deliver(told: Told, payload: Buffer): boolean {
    const seq = this.#position?.seq ?? 0;
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
    this.#group.leave(this);
    if (this.#position) this.#goOn(this.#group.feed.from(this.#position));
  }

  /**
   * Nothing more is told until it is resumed. What is being read or executed for it now is dropped: it comes again then.
   * @returns where to go on; null: at the beginning of its feed
   */
  halt(): Position | null {
    this.#position = this.#place();
    this.#stop();
    return this.#position;
  }

  /** After `halt`: it goes on in another group. @param reader opened where it was halted */
  resume(group: Group, reader: FeedReader): void {
    this.#group = group;
    this.#goOn(reader);
  }

  /** Behind all that it has been told, and all that there was nothing in for it. */
  #place(): Position | null {
    if (this.#reader) return this.#reader.isIdle ? this.#reader.position : this.#position;
    const { place } = this.#group;
    return place && !place.told && place.seq > (this.#position?.seq ?? 0) ? place : this.#position;
  }

  #stop(): void {
    this.#reader?.end();
    this.#reader = null;
    this.#group.leave(this);
    this.#wake();
  }

  #goOn(reader: FeedReader): void {
    this.#reader = reader;
    this.#follow(reader).catch((error: unknown) => {
      // What is no longer read may fail as it likes.
      if (this.#reader === reader) this.end(error);
    });
  }

  /** Reads its own way forward until its group has taken it in. */
  async #follow(reader: FeedReader): Promise<void> {
    try {
      for (;;) {
        if (reader.isSteady) this.#position = reader.position;
        await this.#until(reader, this.#parts.sink.full());
        if (this.#reader !== reader) return;
        const told = await reader.poll();
        if (this.#reader !== reader) return;
        if (told) await this.#tell(told, reader);
        else if (this.#join(reader)) return;
        else await this.#until(reader, reader.news(), this.#group.settled());
        if (this.#reader !== reader) return;
      }
    } finally {
      reader.end();
    }
  }

  async #tell(told: Told, reader: FeedReader): Promise<void> {
    const payload = await this.#group.execute(told);
    if (this.#reader !== reader) return;
    this.#parts.sink.send(payload, told.cursor);
    this.#position = told.position;
    this.#parts.hooks.onDelivery(told, 1);
  }

  #join({ position }: FeedReader): boolean {
    if (!this.#group.join(this, position)) return false;
    this.#position = position;
    this.#reader = null;
    return true;
  }

  /** Resolves with the first of them, or when a reader is no longer its own; nothing of it stays behind with those that last. */
  async #until(reader: FeedReader, ...moments: readonly (Promise<void> | null)[]): Promise<void> {
    const awaited = moments.filter((moment) => moment !== null);
    if (awaited.length === 0 || this.#reader !== reader) return;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      for (const moment of awaited) moment.then(resolve, reject);
    });
  }
}
