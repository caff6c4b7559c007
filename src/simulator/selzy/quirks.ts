import type { CsvFormat, ReportTable } from './table.ts';

/**
 * How delivery reports go. May be changed while the simulator runs: each is looked at when it comes to matter. Times
 * are on the simulator's clock, which may be made to jump.
 */
export interface SelzyQuirks extends CsvFormat {
  /**
   * 'late' comes `lateMs` after the task's end. 'forged' comes as soon as the task begins, says that it is completed
   * and links to `forgedLink`; none comes when it ends, or with 'forgedThenTrue' the true one.
   */
  notification: 'once' | 'late' | 'twice' | 'never' | 'forged' | 'forgedThenTrue';
  lateMs: number;
  forgedLink: string;

  /** A task's status until it ends. */
  runningStatus: string;
  /** And then: only "completed" comes with a file. */
  endStatus: string;
  /** A completed task comes without a file all the same. */
  withoutFile: boolean;
  /** getTaskResult finds no task, and nobody is notified. */
  forgotten: boolean;

  /** How long a link works. Each getTaskResult and each notification has a fresh one. */
  linkLastsMs: number;
  /** How often the file can be had through one link; a redirect does not count. */
  linkFetches: number;
  /** Where a link leads before the file: to another path of this server, which has it, or to `redirectUrl`. */
  redirect: 'none' | 'path' | 'url';
  redirectUrl: string;

  /** What is behind a link: the report, no byte at all, or a page for people. */
  body: 'report' | 'empty' | 'html';
  /** A file of a test's own in place of the campaign's; `manyRows` makes a large one. */
  table: ReportTable | null;
  /** Packed for the way, as Content-Encoding says, or packed beforehand, of which nothing tells. */
  gzip: 'none' | 'encoding' | 'file';

  /** How many of the next downloads break off in the middle; counts down. */
  cutDownloads: number;
  /** How long a download stands still after each piece, of a tenth of the rows and 1,000 at most. */
  pauseMs: number;
}

export const usualQuirks: SelzyQuirks = {
  notification: 'once',
  lateMs: 60_000,
  forgedLink: 'https://files.example/forged.csv',
  runningStatus: 'processing',
  endStatus: 'completed',
  withoutFile: false,
  forgotten: false,
  linkLastsMs: Number.POSITIVE_INFINITY,
  linkFetches: Number.POSITIVE_INFINITY,
  redirect: 'none',
  redirectUrl: 'http://169.254.169.254/latest/meta-data/',
  body: 'report',
  table: null,
  gzip: 'none',
  delimiter: ',',
  byteOrderMark: false,
  lineEnd: '\n',
  brokenLines: [],
  cutDownloads: 0,
  pauseMs: 0,
};
