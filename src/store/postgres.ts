import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { lendFrom, type PostgresLimits, usualLimits } from './postgres-pool.ts';
import { createWriteHealth, type WriteHealth } from './write-health.ts';

const int8 = 20;
const numeric = 1700;

/** int8 (times, counts) and numeric (sums of them) stay below 2^53 here, so they come as numbers. */
function numberParser(oid: number): ((text: string) => unknown) | undefined {
  return oid === int8 || oid === numeric ? Number : undefined;
}

export interface PostgresOptions {
  readonly limits?: PostgresLimits;
  readonly health?: WriteHealth;
  /** How many at most. */
  readonly connections?: number;
}

/**
 * Kysely's PostgreSQL dialect.
 * @param onLost called when a connection breaks, in use or not; the pool opens another by itself
 * @returns it, and `hurry`, which makes it wait less from then on
 */
export function postgresDialect(
  url: string,
  onLost: (error: Error) => void,
  { limits = usualLimits, health = createWriteHealth(), connections = 10 }: PostgresOptions = {},
): PostgresDialect & { hurry(): void } {
  const { connectMs, answerMs, hurriedMs } = limits;
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectMs,
    // The server gives up first, so that a statement that takes too long does not cost the connection.
    statement_timeout: answerMs,
    query_timeout: answerMs * 1.2,
    // Whoever is paused or cut off in the middle of a transaction must not keep the log's row locked for others.
    idle_in_transaction_session_timeout: 4_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // The server finds out too, within half a minute: a statement that came in all but its end would keep the log locked.
    options: '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3',
    types: { getTypeParser: (oid, format) => numberParser(oid) ?? pg.types.getTypeParser(oid, format) },
  });
  // The pool listens to a connection only while nobody uses it, and an error that nobody hears ends the process.
  pool.on('connect', (client) => void client.on('error', onLost));
  pool.on('error', () => {});
  const lending = lendFrom(pool, health, hurriedMs);
  return Object.assign(new PostgresDialect({ pool: lending }), { hurry: lending.hurry });
}
