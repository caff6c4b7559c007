import pg from 'pg';
import { expect, test } from 'vitest';
import { accountAt } from './support/app.ts';
import { createDatabase } from './support/databases.ts';
import { follow } from './support/follower.ts';
import { freePort } from './support/postgres-server.ts';
import { configFile, runScript } from './support/process.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const id = 'campaign:appizer-main:1';

/** The state of the whole database that can be gone back to: as a standby has it that lags behind. */
async function keepState(client: pg.Client) {
  const tables = ['campaigns', '"campaignRaw"', 'changes', 'log'];
  await client.query('begin isolation level repeatable read');
  for (const table of tables)
    await client.query(`create table "kept_${table.replaceAll('"', '')}" as table ${table}`);
  await client.query('commit');
  return async () => {
    await client.query('begin');
    await client.query('select 1 from log for update');
    for (const table of tables) {
      await client.query(`delete from ${table}`);
      await client.query(`insert into ${table} table "kept_${table.replaceAll('"', '')}"`);
    }
    await client.query('commit');
  };
}

test('after the database has gone back, all are told how things are, and what was lost is seen anew', {
  timeout: 60_000,
}, async () => {
  await using simulator = await startGenerousSimulator();
  const { appizer } = simulator.providers;
  appizer.add({ externalId: '1', status: 'sending' });
  const database = await createDatabase('postgres');
  const configAt = (port: number) =>
    configFile({
      server: { port },
      database,
      polling: { fastest: 0.1, slowest: 1 },
      accounts: [accountAt(simulator, 'appizer')],
      follow: [{ account: 'appizer-main', externalId: '1' }],
    });
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  await using services = new AsyncDisposableStack();
  // They have to be found again where they were.
  const ports = [await freePort(), await freePort()];
  const processes = ports.map((port) => services.use(runScript('src/main.ts', ['--config', configAt(port)])));
  const urls = await Promise.all(processes.map((process) => process.ready()));
  await using follower = follow(overWebSocket, () => urls, [{ id, statuses: ['SENDING'] }]);
  const told = follower.stories.get(id)?.told ?? [];
  const status = () => told.at(-1)?.campaign.status;
  await until(() => status() === 'SENDING');
  const goBack = await keepState(client);

  appizer.set('1', { status: 'completed' });
  await until(() => status() === 'COMPLETED');
  const [lost] = told.slice(-1);
  await goBack();
  await until(() => told.some(({ cause }) => cause === 'RESET'), 30_000);
  // Over a replica that has not noticed yet, they are still cursors of what is lost.
  const epochOf = (one: (typeof told)[number] | undefined) => one?.cursor.split('.')[0];
  await until(() => status() === 'COMPLETED' && epochOf(told.at(-1)) !== epochOf(lost));
  expect(follower.errors).toEqual([]);
  for (const process of processes)
    await until(() => process.errors.includes('gone back to an earlier state'));
  await client.end();
});
