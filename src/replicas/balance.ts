import type { LeaseState, TableState } from './lease-table.ts';
import { shareOf } from './share.ts';

/** Accounts that go together. */
export type Group = readonly string[];

export interface Standing {
  /** What this replica's configuration has. */
  readonly groups: readonly Group[];
  readonly state: TableState;
  /** Groups that are held, and not being given up. */
  readonly kept: readonly Group[];
  /** Whether an account is held, be it given up or not. */
  readonly isHeld: (account: string) => boolean;
}

export interface Balance {
  readonly giveUp: readonly Group[];
  /** What may be taken, the first first; so many groups at most. */
  readonly take: readonly Group[];
  readonly most: number;
  /** Rows that name this replica, and are not held: they could not be given up, say. */
  readonly stray: readonly LeaseState[];
}

/** After so long, what is free is not about to be taken by somebody whose share it is. */
const leftAfterMs = 3_500;
/** After so long, somebody else may take it after all. */
const keptMs = 60_000;

/**
 * Decides at each look what a replica takes of what is free, up to its share, and what it gives up beyond that. What
 * nobody has taken for seconds is taken beyond the share: replicas of different configurations count different shares,
 * which may leave something over.
 * @param now ms, by a clock that only goes forward
 */
export function createBalance(replica: string, now: () => number = () => performance.now()) {
  /** Since when groups have been free, by name. */
  let freeSince: ReadonlyMap<string, number> = new Map();
  /** What is held beyond the share, and until when. */
  const beyondShare = new Map<string, number>();
  let present: ReadonlySet<string> = new Set();

  return {
    decide({ groups, state, kept, isHeld }: Standing): Balance {
      const { replicas, leases } = state;
      const ids = new Set(replicas.map(({ id }) => id));
      // With other replicas it may be somebody's share.
      if (ids.symmetricDifference(present).size > 0) beyondShare.clear();
      present = ids;
      for (const [name, until] of beyondShare) if (now() > until) beyondShare.delete(name);

      const wanted = new Set(groups.map(nameOf));
      const staying = replicas.flatMap(({ id, isLeaving }) => (isLeaving ? [] : [id]));
      const share = shareOf(groups.length, staying, replica);
      const unwanted = kept.filter((group) => !wanted.has(nameOf(group)));
      const shared = kept.filter((group) => wanted.has(nameOf(group)) && !beyondShare.has(nameOf(group)));

      const stray = leases.filter(({ account, holder }) => holder === replica && !isHeld(account));
      // What was ours, and was lost because it ran out, is taken anew: its fence tells late writes from new ones.
      const free = new Set(
        [...leases.filter(({ isFree }) => isFree), ...stray].map(({ account }) => account),
      );
      const open = groups.filter((group) => group.every((account) => free.has(account)));
      freeSince = new Map(open.map((group) => [nameOf(group), freeSince.get(nameOf(group)) ?? now()]));
      const left = open.filter((group) => now() - (freeSince.get(nameOf(group)) ?? now()) >= leftAfterMs);
      for (const group of left) beyondShare.set(nameOf(group), now() + keptMs);

      return {
        giveUp: [...unwanted, ...shared.slice(share)],
        take: [...left, ...open.filter((group) => !left.includes(group))],
        most: Math.max(0, share - shared.length) + left.length,
        stray,
      };
    },
  };
}

export function nameOf(group: Group): string {
  return group.join(' ');
}
