import type { Task } from '../model/task.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import type { ChangeLog } from '../store/log.ts';
import { createChangeFeed } from './changes.ts';
import type { Feed } from './feed.ts';
import { createGroups } from './group.ts';
import type { LiveHooks } from './hooks.ts';
import { createMoves, type LiveOperation, type Subscription } from './moves.ts';
import type { Selection } from './selection.ts';
import { createSignals } from './signals.ts';
import { type Sink, Subscriber } from './subscriber.ts';
import type { Tailer } from './tailer.ts';

export interface LiveParts {
  readonly tailer: Tailer;
  readonly log: ChangeLog;
  readonly store: CampaignStore;
  /** Told which campaigns are listened to; what it returns ends that. */
  readonly watch: (selection: Selection) => () => void;
  readonly hooks: LiveHooks;
}

export interface LiveState {
  readonly subscribers: number;
  readonly groups: number;
  /** Subscribers that have not caught up. */
  readonly behind: number;
  /** How many entries of the log the last of them has yet to go through. */
  readonly lag: number;
}

/** The subscriptions of this process. */
export function createLive({ hooks, ...parts }: LiveParts) {
  const groups = createGroups(hooks);
  const subscriptions = new Set<Subscription>();
  const moves = createMoves(groups);

  return {
    epoch: parts.tailer.epoch,

    /** Names of accounts whose health is another. */
    accounts: createSignals((name: string) => name),

    /** Tasks that have come further. */
    tasks: createSignals(({ key }: Task) => key),

    /** Changes of campaigns, from behind a cursor or from now on; see `openReader`. */
    changes: (selection: Selection, known: () => Promise<void>, after: string | null): Feed =>
      createChangeFeed(parts, selection, known, after),

    /**
     * Tells a sink what an operation asks for, until the subscriber is ended.
     */
    subscribe({ start, onEnd, ...operation }: LiveOperation, sink: Sink): Subscriber {
      const group = groups.hold(operation);
      const subscriber = new Subscriber({ group, sink, hooks, onEnd: forget }, start);
      const { request, seen, sight, reopen } = operation;
      const subscription: Subscription = { subscriber, group, request, seen, sight, reopen };
      subscriptions.add(subscription);
      // It may be another by now than when the subscription was opened.
      void moves.check([subscription]);

      function forget(): void {
        subscriptions.delete(subscription);
        groups.release(subscription.group);
        onEnd();
      }
      return subscriber;
    },

    /**
     * What people see may be another from this moment on: whoever sees something else goes on by that from here, missing
     * nothing. Resolves once all do.
     */
    seenAnew: (): Promise<void> => moves.check(subscriptions),

    /** How the subscriptions are doing. */
    state(): LiveState {
      const lags = [...subscriptions].flatMap(({ subscriber }) => subscriber.lag() ?? []);
      return {
        subscribers: subscriptions.size,
        groups: groups.count(),
        behind: lags.length,
        lag: lags.reduce((most, lag) => Math.max(most, lag), 0),
      };
    },
  };
}

export type Live = ReturnType<typeof createLive>;
