import { statSync } from 'node:fs';
import { Kysely } from 'kysely';
import { type CampaignStore, createCampaignStore } from '../store/campaigns.ts';
import { postgresDialect } from '../store/postgres.ts';
import type { Tables } from '../store/schema.ts';
import { sqliteDialect } from '../store/sqlite.ts';

/** What is known of the campaigns that are followed. */
export type Stored = Pick<CampaignStore, 'followed' | 'getMany'>;

/**
 * Gives what a database holds to `use`, without making one, and without bringing its tables up to date.
 * @param url as in the configuration
 * @param use is given null where there is no database yet, or one without tables
 * @throws Error with a sentence that says why it can't be read
 */
export async function withStored<Result>(
  url: string,
  use: (stored: Stored | null) => Promise<Result>,
): Promise<Result> {
  const isSqlite = url.startsWith('sqlite:');
  const path = url.slice('sqlite:'.length);
  if (isSqlite && !isThere(path)) return use(null);
  const database = new Kysely<Tables>({
    dialect: isSqlite ? sqliteDialect(path) : postgresDialect(url, () => {}),
  });
  try {
    const tables = await tablesOf(database);
    return await use(tables.has('campaigns') ? createCampaignStore(database) : null);
  } finally {
    await database.destroy();
  }
}

async function tablesOf(database: Kysely<Tables>): Promise<Set<string>> {
  try {
    const tables = await database.introspection.getTables();
    return new Set(tables.map(({ name }) => name));
  } catch (cause) {
    const reason = cause instanceof Error && cause.message ? cause.message : String(cause);
    throw new Error(`database: it can't be opened (${reason})`, { cause });
  }
}

/** A file without content is one that nobody has written to yet. */
function isThere(path: string): boolean {
  return path !== ':memory:' && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}
