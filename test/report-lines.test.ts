import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLines } from '../src/tasks/lines.ts';
import { first, header, inPieces, line, linesOf, read, readText, rows } from './support/lines.ts';

describe('a file', () => {
  test('is its header and the records after it', async () => {
    expect(await readText(`${first}${line(1)}${line(2)}`)).toEqual({ header, records: rows(1, 2), bad: 0 });
  });

  test.each([
    ['no byte', ''],
    ['a byte order mark', '\ufeff'],
    ['empty lines', '\r\n\n\n'],
    ['NUL', '\0\0'],
  ])('of %s has nothing', async (_, text) =>
    expect(await readText(text)).toEqual({ header: [], records: [], bad: 0 }),
  );

  test.each([first, first.trimEnd(), `\ufeff${first}`, `\r\n\n${first}\n`, `\ufeff\n${first}`])(
    'of nothing but a header has no records: %j',
    async (text) => expect(await readText(text)).toEqual({ header, records: [], bad: 0 }),
  );

  test('need not end its last line', async () => {
    expect(await readText(`${first}${line(1).trimEnd()}`)).toEqual({ header, records: rows(1, 1), bad: 0 });
    expect(await readText('a,b\n1,2\r')).toMatchObject({ records: [['1', '2']], bad: 0 });
  });

  test.each([
    ['commas', ','],
    ['semicolons', ';'],
    ['tabs', '\t'],
  ])('may have %s between its cells', async (_, delimiter) => {
    const others = [',', ';', '\t'].filter((other) => other !== delimiter).join('');
    const cells = ['email', 'send_result', `"a ""field"" ${delimiter}${others}"`];
    const text = `${cells.join(delimiter)}\none@example.com${delimiter}ok${others}${delimiter}"${delimiter}"\n`;
    expect(await readText(text)).toEqual({
      header: ['email', 'send_result', `a "field" ${delimiter}${others}`],
      records: [['one@example.com', `ok${others}`, delimiter]],
      bad: 0,
    });
  });

  test('may have a single column, in which only what has quotes is an empty cell', async () => {
    expect(await readText('email\none\n\n""\ntwo')).toEqual({
      header: ['email'],
      records: [['one'], [''], ['two']],
      bad: 0,
    });
  });

  test('may end its lines in either way, or in both', async () => {
    const text = `${first.trimEnd()}\r\n${line(1).trimEnd()}\r\n${line(2)}${line(3).trimEnd()}\r\n`;
    expect(await readText(text)).toEqual({ header, records: rows(1, 3), bad: 0 });
  });

  test('may have empty lines anywhere', async () => {
    const text = `\n\r\n${first}\n\n${line(1)}\r\n\r\n${line(2)}\n`;
    expect(await readText(text)).toEqual({ header, records: rows(1, 2), bad: 0 });
  });

  test('may hold every character, also where a piece ends in the middle of it', async () => {
    const cells = ['ä€😀@example.com', 'Ünïcödé', '\u2028\u0085\u00a0\ufeff'];
    expect(await readText(`${first}${cells.join(',')}\n`)).toEqual({ header, records: [cells], bad: 0 });
  });

  test('that is not UTF-8 is read with replacements', async () => {
    const text = Buffer.concat([Buffer.from(first), Buffer.from([0xcf, 0x40, 0xff]), Buffer.from(',b,c\n')]);
    expect(await readText(text)).toEqual({ header, records: [['\ufffd@\ufffd', 'b', 'c']], bad: 0 });
  });

  test('is read without its NUL characters', async () => {
    const text = `\0${first.replace('_', '\0_')}\0${line(1).replaceAll('"', '\0"\0')}\0\n`;
    expect(await readText(text)).toEqual({ header, records: rows(1, 1), bad: 0 });
  });

  test.each([
    ['a cell in quotes', '"a"', 'a'],
    ['an empty cell', '', ''],
    ['an empty cell in quotes', '""', ''],
    ['a quote', '""""', '"'],
    ['quotes all over', '"""a"" ""b"""', '"a" "b"'],
    ['a delimiter', '"a,b"', 'a,b'],
    ['a line break', '"a\nb"', 'a\nb'],
    ['a Windows line break', '"a\r\nb"', 'a\r\nb'],
    ['an empty line', '"a\n\nb"', 'a\n\nb'],
    ['nothing but line breaks', '"\n\n"', '\n\n'],
    ['ten lines', `"${'a\n'.repeat(9)}"`, 'a\n'.repeat(9)],
    ['quotes at a line break', '"""\n"""', '"\n"'],
    ['blanks', ' a ', ' a '],
    ['a carriage return', 'a\rb', 'a\rb'],
  ])('holds %s, wherever in the line', async (_, written, cell) => {
    const text = `a,b,c\n${written},1,2\n1,${written},2\n1,2,${written}\n1,2,3\n`;
    expect(await readText(text)).toEqual({
      header: ['a', 'b', 'c'],
      records: [
        [cell, '1', '2'],
        ['1', cell, '2'],
        ['1', '2', cell],
        ['1', '2', '3'],
      ],
      bad: 0,
    });
  });
});

