import { countOpen, type LiveHooks } from './hooks.ts';

/**
 * Tells watchers of things that are another than they were. Of a thing that changes again before it was told, the
 * newest state alone is told.
 * @param keyOf what makes two states the same thing's
 */
export function createSignals<Thing>(keyOf: (thing: Thing) => string, hooks: LiveHooks) {
  const watchers = new Set<(thing: Thing) => void>();

  return {
    changed(thing: Thing): void {
      for (const tell of watchers) tell(thing);
    },

    /** Each of `present` at once, then each one wanted that changes. */
    watch(present: Iterable<Thing>, wants: (thing: Thing) => boolean): AsyncIterableIterator<Thing> {
      const pending = new Map([...present].map((thing) => [keyOf(thing), thing]));
      let wake = () => {};
      let ended = false;
      const tell = (thing: Thing) => {
        if (!wants(thing)) return;
        pending.set(keyOf(thing), thing);
        wake();
      };
      const counted = countOpen(hooks);
      const changes: AsyncIterableIterator<Thing> = {
        [Symbol.asyncIterator]: () => changes,
        async next() {
          if (!ended) watchers.add(tell);
          counted.open();
          while (!ended) {
            const [first] = pending;
            if (first) {
              pending.delete(first[0]);
              hooks.onDelivery(null);
              return { done: false, value: first[1] };
            }
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
          return { done: true, value: undefined };
        },
        async return() {
          counted.close();
          ended = true;
          watchers.delete(tell);
          wake();
          return { done: true, value: undefined };
        },
      };
      return changes;
    },
  };
}

export type Signals<Thing> = ReturnType<typeof createSignals<Thing>>;
