import { expect } from 'vitest';
import type { MovingCampaign } from './many-accounts.ts';
import type { overWebSocket } from './subscribe.ts';
import { until } from './wait.ts';

/** A step of a campaign, as a subscriber is told of it. */
interface Told {
  readonly cursor: string;
  readonly cause: string;
  readonly fromRevision: number;
  readonly revision: number;
  readonly transitions: readonly { readonly to: string }[];
  readonly campaign: { readonly id: string; readonly status: string };
}

const changes = `subscription ($ids: [ID!], $after: String) {
  campaignUpdated(ids: $ids, after: $after) {
    cursor cause fromRevision revision transitions { to } campaign { id status }
  }
}`;

/** What somebody was told of a campaign. */
interface Story {
  /** The statuses that it was given since. */
  readonly expected: () => readonly string[];
  readonly told: Told[];
  readonly statuses: string[];
}

/** One who watches campaigns, and comes back by the last cursor whenever the connection ends, perhaps to another replica. */
export interface Follower extends AsyncDisposable {
  /** By the campaign's id. */
  readonly stories: ReadonlyMap<string, Story>;
  /** What GraphQL said was wrong. */
  readonly errors: readonly unknown[];
  /** How often it has had to come back. */
  readonly returns: number;
}

/**
 * @param urls where it may go: to the first of them, and then to the next whenever it has to come back
 * @param moving standing still until it has been told of them once
 */
export function follow(
  over: typeof overWebSocket,
  urls: () => readonly string[],
  moving: readonly Pick<MovingCampaign, 'id' | 'statuses'>[],
): Follower {
  const stories = new Map(moving.map(({ id, statuses }) => [id, storyOf(statuses)]));
  const errors: unknown[] = [];
  let [returns, isOver] = [0, false];
  let after: string | undefined;

  function hear(event: Told): void {
    after = event.cursor;
    const story = stories.get(event.campaign.id);
    const isFirst = story?.told.push(event) === 1;
    story?.statuses.push(...(isFirst ? [event.campaign.status] : event.transitions.map(({ to }) => to)));
  }

  async function listen(url: string): Promise<void> {
    using subscribed = over(url, changes, {
      ids: [...stories.keys()],
      ...(after !== undefined && { after }),
    });
    let seen = 0;
    await until(() => {
      const { ended, events } = subscribed;
      for (; seen < events.length; seen += 1) hear(events[seen]);
      return ended || isOver;
    }, Number.POSITIVE_INFINITY);
    errors.push(...subscribed.errors.filter(isOfGraphQL));
  }

  async function run(): Promise<void> {
    while (!isOver) {
      const open = urls();
      const url = open[returns % open.length];
      if (url !== undefined) await listen(url);
      returns += 1;
    }
  }

  const running = run();
  return {
    stories,
    errors,
    get returns() {
      return returns;
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await running;
    },
  };
}

function storyOf(statuses: readonly string[]): Story {
  const since = statuses.length - 1;
  return { expected: () => statuses.slice(since), told: [], statuses: [] };
}

function isOfGraphQL(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'extensions' in error;
}

/** Whether somebody was told of every step of a campaign so far. */
export function knowsAllOf({ stories }: Follower, { id }: MovingCampaign): boolean {
  const story = stories.get(id);
  return story !== undefined && story.statuses.length >= story.expected().length;
}

/** Waits until all were told of every step so far. */
export async function allTold(
  followers: readonly Follower[],
  moving: readonly MovingCampaign[],
): Promise<void> {
  const missing = () =>
    followers.map((follower) => moving.filter((campaign) => !knowsAllOf(follower, campaign)).length);
  await until(() => missing().every((count) => count === 0) || null, 60_000).catch((cause) => {
    throw new Error(`So many campaigns' steps were not told to each: ${missing()}`, { cause });
  });
}

/** Says that nothing was lost on the way to anybody, and that nothing came twice. */
export function expectDelivered(followers: readonly Follower[]): void {
  for (const [place, { stories, errors }] of followers.entries()) {
    expect(errors).toEqual([]);
    for (const [id, { told, statuses, expected }] of stories) {
      const about = `${id}, told to follower ${place}`;
      const [first, ...others] = told;
      expect(first?.cause, about).toBe('SNAPSHOT');
      let revision = first?.revision;
      for (const step of others) {
        expect(step.fromRevision, about).toBe(revision);
        expect(step.revision, about).toBeGreaterThan(step.fromRevision);
        revision = step.revision;
      }
      expect(statuses, about).toEqual(expected());
    }
  }
}