describe('whatever is written', () => {
  const character = fc.constantFrom('a', 'é', '"', ',', ';', '\t', ' ', '\n', '\r', '€');
  const cell = fc.array(character, { maxLength: 6 }).map((characters) => characters.join(''));
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const pieces = fc.integer({ min: 1, max: 40 });

  test('is read as it was', async () => {
    const record = fc.array(cell, { minLength: 3, maxLength: 3 });
    const file = fc.record({
      delimiter: fc.constantFrom(',', ';', '\t'),
      end: fc.constantFrom('\n', '\r\n'),
      records: fc.array(record, { maxLength: 8 }),
      pieces,
    });
    const check = fc.asyncProperty(file, async ({ delimiter, end, records, pieces: size }) => {
      const written = [header, ...records].map((cells) => cells.map(quoted).join(delimiter) + end).join('');
      expect(await read(inPieces(written, size))).toEqual({ header, records, bad: 0 });
    });
    await fc.assert(check, { numRuns: 500 });
  });

  test('never throws, and never takes the rest of the file along', async () => {
    const garbage = fc.array(character, { maxLength: 60 }).map((characters) => characters.join(''));
    const check = fc.asyncProperty(garbage, pieces, async (text, size) => {
      const { records, bad } = await read(inPieces(`${first}${text}\n${linesOf(1, 40)}`, size));
      expect(records.slice(-40)).toEqual(rows(1, 40));
      expect(bad).toBeLessThanOrEqual(text.split('\n').length);
    });
    await fc.assert(check, { numRuns: 1_000 });
  });
});

describe('reading', () => {
  test('gives all of a long file, some hundreds of records at a time', async () => {
    const count = 20_000;
    const lines = await readLines(inPieces(`${first}${linesOf(1, count)}`, 65_536));
    let next = 1;
    for await (const batch of lines.batches) {
      expect(batch.length).toBeLessThan(1_000);
      expect(batch).toEqual(rows(next, next + batch.length - 1));
      next += batch.length;
    }
    expect([next - 1, lines.badLines()]).toEqual([count, 0]);
  });

  /** Bytes without an end, and how much of them has been taken. */
  function endless() {
    const state = { taken: 0, isEnded: false };
    async function* bytes() {
      try {
        yield Buffer.from(first);
        for (;;) {
          state.taken += 1;
          yield Buffer.from(linesOf(1, 300));
        }
      } finally {
        state.isEnded = true;
      }
    }
    return { state, bytes: bytes() };
  }

  test('goes no faster than the batches are taken', async () => {
    const { state, bytes } = endless();
    const { batches } = await readLines(bytes);
    expect(state.taken).toBeLessThanOrEqual(2);
    for await (const _ of batches) break;
    expect(state.taken).toBeLessThanOrEqual(4);
  });

  test('ends the bytes when it is left', async () => {
    const { state, bytes } = endless();
    const { batches } = await readLines(bytes);
    for await (const _ of batches) break;
    expect(state.isEnded).toBe(true);
  });

  test('does not hide that the bytes broke off, in the header or later', async () => {
    async function* broken(text: string) {
      yield Buffer.from(text);
      throw new RangeError('It broke off.');
    }
    await expect(readLines(broken('email,send'))).rejects.toThrow(RangeError);
    const { header: told, batches } = await readLines(broken(`${first}${linesOf(1, 1_000)}`));
    expect(told).toEqual(header);
    let count = 0;
    const reading = async () => {
      for await (const batch of batches) count += batch.length;
    };
    await expect(reading()).rejects.toThrow('It broke off.');
    expect(count).toBeLessThan(1_000);
  });
});
