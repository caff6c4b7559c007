import type { Position } from './cursor.ts';

/** Something that a subscriber is told. */
export interface Told {
  /** What the subscription's document is executed with. */
  readonly event: unknown;
  /** Where a subscriber stands that has been told this. */
  readonly position: Position;
  /** The same for clients; null: the feed has no past to come back to. */
  readonly cursor: string | null;
  /** The first and the last entry of the feed that it tells of. */
  readonly first: number;
  readonly last: number;
  /** How many steps it tells as one; 0: it is a present state. */
  readonly steps: number;
  /** When it was seen, ms since 1970; null: it is a present state. */
  readonly at: number | null;
}

/** A place in a feed, and the way forward from there. */
export interface FeedReader {
  /** What comes next; null: it has caught up. One call at a time. */
  poll(): Promise<Told | null>;
  /** Where it stands after what it has told. */
  readonly position: Position;
  /** False in the middle of present states, or of merged steps: then its position can be no other's. */
  readonly isSteady: boolean;
  /** It has caught up, and there has been nothing for it since: its position is the newest entry there is. */
  readonly isIdle: boolean;
  /** Resolves once there may be more, after it had caught up. */
  news(): Promise<void>;
  /** Ends it; a waiting `news` resolves. */
  end(): void;
}

/** What a subscription listens to. */
export interface Feed {
  /** Feeds of one topic tell the same, once they have caught up. */
  readonly topic: string;
  /** The newest entry there is. */
  head(): number;
  /** Somebody listens to it from now on, until the returned function is called. */
  watch(): () => void;
  /** Has that looked for which it is to tell of, and nobody has looked for yet. It does not wait long for that. */
  prepare(): Promise<void>;
  /** Prepares it, and opens it where the subscription begins. */
  open(): Promise<FeedReader>;
  /** Opens it behind a position. */
  from(position: Position): FeedReader;
  /** The same feed for a subscriber that comes back with a cursor. */
  after(cursor: string): Feed;
}

/**
 * A feed as the async iterable that GraphQL wants of a subscription's resolver. The server takes the feed itself; only
 * what does not know of it iterates.
 */
export class FeedSource implements AsyncIterable<unknown> {
  readonly feed: Feed;

  constructor(feed: Feed) {
    this.feed = feed;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown> {
    const reader = await this.feed.open();
    try {
      for (;;) {
        const told = await reader.poll();
        if (told) yield told.event;
        else await reader.news();
      }
    } finally {
      reader.end();
    }
  }
}
