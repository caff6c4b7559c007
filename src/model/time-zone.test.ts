import { expect, test, vi } from 'vitest';
import { fromLocal, isTimeZone } from './time-zone.ts';

test.each([
  ['Europe/Berlin', true],
  ['UTC', true],
  ['america/new_york', true],
  ['Mars/Olympus', false],
  ['(GMT+01:00) Berlin', false],
  ['', false],
])('%j is a time zone: %s', (name, expected) => expect(isTimeZone(name)).toBe(expected));

test('a zone costs its format once, however often it is named', () => {
  const made = vi.spyOn(Intl, 'DateTimeFormat');
  for (let round = 0; round < 10; round += 1) {
    expect(isTimeZone('Asia/Kathmandu')).toBe(true);
    expect(isTimeZone('Nowhere/Land')).toBe(false);
    expect(fromLocal(Date.parse('2024-01-15T10:30:00Z'), 'Asia/Kathmandu')).toBe(
      Date.parse('2024-01-15T04:45:00Z'),
    );
  }
  expect(made).toHaveBeenCalledTimes(2);
});
