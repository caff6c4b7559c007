import type { Position } from './cursor.ts';
import type { Feed, FeedReader, Told } from './feed.ts';

/** So many of the things that changed last are kept for those who are behind. */
const mostKept = 10_000;

interface Signal<Thing> {
  readonly thing: Thing;
  readonly seq: number;
}

/**
 * Feeds of things that have a present state and no history, such as accounts and tasks: of one that changes again before
 * it was told, the newest state alone is told.
 * @param keyOf what makes two states the same thing's
 */
export function createSignals<Thing>(keyOf: (thing: Thing) => string) {
  let head = 0;
  /** In the order of their last changes. */
  const newest = new Map<string, Signal<Thing>>();
  const listeners = new Set<() => void>();

  function openReader(present: readonly Thing[], seq: number, wants: (thing: Thing) => boolean): FeedReader {
    const states = [...present];
    let position: Position = { seq };
    let wake = () => {};
    let ended = false;
    const listen = () => wake();

    function told(event: Thing, at: number): Told {
      position = { seq: at };
      return { event, position, cursor: null, first: at, last: at, steps: 0, at: null };
    }

    return {
      get position() {
        return position;
      },
      get isSteady() {
        return states.length === 0;
      },
      async poll() {
        if (!ended) listeners.add(listen);
        const state = states.shift();
        if (state !== undefined && !ended) return told(state, position.seq);
        for (const { thing, seq } of newest.values()) {
          if (seq > position.seq && wants(thing) && !ended) return told(thing, seq);
        }
        position = { seq: head };
        return null;
      },
      async news() {
        if (ended || head > position.seq) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      },
      end() {
        ended = true;
        listeners.delete(listen);
        wake();
      },
    };
  }

  return {
    changed(thing: Thing): void {
      head += 1;
      const key = keyOf(thing);
      newest.delete(key);
      newest.set(key, { thing, seq: head });
      const [oldest] = newest.keys();
      if (newest.size > mostKept && oldest !== undefined) newest.delete(oldest);
      for (const listen of listeners) listen();
    },

    /**
     * @param topic what the feed tells, for feeds of one topic tell the same
     * @param present told first
     */
    feed(topic: string, present: readonly Thing[], wants: (thing: Thing) => boolean): Feed {
      const feed: Feed = {
        topic,
        head: () => head,
        watch: () => () => {},
        open: async () => openReader(present, head, wants),
        from: ({ seq }) => openReader([], seq, wants),
        // There is no past to come back to: the present state is what was missed.
        after: () => feed,
      };
      return feed;
    },
  };
}

export type Signals<Thing> = ReturnType<typeof createSignals<Thing>>;
