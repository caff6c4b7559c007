import type { CampaignStore } from '../store/campaigns.ts';
import type { ChangeLog } from '../store/log.ts';
import { type ChangeEvent, openReader } from './reader.ts';
import type { Selection } from './selection.ts';
import type { Tailer } from './tailer.ts';

/** What is told of live delivery, for metrics. */
export interface LiveHooks {
  readonly onOpen: () => void;
  readonly onClose: () => void;
  /** @param seconds from the change's being seen to its being handed to the subscriber; null for present states */
  readonly onDelivery: (seconds: number | null) => void;
}

export interface LiveParts {
  readonly tailer: Tailer;
  readonly log: ChangeLog;
  readonly store: CampaignStore;
  readonly now: () => number;
  readonly hooks: LiveHooks;
}

/** The subscriptions of this process. */
export function createLive({ now, hooks, ...parts }: LiveParts) {
  const accountWatchers = new Set<(name: string) => void>();

  return {
    epoch: parts.tailer.epoch,

    /**
     * Changes of campaigns from a place in the log on; see `openReader`.
     * @throws ProblemError BAD_INPUT for a malformed cursor
     */
    async changes(selection: Selection, after: string | null): Promise<AsyncIterableIterator<ChangeEvent>> {
      const reader = await openReader(parts, selection, after);
      const counted = countOpen(hooks);
      const events: AsyncIterableIterator<ChangeEvent> = {
        [Symbol.asyncIterator]: () => events,
        async next() {
          counted.open();
          try {
            const result = await reader.next();
            if (!result.done)
              hooks.onDelivery(isState(result.value) ? null : (now() - result.value.at) / 1000);
            return result;
          } catch (error) {
            // Nobody calls `return` on what has thrown.
            await this.return?.();
            throw error;
          }
        },
        return() {
          counted.close();
          return reader.return();
        },
      };
      return events;
    },

    /** Names of accounts: each of `names` at once, then each time that its health is another. */
    accounts(names: readonly string[]): AsyncIterableIterator<string> {
      const told = new Set(names);
      const pending = new Set(names);
      let wake = () => {};
      let ended = false;
      const watch = (name: string) => {
        if (!told.has(name)) return;
        pending.add(name);
        wake();
      };
      const counted = countOpen(hooks);
      const changed: AsyncIterableIterator<string> = {
        [Symbol.asyncIterator]: () => changed,
        async next() {
          if (!ended) accountWatchers.add(watch);
          counted.open();
          while (!ended) {
            const [name] = pending;
            if (name !== undefined) {
              pending.delete(name);
              hooks.onDelivery(null);
              return { done: false, value: name };
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
          accountWatchers.delete(watch);
          wake();
          return { done: true, value: undefined };
        },
      };
      return changed;
    },

    accountChanged(name: string): void {
      for (const watch of accountWatchers) watch(name);
    },
  };
}

export type Live = ReturnType<typeof createLive>;

function isState({ cause }: ChangeEvent): boolean {
  return cause === 'SNAPSHOT' || cause === 'RESET';
}

/** A subscription counts from its first `next` on: one that is given up before is never told to return. */
function countOpen({ onOpen, onClose }: LiveHooks) {
  let state: 'new' | 'open' | 'closed' = 'new';
  return {
    open(): void {
      if (state !== 'new') return;
      state = 'open';
      onOpen();
    },
    close(): void {
      if (state === 'open') onClose();
      state = 'closed';
    },
  };
}
