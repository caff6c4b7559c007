import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The server's URL without a database's name: "postgres://user:password@host:port". */
    postgresUrl: string;
  }
}

/** One PostgreSQL for the whole run; every test file makes its own databases in it (`createDatabase`). */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  provide('postgresUrl', postgres.url);
  return async () => postgres[Symbol.asyncDispose]();
}
