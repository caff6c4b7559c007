import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** Kysely builds a statement's text anew each time; its compiled form is worth keeping, unless it is a large one. */
const keptStatements = 100;
const longestKept = 3_000;

/** A file as Kysely's driver wants it. */
export interface SqliteFile extends SqliteDatabase {
  readonly isTransaction: boolean;
}

/** @param file a path, or ":memory:" */
export function openFile(file: string): SqliteFile {
  if (file !== ':memory:') {
    mkdirSync(dirname(file), { recursive: true });
    // It holds who received what. SQLite gives the files beside it the same mode; one that is there already keeps its own.
    closeSync(openSync(file, 'a', 0o600));
  }
  const database = new DatabaseSync(file);
  // Nobody is served yet, so it may be waited for where it is opened.
  database.exec('pragma busy_timeout = 5000');
  database.exec('pragma journal_mode = wal');
  // A commit that was told to a subscriber must survive a power cut too.
  database.exec('pragma synchronous = full');
  // SQLite would wait with the whole process; the driver waits in a way that lets others go on.
  database.exec('pragma busy_timeout = 0');
  const statements = new Map<string, SqliteStatement>();
  return {
    get isTransaction() {
      return database.isTransaction;
    },
    close: () => database.close(),
    prepare(sql) {
      const kept = statements.get(sql);
      if (kept) return kept;
      const statement = adapt(database.prepare(sql));
      const [oldest] = statements.keys();
      if (sql.length > longestKept) return statement;
      if (statements.size >= keptStatements && oldest !== undefined) statements.delete(oldest);
      statements.set(sql, statement);
      return statement;
    },
  };
}

/** node:sqlite's own row objects are slow to read from, so rows come as arrays and become ordinary objects here. */
function adapt(statement: StatementSync): SqliteStatement {
  const names = statement.columns().map(({ name }) => name);
  statement.setReturnArrays(true);
  const toRow = (values: Record<string, SQLOutputValue>) => {
    const row: Record<string, SQLOutputValue | undefined> = {};
    for (const [place, name] of names.entries()) row[name] = values[place];
    return row;
  };
  return {
    reader: names.length > 0,
    all: (parameters) => statement.all(...parameters.map(toInput)).map(toRow),
    run: (parameters) => statement.run(...parameters.map(toInput)),
    *iterate(parameters) {
      for (const values of statement.iterate(...parameters.map(toInput))) yield toRow(values);
    },
  };
}

function toInput(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    return value;
  }
  throw new TypeError(`SQLite takes no ${typeof value} as a parameter.`);
}
