import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { type App, startApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import type { Simulator } from '../src/simulator/simulator.ts';
import { accountAt, type GraphQLAnswer } from './support/app.ts';
import { createDatabase } from './support/databases.ts';
import { configFile, runScript } from './support/process.ts';
import { startRoad } from './support/road.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overWebSocket, type Subscribed } from './support/subscribe.ts';
import { until } from './support/wait.ts';

// What the database can do to the service: it fails for a while, and then works again.

const listed = ['501', '502', '503'];
const followed = ['601', '602'];
const ids = [
  ...listed.map((id) => `campaign:octeth-main:${id}`),
  ...followed.map((id) => `campaign:appizer-main:${id}`),
];

const fields = 'cursor cause fromRevision revision transitions { from to } stats { sent } campaign { id }';
const changes = `subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { ${fields} } }`;
const masked = {
  message: 'Something went wrong here, and has been logged.',
  extensions: { code: 'INTERNAL_SERVER_ERROR' },
};

function addCampaigns({ providers }: Simulator): void {
  for (const externalId of listed) providers.octeth.add({ externalId, status: 'Sending' });
  for (const externalId of followed) providers.appizer.add({ externalId, status: 'sending' });
}

/** All of them move on. */
function setAll({ providers }: Simulator, octeth: string, appizer: string, sent: number): void {
  const counters = { recipients: 1_000, sent };
  for (const id of listed) providers.octeth.set(id, { status: octeth, counters });
  for (const id of followed) providers.appizer.set(id, { status: appizer, counters });
}

function settings(simulator: Simulator, database: string) {
  return {
    server: { port: 0 },
    database,
    polling: { fastest: 0.05, slowest: 0.5 },
    accounts: [accountAt(simulator, 'octeth'), accountAt(simulator, 'appizer')],
    follow: followed.map((externalId) => ({ account: 'appizer-main', externalId })),
  };
}

/** The app, and what it logs. */
async function startLogged(
  simulator: Simulator,
  database: string,
): Promise<App & AsyncDisposable & { log: string[] }> {
  const log: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(line) });
  const app = await startApp(parseConfig(settings(simulator, database), {}), logger);
  return { ...app, log, [Symbol.asyncDispose]: () => app.stop() };
}

async function ask(url: string, query: string): Promise<GraphQLAnswer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

/** The status, and the reason where it is not ready. */
async function readiness(url: string): Promise<readonly [number, string | undefined]> {
  const response = await fetch(`${url}/health/ready`);
  const { reason } = await response.json();
  return [response.status, reason];
}

async function isReady(url: string): Promise<boolean> {
  const [status] = await readiness(url);
  return status === 200;
}

const noWrites = [503, 'the database takes no writes: the last one failed'];

function statusesOf(answer: GraphQLAnswer): string[] {
  return answer.data.campaigns.nodes.map(({ status }: { status: string }) => status);
}

const list = '{ campaigns { nodes { status } } }';
const listOf = (account: string) =>
  `{ campaigns(filter: { accounts: ["${account}"] }) { nodes { status } } }`;
const refresh = `mutation { refreshCampaign(id: "${ids.at(-1)}") { errors { code } } }`;

/** Waits until all campaigns are known, and told to a subscriber. */
async function allKnown(url: string, told: Subscribed): Promise<void> {
  await until(
    async () => statusesOf(await ask(url, list)).filter((status) => status === 'SENDING').length === 5,
  );
  await told.atLeast(ids.length);
}

/** Waits until each campaign was told to be where it is; then says that nothing was lost on the way, or told twice. */
async function expectToldOnce(url: string, told: Subscribed): Promise<void> {
  const toldOf = (id: string) => told.events.filter(({ campaign }) => campaign.id === id);
  await until(() => ids.every((id) => toldOf(id).at(-1)?.stats?.sent === 9), 30_000);
  for (const id of ids) {
    const query = `{ campaign(id: "${id}") { history { nodes { revision transitions { from to } } } } }`;
    const { data } = await ask(url, query);
    const [start, ...steps] = toldOf(id);
    let { revision } = start;
    for (const step of steps) {
      expect(step.fromRevision, id).toBe(revision);
      revision = step.revision;
    }
    const history = data.campaign.history.nodes.toReversed();
    expect(history.map((step: { revision: number }) => step.revision)).toEqual(
      history.map((_: unknown, place: number) => place + 1),
    );
    const transitions = history.flatMap((step: { transitions: unknown[] }) => step.transitions);
    expect(transitions.slice(1), id).toEqual([{ from: 'SENDING', to: 'COMPLETED' }]);
    expect(steps.flatMap((step) => step.transitions)).toEqual(transitions.slice(1));
  }
  expect(told.errors).toEqual([]);
}

/** Nobody outside hears what the database says of itself. */
function expectMasked({ errors }: GraphQLAnswer): void {
  for (const error of errors ?? []) expect(error).toMatchObject(masked);
}

/** The connections to SQLite that are opened while it lasts. */
function watchConnections() {
  const opened = new Set<DatabaseSync>();
  const real = DatabaseSync.prototype.exec;
  const spy = vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql) {
    opened.add(this);
    return real.call(this, sql);
  });
  return { opened, [Symbol.dispose]: () => spy.mockRestore() };
}

