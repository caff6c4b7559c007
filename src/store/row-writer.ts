import { CompiledQuery, type Kysely } from 'kysely';
import type { Tables } from './schema.ts';

/** So many lengths at most have a statement of their own that is kept. */
const mostKept = 10;

/**
 * Writes rows of one database by statements whose text is made once for each number of rows: to build one costs more than to run it.
 * @param build a statement that takes the columns of each row as its parameters, in the order of the row's members
 */
export function createRowWriter<Row extends object>(
  build: (on: Kysely<Tables>, rows: readonly Row[]) => { compile(): CompiledQuery },
) {
  const texts = new Map<number, string>();

  return async (on: Kysely<Tables>, rows: readonly Row[]): Promise<void> => {
    if (rows.length === 0) return;
    const text = texts.get(rows.length) ?? build(on, rows).compile().sql;
    if (rows.length <= mostKept) texts.set(rows.length, text);
    await on.executeQuery(
      CompiledQuery.raw(
        text,
        rows.flatMap((row) => Object.values(row)),
      ),
    );
  };
}
