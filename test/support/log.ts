import { createStatementWriter } from '../../src/replicas/statement-writer.ts';
import type { Database } from '../../src/store/database.ts';
import { type ChangeLog, createChangeLog } from '../../src/store/log.ts';
import type { DatabaseKind } from './databases.ts';

/** The log as the service writes to it on such a database: by transactions, or as the replica that holds the account `main`. */
export async function openLog(database: Database, kind: DatabaseKind): Promise<ChangeLog> {
  if (kind === 'sqlite') return createChangeLog(database);
  const lease = { account: 'main', holder: 'test', fence: 1, saved: null };
  await database
    .insertInto('leases')
    .values(lease)
    .onConflict((conflict) => conflict.column('account').doNothing())
    .execute();
  const fenceOf = (account: string) => (account === lease.account ? lease.fence : null);
  return createChangeLog(database, createStatementWriter({ database, replica: lease.holder, fenceOf }));
}
