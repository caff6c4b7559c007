import { parse } from 'csv-parse/sync';

/** A CSV file, read as far as its first line. */
export interface Lines {
  /** The cells of the first line that is not empty; none: the file is empty, or no text. */
  readonly header: readonly string[];
  /** The records after it, each with as many cells as the header, some hundreds at a time. To be read once. */
  readonly batches: AsyncIterable<string[][]>;
  /** How many lines have been passed over so far because they can't be read. */
  badLines(): number;
}

/** Text is taken up in pieces of about so many bytes; a batch is what one of them holds. */
const pieceSize = 16 * 1024;
/** What is longer, in bytes, is no record. */
const longestRecord = 256 * 1024;
/** A record whose quoted cells hold line breaks runs over no more lines. */
const mostLines = 10;

/**
 * Reads CSV (RFC 4180) as a stream: UTF-8 with or without a byte order mark; commas, semicolons or tabs, whichever the
 * header has most of; LF or CRLF. Empty lines and NUL characters are dropped; bytes that are not UTF-8 become U+FFFD.
 *
 * A line with a broken quote, or with another number of cells than the header, is bad: it is counted and passed over,
 * and the next line is read for itself. A quote that is not closed within 10 lines is broken, and costs its own line
 * alone. Only where a second broken quote happens to close it within them, and the number of cells happens to be
 * right, do the lines between pass for a part of the cell.
 *
 * Nothing is read faster than `batches` is, nor does memory grow with the number of lines. Errors of `bytes` are thrown
 * as they are. Leaving `batches` ends `bytes`; whoever does not begin with them ends `bytes` himself.
 */
export async function readLines(bytes: AsyncIterable<Uint8Array>): Promise<Lines> {
  const pieces = piecesOf(bytes);
  const { line, rest } = await firstLine(pieces);
  const shape = shapeOf(line);
  let badLines = 0;

  async function* batches() {
    for await (const { good, bad } of cutsOf(rest, pieces, shape)) {
      const records = cellsOf(good, shape.delimiter);
      const whole = records.filter(({ length }) => length === shape.header.length);
      badLines += bad + records.length - whole.length;
      if (whole.length > 0) yield whole;
    }
  }

  return { header: shape.header, batches: batches(), badLines: () => badLines };
}

/**
 * The text, with a character for each byte: lines, quotes and delimiters are the same in Latin-1 as in UTF-8, and no
 * character falls apart where a piece ends. Cells become UTF-8 in the end.
 */
async function* piecesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let piece = '';
  for await (const chunk of bytes) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < buffer.length; at += pieceSize) {
      piece += buffer.toString('latin1', at, at + pieceSize);
      if (piece.length < pieceSize) continue;
      yield piece.replaceAll('\0', '');
      piece = '';
    }
  }
  yield piece.replaceAll('\0', '');
}

/** The first line that is not empty, without its end; and what follows it in the piece that it ends in. */
async function firstLine(pieces: AsyncGenerator<string, void>): Promise<{ line: string; rest: string }> {
  let text = '';
  for (;;) {
    const next = await pieces.next();
    // Without the byte order mark and empty lines.
    text = (text + (next.done ? '' : next.value)).replace(/^(?:\xef\xbb\xbf)?[\r\n]+|^\xef\xbb\xbf/, '');
    const end = text.indexOf('\n');
    const length = end === -1 ? text.length : end;
    if (length > longestRecord) return { line: '', rest: text };
    if (end !== -1 || next.done) {
      return { line: text.slice(0, length).replace(/\r$/, ''), rest: text.slice(length + 1) };
    }
  }
}

