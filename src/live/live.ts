import type { Task } from '../model/task.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import type { ChangeLog } from '../store/log.ts';
import { countOpen, type LiveHooks } from './hooks.ts';
import { type ChangeEvent, openReader } from './reader.ts';
import type { Selection } from './selection.ts';
import { createSignals } from './signals.ts';
import type { Tailer } from './tailer.ts';

export interface LiveParts {
  readonly tailer: Tailer;
  readonly log: ChangeLog;
  readonly store: CampaignStore;
  readonly now: () => number;
  readonly hooks: LiveHooks;
}

/** The subscriptions of this process. */
export function createLive({ now, hooks, ...parts }: LiveParts) {
  return {
    epoch: parts.tailer.epoch,

    /** Names of accounts whose health is another. */
    accounts: createSignals((name: string) => name, hooks),

    /** Tasks that have come further. */
    tasks: createSignals(({ key }: Task) => key, hooks),

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
  };
}

export type Live = ReturnType<typeof createLive>;

function isState({ cause }: ChangeEvent): boolean {
  return cause === 'SNAPSHOT' || cause === 'RESET';
}
