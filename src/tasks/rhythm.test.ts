import { describe, expect, test } from 'vitest';
import { until } from '../../test/support/wait.ts';
import { createRhythm } from './rhythm.ts';

const long = 3_600_000;

function started() {
  const ending = new AbortController();
  const rhythm = createRhythm(ending.signal);
  return { ...rhythm, end: () => ending.abort() };
}

describe('the pause between two looks', () => {
  test('ends by itself, and was not woken then', async () => {
    const { pause } = started();
    const begun = performance.now();
    expect(await pause(40)).toBe(false);
    // Timers are exact to a millisecond.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(38);
  });

  test('ends at once when it is woken', async () => {
    const { pause, wake } = started();
    const pausing = pause(long);
    wake();
    expect(await pausing).toBe(true);
  });

  test('is left out when it was woken before, or while a look was under way', async () => {
    const { pause, wake } = started();
    wake();
    expect(await pause(long)).toBe(true);
    expect(await pause(1)).toBe(false);
    wake();
    expect(await pause(long)).toBe(true);
  });

  test('is not shortened by a second waking until one has ended by itself', async () => {
    const { pause, wake } = started();
    for (let round = 0; round < 3; round += 1) {
      wake();
      wake();
      expect(await pause(long)).toBe(true);
      wake();
      const pausing = pause(30);
      wake();
      expect(await pausing).toBe(false);
    }
  });

  test('gains one look between two that come by themselves, however often it is woken', async () => {
    const { pause, wake, end } = started();
    const looks: boolean[] = [];
    let isOver = false;
    const following = (async () => {
      while (!isOver) looks.push(await pause(60));
    })();
    await until(() => {
      for (let time = 0; time < 100; time += 1) wake();
      return looks.length >= 12;
    });
    isOver = true;
    end();
    await following;
    // Woken, by itself, woken, …; never two woken ones in a row.
    expect(looks.slice(0, 12)).toEqual(Array.from({ length: 12 }, (_, place) => place % 2 === 0));
  });

  test('waking after the end, or when nobody waits, breaks nothing', async () => {
    const { pause, wake, end } = started();
    expect(await pause(1)).toBe(false);
    end();
    wake();
    wake();
    await pause(long);
  });
});

describe('the end', () => {
  test('ends a pause that is under way, which was not woken then', async () => {
    const { pause, end } = started();
    const pausing = pause(long);
    end();
    expect(await pausing).toBe(false);
  });

  test('lets no further pause begin', async () => {
    const { pause, end } = started();
    end();
    for (let time = 0; time < 3; time += 1) expect(await pause(long)).toBe(false);
  });

  test('leaves nothing listening, however many pauses there were', async () => {
    const ending = new AbortController();
    const { pause } = createRhythm(ending.signal);
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    for (let look = 0; look < 50; look += 1) await pause(0);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });
});
