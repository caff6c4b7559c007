import { Kysely, sql } from 'kysely';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createDatabase } from '../../test/support/databases.ts';
import { startRoad } from '../../test/support/road.ts';
import { until } from '../../test/support/wait.ts';
import { openDatabase } from './database.ts';
import { createChangeLog } from './log.ts';
import { postgresDialect } from './postgres.ts';
import type { PostgresLimits } from './postgres-pool.ts';
import type { Tables } from './schema.ts';
import { createWriteHealth } from './write-health.ts';

const short: PostgresLimits = { connectMs: 500, answerMs: 500, hurriedMs: 200 };

/** A database with tables behind a road that can be broken. */
async function openBehindRoad(limits: PostgresLimits = short) {
  const url = new URL(await createDatabase('postgres'));
  await (await openDatabase(url.href, () => {})).destroy();
  const direct = url.href;
  const road = await startRoad(Number(url.port));
  url.port = String(road.port);
  const lost: Error[] = [];
  const health = createWriteHealth();
  const dialect = postgresDialect(url.href, (error) => lost.push(error), { limits, health });
  const database = new Kysely<Tables>({ dialect });
  return {
    /** Past the road. */
    direct,
    database,
    road,
    lost,
    health,
    hurry: dialect.hurry,
    async [Symbol.asyncDispose]() {
      await database.destroy();
      await road.close();
    },
  };
}

type Opened = Awaited<ReturnType<typeof openBehindRoad>>;

const readHead = ({ database }: Opened) =>
  database.selectFrom('log').select('head').executeTakeFirstOrThrow();

const stage = ({ database }: Opened, ...generations: readonly number[]) =>
  database.transaction().execute(async (transaction) => {
    for (const generation of generations) {
      await transaction.insertInto('staging').values({ generation, taskKey: 'main:1' }).execute();
    }
  });

test('a connection that breaks while it is in use fails what was asked over it, and nothing else', async () => {
  await using at = await openBehindRoad();
  const broken = at.road.loseAnswerTo('staging');
  await expect(stage(at, 1, 2)).rejects.toThrow(/ECONNRESET|terminated/);
  await broken;
  await until(() => at.lost.length > 0);
  await stage(at, 1, 2);
  expect(await readHead(at)).toEqual({ head: 0 });
});

test('a connection whose prepared statements are of no use any more is given up', async () => {
  await using at = await openBehindRoad();
  const read = () => createChangeLog(at.database).between(0, 1, 1);
  expect(await read()).toEqual([]);
  await sql`deallocate all`.execute(at.database);
  await expect(read()).rejects.toMatchObject({ code: '26000' });
  expect(await read()).toEqual([]);
});

test('the server finds out within half a minute that nobody is there any more', async () => {
  await using at = await openBehindRoad();
  const { rows } = await sql`
    select setting::integer as seconds from pg_settings
    where name in ('tcp_keepalives_idle', 'tcp_keepalives_interval') order by name`.execute(at.database);
  expect(rows).toEqual([{ seconds: 10 }, { seconds: 5 }]);
});

test('a server that does not answer is given up, and what it was asked over is not used again', async () => {
  await using at = await openBehindRoad();
  await readHead(at);
  expect(at.road.open).toBe(1);
  at.road.silence();
  await expect(readHead(at)).rejects.toThrow('timeout');
  await expect(stage(at, 1)).rejects.toThrow('timeout');
  at.road.speak();
  expect(await readHead(at)).toEqual({ head: 0 });
  await stage(at, 1);
});

test('a transaction that is not answered is told as that, once, though it can not be rolled back', async () => {
  await using at = await openBehindRoad();
  const start = performance.now();
  const failed = at.database.transaction().execute(async (transaction) => {
    await transaction.insertInto('staging').values({ generation: 1, taskKey: 'main:1' }).execute();
    at.road.silence();
    await transaction.insertInto('staging').values({ generation: 2, taskKey: 'main:1' }).execute();
  });
  await expect(failed).rejects.toThrow('Query read timeout');
  expect(performance.now() - start).toBeLessThan(1_100);
});

