import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { counterNames } from '../model/stats.ts';
import { newEpoch } from './epoch.ts';
import type { Tables } from './schema.ts';

type Dialect = 'sqlite' | 'postgres';

/** Keys and names sort by their bytes in both databases; PostgreSQL has to be told. */
function textType(dialect: Dialect) {
  return dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
}

/** Every change of the tables, oldest first. An entry that has been released is never edited. */
function migrations(dialect: Dialect): Record<string, Migration> {
  return {
    '001_campaigns_and_log': { up: (database) => createTables(database, dialect) },
    '002_mutations': { up: (database) => createMutations(database, dialect) },
    '003_tasks_and_reports': { up: (database) => createTasks(database, dialect) },
    '004_retention': { up: createRetention },
    '005_replicas': { up: (database) => createReplicas(database, dialect) },
  };
}

export async function migrate(database: Kysely<Tables>, dialect: Dialect): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => migrations(dialect) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

async function createTables(database: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = textType(dialect);
  let campaigns = database.schema
    .createTable('campaigns')
    .addColumn('key', text, (column) => column.primaryKey())
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('externalId', text, (column) => column.notNull())
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('name', 'text')
    .addColumn('foldedName', text, (column) => column.notNull())
    .addColumn('sender', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('statusRank', 'integer', (column) => column.notNull())
    .addColumn('providerStatus', 'text', (column) => column.notNull())
    .addColumn('statusReason', 'text')
    .addColumn('active', 'integer', (column) => column.notNull())
    .addColumn('createdAt', 'bigint')
    .addColumn('scheduledAt', 'bigint')
    .addColumn('startedAt', 'bigint')
    .addColumn('finishedAt', 'bigint')
    .addColumn('statsAsOf', 'bigint')
    .addColumn('statsSource', 'text')
    .addColumn('statsFinal', 'integer', (column) => column.notNull())
    .addColumn('perSecond', 'double precision')
    .addColumn('perSecondReported', 'integer', (column) => column.notNull())
    .addColumn('costAmount', 'text')
    .addColumn('costCurrency', 'text')
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('changedAt', 'bigint', (column) => column.notNull())
    .addColumn('observedAt', 'bigint', (column) => column.notNull())
    .addColumn('deletedAt', 'bigint')
    .addColumn('followed', 'integer', (column) => column.notNull());
  for (const name of counterNames) campaigns = campaigns.addColumn(name, 'bigint');
  await campaigns.execute();

  // One index for each order of the list, and one that counts campaigns without reading them. None begins with the
  // account: SQLite would take it for every list, and read and sort all campaigns for each page.
  await sql`create index "campaignsByChange" on campaigns ("changedAt", "key")`.execute(database);
  await sql`create index "campaignsByName" on campaigns ("foldedName", "key")`.execute(database);
  await sql`create index "campaignsByStatus" on campaigns ("statusRank", "key")`.execute(database);
  await sql`create index "campaignsByCreation" on campaigns (coalesce("createdAt", 0), "key")`.execute(
    database,
  );
  await sql`create index "campaignsBySchedule" on campaigns (coalesce("scheduledAt", 0), "key")`.execute(
    database,
  );
  await sql`create index "campaignCounts" on campaigns ("statusRank", "account", "deletedAt")`.execute(
    database,
  );

  await database.schema
    .createTable('campaignRaw')
    .addColumn('key', text, (column) => column.primaryKey())
    .addColumn('raw', 'text', (column) => column.notNull())
    .execute();

  await database.schema
    .createTable('changes')
    .addColumn('seq', 'bigint', (column) => column.primaryKey())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('cause', 'text', (column) => column.notNull())
    .addColumn('kinds', 'text', (column) => column.notNull())
    .addColumn('transitions', 'text', (column) => column.notNull())
    .addColumn('fields', 'text', (column) => column.notNull())
    .addColumn('providerStatus', 'text', (column) => column.notNull())
    .addColumn('stats', 'text')
    .addColumn('after', 'text', (column) => column.notNull())
    .addColumn('before', 'text')
    .execute();
  await sql`create unique index "changesOfCampaign" on changes ("key", "seq")`.execute(database);

  await database.schema
    .createTable('log')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('epoch', 'text', (column) => column.notNull())
    .addColumn('head', 'bigint', (column) => column.notNull())
    .addColumn('pruned', 'bigint', (column) => column.notNull())
    .execute();
  const epoch = newEpoch();
  await sql`insert into log (id, epoch, head, pruned) values (1, ${epoch}, 0, 0)`.execute(database);
}

async function createMutations(database: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await database.schema
    .createTable('mutations')
    .addColumn('key', textType(dialect), (column) => column.primaryKey())
    .addColumn('operation', 'text', (column) => column.notNull())
    .addColumn('input', 'text', (column) => column.notNull())
    .addColumn('startedAt', 'bigint', (column) => column.notNull())
    .addColumn('aliveAt', 'bigint', (column) => column.notNull())
    .addColumn('answer', 'text')
    .execute();
  await sql`create index "mutationsByAge" on mutations ("startedAt")`.execute(database);
}

async function createTasks(database: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = textType(dialect);
  await database.schema
    .createTable('tasks')
    .addColumn('key', text, (column) => column.primaryKey())
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('uuid', 'text', (column) => column.notNull())
    .addColumn('campaignKey', text, (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('providerStatus', 'text', (column) => column.notNull())
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addColumn('updatedAt', 'bigint', (column) => column.notNull())
    .addColumn('completedAt', 'bigint')
    .addColumn('problem', 'text')
    .addColumn('fileUrl', 'text')
    .addColumn('changedSince', 'bigint')
    .addColumn('fieldIds', 'text', (column) => column.notNull())
    .addColumn('secretHash', 'text', (column) => column.notNull())
    .execute();
  await sql`create index "tasksByCreation" on tasks ("createdAt", "key")`.execute(database);
  await sql`create index "tasksOfCampaign" on tasks ("campaignKey", "createdAt", "key")`.execute(database);
  await sql`create index "tasksBySecret" on tasks ("secretHash")`.execute(database);
  await sql`create index "unfinishedTasks" on tasks ("key") where "completedAt" is null`.execute(database);

  await database.schema
    .createTable('reports')
    .addColumn('campaignKey', text, (column) => column.primaryKey())
    .addColumn('generation', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('rowCount', 'integer', (column) => column.notNull())
    .addColumn('badLines', 'integer', (column) => column.notNull())
    .addColumn('counts', 'text', (column) => column.notNull())
    .execute();

  const rows = database.schema
    .createTable('deliveryRows')
    .addColumn('generation', 'bigint', (column) => column.notNull())
    .addColumn('recipient', text, (column) => column.notNull())
    .addColumn('outcome', 'integer', (column) => column.notNull())
    .addColumn('providerResult', 'text', (column) => column.notNull())
    .addColumn('updatedAt', 'bigint')
    .addColumn('fields', 'text')
    .addPrimaryKeyConstraint('deliveryRowsKey', ['generation', 'recipient']);
  // SQLite would otherwise keep every row twice, in the table and in the index of its key.
  await (dialect === 'sqlite' ? rows.modifyEnd(sql`without rowid`) : rows).execute();
  await sql`create index "deliveryRowsByOutcome" on "deliveryRows" ("generation", "outcome", "recipient")`.execute(
    database,
  );

  await database.schema
    .createTable('staging')
    .addColumn('generation', 'bigint', (column) => column.primaryKey())
    .addColumn('taskKey', text, (column) => column.notNull())
    .execute();
}

async function createReplicas(database: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const text = textType(dialect);
  await database.schema
    .createTable('replicas')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('aliveAt', 'bigint', (column) => column.notNull())
    .addColumn('isLeaving', 'integer', (column) => column.notNull())
    .execute();

  await database.schema
    .createTable('leases')
    .addColumn('account', text, (column) => column.primaryKey())
    .addColumn('holder', text)
    .addColumn('fence', 'bigint', (column) => column.notNull())
    .addColumn('saved', 'text')
    .execute();

  await database.schema
    .createTable('jobs')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('asker', text, (column) => column.notNull())
    .addColumn('holder', text, (column) => column.notNull())
    .addColumn('job', 'text', (column) => column.notNull())
    .addColumn('begun', 'integer', (column) => column.notNull())
    .addColumn('answer', 'text')
    .addColumn('askedAt', 'bigint', (column) => column.notNull())
    .execute();

  await database.schema
    .createTable('watched')
    .addColumn('replica', text, (column) => column.notNull())
    .addColumn('account', text, (column) => column.notNull())
    .addColumn('watched', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('watchedKey', ['replica', 'account'])
    .execute();
}

async function createRetention(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('changes').addColumn('fromRevision', 'integer').execute();
  await database.schema.alterTable('changes').addColumn('merged', 'text').execute();
  await database.schema
    .alterTable('log')
    .addColumn('thinned', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await database.schema
    .createTable('retention')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('owner', 'text')
    .addColumn('aliveAt', 'bigint', (column) => column.notNull())
    .addColumn('swept', 'bigint', (column) => column.notNull())
    .addColumn('dropped', 'bigint', (column) => column.notNull())
    .execute();
  await sql`insert into retention (id, "aliveAt", swept, dropped) values (1, 0, 0, 0)`.execute(database);
}
