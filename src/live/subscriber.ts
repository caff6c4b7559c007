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
  /** Its own, while it is behind. */
  #reader: FeedReader | null = null;
  /** Up to where it has been told, since it has caught up. */
  #position: Position = { seq: 0 };
  #isLive = false;
  #fallBehind = () => {};

  constructor(parts: SubscriberParts) {
    this.#parts = parts;
  }

  /** Resolves when it has ended. Rejects with what its feed could not be read for. */
  async run(start: FeedReader): Promise<void> {
    const { feed, sink } = this.#parts;
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
  }

  /** How many entries of its feed it has yet to go through; null: it has caught up. */
  lag(): number | null {
    if (this.#isLive) return null;
    const { seq } = this.#reader?.position ?? this.#position;
    return Math.max(0, this.#parts.feed.head() - seq);
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#parts.group.leave(this);
    this.#fallBehind();
    this.#ending.resolve();
  }

  /** What its group tells. Of what it had been told before it joined it is not told again. */
  deliver(told: Told, payload: string): boolean {
    const { sink } = this.#parts;
    const { seq } = this.#position;
    if (this.#isEnded || told.last <= seq) return false;
    // Steps merged with some that it has been told, or told in one piece with such: it reads on by itself.
    if (told.first <= seq || told.position.seq < seq) {
      this.leave();
      return false;
    }
    sink.send(payload, told.cursor);
    this.#position = told.position;
    if (sink.full()) this.leave();
    return true;
  }

  /** Its group can tell it no more: it goes on by itself from where it is. */
  leave(): void {
    this.#isLive = false;
    this.#parts.group.leave(this);
    this.#fallBehind();
  }

  /** Reads its own way forward until its group has taken it in. */
  async #catchUp(reader: FeedReader): Promise<void> {
    const { group, sink, hooks } = this.#parts;
    const ended = this.#ending.promise;
    this.#reader = reader;
    try {
      while (!this.#isEnded) {
        await Promise.race([sink.full(), ended]);
        const told = await reader.poll();
        if (told) {
          const payload = await group.execute(told);
          if (this.#isEnded) return;
          sink.send(payload, told.cursor);
          hooks.onDelivery(told, 1);
        } else if (!this.#isEnded) {
          this.#position = reader.position;
          this.#isLive = group.join(this, reader.position);
          if (this.#isLive) return;
          await Promise.race([reader.news(), group.settled(), ended]);
        }
      }
    } finally {
      reader.end();
      this.#reader = null;
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
