import { describe, expect, test } from 'vitest';
import { type HttpReply, retryAfterMs } from './http.ts';

describe('Retry-After', () => {
  const reply = (value?: string): HttpReply => ({ status: 429, headers: { 'retry-after': value }, body: {} });
  const now = Date.parse('2026-03-01T12:00:00Z');

  test.each([
    ['7', 7_000],
    ['0', 0],
    [' 2.5 ', 2_500],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 11:59:00 GMT', 0],
    ['soon', null],
    ['-5', null],
    ['', null],
    [undefined, null],
  ])('%j is %j ms', (value, expected) => expect(retryAfterMs(reply(value), now)).toBe(expected));
});
