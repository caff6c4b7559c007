import { expect, test } from 'vitest';
import { createWriteHealth, isReading } from './write-health.ts';

test('the newest write tells how it is, and a failure of long ago tells nothing', () => {
  let now = 0;
  const health = createWriteHealth(() => now);
  expect(health.failure()).toBeNull();
  const [first, second] = [new Error('full'), new Error('locked')];
  health.failed(first);
  health.failed(second);
  expect(health.failure()).toBe(second);
  health.succeeded();
  expect(health.failure()).toBeNull();
  health.failed(first);
  now = 59_999;
  expect(health.failure()).toBe(first);
  now = 60_000;
  expect(health.failure()).toBeNull();
});

test.each([
  ['select "head" from "log"', true],
  ['with "told" as (select 1) select 2', true],
  ['SELECT 1', true],
  ['with "mine" as (select 1) select "updatedAt" from "tasks" for update', true],
  ['with "moved" as (update log set head = 1) select 2', false],
  ['with "added" as (insert into "staging" select 1) select 2', false],
  ['update "log" set "head" = 1', false],
  ['delete from "staging"', false],
  ['insert into "staging" select 1', false],
  ['commit', false],
])('%s only reads: %s', (sql, expected) => {
  expect(isReading(sql)).toBe(expected);
});
