import { vi } from 'vitest';

/**
 * Timers that are set from now on go off when the test says so, and only then; connections are as real as ever. Whatever
 * was started before keeps the timers it has.
 */
export function fakeClock() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  return {
    pass: async (seconds: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(seconds * 1_000)),
    [Symbol.dispose]: () => void vi.useRealTimers(),
  };
}
