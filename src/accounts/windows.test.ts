import { expect, test } from 'vitest';
import { createSlidingWindow } from './windows.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const share = 0.8;

// Of 1,000 polls have 800: the last tenth of them is to last.
test.each([
  [3_600, 0, 800],
  [3_600, 720, 800],
  [3_600, 760, 400],
  [3_600, 800, 80],
  [3_600, 1_000, 80],
  [60, 800, 800],
])('in a window of %d s, %d requests leave a pace of %d in one', (windowSeconds, used, pace) => {
  const window = createSlidingWindow({ limit: 1_000, windowSeconds });
  for (let count = 0; count < used; count++) window.count(now);
  const lengthMs = windowSeconds * 1_000;
  expect((window.perMs(share, now) * lengthMs) / pace).toBeCloseTo(1, 2);
  const later = now + lengthMs + 1_000;
  expect((window.perMs(share, later) * lengthMs) / 800, 'once it is over').toBeCloseTo(1, 2);
});

test('of what was answered, that which is younger than the window counts', () => {
  const window = createSlidingWindow({ limit: 100, windowSeconds: 60 });
  const used: number[] = [];
  for (let count = 0; count < 250; count++) {
    window.count(now + count * 1_000);
    used.push(window.state(0, now + count * 1_000).used);
  }
  expect([used[0], used[59], used[60], used[61], used[249]]).toEqual([1, 60, 61, 61, 61]);
  expect(window.state(3, now + 249_000).used).toBe(64);
  expect(window.state(0, now + 320_000).used).toBe(0);
});
