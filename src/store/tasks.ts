import { type SelectQueryBuilder, sql } from 'kysely';
import { z } from 'zod';
import { problemSchema } from '../model/problem.ts';
import type { Task, TaskStatus } from '../model/task.ts';
import type { Database } from './database.ts';
import type { Tables, TaskRow } from './schema.ts';

export interface TaskFilter {
  readonly accounts: readonly string[];
  readonly campaignKey?: string;
  readonly statuses?: readonly TaskStatus[];
}

/** A place in a list of tasks, newest first. */
export interface TaskPlace {
  readonly createdAt: number;
  readonly key: string;
}

export interface UnfinishedTask {
  readonly task: Task;
  readonly secretHash: string;
}

export function createTaskStore(database: Database) {
  return {
    /**
     * @param secretHash SHA-256 of what its notifications have in their path
     * @returns false: there is one of that key already, which stays as it is
     */
    async add(task: Task, secretHash: string): Promise<boolean> {
      const row = { ...taskToRow(task), secretHash };
      // A provider that names a task twice means the same one.
      const { numInsertedOrUpdatedRows: inserted } = await database
        .insertInto('tasks')
        .values(row)
        .onConflict((conflict) => conflict.column('key').doNothing())
        .executeTakeFirstOrThrow();
      return inserted === 1n;
    },

    /** What is completed stays as it is: somebody who has taken long may come too late. */
    async update(task: Task): Promise<void> {
      await database
        .updateTable('tasks')
        .set(taskToRow(task))
        .where('key', '=', task.key)
        .where('completedAt', 'is', null)
        .execute();
    },

    async get(key: string): Promise<Task | null> {
      const row = await database.selectFrom('tasks').selectAll().where('key', '=', key).executeTakeFirst();
      return row ? taskFromRow(row) : null;
    },

    async bySecret(account: string, secretHash: string): Promise<Task | null> {
      const row = await database
        .selectFrom('tasks')
        .selectAll()
        .where('secretHash', '=', secretHash)
        .where('account', '=', account)
        .executeTakeFirst();
      return row ? taskFromRow(row) : null;
    },

    /** Those that are still to be followed, oldest first. */
    async unfinished(): Promise<UnfinishedTask[]> {
      const rows = await database
        .selectFrom('tasks')
        .selectAll()
        .where('completedAt', 'is', null)
        .orderBy('createdAt')
        .execute();
      return rows.map((row) => ({ task: taskFromRow(row), secretHash: row.secretHash }));
    },

    /** Newest first, from behind a place on. */
    async list(filter: TaskFilter, after: TaskPlace | null, limit: number): Promise<Task[]> {
      let query = whereMatches(database.selectFrom('tasks').selectAll(), filter);
      if (after) query = query.where(sql<boolean>`("createdAt", "key") < (${after.createdAt}, ${after.key})`);
      const rows = await query.orderBy('createdAt', 'desc').orderBy('key', 'desc').limit(limit).execute();
      return rows.map(taskFromRow);
    },

    async count(filter: TaskFilter): Promise<number> {
      const query = database.selectFrom('tasks').select((eb) => eb.fn.countAll<number>().as('count'));
      return Number((await whereMatches(query, filter).executeTakeFirstOrThrow()).count);
    },
  };
}

export type TaskStore = ReturnType<typeof createTaskStore>;

function whereMatches<Row>(
  query: SelectQueryBuilder<Tables, 'tasks', Row>,
  { accounts, campaignKey, statuses }: TaskFilter,
): SelectQueryBuilder<Tables, 'tasks', Row> {
  if (accounts.length === 0 || statuses?.length === 0) return query.where(sql<boolean>`1 = 0`);
  let narrowed = query.where('account', 'in', accounts);
  if (campaignKey !== undefined) narrowed = narrowed.where('campaignKey', '=', campaignKey);
  if (statuses) narrowed = narrowed.where('status', 'in', statuses);
  return narrowed;
}

function taskToRow({ order, problem, ...plain }: Task): Omit<TaskRow, 'secretHash'> {
  return {
    ...plain,
    problem: problem && JSON.stringify(problem),
    changedSince: order.changedSince,
    fieldIds: JSON.stringify(order.fieldIds),
  };
}

function taskFromRow({ secretHash: _secretHash, changedSince, fieldIds, problem, ...plain }: TaskRow): Task {
  return {
    ...plain,
    problem: problem === null ? null : problemSchema.parse(JSON.parse(problem)),
    order: { changedSince, fieldIds: z.array(z.number()).parse(JSON.parse(fieldIds)) },
  };
}
