import { describe, expect, test } from 'vitest';
import { first, header, inPieces, line, linesOf, read, readText, row, rows } from './support/lines.ts';

describe('a bad line', () => {
  test.each([
    ['one cell too few', 'a,b\n'],
    ['one cell too many', 'a,b,c,d\n'],
    ['a single cell', 'a\n'],
    ['blanks alone', '  \n'],
    ['a quote that is not closed, at its beginning', '"a,b,c\n'],
    ['a quote that is not closed, in its middle', 'a,"b,c\n'],
    ['a quote that is not closed, at its end', 'a,b,"c\n'],
    ['nothing but a quote', '"\n'],
    ['a cell cut off in its quotes', 'a@example.com,ok_read,"2024-02-06 13:0\n'],
    ['a quote in a cell that has none around it', 'a"b,c,d\n'],
    ['two of them', 'a,b"c"d,e\n'],
    ['text after a quote', 'a,"b"c,d\n'],
    ['a blank after a quote', 'a,"b" ,c\n'],
    ['a blank before a quote', 'a, "b",c\n'],
    ['a quote that stands alone between cells', 'a,"b,c",d"\n'],
  ])('is counted and costs no other line: %s', async (_, bad) => {
    const records = rows(1, 30);
    for (const before of [0, 1, 29, 30]) {
      const text = `${first}${linesOf(1, before)}${bad}${linesOf(before + 1, 30)}`;
      expect(await readText(text)).toEqual({ header, records, bad: 1 });
    }
    const crlf = `${first}${bad}${linesOf(1, 30)}`.replaceAll('\n', '\r\n');
    expect(await readText(crlf)).toEqual({ header, records, bad: 1 });
  });

  test('costs no other line where no line has quotes', async () => {
    const plain = (from: number, to: number) => linesOf(from, to).replaceAll('"', '');
    for (const quoted of ['"a,b,c\n', 'a,"b,c\n', 'a,b,"c\n', 'a,b"c,d\n']) {
      const text = `${first}${plain(1, 9)}${quoted}${plain(10, 50)}`;
      expect(await readText(text)).toEqual({ header, records: rows(1, 50), bad: 1 });
    }
  });

  test('can stand in a row with others', async () => {
    const bad = 'a,"b,c\nd\ne,f\n"\n"g"h,i,j\n';
    const text = `${first}${line(1)}${bad}${line(2)}${bad}${bad}${line(3)}`;
    expect(await readText(text)).toEqual({ header, records: rows(1, 3), bad: 15 });
  });

  test('can be the last', async () => {
    expect(await readText(`${first}${line(1)}a,"b,c`)).toEqual({ header, records: rows(1, 1), bad: 1 });
    const text = `${first}"a\nb\nc,1,2`;
    expect(await readText(text)).toEqual({ header, records: [['c', '1', '2']], bad: 2 });
  });

  test('is every line of a record that runs over more than ten', async () => {
    const long = `a,b,"${'c\n'.repeat(10)}"\n`;
    expect(await readText(`${first}${long}${line(1)}`)).toEqual({ header, records: rows(1, 1), bad: 11 });
  });

  test('is every line of a record over several that has a cell too many', async () => {
    expect(await readText(`${first}a,b,"c\nd",e\n${line(1)}`)).toEqual({
      header,
      records: rows(1, 1),
      bad: 2,
    });
  });

  test('hides others only if a second broken quote closes it in time, with the right number of cells', async () => {
    const near = `${first}a,"b\n${'x,y,z\n'.repeat(8)}c",d\n${line(1)}`;
    const hidden = ['a', `b\n${'x,y,z\n'.repeat(8)}c`, 'd'];
    expect(await readText(near)).toEqual({ header, records: [hidden, row(1)], bad: 0 });
    const far = `${first}a,"b\n${'x,y,z\n'.repeat(9)}c",d\n${line(1)}`;
    const seen = Array.from({ length: 9 }, () => ['x', 'y', 'z']);
    expect(await readText(far)).toEqual({ header, records: [...seen, row(1)], bad: 2 });
  });

  test.each([
    ['without a quote', 'a'],
    ['in a quote', '"a'],
    ['with many cells', 'a,'],
    ['with many quotes', '""'],
    ['with many cells in quotes', '"",'],
  ])('is one that is too long, %s', async (_, cell) => {
    const long = cell.repeat((300 * 1024) / cell.length);
    for (const size of [1_000, 16_384, 100_000, 10_000_000]) {
      const text = `${first}${line(1)}${long}\n${line(2)}${long}\n${long}\n${line(3)}`;
      expect(await read(inPieces(text, size))).toEqual({ header, records: rows(1, 3), bad: 3 });
    }
  });

  test('is a record of more than 256 KiB, however little more, and no other', async () => {
    const record = (size: number) => ['a', 'b', 'c'.repeat(size - 'a,b,\n'.length)];
    const [most, tooMuch] = [record(256 * 1024), record(256 * 1024 + 1)];
    for (const size of [5_000, 65_536]) {
      const text = `${first}${tooMuch}\n${most}\n${line(1)}`;
      expect(await read(inPieces(text, size))).toEqual({ header, records: [most, row(1)], bad: 1 });
    }
  });

  test('can be the first, so that nothing can be told of the others', async () => {
    expect(await readText('"a,b\n1,2\n')).toEqual({ header: ['a', 'b'], records: [['1', '2']], bad: 0 });
    const endless = 'a'.repeat(300 * 1024);
    expect(await read(inPieces(`${endless}\n${line(1)}`))).toEqual({ header: [], records: [], bad: 2 });
    expect(await read(inPieces(endless, 5_000))).toMatchObject({ header: [], records: [] });
  });
});
