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
  readonly now: () => number;
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
}

/** The subscriptions of this process. */
export function createLive({ now, hooks, ...parts }: LiveParts) {
  const groups = createGroups(hooks);

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
     * @returns the subscriber, and a promise that rejects when its feed can't be read
     */
    subscribe({ feed, start, key, execute }: LiveOperation, sink: Sink) {
      const groupKey = `${feed.topic} ${key}`;
      const group = groups.hold(groupKey, feed, execute);
      const subscriber = new Subscriber({ feed, group, sink, hooks, now });
      const done = subscriber.run(start).finally(() => groups.release(groupKey));
      return { end: () => subscriber.end(), done };
    },
  };
}

export type Live = ReturnType<typeof createLive>;
