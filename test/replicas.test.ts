import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase } from './support/databases.ts';
import { askerOf, takeoverTimes } from './support/exclusive.ts';
import { startWorld, type World } from './support/many-replicas.ts';
import { type PostgresServer, startPostgres } from './support/postgres-server.ts';
import type { Replica } from './support/replicas.ts';
import { until } from './support/wait.ts';

// What may happen to replicas and their database, one thing after the other, while campaigns move and are watched.
describe('replicas over 40 accounts and 4,000 campaigns', { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let postgres: PostgresServer;
  let world: World;

  beforeAll(async () => {
    postgres = stack.use(await startPostgres());
    world = stack.use(await startWorld(await createDatabase('postgres', postgres.url)));
    await world.grow(2);
  }, 120_000);
  afterAll(() => stack.disposeAsync(), 30_000);

  /** The accounts of which a replica takes care. */
  function accountsOf({ address }: Replica) {
    return world.many.accounts.filter((account) => askerOf(account) === address);
  }

  function first(): Replica {
    const [replica] = world.replicas.running;
    if (!replica) throw new Error('No replica runs.');
    return replica;
  }

  /** Waits until others ask for all that a replica has asked for. @returns how long each account waited, in ms */
  async function takenOver(former: Replica, accounts: ReturnType<typeof accountsOf>, since: number) {
    await until(() => accountsOf(former).every((account) => !accounts.includes(account)), 60_000);
    return takeoverTimes(accounts, former.address, since).toSorted((one, other) => one - other);
  }

  async function readiness(): Promise<number[]> {
    const answers = world.replicas.running.map(({ url }) => fetch(`${url}/health/ready`));
    return (await Promise.all(answers)).map(({ status }) => status);
  }

  test('one that joins gets its share of the accounts', async () => {
    await world.grow(3);
    await world.whileMoving(async (moved) => {
      await moved(200);
    });
    expect(await world.replicas.knownCount()).toBe(world.many.campaigns);
  });

  test('the accounts of one that is killed are taken over within 10 s', async () => {
    await world.grow(3);
    await world.whileMoving(async (moved) => {
      const killed = first();
      const orphans = accountsOf(killed);
      expect(orphans.length).toBeGreaterThanOrEqual(13);
      const since = Date.now();
      killed.send('SIGKILL');
      expect((await takenOver(killed, orphans, since)).at(-1)).toBeLessThan(10_000);
      await moved(200);
    });
  });

  test('one that stands still for 30 s asks and writes nothing once it goes on, before it is given its share', async () => {
    await world.grow(3);
    await world.whileMoving(async (moved) => {
      const stopped = first();
      const orphans = accountsOf(stopped);
      const since = Date.now();
      stopped.send('SIGSTOP');
      expect((await takenOver(stopped, orphans, since)).at(-1)).toBeLessThan(10_000);
      await moved(200);
      await until(() => Date.now() - since >= 30_000, 40_000);
      stopped.send('SIGCONT');
      await world.evenly();
      await until(() => accountsOf(stopped).length >= 13, 30_000);
      await moved(200);
    });
  });

  test('while PostgreSQL is away, connections stay open, and all goes on once it is back', async () => {
    await world.grow(3);
    const returns = () => world.followers.map((follower) => follower.returns);
    const returnsBefore = returns();
    await world.whileMoving(async (moved) => {
      await moved(100);
      const since = Date.now();
      await postgres.stop();
      await until(async () => (await readiness()).every((status) => status === 503) || null);
      await until(() => Date.now() - since >= 3_000);
      await postgres.start();
      await until(async () => (await readiness()).every((status) => status === 200) || null, 30_000);
      await moved(200);
    });
    expect(returns()).toEqual(returnsBefore);
  });

  test('of those that are stopped and started anew, one by one, others take over at once', async () => {
    await world.grow(3);
    await world.whileMoving(async (moved) => {
      for (const old of world.replicas.running) {
        const orphans = accountsOf(old);
        const since = Date.now();
        old.send('SIGTERM');
        const times = await takenOver(old, orphans, since);
        expect(times[Math.floor(times.length / 2)]).toBeLessThan(2_000);
        // Sooner than a lease runs out that nobody gives up.
        expect(times.at(-1)).toBeLessThan(5_000);
        expect(await old.ended).toBe(0);
        await world.replicas.start();
        await world.evenly();
        await moved(100);
      }
    });
  });
});
