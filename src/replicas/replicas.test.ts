import { sql } from 'kysely';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createDatabase } from '../../test/support/databases.ts';
import { until } from '../../test/support/wait.ts';
import { createWatching } from '../polling/watching.ts';
import { openDatabase } from '../store/database.ts';
import { channel } from './messages.ts';
import { createReplicas } from './replicas.ts';

/** A replica that holds the account `ours`. */
async function startReplica() {
  const url = await createDatabase('postgres');
  const database = await openDatabase(url, () => {});
  const missed: number[] = [];
  const replicas = createReplicas({
    ...{ url, database, watching: createWatching(Date.now), logger: pino({ level: 'silent' }) },
    async onGained() {},
    async onLost() {},
    save: () => null,
    onSaved() {},
    onConnectionLost() {},
    perform: () => Promise.reject(new Error('There is nothing to do.')),
    lookOf: () => null,
    onNews() {},
    onTask() {},
    onCampaign() {},
    onMissed: () => void missed.push(Date.now()),
  });
  await replicas.start([['ours']]);
  await until(() => replicas.isOurs('ours') && missed.length > 0);
  return {
    ...{ database, replicas, missed },
    async [Symbol.asyncDispose]() {
      await replicas.handOver();
      await replicas.stop();
      await database.destroy();
    },
  };
}

test('what is ours is known here, whatever another replica has told of it', async () => {
  await using at = await startReplica();
  const tell = (seen: string) => {
    const message = { from: 'another', seen, looks: [['1', 5, null, null, null, null]] };
    return sql`select pg_notify(${channel}, ${JSON.stringify(message)})`.execute(at.database);
  };
  await tell('ours');
  await tell('other');
  const look = await until(() => at.replicas.lookOf('other:1'));
  expect(look).toMatchObject({ observedAt: 5 });
  expect(at.replicas.lookOf('ours:1')).toBeNull();
});

test('when others are heard again, what they said meanwhile may have been missed', async () => {
  await using at = await startReplica();
  const { length } = at.missed;
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid != pg_backend_pid() and query in (${`listen ${channel}`}, 'select 1')`.execute(
    at.database,
  );
  await until(() => at.missed.length > length);
});