test.concurrent('a full disk fails what would be written, and nothing else', {
  timeout: 60_000,
}, async () => {
  await using simulator = await startGenerousSimulator();
  addCampaigns(simulator);
  using connections = watchConnections();
  await using app = await startLogged(simulator, await createDatabase('sqlite'));
  const [connection] = connections.opened;
  if (!connection) throw new Error('There is no connection.');
  using told = overWebSocket(app.url, changes, { ids });
  await allKnown(app.url, told);

  connection.exec('pragma max_page_count = 1');
  // One that is long enough to need another page.
  for (const id of listed) simulator.providers.octeth.set(id, { name: 'x'.repeat(50_000) });
  setAll(simulator, 'Sent', 'completed', 7);
  await until(() => app.log.some((line) => /"level":50.*failed"/.test(line)), 20_000);
  expect(app.log.join('')).toContain('database or disk is full');
  expect(app.log.join('')).not.toContain('cannot rollback');
  // What needs no new page is still written in between, and clears it until the next that does.
  await until(async () => isDeepStrictEqual(await readiness(app.url), noWrites), 20_000);
  const answer = await ask(app.url, listOf('octeth-main'));
  expect(answer.errors).toBeUndefined();
  expect(statusesOf(answer)).toEqual(listed.map(() => 'SENDING'));
  expectMasked(await ask(app.url, refresh));

  connection.exec('pragma max_page_count = 1000000');
  setAll(simulator, 'Sent', 'completed', 9);
  await expectToldOnce(app.url, told);
  expect(await isReady(app.url)).toBe(true);
});

test.concurrent('a database that another process has locked fails what would be written, for as long, and nothing else', {
  timeout: 60_000,
}, async () => {
  await using simulator = await startGenerousSimulator();
  addCampaigns(simulator);
  const database = await createDatabase('sqlite');
  await using service = runScript('src/main.ts', ['--config', configFile(settings(simulator, database))]);
  const url = await service.ready();
  using told = overWebSocket(url, changes, { ids });
  await allKnown(url, told);

  using other = new DatabaseSync(database.slice('sqlite:'.length));
  other.exec('begin exclusive');
  setAll(simulator, 'Sent', 'completed', 7);
  await until(async () => {
    const start = performance.now();
    expect((await ask(url, list)).errors).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(2_000);
    return service.errors.includes('database is locked');
  }, 30_000);
  expect(await readiness(url)).toEqual(noWrites);
  other.exec('rollback');

  setAll(simulator, 'Sent', 'completed', 9);
  await expectToldOnce(url, told);
  expect(await isReady(url)).toBe(true);
});

describe.concurrent('PostgreSQL', { timeout: 60_000 }, () => {
  /** All campaigns are known, over a road to the database that can be closed, and somebody hears of their changes. */
  async function startWatched() {
    const parts = new AsyncDisposableStack();
    const simulator = parts.use(await startGenerousSimulator());
    addCampaigns(simulator);
    const direct = new URL(await createDatabase('postgres'));
    const road = parts.use(await startRoad(Number(direct.port)));
    direct.port = String(road.port);
    const app = parts.use(await startLogged(simulator, direct.href));
    const told = parts.use(overWebSocket(app.url, changes, { ids }));
    await allKnown(app.url, told);
    return { simulator, road, app, told, [Symbol.asyncDispose]: () => parts.disposeAsync() };
  }

  test('that is gone fails what is asked of it, and nothing is lost when it is back', async () => {
    await using at = await startWatched();
    const { simulator, road, app, told } = at;
    expect(await isReady(app.url)).toBe(true);

    await road.close();
    setAll(simulator, 'Sent', 'completed', 7);
    await until(async () => !(await isReady(app.url)));
    expect(await readiness(app.url)).toEqual([503, 'the database does not answer']);
    for (const operation of [list, refresh, `{ campaign(id: "${ids[0]}") { status } }`]) {
      const answer = await ask(app.url, operation);
      expect(answer.errors).toMatchObject([masked]);
    }
    expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
    expect(told.events).toHaveLength(ids.length);

    await road.reopen();
    await until(() => isReady(app.url));
    setAll(simulator, 'Sent', 'completed', 9);
    await expectToldOnce(app.url, told);
    expect(app.log.join('')).not.toMatch(/unhandled/i);
  });

  test('that breaks off while it is asked does not end the process', { timeout: 40_000 }, async () => {
    await using at = await startWatched();
    const { simulator, road, app, told } = at;

    const lost = road.loseAnswerTo('append');
    setAll(simulator, 'Sent', 'completed', 9);
    await lost;
    // Were the process to end, the runner would report what ended it.
    await expectToldOnce(app.url, told);
  });

  test('whose word that it has committed is lost has a change that is told though nothing else happens', {
    timeout: 40_000,
  }, async () => {
    await using at = await startWatched();
    const { simulator, road, told } = at;

    const lost = road.loseAnswerTo('append');
    simulator.providers.appizer.set('602', { status: 'completed', counters: { recipients: 1_000, sent: 9 } });
    await lost;
    await told.atLeast(ids.length + 1);
    expect(told.events.slice(ids.length)).toMatchObject([
      { transitions: [{ from: 'SENDING', to: 'COMPLETED' }] },
    ]);
  });

  test('that says nothing is told of in the log', async () => {
    await using at = await startWatched();
    const { simulator, road, app, told } = at;

    road.silence();
    setAll(simulator, 'Sent', 'completed', 9);
    await until(() => app.log.some((line) => /"level":[45]0.*timeout/.test(line)), 30_000);
    expect(await readiness(app.url)).toEqual([503, 'the database does not answer']);
    road.speak();
    await expectToldOnce(app.url, told);
  });

  test('that says nothing keeps the service from stopping for seconds at most', async () => {
    await using at = await startWatched();
    const { simulator, road, app } = at;

    road.silence();
    setAll(simulator, 'Sent', 'completed', 9);
    const { requests } = simulator.providers.octeth;
    const asked = requests.length;
    await until(() => requests.length > asked);
    const asking = ask(app.url, refresh).catch(() => {});
    const start = performance.now();
    await app.stop();
    expect(performance.now() - start).toBeLessThan(10_000);
    await asking;
  });
});
