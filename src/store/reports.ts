import { randomInt } from 'node:crypto';
import { CompiledQuery, type SelectQueryBuilder } from 'kysely';
import { z } from 'zod';
import { type DeliveryOutcome, type DeliveryRow, deliveryOutcomes } from '../model/task.ts';
import type { Database } from './database.ts';
import type { DeliveryRowRow, Tables } from './schema.ts';

/** What is known of a campaign's recipients. */
export interface Report {
  readonly campaignKey: string;
  readonly generation: number;
  /** When the newest file was read, ms since 1970. */
  readonly at: number;
  readonly rowCount: number;
  /** Lines of the newest file that could not be read. */
  readonly badLines: number;
  readonly counts: ReadonlyMap<DeliveryOutcome, number>;
}

export interface RowFilter {
  readonly outcomes?: readonly DeliveryOutcome[];
  readonly recipient?: string;
}

/** One statement inserts so many rows, so that it is short enough to be kept prepared. */
const rowsInStatement = 50;
/** So many rows are copied or deleted at a time, so that others get their turn in between. */
const rowsAtOnce = 5_000;

const columns = ['generation', 'recipient', 'outcome', 'providerResult', 'updatedAt', 'fields'] as const;

/**
 * Reports by generations of rows: one is written in the background, in short transactions, and takes the place of the
 * one before in a single step. So a reader sees the whole of the one or of the other.
 */
export function createReportStore(database: Database) {
  const insertOf = (rows: readonly DeliveryRowRow[], on: Database) =>
    on
      .insertInto('deliveryRows')
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(['generation', 'recipient']).doUpdateSet((eb) => ({
          outcome: eb.ref('excluded.outcome'),
          providerResult: eb.ref('excluded.providerResult'),
          updatedAt: eb.ref('excluded.updatedAt'),
          fields: eb.ref('excluded.fields'),
        })),
      );
  // Building a statement costs more than running it, and all full ones have the same text.
  const blank: DeliveryRowRow = {
    generation: 0,
    recipient: '',
    outcome: 0,
    providerResult: '',
    updatedAt: null,
    fields: null,
  };
  const fullStatement = insertOf(new Array(rowsInStatement).fill(blank), database).compile().sql;

  async function deleteRows(generation: number): Promise<void> {
    for (;;) {
      const end = await recipientAt(generation, null);
      let query = database.deleteFrom('deliveryRows').where('generation', '=', generation);
      if (end !== null) query = query.where('recipient', '<=', end);
      await query.execute();
      if (end === null) break;
    }
    await database.deleteFrom('staging').where('generation', '=', generation).execute();
  }

  /** The last recipient of the next portion; null: what is left is no more than one. */
  async function recipientAt(generation: number, after: string | null): Promise<string | null> {
    let query = database
      .selectFrom('deliveryRows')
      .select('recipient')
      .where('generation', '=', generation)
      .orderBy('recipient')
      .offset(rowsAtOnce - 1)
      .limit(1);
    if (after !== null) query = query.where('recipient', '>', after);
    return (await query.executeTakeFirst())?.recipient ?? null;
  }

  /** A generation that is no longer staged has been discarded by whoever took the task over. */
  async function assertStaged(on: Database, generation: number): Promise<void> {
    const row = await on
      .selectFrom('staging')
      .select('generation')
      .where('generation', '=', generation)
      .executeTakeFirst();
    if (!row) throw overtaken();
  }

  return {
    /** Begins a generation for a task; what an earlier try has left behind is deleted. */
    async stage(taskKey: string): Promise<number> {
      await this.discard(taskKey);
      const generation = randomInt(2 ** 47);
      await database.insertInto('staging').values({ generation, taskKey }).execute();
      return generation;
    },

    /** Deletes what a task has staged, and not published. */
    async discard(taskKey: string): Promise<void> {
      const left = await database
        .selectFrom('staging')
        .select('generation')
        .where('taskKey', '=', taskKey)
        .execute();
      for (const { generation } of left) await deleteRows(generation);
    },

    /**
     * Adds rows to a generation; of a recipient that comes twice the later row stays.
     * @throws where the generation has been discarded
     */
    async write(generation: number, rows: readonly DeliveryRow[]): Promise<void> {
      const unique = new Map(rows.map((row) => [row.recipient, row]));
      const all = [...unique.values()];
      await database.transaction().execute(async (transaction) => {
        await assertStaged(transaction, generation);
        for (let start = 0; start < all.length; start += rowsInStatement) {
          const part = all.slice(start, start + rowsInStatement).map((row) => toRow(generation, row));
          if (part.length < rowsInStatement) await insertOf(part, transaction).execute();
          else await transaction.executeQuery(CompiledQuery.raw(fullStatement, part.flatMap(valuesOf)));
        }
      });
    },

    /** Completes a generation with the recipients of another that it does not name. */
    async copyMissing(from: number, to: number): Promise<void> {
      for (let after: string | null = null, isLast = false; !isLast; ) {
        const end: string | null = await recipientAt(from, after);
        isLast = end === null;
        let missing = database
          .selectFrom('deliveryRows')
          .select((eb) => [eb.val(to).as('generation'), ...columns.slice(1)])
          .where('generation', '=', from);
        if (after !== null) missing = missing.where('recipient', '>', after);
        if (end !== null) missing = missing.where('recipient', '<=', end);
        await database
          .insertInto('deliveryRows')
          .columns(columns)
          .expression(missing)
          .onConflict((conflict) => conflict.columns(['generation', 'recipient']).doNothing())
          .execute();
        after = end;
      }
    },

    /**
     * Makes a generation the campaign's report. The one before stays for those who are reading it, until `sweep`.
     * @throws where the generation has been discarded
     */
    async publish(
      campaignKey: string,
      generation: number,
      told: Pick<Report, 'at' | 'badLines'>,
    ): Promise<Report> {
      const rows = await database
        .selectFrom('deliveryRows')
        .select((eb) => ['outcome', eb.fn.countAll<number>().as('count')])
        .where('generation', '=', generation)
        .groupBy('outcome')
        .execute();
      const counts = new Map(rows.map(({ outcome, count }) => [outcomeAt(outcome), Number(count)]));
      const rowCount = [...counts.values()].reduce((sum, count) => sum + count, 0);
      const earlier = await this.get(campaignKey);
      await this.discard(replacedBy(campaignKey));
      await database.transaction().execute(async (transaction) => {
        const { numDeletedRows: found } = await transaction
          .deleteFrom('staging')
          .where('generation', '=', generation)
          .executeTakeFirst();
        if (found === 0n) throw overtaken();
        await transaction.deleteFrom('reports').where('campaignKey', '=', campaignKey).execute();
        const row = { campaignKey, generation, rowCount, ...told, counts: JSON.stringify([...counts]) };
        await transaction.insertInto('reports').values(row).execute();
        if (!earlier) return;
        const replaced = { generation: earlier.generation, taskKey: replacedBy(campaignKey) };
        await transaction.insertInto('staging').values(replaced).execute();
      });
      return { campaignKey, generation, rowCount, counts, ...told };
    },

    /** Deletes the rows that newer reports have replaced. */
    async sweep(): Promise<void> {
      const replaced = await database
        .selectFrom('staging')
        .select('generation')
        .where('taskKey', 'like', `${replacedBy('')}%`)
        .execute();
      for (const { generation } of replaced) await deleteRows(generation);
    },

    async get(campaignKey: string): Promise<Report | null> {
      const row = await database
        .selectFrom('reports')
        .selectAll()
        .where('campaignKey', '=', campaignKey)
        .executeTakeFirst();
      return row ? { ...row, counts: new Map(countsSchema.parse(JSON.parse(row.counts))) } : null;
    },

    /** In the order of recipients, from behind one on. */
    async rows(
      generation: number,
      filter: RowFilter,
      after: string | null,
      limit: number,
    ): Promise<DeliveryRow[]> {
      let query = whereMatches(database.selectFrom('deliveryRows').selectAll(), generation, filter);
      if (after !== null) query = query.where('recipient', '>', after);
      return (await query.orderBy('recipient').limit(limit).execute()).map(fromRow);
    },

    async count(generation: number, filter: RowFilter): Promise<number> {
      const query = database.selectFrom('deliveryRows').select((eb) => eb.fn.countAll<number>().as('count'));
      return Number((await whereMatches(query, generation, filter).executeTakeFirstOrThrow()).count);
    },
  };
}

