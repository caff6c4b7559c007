import { createStatementWriter } from '../../src/replicas/statement-writer.ts';
import type { Database } from '../../src/store/database.ts';
import { type ChangeLog, createChangeLog } from '../../src/store/log.ts';
import type { DatabaseKind } from './databases.ts';

/**
 * The log as the service writes to it on such a database, by transactions or as a replica.
 * @param accounts those of which the replica holds the lease
 */
export async function openLog(
  database: Database,
  kind: DatabaseKind,
  accounts: readonly string[] = ['main'],
): Promise<ChangeLog> {
  if (kind === 'sqlite') return createChangeLog(database);
  const replica = 'test';
  await database
    .insertInto('leases')
    .values(accounts.map((account) => ({ account, holder: replica, fence: 1, saved: null })))
    .onConflict((conflict) => conflict.column('account').doNothing())
    .execute();
  const fenceOf = (account: string) => (accounts.includes(account) ? 1 : null);
  return createChangeLog(database, createStatementWriter({ database, replica, fenceOf }));
}
