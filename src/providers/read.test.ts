import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  count,
  firstTold,
  listOf,
  objectOrFirst,
  onlyTold,
  optionalText,
  optionalTime,
  parseWire,
  readBoolean,
  readCount,
  readDecimal,
  readNumber,
  readText,
  readTime,
  statusWord,
  text,
} from './read.ts';

describe('readCount', () => {
  test.each([
    [123, 123],
    [0, 0],
    ['123', 123],
    ['0', 0],
    [' 1 234 ', 1234],
    ['1\u00a0234', 1234],
    ["1'234", 1234],
    ['007', 7],
    ['12.0', 12],
    [12.4, 12],
    [-1, null],
    ['-1', null],
    ['', null],
    ['many', null],
    ['12 of 20', null],
    ['1.234.567', null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    [true, null],
    [null, null],
    [undefined, null],
    [[], null],
    [{}, null],
  ])('%j is %j', (value, expected) => expect(readCount(value)).toBe(expected));
});

describe('readNumber', () => {
  test.each([
    [5, 5],
    [-5.5, -5.5],
    ['5', 5],
    ['-5.5', -5.5],
    ['1 234', 1234],
    ['35,0987645', 35.0987645],
    ['1 234,5', 1234.5],
    ['0,5', 0.5],
    ['1,234.5', null],
    ['1,234,567', null],
    ['5%', null],
    ['1e3', null],
    ['0x10', null],
    ['.5', null],
    ['5.', null],
    ['', null],
    [' ', null],
    [Number.NaN, null],
    [false, null],
    [null, null],
    [undefined, null],
  ])('%j is %j', (value, expected) => expect(readNumber(value)).toBe(expected));
});

describe('readDecimal', () => {
  test.each([
    ['35,0987645', '35.0987645'],
    ['0.3000000', '0.3000000'],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['12345678901234567890.12', '12345678901234567890.12'],
    ['1 234,50', '1234.50'],
    ['-2.50', '-2.50'],
    ['0', '0'],
    [0, '0'],
    [0.1, '0.1'],
    [0.16, '0.16'],
    [1e-7, '0.0000001'],
    ['1,234.50', null],
    ['$5', null],
    ['free', null],
    ['', null],
    [Number.NaN, null],
    [null, null],
    [undefined, null],
    [{}, null],
  ])('%j is %j', (value, expected) => expect(readDecimal(value)).toBe(expected));
});

describe('readText', () => {
  test.each([
    ['text', 'text'],
    [' with blanks ', ' with blanks '],
    ['0', '0'],
    [0, '0'],
    [53651994, '53651994'],
    [12n, '12'],
    ['', null],
    [' \t\n', null],
    [true, null],
    [null, null],
    [undefined, null],
    [['text'], null],
    [{ text: 'text' }, null],
  ])('%o is %j', (value, expected) => expect(readText(value)).toBe(expected));
});

describe('readBoolean', () => {
  test.each([
    [true, true],
    ['true', true],
    ['TRUE ', true],
    [1, true],
    ['1', true],
    ['Yes', true],
    [false, false],
    ['false', false],
    [0, false],
    ['0', false],
    ['No', false],
    ['', false],
    ['11', false],
    [2, false],
    [null, null],
    [undefined, null],
  ])('%j is %j', (value, expected) => expect(readBoolean(value)).toBe(expected));
});

describe('objectOrFirst', () => {
  test.each([
    [{ id: 1 }, { id: 1 }],
    [[{ id: 1 }], { id: 1 }],
    [[{ id: 1 }, { id: 2 }], { id: 1 }],
    [[], null],
    [[null], null],
    [null, null],
    [undefined, null],
    ['text', 'text'],
  ])('%j is %j', (value, expected) => expect(objectOrFirst(value)).toEqual(expected));
});

describe('listOf', () => {
  test.each([
    [
      [1, 2],
      [1, 2],
    ],
    [[], []],
    [{ 5: 'a', 7: 'b' }, ['a', 'b']],
    [{}, []],
    [null, []],
    [undefined, []],
    ['text', []],
    [1, []],
  ])('%j is %j', (value, expected) => expect(listOf(value)).toEqual(expected));
});

describe('readTime', () => {
  test.each([
    ['2024-01-15 10:30:00', '2024-01-15T10:30:00Z'],
    ['2024-01-15T10:30:00', '2024-01-15T10:30:00Z'],
    ['2024-01-15T10:30:00Z', '2024-01-15T10:30:00Z'],
    ['2024-01-15 10:30:00z', '2024-01-15T10:30:00Z'],
    ['2024-01-15 10:30', '2024-01-15T10:30:00Z'],
    ['2024-01-15', '2024-01-15T00:00:00Z'],
    [' 2024-01-15  10:30:00 ', '2024-01-15T10:30:00Z'],
    ['2024-01-15T10:30:00.5Z', '2024-01-15T10:30:00.500Z'],
    ['2000-01-23T04:56:07.000+00:00', '2000-01-23T04:56:07Z'],
    ['2024-01-15T10:30:00.123456789Z', '2024-01-15T10:30:00.123Z'],
    ['2024-01-15T10:30:00+02:00', '2024-01-15T08:30:00Z'],
    ['2024-01-15 10:30:00 +0530', '2024-01-15T05:00:00Z'],
    ['2024-01-15T10:30:00-05:00', '2024-01-15T15:30:00Z'],
    ['2024-02-29 12:00:00', '2024-02-29T12:00:00Z'],
  ])('%j is %s', (value, expected) => expect(readTime(value)).toBe(Date.parse(expected)));

  test.each([
    ['0000-00-00 00:00:00'],
    ['0000-00-00'],
    [''],
    ['now'],
    ['2024-13-01 00:00:00'],
    ['2024-01-15 25:00:00'],
    ['2024-01-15 10:61:00'],
    ['15.01.2024 10:30'],
    ['2024-01-15 10:30:00 CET'],
    ['10:30:00'],
    [1705314600],
    [null],
    [undefined],
    [{}],
  ])('%j is none', (value) => expect(readTime(value)).toBeNull());

  test.each([
    ['2024-01-15 10:30:00', 'Europe/Berlin', '2024-01-15T09:30:00Z'],
    ['2024-07-15 10:30:00', 'Europe/Berlin', '2024-07-15T08:30:00Z'],
    ['2024-07-15 00:30:00', 'Europe/Berlin', '2024-07-14T22:30:00Z'],
    ['2024-07-15', 'America/New_York', '2024-07-15T04:00:00Z'],
    ['2024-01-15 10:30:00', 'Asia/Kathmandu', '2024-01-15T04:45:00Z'],
    ['2024-01-15 10:30:00', 'Pacific/Auckland', '2024-01-14T21:30:00Z'],
    ['2024-07-15 10:30:00', 'America/St_Johns', '2024-07-15T13:00:00Z'],
    ['2024-01-15 10:30:00.250', 'Europe/Berlin', '2024-01-15T09:30:00.250Z'],
    // What the text itself says goes first.
    ['2024-07-15T10:30:00Z', 'Europe/Berlin', '2024-07-15T10:30:00Z'],
    ['2024-07-15T10:30:00-04:00', 'Europe/Berlin', '2024-07-15T14:30:00Z'],
  ])('%s in %s is %s', (value, timeZone, expected) =>
    expect(readTime(value, timeZone)).toBe(Date.parse(expected)),
  );

  test.each([
    ['the last minute before summer time', '2024-03-31 01:59:00', 'Europe/Berlin', '2024-03-31T00:59:00Z'],
    ['the first moment of summer time', '2024-03-31 03:00:00', 'Europe/Berlin', '2024-03-31T01:00:00Z'],
    ['the last minute known once', '2024-10-27 01:59:00', 'Europe/Berlin', '2024-10-26T23:59:00Z'],
    ['the first moment known once again', '2024-10-27 03:00:00', 'Europe/Berlin', '2024-10-27T02:00:00Z'],
    ['the last minute before summer time', '2024-03-10 01:59:00', 'America/New_York', '2024-03-10T06:59:00Z'],
    ['the first moment of summer time', '2024-03-10 03:00:00', 'America/New_York', '2024-03-10T07:00:00Z'],
    ['the last minute known once', '2024-11-03 00:59:00', 'America/New_York', '2024-11-03T04:59:00Z'],
    ['the first moment known once again', '2024-11-03 02:00:00', 'America/New_York', '2024-11-03T07:00:00Z'],
    ['a summer that begins in October', '2024-10-06 03:00:00', 'Australia/Sydney', '2024-10-05T16:00:00Z'],
  ])('%s, %s in %s, is %s', (_, value, timeZone, expected) =>
    expect(readTime(value, timeZone)).toBe(Date.parse(expected)),
  );

  test('an hour that comes twice is one of the two', () => {
    const readings = ['2024-10-27T00:30:00Z', '2024-10-27T01:30:00Z'].map(Date.parse);
    expect(readings).toContain(readTime('2024-10-27 02:30:00', 'Europe/Berlin'));
  });

  test('an hour that is skipped is within an hour of its clock', () => {
    const at = readTime('2024-03-31 02:30:00', 'Europe/Berlin');
    expect(Math.abs((at ?? 0) - Date.parse('2024-03-31T01:00:00Z'))).toBeLessThanOrEqual(30 * 60_000);
  });
});

describe('statusWord', () => {
  test.each([
    ['completed', 'completed'],
    ['Pending Approval', 'pendingapproval'],
    ['waits_schedule', 'waitsschedule'],
    [' WAITS-schedule\n', 'waitsschedule'],
  ])('%j is %s', (value, expected) => expect(statusWord(value)).toBe(expected));
});

describe('parseWire', () => {
  const schema = z.object({ id: text, total: count, stats: z.object({ status: z.string() }).optional() });

  test('a missing member is null, and others are left out', () => {
    expect(parseWire(schema, { id: 5, more: true }, 'campaign')).toEqual({ id: '5', total: null });
    expect(parseWire(schema, { total: '1 234' }, 'campaign')).toEqual({ id: null, total: 1234 });
  });

  test.each([
    [{ stats: {} }, /^The provider's campaign can't be read at stats\.status: .+\.$/],
    [null, /^The provider's campaign can't be read: .+\.$/],
    ['<html>', /^The provider's campaign can't be read: .+\.$/],
  ])('%j is a bad answer, told in a sentence', (body, message) => {
    const expected = { code: 'PROVIDER_BAD_RESPONSE', message: expect.stringMatching(message) };
    expect(() => parseWire(schema, body, 'campaign')).toThrow(expect.objectContaining(expected));
  });
});

describe('what is not there is kept apart from what is empty', () => {
  test.each([
    [undefined, undefined, undefined],
    [null, null, null],
    ['', null, null],
    ['2024-01-15 10:30:00', '2024-01-15 10:30:00', Date.UTC(2024, 0, 15, 10, 30)],
  ])('%j is the text %j and the time %j', (value, asText, asTime) => {
    const wire = value === undefined ? {} : { text: value, time: value };
    const read = z.object({ text: optionalText, time: optionalTime }).parse(wire);
    expect([read.text, read.time]).toEqual([asText, asTime]);
  });

  test.each([
    [[], undefined],
    [[undefined, undefined], undefined],
    [[undefined, null], null],
    [[null, 'a', 'b'], 'a'],
    [[undefined, 0], 0],
  ])('of %j the first that says something is %j', (values, first) => {
    expect(firstTold<unknown>(...values)).toBe(first);
  });

  test('onlyTold leaves out what is undefined', () => {
    const members = onlyTold({ name: undefined, sender: null, createdAt: 0 });
    expect(members).toStrictEqual({ sender: null, createdAt: 0 });
  });
});
