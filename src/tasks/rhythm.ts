import { setTimeout as delay } from 'node:timers/promises';

/**
 * The rhythm of looking at one task: when its wait is over, or sooner when it is woken. Whoever wakes it again and
 * again gains one look between two that come by themselves.
 */
export function createRhythm(ending: AbortSignal) {
  let wait: AbortController | null = null;
  let isWoken = false;
  let mayWake = true;

  return {
    /** Whether the look that follows was woken. */
    async pause(ms: number): Promise<boolean> {
      if (!isWoken) {
        wait = new AbortController();
        const signal = AbortSignal.any([ending, wait.signal]);
        await delay(ms, undefined, { signal }).catch(() => {});
        wait = null;
      }
      const wasWoken = isWoken;
      mayWake = !wasWoken;
      isWoken = false;
      return wasWoken;
    },

    wake(): void {
      if (!mayWake) return;
      mayWake = false;
      isWoken = true;
      wait?.abort();
    },
  };
}

export type Rhythm = ReturnType<typeof createRhythm>;
