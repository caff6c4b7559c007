import type { TaskFilter as TaskFilterInput } from '../generated/graphql.ts';
import { ProblemError } from '../model/problem.ts';
import type { DeliveryRow, Task } from '../model/task.ts';
import type { Report, RowFilter } from '../store/reports.ts';
import type { TaskFilter, TaskPlace } from '../store/tasks.ts';
import { type GraphQLContext, visibleAccounts } from './context.ts';
import { parseCampaignId } from './ids.ts';
import { decodeCursor, encodeCursor, pageSize } from './pages.ts';

/** A page of tasks; its total is counted only when it is asked for. */
export interface TaskListing {
  readonly tasks: readonly Task[];
  readonly filter: TaskFilter;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** A page of a report's rows, likewise. */
export interface RowListing {
  readonly rows: readonly DeliveryRow[];
  readonly report: Report;
  readonly filter: RowFilter;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
}

/** @throws ProblemError BAD_INPUT */
export async function listTasks(
  filter: TaskFilter,
  { first, after }: PageArguments,
  { services }: GraphQLContext,
): Promise<TaskListing> {
  const size = pageSize(first, 'first', 20);
  const place = after ? decodeTaskPlace(after) : null;
  const tasks = await services.taskStore.list(filter, place, size + 1);
  return {
    tasks: tasks.slice(0, size),
    filter,
    hasNextPage: tasks.length > size,
    hasPreviousPage: place !== null,
  };
}

/** Only tasks of accounts that the viewer may see. */
export function toTaskFilter(input: TaskFilterInput | null | undefined, context: GraphQLContext): TaskFilter {
  const visible = visibleAccounts(context).map(({ name }) => name);
  const { accounts, campaignId, statuses } = input ?? {};
  return {
    accounts: accounts ? visible.filter((name) => accounts.includes(name)) : visible,
    ...(campaignId != null && { campaignKey: parseCampaignId(campaignId, 'campaignId').key }),
    ...(statuses && { statuses: [...new Set(statuses)] }),
  };
}

export function encodeTaskPlace({ createdAt, key }: Task): string {
  return encodeCursor(['task', createdAt, key]);
}

function decodeTaskPlace(cursor: string): TaskPlace {
  const [kind, createdAt, key] = decodeCursor(cursor);
  if (
    kind === 'task' &&
    Number.isSafeInteger(createdAt) &&
    typeof createdAt === 'number' &&
    typeof key === 'string' &&
    /^[\x21-\x7e]+$/.test(key)
  ) {
    return { createdAt, key };
  }
  throw new ProblemError('BAD_INPUT', 'after is no cursor of a list of tasks.', { argument: ['after'] });
}

/** @throws ProblemError BAD_INPUT */
export async function listRows(
  report: Report,
  filter: RowFilter,
  { first, after }: PageArguments,
  context: GraphQLContext,
): Promise<RowListing> {
  const { services } = context;
  const size = pageSize(first, 'first', 100);
  const place = after ? decodeRecipient(after) : null;
  const rows = await services.reportStore.rows(report.generation, filter, place, size + 1);
  return {
    rows: rows.slice(0, size),
    report,
    filter,
    hasNextPage: rows.length > size,
    hasPreviousPage: place !== null,
  };
}

export function encodeRecipient({ recipient }: DeliveryRow): string {
  return encodeCursor(['row', recipient]);
}

function decodeRecipient(cursor: string): string {
  const [kind, recipient] = decodeCursor(cursor);
  if (kind === 'row' && typeof recipient === 'string' && !recipient.includes('\0')) return recipient;
  throw new ProblemError('BAD_INPUT', 'after is no cursor of a list of rows.', { argument: ['after'] });
}
