import { expectExclusive } from './exclusive.ts';
import { allTold, expectDelivered, type Follower, follow } from './follower.ts';
import { type ManyAccounts, startManyAccounts } from './many-accounts.ts';
import { type Movement, startMovement } from './movement.ts';
import { createReplicas, type Replica, type Replicas } from './replicas.ts';
import { overSse, overWebSocket } from './subscribe.ts';
import { until } from './wait.ts';

/** 40 accounts and 4,000 campaigns, the replicas that take care of them, and those who watch. */
export interface World extends AsyncDisposable {
  readonly many: ManyAccounts;
  readonly replicas: Replicas;
  readonly followers: readonly Follower[];
  /** Starts replicas until so many run and each has its share, with somebody who watches over each. */
  grow(count: number): Promise<void>;
  /** Waits until all that run have the same share of the accounts. */
  evenly(): Promise<void>;
  /** Runs while campaigns move; then says that all followers were told all, and that no account was asked by two at once. */
  whileMoving(work: (moved: (steps: number) => Promise<unknown>) => Promise<void>): Promise<void>;
}

/** Two watch over WebSocket, and one over SSE. */
const ways = [overWebSocket, overWebSocket, overSse];

export async function startWorld(database: string): Promise<World> {
  const stack = new AsyncDisposableStack();
  const many = stack.use(
    // The budget of one is so small that it would be passed at once if two counted for themselves.
    await startManyAccounts({ simulators: 10, campaigns: 100, moving: 5, budgets: { 'octeth-1': 60 } }),
  );
  const replicas = stack.use(createReplicas(database, many));
  const followers: Follower[] = [];

  /** Over a replica, and over the others should that one end. */
  function watch({ url }: Replica): void {
    const urls = () => [url, ...replicas.running.map((one) => one.url).filter((one) => one !== url)];
    for (const way of ways) followers.push(stack.use(follow(way, urls, many.moving)));
  }

  async function evenly(): Promise<void> {
    const count = replicas.running.length;
    const fair = Array.from({ length: count }, (_, place) =>
      Math.ceil((many.accounts.length - place) / count),
    );
    await until(async () => `${await replicas.shares()}` === `${fair}`, 30_000);
  }

  return {
    many,
    replicas,
    followers,
    evenly,

    async grow(count) {
      const missing = Math.max(0, count - replicas.running.length);
      const started = await Promise.all(Array.from({ length: missing }, replicas.start));
      await evenly();
      if (followers.length === 0) await replicas.allKnown(many.moving.map(({ id }) => id));
      for (const replica of started) watch(replica);
      await allTold(followers, many.moving);
    },

    async whileMoving(work) {
      await moving(many, followers, async (movement) => {
        const moved = (steps: number) => {
          const enough = movement.steps + steps;
          return until(() => movement.steps >= enough, 60_000);
        };
        await work(moved);
      });
      await allTold(followers, many.moving);
      expectDelivered(followers);
      expectExclusive(many, await replicas.takings());
    },

    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function moving(
  { moving }: ManyAccounts,
  followers: readonly Follower[],
  work: (movement: Movement) => Promise<void>,
): Promise<void> {
  using movement = startMovement(moving, followers);
  await work(movement);
}
