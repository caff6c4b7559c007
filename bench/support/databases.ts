import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../test/support/postgres-server.ts';

export const databaseKinds = ['sqlite file', 'sqlite::memory:', 'postgres'] as const;

export type DatabaseKind = (typeof databaseKinds)[number];

/** A new, empty database for the service; disposing of it leaves nothing behind. */
export async function createDatabase(
  kind: DatabaseKind,
): Promise<{ readonly url: string } & AsyncDisposable> {
  if (kind === 'sqlite::memory:') return { url: kind, [Symbol.asyncDispose]: async () => {} };
  if (kind === 'postgres') {
    // It counts its tables every second, not every minute: as on a server that has been up for a while.
    const postgres = await startPostgres(['-c', 'autovacuum_naptime=1s']);
    return {
      url: `${postgres.url}/postgres`,
      [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
    };
  }
  const folder = await mkdtemp(join(tmpdir(), 'campaign-graph-bench-'));
  return {
    url: `sqlite:${join(folder, 'bench.db')}`,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
