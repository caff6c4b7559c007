import { setTimeout as pause } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
} from 'kysely';
import { z } from 'zod';
import { openFile, type SqliteFile } from './sqlite-file.ts';
import { createTurns } from './turns.ts';
import { createWriteHealth, isReading, type WriteHealth } from './write-health.ts';

/** So long a file that another process has locked is waited for, and so long once that was in vain. */
const patienceMs = 5_000;
const lessPatienceMs = 250;
const longestPauseMs = 50;

const begin = CompiledQuery.raw('begin immediate');
const commit = CompiledQuery.raw('commit');
const rollback = CompiledQuery.raw('rollback');

/**
 * Kysely's SQLite dialect over node:sqlite, for transactions that write.
 * @param file a path, or ":memory:"
 */
export function sqliteDialect(file: string, health: WriteHealth = createWriteHealth()): Dialect {
  const dialect = new SqliteDialect({ database: async () => openFile(file) });
  return {
    createDriver: () => createDriver(file, health),
    createAdapter: () => new Adapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (database) => dialect.createIntrospector(database),
  };
}

/** There is one connection, but who has its turn is the driver's to say: Kysely would let it be held while it waits. */
class Adapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function createDriver(path: string, health: WriteHealth): Driver {
  let file: SqliteFile | null = null;
  const inner = new SqliteDriver({
    async database() {
      file = openFile(path);
      return file;
    },
  });
  const turns = createTurns();
  /** The one that is in a transaction: it keeps its turn until that has ended. */
  let writing: DatabaseConnection | null = null;

  /** While a file is locked others get their turns: with write-ahead logging, a lock keeps nobody from reading. */
  async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
    const start = performance.now();
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await work();
      } catch (error) {
        const waitMs = health.failure() === null ? patienceMs : lessPatienceMs;
        if (codeOf(error) !== busy || performance.now() - start > waitMs) throw error;
      }
      await pause(pauseMs);
    }
  }

  async function run<Row>(connection: DatabaseConnection, query: CompiledQuery) {
    const isWrite = !isReading(query.sql);
    try {
      const execute = async () => (await inner.acquireConnection()).executeQuery<Row>(query);
      const isItsTurn = writing === connection;
      const result = await patiently(isItsTurn ? execute : () => turns.inTurn(execute));
      // What changes no row needs no room on the disk.
      if (isWrite && !isItsTurn && result.numAffectedRows) health.succeeded();
      return result;
    } catch (error) {
      if (isWrite && isStorageTrouble(error)) health.failed(error);
      throw error;
    }
  }

  function endTransaction(): void {
    writing = null;
    turns.end();
  }

  return {
    init: () => inner.init(),

    async acquireConnection() {
      const connection: DatabaseConnection = {
        executeQuery: (query) => run(connection, query),
        async *streamQuery<Row>(query: CompiledQuery) {
          yield await run<Row>(connection, query);
        },
      };
      return connection;
    },

    /** Takes the write lock at once: what comes after it is never refused because of another process. */
    async beginTransaction(connection) {
      const start = async () => {
        await turns.begin();
        try {
          await (await inner.acquireConnection()).executeQuery(begin);
          writing = connection;
        } catch (error) {
          turns.end();
          throw error;
        }
      };
      try {
        await patiently(start);
      } catch (error) {
        if (isStorageTrouble(error)) health.failed(error);
        throw error;
      }
    },

    async commitTransaction(connection) {
      await connection.executeQuery(commit);
      health.succeeded();
      endTransaction();
    },

    /** What leads to it has ended the transaction already where the disk is full. */
    async rollbackTransaction(connection) {
      try {
        if (file?.isTransaction) await connection.executeQuery(rollback);
      } finally {
        endTransaction();
      }
    },

    releaseConnection: async () => {},
    destroy: () => inner.destroy(),
  };
}

/** Primary result codes, https://www.sqlite.org/rescode.html. */
const busy = 5;
const readonly = 8;
const ioError = 10;
const corrupt = 11;
const full = 13;
const cantOpen = 14;
const storageTroubles: ReadonlySet<number | null> = new Set([
  busy,
  readonly,
  ioError,
  corrupt,
  full,
  cantOpen,
]);

const sqliteError = z.object({ code: z.literal('ERR_SQLITE_ERROR'), errcode: z.number() });

/** The primary result code; extended ones hold it in their lowest byte. */
function codeOf(error: unknown): number | null {
  const { data } = sqliteError.safeParse(error);
  return data ? data.errcode & 0xff : null;
}

function isStorageTrouble(error: unknown): boolean {
  return storageTroubles.has(codeOf(error));
}
