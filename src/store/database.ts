import { type Dialect, Kysely } from 'kysely';
import { migrate } from './migrations.ts';
import { postgresDialect } from './postgres.ts';
import { migrationLimits } from './postgres-pool.ts';
import type { Tables } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';
import { createWriteHealth, type WriteHealth } from './write-health.ts';

export type Database = Kysely<Tables>;

/** The database of a service, and how it is doing. */
export type OpenDatabase = Database & {
  /**
   * Resolves if it can be read, and if the newest write did not fail for its sake. Writes nothing. However many ask, it
   * is looked at once at a time.
   * @throws Error whose message is for everybody; its cause says more
   */
  checkReady(): Promise<void>;
  /** The service is stopping: from now on, what does not answer is not waited for long. */
  hurry(): void;
};

/**
 * Opens the database and brings its tables up to date.
 * @param url `sqlite:<file>`, `sqlite::memory:` or `postgres://…`
 * @param onLost called when a connection breaks, in use or not
 * @throws Error with a sentence that says why not
 */
export async function openDatabase(url: string, onLost: (error: Error) => void): Promise<OpenDatabase> {
  const health = createWriteHealth();
  if (!url.startsWith('sqlite:')) return openPostgres(url, onLost, health);
  const database = new Kysely<Tables>({ dialect: sqliteDialect(url.slice('sqlite:'.length), health) });
  try {
    await migrate(database, 'sqlite');
  } catch (cause) {
    await database.destroy();
    throw notOpened(cause);
  }
  return withState(database, health, () => {});
}

/** Migrations have a connection of their own: they may take as long as they need, and nothing else may. */
async function openPostgres(
  url: string,
  onLost: (error: Error) => void,
  health: WriteHealth,
): Promise<OpenDatabase> {
  const open = (dialect: Dialect) => new Kysely<Tables>({ dialect });
  const migrating = open(postgresDialect(url, onLost, { limits: migrationLimits }));
  try {
    await migrate(migrating, 'postgres');
  } catch (cause) {
    throw notOpened(cause);
  } finally {
    await migrating.destroy();
  }
  const dialect = postgresDialect(url, onLost, { health });
  return withState(open(dialect), health, dialect.hurry);
}

function withState(database: Database, health: WriteHealth, hurry: () => void): OpenDatabase {
  let checking: Promise<void> | null = null;

  async function check(): Promise<void> {
    try {
      await database.selectFrom('log').select('head').executeTakeFirstOrThrow();
    } catch (cause) {
      throw new Error('the database does not answer', { cause });
    }
    const cause = health.failure();
    if (cause !== null) throw new Error('the database takes no writes: the last one failed', { cause });
  }

  return Object.assign(database, {
    hurry,
    checkReady() {
      checking ??= check().finally(() => {
        checking = null;
      });
      return checking;
    },
  });
}

function notOpened(cause: unknown): Error {
  const reason = cause instanceof Error && cause.message ? cause.message : String(cause);
  return new Error(`database: it can't be opened (${reason})`, { cause });
}
