import { createTransactionWriter } from '../store/transaction-writer.ts';
import { createReplicas, type Replicas, type ReplicasParts } from './replicas.ts';

/** The same where no other process is on the database: all accounts are ours. */
function createAlone({
  database,
  onGained,
  onLost,
  perform,
}: Pick<ReplicasParts, 'database' | 'onGained' | 'onLost' | 'perform'>): Replicas {
  let all: readonly string[] = [];

  async function take(groups: readonly (readonly string[])[]): Promise<void> {
    all = groups.flat();
    await onGained(all, new Map());
  }

  return {
    id: 'alone',
    logWriter: createTransactionWriter(database),
    isOurs: () => true,
    hurry() {},
    ask: perform,
    lookOf: () => null,
    taskChanged() {},
    campaignChanged() {},
    accountChanged() {},
    start: take,
    change: take,
    handOver: () => onLost(all),
    async stop() {},
  };
}

/** Replicas, where the database is one that several processes can share. */
export function openReplicas(parts: ReplicasParts): Replicas {
  return parts.url.startsWith('sqlite:') ? createAlone(parts) : createReplicas(parts);
}
