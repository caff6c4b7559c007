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

  /** @param states gives what is told first; null: nothing */
  function openReader(
    start: Position,
    states: (() => Promise<Thing[]>) | null,
    wants: (thing: Thing) => boolean,
  ): FeedReader {
    let position = start;
    let untold: Thing[] | null = states ? null : [];
    let [isIdle, ended] = [false, false];
    let wake = () => {};
    const listen = () => {
      isIdle = false;
      wake();
    };

    function told(event: Thing, at: Position): Told {
      position = at;
      return { event, position, cursor: null, first: at.seq, last: at.seq, steps: 0, at: null };
    }

    return {
      get position() {
        return isIdle ? { seq: head } : position;
      },
      get isSteady() {
        return untold?.length === 0;
      },
      get isIdle() {
        return isIdle;
      },
      async poll() {
        isIdle = false;
        if (!ended) listeners.add(listen);
        untold ??= (await states?.()) ?? [];
        const state = untold.shift();
        const { seq } = position;
        if (state !== undefined && !ended)
          return told(state, untold.length > 0 ? { seq, told: { key: keyOf(state) } } : { seq });
        for (const signal of newest.values()) {
          if (signal.seq > seq && wants(signal.thing) && !ended)
            return told(signal.thing, { seq: signal.seq });
        }
        position = { seq: head };
        isIdle = !ended;
        return null;
      },
      async news() {
        if (ended || !isIdle) return;
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
     * @param present told first, in the order of their keys
     */
    feed(topic: string, present: () => Promise<readonly Thing[]>, wants: (thing: Thing) => boolean): Feed {
      const statesAfter = async (key: string) => {
        const states = (await present()).filter((thing) => keyOf(thing) > key);
        return states.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
      };
      const feed: Feed = {
        topic,
        head: () => head,
        watch: () => () => {},
        prepare: async () => {},
        async open() {
          // What changes while they are read is told after them.
          const seq = head;
          const states = await statesAfter('');
          return openReader({ seq }, async () => states, wants);
        },
        from(position) {
          const { told } = position;
          return openReader(position, told ? () => statesAfter(told.key) : null, wants);
        },
        // There is no past to come back to: the present state is what was missed.
        after: () => feed,
      };
      return feed;
    },
  };
}

export type Signals<Thing> = ReturnType<typeof createSignals<Thing>>;