/** What lines have to look like in a file with this first line. */
function shapeOf(line: string) {
  const outsideQuotes = line.replaceAll(/"[^"]*"/g, '');
  const times = (delimiter: string) => outsideQuotes.split(delimiter).length;
  const delimiter = [',', ';', '\t'].reduce((most, other) => (times(other) > times(most) ? other : most));

  const bare = `[^"\\n${delimiter}]*`;
  const quoted = (text: string) => `"${text}*(?:""${text}*)*"`;
  const within = `(?:${quoted('[^"\\n]')}|${bare})`;
  const across = `(?:${quoted('[^"]')}|${bare})`;
  // A record in one line, as nearly all are; any record; one of its cells; and a text that may grow into a record.
  const simple = new RegExp(`${within}(?:${delimiter}${within})*\\r?\\n`, 'y');
  const record = new RegExp(`^${across}(?:${delimiter}${across})*\\r?\\n`);
  const cell = new RegExp(`${across}(?:${delimiter}|\\r?\\n)`, 'g');
  const begun = new RegExp(`^(?:${across}${delimiter})*(?:"[^"]*(?:""[^"]*)*"?\\r?|${bare})$`);

  simple.lastIndex = 0;
  const legible = simple.test(`${line}\n`) ? line : line.replaceAll('"', '');
  const [header = []] = cellsOf(legible, delimiter);
  return { delimiter, header, simple, record, cell, begun };
}

type Shape = ReturnType<typeof shapeOf>;

/** What has been made of a text. */
interface Cut {
  /** Its records. None has a broken quote, in which csv-parse would lose its way. */
  readonly good: string;
  /** How many lines are no records. */
  readonly bad: number;
  /** What is yet to be judged, together with the text that follows. */
  readonly rest: string;
}

async function* cutsOf(
  start: string,
  pieces: AsyncIterable<string>,
  shape: Shape,
): AsyncGenerator<Cut, void> {
  let pending = start;
  let isTooLong = false;
  for await (const piece of pieces) {
    if (isTooLong && !piece.includes('\n')) continue;
    const cut = cutRecords(isTooLong ? piece.slice(piece.indexOf('\n')) : pending + piece, shape, false);
    isTooLong = cut.rest.length > longestRecord;
    pending = isTooLong ? '' : cut.rest;
    yield isTooLong ? { ...cut, bad: cut.bad + 1 } : cut;
  }
  yield cutRecords(pending === '' ? '' : `${pending}\n`, shape, true);
}

function cutRecords(text: string, shape: Shape, isLast: boolean): Cut {
  const lastLineEnd = text.lastIndexOf('\n');
  const good: string[] = [];
  let bad = 0;
  let from = 0;
  let at = 0;
  while (at <= lastLineEnd) {
    const end = endOfRecord(text, at, shape, isLast);
    if (end === 'open') break;
    if (end !== 'bad') {
      at = end;
      continue;
    }
    good.push(text.slice(from, at));
    bad += 1;
    at = text.indexOf('\n', at) + 1;
    from = at;
  }
  good.push(text.slice(from, at));
  return { good: good.join(''), bad, rest: text.slice(at) };
}

/**
 * Where the record ends that begins at `at`, in a line that has an end. 'bad': the line belongs to no record; 'open':
 * only further text can tell.
 */
function endOfRecord(text: string, at: number, shape: Shape, isLast: boolean): number | 'bad' | 'open' {
  shape.simple.lastIndex = at;
  if (shape.simple.test(text)) {
    const end = shape.simple.lastIndex;
    return end - at > longestRecord ? 'bad' : end;
  }
  let end = at;
  let lines = 0;
  // It becomes 0 where the text has fewer lines left than a record may have.
  do {
    end = text.indexOf('\n', end) + 1;
    lines += 1;
  } while (end !== 0 && lines < mostLines);
  const near = end === 0 ? text.slice(at) : text.slice(at, end);
  const found = shape.record.exec(near)?.[0];
  if (found !== undefined && found.length <= longestRecord) {
    const cells = found.match(shape.cell)?.length;
    return cells === shape.header.length ? at + found.length : 'bad';
  }
  const isOpen = end === 0 && !isLast && near.length <= longestRecord && shape.begun.test(near);
  return isOpen ? 'open' : 'bad';
}

/** @param text whole records, a character for each byte */
function cellsOf(text: string, delimiter: string): string[][] {
  return parse(Buffer.from(text, 'latin1'), {
    delimiter,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
  });
}
