import { describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { manyRows, type SelzyQuirks, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const mutation = `mutation ($campaignId: ID!) {
  requestDeliveryReport(input: { campaignId: $campaignId }) { task { id } errors { code } }
}`;
const taskQuery = `query ($id: ID!) { task(id: $id) { status completedAt problem { code } report { rowCount } } }`;
const lookOperation = 'async/getTaskResult';

/** A Selzy with two accounts to it, whose tasks take no longer than a moment, or until `finish`. */
async function startSelzy(selzyTaskSeconds: number, selzyQuirks: Partial<SelzyQuirks> = {}) {
  let skippedMs = 0;
  const now = () => Date.now() + skippedMs;
  const simulator = await startSimulator({ campaigns: 0, selzyTaskSeconds, selzyQuirks, now });
  const { selzy } = simulator.providers;
  selzy.add({ externalId: '1', status: 'completed', counters: { recipients: 9, sent: 9, delivered: 9 } });
  const account = (name: string, extra: object = {}) =>
    accountAt(simulator, 'selzy', { name, reportHosts: ['127.0.0.1'], ...extra });
  return {
    selzy,
    account,
    main: account('main'),
    other: account('other'),
    finish() {
      skippedMs += 3_600_000;
    },
    [Symbol.asyncDispose]: simulator.stop,
  };
}

type World = Awaited<ReturnType<typeof startSelzy>>;

const settings = { server: { port: 0 }, polling: { fastest: 600, slowest: 3_600 } };

function reload(app: TestApp, ...accounts: readonly object[]): Promise<void> {
  return app.reload(parseConfig({ ...settings, database: 'sqlite::memory:', accounts }, {}));
}

/** Asks for a report by an account; the task can be asked for again at another app, of another time. */
async function request(app: TestApp, { selzy }: World, account = 'main') {
  const { data } = await app.request(mutation, { campaignId: `campaign:${account}:1` });
  expect(data.requestDeliveryReport.errors).toEqual([]);
  const id = String(data.requestDeliveryReport.task.id);
  const uuid = id.split(':').at(-1);
  const task = async (at: TestApp) => (await at.request(taskQuery, { id })).data.task;
  return {
    looks: () => selzy.requests.filter(({ parameters }) => parameters.task_uuid === uuid),
    task: () => task(app),
    ended: (at = app, withinMs = 15_000) =>
      until(async () => {
        const seen = await task(at);
        return seen.completedAt === null ? null : seen;
      }, withinMs),
  };
}

const done = (rowCount = 9) => ({ status: 'COMPLETED', problem: null, report: { rowCount } });

describe.concurrent('when the configuration changes,', () => {
  test('a task goes on by the key that its account has then', async () => {
    await using world = await startSelzy(0.1);
    await using app = await startTestApp({ ...settings, accounts: [world.main] });
    const { looks, task, ended } = await request(app, world);
    const { apiKey, restrictedKey } = world.selzy;
    await reload(app, world.account('main', { apiKey: restrictedKey }));
    await until(async () => (await task()).problem?.code === 'PROVIDER_FORBIDDEN');
    await reload(app, world.main);
    expect(await ended()).toMatchObject(done());
    expect(looks().map(({ parameters }) => parameters.api_key)).toEqual([restrictedKey, apiKey]);
  });

  test('a task whose account is gone waits for it, while others go on', { timeout: 30_000 }, async () => {
    await using world = await startSelzy(600);
    await using app = await startTestApp({ ...settings, accounts: [world.main, world.other] });
    const paused = await request(app, world);
    await reload(app, world.other);
    const other = await request(app, world, 'other');
    await until(() => other.looks().length === 2);
    expect([await paused.task(), paused.looks()]).toEqual([null, []]);

    await reload(app, world.main, world.other);
    expect(await paused.task()).toMatchObject({ status: 'QUEUED', problem: null });
    world.finish();
    expect(await paused.ended()).toMatchObject(done());
    expect(await other.ended()).toMatchObject(done());
    expect([paused.looks().length, other.looks().length]).toEqual([1, 3]);
  });

  test('a question that is under way then is called off, and asked again', async () => {
    await using world = await startSelzy(0.1);
    await using app = await startTestApp({ ...settings, accounts: [world.main, world.other] });
    world.selzy.fault({ kind: 'hang' }, { operation: lookOperation, times: 1 });
    const { looks, ended } = await request(app, world);
    await until(() => looks().length === 1);
    await reload(app, world.other);
    await reload(app, world.main, world.other);
    // Sooner than the hanging one would have timed out.
    expect(await ended(app, 8_000)).toMatchObject(done());
    expect(looks()).toHaveLength(2);
  });

  test('a file that is being read then is read anew', async () => {
    await using world = await startSelzy(0.1, { table: manyRows(2_000), pauseMs: 200 });
    await using app = await startTestApp({ ...settings, accounts: [world.main] });
    const { ended } = await request(app, world);
    const { downloads, quirks } = world.selzy;
    await until(() => downloads.length === 1);
    await reload(app, world.account('main', { timeoutSeconds: 9 }));
    quirks.pauseMs = 0;
    expect(await ended()).toMatchObject(done(2_000));
    expect(downloads).toHaveLength(2);
  });

  test.each(databaseKinds)(
    'the tasks that %s holds of an account that comes are followed from then on',
    { timeout: 30_000 },
    async (kind) => {
      await using world = await startSelzy(0.1);
      const database = await createDatabase(kind);
      const first = await startTestApp({ ...settings, database, accounts: [world.main] });
      const { looks, ended } = await request(first, world);
      await first.stop();

      await using app = await startTestApp({ ...settings, database, accounts: [world.other] });
      const other = await request(app, world, 'other');
      await other.ended();
      expect(looks()).toEqual([]);
      await reload(app, world.main, world.other);
      expect(await ended(app)).toMatchObject(done());
      expect(looks()).toHaveLength(1);
    },
  );
});
