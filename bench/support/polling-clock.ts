import TinyQueue from 'tinyqueue';

interface Timer {
  readonly at: number;
  /** Timers of the same moment fire in the order in which they were set. */
  readonly order: number;
  callback: (() => void) | null;
}

/** Simulated time: it stands still while anything computes, and jumps from timer to timer. */
export function createClock(start: number) {
  let now = start;
  let order = 0;
  let fired = 0;
  const timers = new TinyQueue<Timer>([], (one, other) => one.at - other.at || one.order - other.order);

  /** @param time ms since 1970 */
  function at(time: number, callback: () => void): Timer {
    order += 1;
    const timer = { at: Math.max(now, time), order, callback };
    timers.push(timer);
    return timer;
  }

  const clock = {
    now: () => now,
    at,
    fired: () => fired,

    /** Does not wait at all for nothing. */
    async sleep(ms: number): Promise<void> {
      if (ms > 0) await new Promise<void>((resolve) => at(now + ms, resolve));
    },

    /** Lets the time pass until then; after each timer, everything that follows from it is done first. */
    async run(until: number): Promise<void> {
      await settled();
      for (let timer = timers.peek(); timer && timer.at <= until; timer = timers.peek()) {
        timers.pop();
        if (!timer.callback) continue;
        now = timer.at;
        fired += 1;
        timer.callback();
        await settled();
      }
      now = until;
    },
  };
  return clock;
}

export type Clock = ReturnType<typeof createClock>;

/** Promises are done before this is. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** From now on all timers of this process are the clock's. */
export function takeOverTimers({ at, now }: Clock): void {
  const own = {
    setTimeout: (callback: () => void, ms = 0) => at(now() + ms, callback),
    clearTimeout(timer: Timer | undefined) {
      if (timer) timer.callback = null;
    },
  };
  Object.assign(globalThis, own);
}

/** Numbers from 0 to 1 that are alike in every run (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
