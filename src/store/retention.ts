import { randomUUID } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { Thinned } from '../model/change.ts';
import type { Database } from './database.ts';
import { countersOnly } from './log.ts';
import { thinnedToText } from './rows.ts';
import type { Tables } from './schema.ts';

/** What tidying up has to know of a step. */
export interface LoggedStep {
  readonly seq: number;
  readonly key: string;
  readonly at: number;
  readonly revision: number;
  readonly fields: readonly string[];
  readonly isCountersOnly: boolean;
  /** It was to stay already, by a pass that has not come to its end. */
  readonly isMarked: boolean;
}

/** A step that takes the place of others. */
export interface MergedStep {
  readonly seq: number;
  readonly fromRevision: number;
  readonly thinned: Thinned;
}

/** What becomes of steps that moved only counters. */
export interface Marks {
  readonly merged: readonly MergedStep[];
  /** Seqs of those that stay as they are. */
  readonly alone: readonly number[];
  /** Seqs of those that go, and were marked as staying. */
  readonly unmarked: readonly number[];
}

/** Another process is at it. */
export class NotOurTurn extends Error {
  override readonly name = 'NotOurTurn';
}

/** Who has not been heard of for so long is no longer at work. */
const silentMs = 60_000;
/** So many rows are changed by one transaction at most. */
const batchSize = 250;

/**
 * Tidying up the change log. What is done to a stretch of it has no effect until `thinUpTo` says that it is thinned;
 * then, in one step, it is read in its new form. Each call is a transaction at most, and a short one; all but `steps`
 * throw NotOurTurn where another process has begun.
 * @param now ms since 1970
 */
export function createRetentionStore(database: Database, now: () => number) {
  const owner = randomUUID();

  /** Its first statement locks the row of `retention`: others wait, and then find that it is not their turn. */
  function inTurn<Result>(work: (transaction: Transaction<Tables>) => Promise<Result>): Promise<Result> {
    return database.transaction().execute(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('retention')
        .set({ aliveAt: now() })
        .where('owner', '=', owner)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) throw new NotOurTurn();
      return work(transaction);
    });
  }

  const state = () =>
    database
      .selectFrom('retention')
      .select((eb) => [
        'swept',
        'dropped',
        eb.selectFrom('log').select('thinned').$asScalar().$notNull().as('thinned'),
      ])
      .executeTakeFirstOrThrow();

  const steps = (after: number, limit: number) =>
    database
      .selectFrom('changes')
      .select(['seq', 'key', 'at', 'revision', 'kinds', 'fields', 'fromRevision'])
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(limit);

  return {
    batchSize,

    /** Begins: nobody else may until `end`, or until nothing was heard of this process for a minute. */
    async begin(): Promise<void> {
      const { numUpdatedRows } = await database
        .updateTable('retention')
        .set({ owner, aliveAt: now() })
        .where((eb) =>
          eb.or([eb('owner', 'is', null), eb('owner', '=', owner), eb('aliveAt', '<', now() - silentMs)]),
        )
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) throw new NotOurTurn();
    },

    async end(): Promise<void> {
      await database.updateTable('retention').set({ owner: null }).where('owner', '=', owner).execute();
    },

    state,

    /** Steps after a seq, oldest first. */
    async steps(after: number, limit: number): Promise<LoggedStep[]> {
      const rows = await steps(after, limit).execute();
      return rows.map(({ kinds, fields, fromRevision, ...row }) => ({
        ...row,
        fields: JSON.parse(fields),
        isCountersOnly: kinds === countersOnly,
        isMarked: fromRevision !== null,
      }));
    },

    /** Notes what becomes of steps, `batchSize` of them at most. */
    async mark({ merged, alone, unmarked }: Marks): Promise<void> {
      await inTurn(async (transaction) => {
        for (const { seq, fromRevision, thinned } of merged) {
          const set = { fromRevision, merged: thinnedToText(thinned, seq) };
          await transaction.updateTable('changes').set(set).where('seq', '=', seq).execute();
        }
        const all = transaction.updateTable('changes');
        if (alone.length > 0) {
          const stays = all.set((eb) => ({ fromRevision: eb('revision', '-', 1), merged: null }));
          await stays.where('seq', 'in', alone).execute();
        }
        if (unmarked.length > 0) {
          await all.set({ fromRevision: null, merged: null }).where('seq', 'in', unmarked).execute();
        }
      });
    },

    /** All steps up to a seq are marked: from now on they are read so. */
    async thinUpTo(seq: number): Promise<void> {
      await inTurn((transaction) => transaction.updateTable('log').set({ thinned: seq }).execute());
    },

    /**
     * Deletes steps that others have taken the place of.
     * @returns how many; 0: there are no more
     */
    async sweep(): Promise<number> {
      const { swept, thinned } = await state();
      if (swept >= thinned) return 0;
      const gone = await database
        .selectFrom('changes')
        .select('seq')
        .where('seq', '>', swept)
        .where('seq', '<=', thinned)
        .where('kinds', '=', countersOnly)
        .where('fromRevision', 'is', null)
        .orderBy('seq')
        .limit(batchSize)
        .execute();
      const upTo = gone.length < batchSize ? thinned : (gone.at(-1)?.seq ?? thinned);
      await inTurn(async (transaction) => {
        if (gone.length > 0) {
          await transaction
            .deleteFrom('changes')
            .where('seq', '>', swept)
            .where('seq', '<=', upTo)
            .where('kinds', '=', countersOnly)
            .where('fromRevision', 'is', null)
            .execute();
        }
        await transaction.updateTable('retention').set({ swept: upTo }).execute();
      });
      return gone.length;
    },

    /**
     * Deletes steps that moved only counters, among the oldest that have not been gone through yet.
     * @param before ms since 1970; younger ones stay
     * @returns how many, and whether there may be more
     */
    async drop(before: number): Promise<{ dropped: number; more: boolean }> {
      const { dropped, swept, thinned } = await state();
      const page = await steps(dropped, batchSize).execute();
      const young = page.findIndex(({ at }) => at >= before);
      const old = young < 0 ? page : page.slice(0, young);
      const upTo = old.at(-1)?.seq;
      if (upTo === undefined) return { dropped: 0, more: false };
      const newest = old.findLast(({ kinds }) => kinds === countersOnly)?.seq;
      const count = await inTurn(async (transaction) => {
        const set = { dropped: upTo, swept: Math.max(swept, upTo) };
        await transaction.updateTable('retention').set(set).execute();
        if (newest === undefined) return 0;
        const { numDeletedRows } = await transaction
          .deleteFrom('changes')
          .where('seq', '>', dropped)
          .where('seq', '<=', newest)
          .where('kinds', '=', countersOnly)
          .executeTakeFirstOrThrow();
        // Last, as it locks out all writers: they wait for the commit alone.
        await transaction
          .updateTable('log')
          .set((eb) => ({
            pruned: eb.case().when('pruned', '<', newest).then(newest).else(eb.ref('pruned')).end(),
            thinned: Math.max(thinned, newest),
          }))
          .execute();
        return Number(numDeletedRows);
      });
      return { dropped: count, more: old.length === batchSize };
    },
  };
}

export type RetentionStore = ReturnType<typeof createRetentionStore>;
