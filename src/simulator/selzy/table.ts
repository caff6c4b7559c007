import { wireTime } from '../wire-time.ts';

/** A file's rows, each of which is made when it is its turn. */
export interface ReportTable {
  header: readonly string[];
  rowCount: number;
  /** The cells of a row, by its number from 0. */
  row(index: number): readonly string[];
}

/** 'openQuote': one that nothing closes; 'strayQuote': one inside a cell; 'fewCells': the recipient and no more. */
export type BrokenLine = 'openQuote' | 'strayQuote' | 'fewCells';

export interface CsvFormat {
  delimiter: ',' | ';' | '\t';
  byteOrderMark: boolean;
  lineEnd: '\n' | '\r\n';
  /** Lines beside the report's own: the first of them follows its first row, the second its second, and so on. */
  brokenLines: readonly BrokenLine[];
}

const rowsPerPiece = 1_000;

const commonWords = [
  ...['ok_delivered', 'ok_delivered', 'ok_delivered', 'ok_read', 'ok_read', 'ok_link_visited', 'ok_sent'],
  ...['not_sent', 'err_user_unknown', 'err_mailbox_full'],
];
const hourOfTimes = Array.from({ length: 3_600 }, (_, second) =>
  wireTime(Date.UTC(2026, 0, 1, 9, 0, second)),
);

/** A report on so many recipients, in which ten words take turns; as many rows as wanted take up no memory. */
export function manyRows(rowCount: number): ReportTable {
  return {
    header: ['email', 'send_result', 'last_update'],
    rowCount,
    row: (index) => [
      `reader${index + 1}@example.com`,
      commonWords[index % commonWords.length] ?? '',
      hourOfTimes[index % hourOfTimes.length] ?? '',
    ],
  };
}

function brokenCells(kind: BrokenLine, number: number, delimiter: string): string {
  const recipient = `broken${number}@example.com`;
  switch (kind) {
    case 'openQuote':
      return `${recipient}${delimiter}"ok_read`;
    case 'strayQuote':
      return `bro"ken${number}@example.com${delimiter}ok_read${delimiter}"2026-01-01 09:00:00"`;
    case 'fewCells':
      return recipient;
  }
}

/** The whole file, a piece after the other: at least ten if there are rows enough. */
export function* csvPieces(table: ReportTable, format: CsvFormat): Generator<string, void> {
  const { delimiter, lineEnd, brokenLines } = format;
  const pieceRows = Math.min(rowsPerPiece, Math.ceil(table.rowCount / 10));
  const line = (cells: readonly string[]) => cells.map(quoted).join(delimiter) + lineEnd;
  const broken = (kind: BrokenLine, index: number) => brokenCells(kind, index + 1, delimiter) + lineEnd;

  let piece = `${format.byteOrderMark ? '\uFEFF' : ''}${line(table.header)}`;
  for (let index = 0; index < table.rowCount; index++) {
    piece += line(table.row(index));
    const kind = brokenLines[index];
    if (kind) piece += broken(kind, index);
    if ((index + 1) % pieceRows > 0) continue;
    yield piece;
    piece = '';
  }
  for (const [index, kind] of brokenLines.entries()) {
    if (index >= table.rowCount) piece += broken(kind, index);
  }
  if (piece !== '') yield piece;
}

function quoted(cell: string): string {
  return /[\s",;]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
