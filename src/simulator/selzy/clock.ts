import { setTimeout as wait } from 'node:timers/promises';

/** How often a clock that may jump is looked at. */
const glanceMs = 50;

/**
 * Waits until a clock has reached a moment, or `ended` aborts.
 * @param at ms since 1970; asked again and again, as it may change meanwhile
 */
export async function clockReaches(at: () => number, now: () => number, ended: AbortSignal): Promise<void> {
  for (let left = at() - now(); left > 0 && !ended.aborted; left = at() - now()) {
    await wait(Math.min(glanceMs, left), undefined, { ref: false });
  }
}
