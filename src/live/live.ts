import type { Task } from '../model/task.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import type { ChangeLog } from '../store/log.ts';
import { createChangeFeed } from './changes.ts';
import type { Feed, FeedReader } from './feed.ts';
import { createGroups } from './group.ts';
import type { LiveHooks } from './hooks.ts';
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

/** A subscription that is to be served. */
export interface LiveOperation {
  readonly feed: Feed;
  /** The feed, opened where the subscription begins. */
  readonly start: FeedReader;
  /** Operations with equal keys have equal answers to every event. */
  readonly key: string;
  /** The answer to an event, as JSON. */
  readonly execute: (event: unknown) => Promise<string>;
  /** Is called once when it is over. */
  readonly onEnd: () => void;
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
  const subscribers = new Set<Subscriber>();

  return {
    epoch: parts.tailer.epoch,

    /** Names of accounts whose health is another. */
    accounts: createSignals((name: string) => name),

    /** Tasks that have come further. */
    tasks: createSignals(({ key }: Task) => key),

    /** Changes of campaigns, from behind a cursor or from now on; see `openReader`. */
    changes: (selection: Selection, after: string | null): Feed => createChangeFeed(parts, selection, after),

    /**
     * Tells a sink what an operation asks for, until the subscriber is ended.
     */
    subscribe({ feed, start, key, execute, onEnd }: LiveOperation, sink: Sink): Subscriber {
      const group = groups.hold(`${feed.topic} ${key}`, feed, execute);
      const subscriber: Subscriber = new Subscriber({ group, sink, hooks, onEnd: forget }, start);
      subscribers.add(subscriber);

      function forget(): void {
        subscribers.delete(subscriber);
        groups.release(group);
        onEnd();
      }
      return subscriber;
    },

    /** How the subscriptions are doing. */
    state(): LiveState {
      const lags = [...subscribers].flatMap((subscriber) => subscriber.lag() ?? []);
      return {
        subscribers: subscribers.size,
        groups: groups.count(),
        behind: lags.length,
        lag: lags.reduce((most, lag) => Math.max(most, lag), 0),
      };
    },
  };
}

export type Live = ReturnType<typeof createLive>;
