import type { Database } from './database.ts';
import type { MutationRow } from './schema.ts';

/** What was asked for with an idempotency key, and what was answered. */
export function createMutationStore(database: Database) {
  return {
    /**
     * Takes a key for a mutation that begins now.
     * @returns null: it was free, and is taken now; else what it was taken for before
     */
    async begin(row: Omit<MutationRow, 'answer'>): Promise<MutationRow | null> {
      for (;;) {
        const { numInsertedOrUpdatedRows: inserted } = await database
          .insertInto('mutations')
          .values({ ...row, answer: null })
          .onConflict((conflict) => conflict.column('key').doNothing())
          .executeTakeFirstOrThrow();
        if (inserted === 1n) return null;
        const earlier = await this.get(row.key);
        // It may have been forgotten in between; then the key is free after all.
        if (earlier) return earlier;
      }
    },

    /** It is still being worked on. */
    async alive(key: string, aliveAt: number): Promise<void> {
      await database.updateTable('mutations').set({ aliveAt }).where('key', '=', key).execute();
    },

    async get(key: string): Promise<MutationRow | null> {
      const row = await database
        .selectFrom('mutations')
        .selectAll()
        .where('key', '=', key)
        .executeTakeFirst();
      return row ?? null;
    },

    /** @param answer JSON text */
    async finish(key: string, answer: string): Promise<void> {
      await database.updateTable('mutations').set({ answer }).where('key', '=', key).execute();
    },

    /** @param before ms since 1970 */
    async forget(before: number): Promise<void> {
      await database.deleteFrom('mutations').where('startedAt', '<', before).execute();
    },
  };
}

export type MutationStore = ReturnType<typeof createMutationStore>;
