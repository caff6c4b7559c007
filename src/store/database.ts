import { Kysely } from 'kysely';
import { migrate } from './migrations.ts';
import { postgresDialect } from './postgres.ts';
import type { Tables } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';

export type Database = Kysely<Tables>;

/**
 * Opens the database and brings its tables up to date.
 * @param url `sqlite:<file>`, `sqlite::memory:` or `postgres://…`
 * @throws Error with a sentence that says why not
 */
export async function openDatabase(url: string, onLost: (error: Error) => void): Promise<Database> {
  const isSqlite = url.startsWith('sqlite:');
  const dialect = isSqlite ? sqliteDialect(url.slice('sqlite:'.length)) : postgresDialect(url, onLost);
  const database = new Kysely<Tables>({ dialect });
  try {
    await migrate(database, isSqlite ? 'sqlite' : 'postgres');
  } catch (cause) {
    await database.destroy();
    const reason = cause instanceof Error && cause.message ? cause.message : String(cause);
    throw new Error(`database: it can't be opened (${reason})`, { cause });
  }
  return database;
}
