import { PostgresDialect } from 'kysely';
import pg from 'pg';

const int8 = 20;
const numeric = 1700;

/** int8 (times, counts) and numeric (sums of them) stay below 2^53 here, so they come as numbers. */
function numberParser(oid: number): ((text: string) => unknown) | undefined {
  return oid === int8 || oid === numeric ? Number : undefined;
}

/**
 * Kysely's PostgreSQL dialect.
 * @param onLost called when a connection that nobody uses breaks; the pool opens another by itself
 */
export function postgresDialect(url: string, onLost: (error: Error) => void): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    types: { getTypeParser: (oid, format) => numberParser(oid) ?? pg.types.getTypeParser(oid, format) },
  });
  pool.on('error', onLost);
  return new PostgresDialect({ pool });
}