export type ReportStore = ReturnType<typeof createReportStore>;

function overtaken(): Error {
  return new Error('The report has been begun anew meanwhile.');
}

/** Under what name the rows are found that a campaign's report has replaced. */
function replacedBy(campaignKey: string): string {
  return `replaced:${campaignKey}`;
}

function whereMatches<Row>(
  query: SelectQueryBuilder<Tables, 'deliveryRows', Row>,
  generation: number,
  { outcomes, recipient }: RowFilter,
): SelectQueryBuilder<Tables, 'deliveryRows', Row> {
  let narrowed = query.where('generation', '=', generation);
  if (outcomes) {
    // An empty list fits nothing; SQL has no way to say so.
    const places =
      outcomes.length === 0 ? [-1] : outcomes.map((outcome) => deliveryOutcomes.indexOf(outcome));
    narrowed = narrowed.where('outcome', 'in', places);
  }
  // No text holds a NUL, and PostgreSQL refuses to look for one.
  if (recipient?.includes('\0')) return narrowed.where('outcome', '=', -1);
  return recipient === undefined ? narrowed : narrowed.where('recipient', '=', recipient);
}

const countsSchema = z.array(z.tuple([z.enum(deliveryOutcomes), z.number()]));
const fieldsSchema = z.record(z.string(), z.string());

function outcomeAt(place: number): DeliveryOutcome {
  return deliveryOutcomes[place] ?? 'UNKNOWN';
}

function toRow(
  generation: number,
  { recipient, outcome, providerResult, updatedAt, fields }: DeliveryRow,
): DeliveryRowRow {
  return {
    generation,
    recipient,
    outcome: deliveryOutcomes.indexOf(outcome),
    providerResult,
    updatedAt,
    fields: fields && JSON.stringify(fields),
  };
}

/** In the order of a statement's columns. */
function valuesOf(row: DeliveryRowRow): unknown[] {
  return columns.map((column) => row[column]);
}

function fromRow({ recipient, outcome, providerResult, updatedAt, fields }: DeliveryRowRow): DeliveryRow {
  return {
    recipient,
    outcome: outcomeAt(outcome),
    providerResult,
    updatedAt,
    fields: fields === null ? null : fieldsSchema.parse(JSON.parse(fields)),
  };
}
