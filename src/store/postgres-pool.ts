import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import pg from 'pg';
import { preparedName } from './prepared.ts';
import { isReading, type WriteHealth } from './write-health.ts';

interface Statement {
  /** Under which it is kept prepared. */
  readonly name: string | undefined;
  readonly text: string;
  readonly values: readonly unknown[];
}

interface Client {
  query<Row>(statement: Statement): Promise<PostgresQueryResult<Row>>;
  release(isBroken?: boolean): void;
}

/** What is used of pg's pool. */
interface Pool {
  readonly options: PostgresPool['options'];
  connect(): Promise<Client>;
  end(): Promise<void>;
}

export interface PostgresLimits {
  /** How long to wait for a connection. */
  readonly connectMs: number;
  /** How long to wait for the answer to a statement; 0: for ever. */
  readonly answerMs: number;
  /** The same, once the service is stopping. */
  readonly hurriedMs: number;
}

export const usualLimits: PostgresLimits = { connectMs: 5_000, answerMs: 10_000, hurriedMs: 2_000 };
/** Migrations may rewrite large tables, and other processes wait for them. */
export const migrationLimits: PostgresLimits = { ...usualLimits, answerMs: 0 };

/**
 * Lends a pool's connections, and none again from which an answer has failed to come: what is asked next would wait
 * behind that for ever; nor one to a server that takes no writes, since another may lead to another server. What is told
 * of a transaction is what it failed with, not that it could not be rolled back.
 */
export function lendFrom(pool: Pool, health: WriteHealth, hurriedMs: number) {
  const inUse = new Set<Loan>();
  let hurrying: NodeJS.Timeout | null = null;
  /** Since the service is stopping, PostgreSQL has failed to answer: it is not waited for again. */
  let silence: unknown = null;

  function noteLoss(error: unknown): void {
    if (hurrying) silence ??= error;
  }

  return {
    options: pool.options,

    async connect(): Promise<PostgresPoolClient> {
      if (silence !== null) throw silence;
      try {
        const loan = lend(await pool.connect(), {
          health,
          onLost: noteLoss,
          onEnd: () => inUse.delete(loan),
        });
        inUse.add(loan);
        return loan;
      } catch (error) {
        noteLoss(error);
        throw error;
      }
    },

    /** From now on it is waited for little, and no longer at all once that was in vain. */
    hurry(): void {
      hurrying ??= setInterval(() => {
        for (const loan of inUse) loan.giveUpAfter(hurriedMs);
      }, hurriedMs / 8).unref();
    },

    /** What is still being asked is waited for as little. */
    async end(): Promise<void> {
      await pool.end();
      if (hurrying) clearInterval(hurrying);
    },
  };
}

interface Lending {
  readonly health: WriteHealth;
  readonly onLost: (error: unknown) => void;
  readonly onEnd: () => void;
}

interface Loan extends PostgresPoolClient {
  /** Breaks the connection off if it has been silent for so long. */
  giveUpAfter(ms: number): void;
}

/** Lends a connection for a statement or a transaction. */
function lend(client: Client, { health, onLost, onEnd }: Lending): Loan {
  /** When it was asked what it has not answered yet. */
  let askedAt: number | null = null;
  let isGone = false;
  let isTransaction = false;
  let isSpent = false;
  let failure: unknown = null;

  function discard(error: unknown): void {
    failure ??= error;
    if (isGone) return;
    isGone = true;
    onEnd();
    onLost(error);
    client.release(true);
  }

  async function ask<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    if (isGone) throw failure;
    askedAt = performance.now();
    try {
      const name = preparedName(sql) ?? undefined;
      const result = await client.query<Row>({ name, text: sql, values: parameters });
      noteSuccess(sql, result.command, result.rowCount);
      return result;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) discard(error);
      else noteRefusal(sql, error);
      failure ??= error;
      throw failure;
    } finally {
      askedAt = null;
    }
  }

  function noteRefusal(sql: string, error: pg.DatabaseError): void {
    isSpent ||= isOfConnection(error);
    if (!isReading(sql) && isStorageTrouble(error)) health.failed(error);
  }

  function noteSuccess(sql: string, command: string, rowCount: number): void {
    if (sql === 'begin') isTransaction = true;
    const isCommit = command === 'COMMIT';
    if (isCommit || command === 'ROLLBACK') isTransaction = false;
    if (isCommit || (!isTransaction && !isReading(sql) && rowCount > 0)) health.succeeded();
  }

  function query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  function query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  function query<Row>(
    sql: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof sql !== 'string') throw new TypeError('Cursors are not lent.');
    return ask<Row>(sql, parameters);
  }

  return {
    query,
    release(isBroken) {
      if (isGone) return;
      isGone = true;
      onEnd();
      client.release(isBroken || isSpent);
    },
    giveUpAfter(ms) {
      if (askedAt === null || performance.now() - askedAt <= ms) return;
      discard(new Error(`PostgreSQL did not answer within ${ms / 1000} s.`));
    },
  };
}

/**
 * The server is only to be read (25006), or goes away, or is not there yet (57P01 to 57P03), or what is kept prepared there
 * is of no use any more (0A000, 26000): another connection may fare better.
 */
function isOfConnection({ code }: pg.DatabaseError): boolean {
  return code !== undefined && /^(0A000|25006|26000|57P0[123])$/.test(code);
}

/**
 * Classes 53 (no room, no memory), 55 (locked), 57 (shutting down, took too long) and 58 (the disk), and a server that is
 * only to be read (25006): PostgreSQL's manual, appendix A.
 */
function isStorageTrouble({ code }: pg.DatabaseError): boolean {
  return code !== undefined && /^(5[3578]|25006)/.test(code);
}
