import { expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase } from './support/databases.ts';
import { type Road, startRoad } from './support/road.ts';
import { post, tokenOf } from './support/signing-in.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { until } from './support/wait.ts';

// Reloads while PostgreSQL can't be reached, or does not answer.

const [keep, extra] = [tokenOf('keep'), tokenOf('extra')];

/** An app with an account of Appizer and the token `keep`, whose way to PostgreSQL the test has in its hands. */
async function startReloadable() {
  await using stack = new AsyncDisposableStack();
  const simulator = stack.use(await startGenerousSimulator());
  const database = new URL(await createDatabase('postgres'));
  const road: Road = stack.use(await startRoad(Number(database.port)));
  database.port = String(road.port);
  const settings = (tokens: readonly (typeof keep)[], accounts: readonly ('appizer' | 'octeth')[]) => ({
    server: { port: 0 },
    database: database.href,
    auth: { tokens: tokens.map((token) => token.settings) },
    accounts: accounts.map((name) => accountAt(simulator, name)),
    polling: { fastest: 0.05, slowest: 0.5 },
  });
  const app = stack.use(await startTestApp(settings([keep], ['appizer'])));
  const kept = stack.move();
  return {
    road,
    simulator,
    reload: (...next: Parameters<typeof settings>) => app.reload(parseConfig(settings(...next), {})),
    /** The HTTP status that a token is answered with. */
    async statusOf({ bearer }: typeof keep): Promise<number> {
      const { status } = await post(app.url, { query: '{ accounts { name } }' }, { authorization: bearer });
      return status;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

test('after a reload that failed, going back to the configuration before it takes its tokens out', {
  timeout: 60_000,
}, async () => {
  await using app = await startReloadable();
  await app.road.close();
  await expect(app.reload([keep, extra], ['appizer'])).rejects.toThrow('ECONNREFUSED');
  expect(await app.statusOf(extra)).toBe(200);
  await app.road.reopen();
  await app.reload([keep], ['appizer']);
  expect(await app.statusOf(extra)).toBe(401);
  expect(await app.statusOf(keep)).toBe(200);
});

test('accounts of a reload that failed are read once the database answers', { timeout: 60_000 }, async () => {
  await using app = await startReloadable();
  await app.road.close();
  await expect(app.reload([keep], ['appizer', 'octeth'])).rejects.toThrow('ECONNREFUSED');
  expect(app.simulator.providers.octeth.requests).toEqual([]);
  await app.road.reopen();
  await until(() => app.simulator.providers.octeth.requests.length > 0, 30_000);
});

test('a token is taken out at once while a reload before waits for a database that is silent', {
  timeout: 60_000,
}, async () => {
  await using app = await startReloadable();
  await app.reload([keep, extra], ['appizer']);
  expect(await app.statusOf(extra)).toBe(200);
  app.road.silence();
  let waiting = true;
  const earlier = app.reload([keep, extra], ['appizer', 'octeth']).finally(() => {
    waiting = false;
  });
  const later = app.reload([keep], ['appizer', 'octeth']);
  await until(async () => (await app.statusOf(extra)) === 401, 1_000);
  expect(waiting).toBe(true);
  expect(await app.statusOf(keep)).toBe(200);
  app.road.speak();
  await Promise.allSettled([earlier, later]);
});