test('a statement that takes too long is ended by the server, and the connection lives on', async () => {
  await using at = await openBehindRoad();
  await readHead(at);
  await expect(sql`select pg_sleep(30)`.execute(at.database)).rejects.toThrow('statement timeout');
  await readHead(at);
  expect(at.road.open).toBe(1);
  expect(at.lost).toEqual([]);
});

test('once the service is stopping, silence is met with little patience, and then with none', async () => {
  await using at = await openBehindRoad({ connectMs: 30_000, answerMs: 30_000, hurriedMs: 200 });
  await readHead(at);
  at.road.silence();
  const waiting = readHead(at);
  at.hurry();
  await expect(waiting).rejects.toThrow('PostgreSQL did not answer within 0.2 s.');
  const start = performance.now();
  await expect(readHead(at)).rejects.toThrow('did not answer');
  await expect(stage(at, 1)).rejects.toThrow('did not answer');
  expect(performance.now() - start).toBeLessThan(1_000);
});

test('while it stops, what is answered is done as ever', async () => {
  await using at = await openBehindRoad({ connectMs: 30_000, answerMs: 30_000, hurriedMs: 200 });
  at.hurry();
  await stage(at, 1, 2);
  await sql`select pg_sleep(0.01)`.execute(at.database);
  expect(await readHead(at)).toEqual({ head: 0 });
});

test('a write that waits for a lock in vain is told until one succeeds; one that is wrong is not', async () => {
  await using at = await openBehindRoad();
  await stage(at, 1);
  await expect(stage(at, 2, 1)).rejects.toThrow('duplicate key');
  expect(at.health.failure()).toBeNull();

  await at.database.transaction().execute(async (transaction) => {
    await sql`lock table staging in access exclusive mode`.execute(transaction);
    await expect(stage(at, 2)).rejects.toThrow('statement timeout');
  });
  // The commit of the one that held the lock is one that succeeded.
  expect(at.health.failure()).toBeNull();
  await at.database
    .transaction()
    .execute(async (transaction) => {
      await sql`lock table staging in access exclusive mode`.execute(transaction);
      await expect(stage(at, 2)).rejects.toThrow('statement timeout');
      throw new Error('rolled back');
    })
    .catch(() => {});
  expect(at.health.failure()).toMatchObject({ code: '57014' });
  await readHead(at);
  expect(at.health.failure()).not.toBeNull();
  await stage(at, 2);
  expect(at.health.failure()).toBeNull();
});

/** Sessions that are opened while it runs are on a server that is only to be read, as a former primary is. */
async function whileReadOnly({ direct }: Opened, open: () => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: direct });
  await client.connect();
  const name = new URL(direct).pathname.slice(1);
  try {
    await client.query(`alter database ${name} set default_transaction_read_only = on`);
    await open();
    await client.query(`alter database ${name} set default_transaction_read_only = off`);
  } finally {
    await client.end();
  }
}

test('a connection to a server that takes no writes is not used for another', async () => {
  await using at = await openBehindRoad();
  await whileReadOnly(at, () => Promise.all([readHead(at), readHead(at)]));
  await readHead(at);
  expect(at.road.open).toBe(2);
  await expect(stage(at, 1)).rejects.toMatchObject({ code: '25006' });
  await expect(at.database.updateTable('log').set({ head: 1 }).execute()).rejects.toMatchObject({
    code: '25006',
  });
  expect(at.health.failure()).toMatchObject({ code: '25006' });
  await stage(at, 1);
  expect(at.health.failure()).toBeNull();
  expect(at.lost).toEqual([]);
  expect(at.road.open).toBe(1);
});

test('a connection that the server ends is not used again', async () => {
  await using at = await openBehindRoad();
  await readHead(at);
  const ended = sql`select pg_terminate_backend(pg_backend_pid())`.execute(at.database);
  await expect(ended).rejects.toMatchObject({ code: '57P01' });
  expect(await readHead(at)).toEqual({ head: 0 });
  await stage(at, 1);
});
