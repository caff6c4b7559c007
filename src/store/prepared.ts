import type { CompiledQuery } from 'kysely';

/** How a statement bears its name, so that it goes through Kysely with it. */
const marking = /\/\* prepared as (\S+) \*\/$/;

/**
 * A statement that PostgreSQL keeps prepared: to parse and plan a short one takes longer than to run it. Its columns have
 * to be named, since `*` means something else once a newer version has changed the tables.
 * @param name always of the same text
 */
export function prepared<Row>(name: string, query: CompiledQuery<Row>): CompiledQuery<Row> {
  return { ...query, sql: `${query.sql} /* prepared as ${name} */` };
}

/** Under which name a statement is kept prepared; null: it is not. */
export function preparedName(sql: string): string | null {
  return sql.endsWith('*/') ? (marking.exec(sql)?.[1] ?? null) : null;
}
