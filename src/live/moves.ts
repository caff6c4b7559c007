import { setImmediate as turn } from 'node:timers/promises';
import type { Position } from './cursor.ts';
import type { FeedReader } from './feed.ts';
import type { Group, Groups, OpenOperation } from './group.ts';
import type { Subscriber } from './subscriber.ts';

/** A subscription that is to be served. */
export interface LiveOperation extends OpenOperation {
  /** Its feed, opened where the subscription begins. */
  readonly start: FeedReader;
  /** What `seen` would be now; null: nothing may be seen any more, and others close its connection. */
  readonly sight: () => string | null;
  /** The same operation for whoever sees what is seen now; null: nothing may be. It waits for nobody. */
  readonly reopen: () => Promise<OpenOperation | null>;
  /** Is called once when it is over. */
  readonly onEnd: () => void;
}

/** A subscription at work. */
export interface Subscription extends Pick<LiveOperation, 'request' | 'sight' | 'reopen'> {
  readonly subscriber: Subscriber;
  group: Group;
  seen: string;
}

/** So many are moved, or prepared, before others have their turn. */
const atATime = 100;

/** Takes subscriptions to other groups where what their holders see is another. */
export function createMoves(groups: Groups) {
  /** Those that have been halted, and do not go on yet. */
  const halted = new Set<Subscription>();

  /** @param reopened the same for all that ask the same, but for where it begins */
  async function move(
    one: Subscription,
    place: Position | null,
    reopened: (one: Subscription) => Promise<OpenOperation | null>,
  ): Promise<void> {
    try {
      for (;;) {
        const opened = await (place ? reopened(one) : one.reopen());
        if (!opened) return;
        const reader = place ? opened.feed.from(place) : await opened.feed.open();
        // It may have ended meanwhile, or what is seen be another once more.
        if (!one.subscriber.isEnded && opened.seen === one.sight()) return settle(one, opened, reader);
        reader.end();
        if (one.subscriber.isEnded) return;
      }
    } catch (error) {
      one.subscriber.end(error);
    } finally {
      halted.delete(one);
    }
  }

  function settle(one: Subscription, opened: OpenOperation, reader: FeedReader): void {
    const before = one.group;
    one.group = groups.hold(opened);
    one.seen = opened.seen;
    groups.release(before);
    one.subscriber.resume(one.group, reader);
  }

  return {
    /**
     * Halts those whose holders see something else now, all at this moment, and has them go on by that. What is told from
     * this moment on is told as it is seen now.
     */
    async check(subscriptions: Iterable<Subscription>): Promise<void> {
      const leaving: (readonly [Subscription, Position | null])[] = [];
      for (const one of subscriptions) {
        const sight = one.sight();
        if (sight === null || sight === one.seen || halted.has(one)) continue;
        halted.add(one);
        leaving.push([one, one.subscriber.halt()]);
      }
      const openings = new Map<string, Promise<OpenOperation | null>>();
      const reopened = (one: Subscription) => {
        const key = `${one.request} ${one.sight()}`;
        const opening = openings.get(key) ?? one.reopen();
        openings.set(key, opening);
        return opening;
      };
      const moves: Promise<void>[] = [];
      for (const [one, place] of leaving) {
        moves.push(move(one, place, reopened));
        if (moves.length % atATime === 0) await turn();
      }
      await Promise.all(moves);
      await prepareAll([...openings.values()]);
    },
  };
}

/** What can't be found out now is told as soon as it is known. */
async function prepareAll(openings: readonly Promise<OpenOperation | null>[]): Promise<void> {
  for (let start = 0; start < openings.length; start += atATime) {
    const preparing = openings.slice(start, start + atATime).map(async (opening) => {
      const opened = await opening;
      await opened?.feed.prepare();
    });
    await Promise.allSettled(preparing);
  }
}
