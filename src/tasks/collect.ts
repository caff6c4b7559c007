import type { Account } from '../accounts/account.ts';
import { ProblemError } from '../model/problem.ts';
import type { DeliveryRow, Task } from '../model/task.ts';
import type { Report, ReportStore } from '../store/reports.ts';
import { openFile } from './download.ts';
import { readLines } from './lines.ts';

/** One transaction writes at most so many rows: it blocks others for some milliseconds. */
const rowsAtOnce = 2_000;
/** In bytes: no address is as long, and indexes take no more than some 2,700. */
const longestRecipient = 1_000;

/**
 * Reads a task's file into a report and makes it the campaign's. Rows are written beside those of the report before,
 * whose place they take in one step: a file that breaks off leaves everything as it was.
 * @throws ProblemError when the file can't be had, or is no report
 */
export async function collect(
  store: ReportStore,
  account: Account,
  task: Task,
  url: string,
  signal: AbortSignal,
  now: () => number,
): Promise<Report> {
  const { reports } = account;
  if (!reports) throw new ProblemError('NOT_SUPPORTED', `${account.provider.title} offers no reports.`);
  await using bytes = openFile(url, { fileHosts: reports.fileHosts, signal });
  const { header, batches, badLines } = await readLines(bytes);
  const readRow = reports.rowReader(header, task.order);
  if (!readRow)
    throw new ProblemError(
      'PROVIDER_BAD_RESPONSE',
      "The file's first line is not that of a delivery report.",
    );
  const generation = await store.stage(task.key);
  let illegible = 0;
  let rows: DeliveryRow[] = [];
  for await (const batch of batches) {
    for (const cells of batch) {
      const row = readRow(cells);
      if (row && Buffer.byteLength(row.recipient) <= longestRecipient) rows.push(row);
      else illegible += 1;
    }
    if (rows.length < rowsAtOnce) continue;
    await store.write(generation, rows);
    rows = [];
  }
  if (rows.length > 0) await store.write(generation, rows);
  const earlier = task.order.changedSince === null ? null : await store.get(task.campaignKey);
  if (earlier) await store.copyMissing(earlier.generation, generation);
  return store.publish(task.campaignKey, generation, { at: now(), badLines: badLines() + illegible });
}
