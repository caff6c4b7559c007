import type { Position } from './cursor.ts';
import type { Feed, FeedReader, Told } from './feed.ts';
import type { Group, Member } from './group.ts';
import type { LiveHooks } from './hooks.ts';

/** Where a subscriber's events go. */
export interface Sink {
  /** @param payload the answer as JSON */
  send(payload: string, cursor: string | null): void;
  /** Resolves once it can take more; null: it can now. Never, where it has been closed. */
  full(): Promise<void> | null;
}

export interface SubscriberParts {
  readonly feed: Feed;
  readonly group: Group;
  readonly sink: Sink;
  readonly hooks: LiveHooks;
  readonly now: () => number;
}

/**
 * One subscription at work. It is in one of these states:
 * - behind: it reads its own way forward in the feed, as fast as its sink takes it;
 * - live: it has caught up, and its group tells it;
 * - waiting: its sink is full; all that is kept of it is its position;
 * - ended.
 * behind → live when it has caught up; live → waiting when its sink is full; waiting → behind when it no longer is.
 */
export class Subscriber implements Member {
  readonly #parts: SubscriberParts;
  readonly #ending = Promise.withResolvers<void>();
  #isEnded = false;
  /** Up to where it has been told, while it is live. */
  #position: Position = { seq: 0 };
  #isLive = false;
  #fallBehind = () => {};

  constructor(parts: SubscriberParts) {
    this.#parts = parts;
  }

  /** Resolves when it has ended. Rejects with what its feed could not be read for. */
  async run(start: FeedReader): Promise<void> {
    const { feed, hooks, sink } = this.#parts;
    hooks.onOpen();
    try {
      let reader = start;
      while (!this.#isEnded) {
        await this.#catchUp(reader);
        if (this.#isEnded) return;
        await this.#listen();
        if (this.#isEnded) return;
        await Promise.race([sink.full(), this.#ending.promise]);
        reader = feed.from(this.#position);
      }
      reader.end();
    } finally {
      hooks.onClose();
    }
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#parts.group.leave(this);
    this.#fallBehind();
    this.#ending.resolve();
  }

  /** What its group tells. Of what it had been told before it joined it is not told again. */
  deliver(told: Told, payload: string): void {
    const { seq } = this.#position;
    if (this.#isEnded || told.last <= seq) return;
    // Steps merged with some that it has been told, or told in one piece with such: it reads on by itself.
    if (told.first <= seq || told.position.seq < seq) {
      this.leave();
      return;
    }
    this.#send(told, payload);
    this.#position = told.position;
    if (this.#parts.sink.full()) this.leave();
  }

  /** Its group can tell it no more: it goes on by itself from where it is. */
  leave(): void {
    this.#isLive = false;
    this.#parts.group.leave(this);
    this.#fallBehind();
  }

  #send({ at, cursor }: Told, payload: string): void {
    const { sink, hooks, now } = this.#parts;
    sink.send(payload, cursor);
    hooks.onDelivery(at === null ? null : (now() - at) / 1000);
  }

  /** Reads its own way forward until its group has taken it in. */
  async #catchUp(reader: FeedReader): Promise<void> {
    const { group, sink } = this.#parts;
    const ended = this.#ending.promise;
    try {
      while (!this.#isEnded) {
        await Promise.race([sink.full(), ended]);
        const told = await reader.poll();
        if (told) {
          const payload = await group.execute(told);
          if (!this.#isEnded) this.#send(told, payload);
        } else if (!this.#isEnded) {
          this.#position = reader.position;
          this.#isLive = group.join(this, reader.position);
          if (this.#isLive) return;
          await Promise.race([reader.news(), group.settled(), ended]);
        }
      }
    } finally {
      reader.end();
    }
  }

  /** Is told by its group until it falls behind. */
  async #listen(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#fallBehind = resolve;
      // It may have fallen behind in the very moment in which it joined.
      if (this.#parts.sink.full()) this.leave();
      else if (!this.#isLive) resolve();
    });
  }
}
