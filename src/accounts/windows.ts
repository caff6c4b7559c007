import type { RateLimit } from '../providers/http.ts';
import type { RequestBudget } from '../providers/provider.ts';

/** Clocks and timers are not exact to the millisecond: windows are taken that much longer. */
const marginMs = 20;
/** While all that is left of a budget is under way, it is worth asking again after this. */
const lookAgainMs = 25;
/** What is left of a window slows polls down to this part of their pace at the most. */
const leastPace = 0.1;
/** In a window that is this long, polls slow down before it is used up: to wait for its end would be too long. */
const longMs = 15 * 60_000;
/** So few requests can't be spread. */
const tooFew = 10;
/** They do once there is less left than would last for this part of it. */
const scarceShare = 0.1;
/** No poll comes sooner than if what is left were to last for this part of it: so it is never quite used up. */
const gapShare = 0.2;
/** Of a window that the provider tells of, polls may use what is left so many times as fast as if it were spread evenly. */
const toldHaste = 4;
/** What is handed on of a window is counted by this part of it: each count at the end of its part, so never too early. */
const savedParts = 60;
/** A window's end is told in whole seconds, by another clock. */
const sameWindowMs = 1_500;

/** How much of a window is used. */
export interface WindowState extends RequestBudget {
  readonly used: number;
}

export interface SlidingWindow {
  /** A request was answered. */
  count(now: number): void;
  /** When the request that has to fall out of the window for the next one does so. @param share of it that is used */
  freeAt(share: number, underWay: number, now: number): number;
  /** How long a poll waits after the request before it, in ms, so that what is left lasts. */
  gapMs(share: number, now: number): number;
  /** How many requests a ms it allows for long. */
  perMs(share: number, now: number): number;
  state(underWay: number, now: number): WindowState;
  /** What it has counted, for another process to go on with: times and how many by then, oldest first. */
  save(now: number): Counts;
  /** Forgets what it has counted, and goes on with this. */
  restore(counts: Counts): void;
}

export type Counts = readonly (readonly [at: number, count: number])[];

/** Counts requests in any stretch of the window's length, by when they were answered. All times are ms since 1970. */
export function createSlidingWindow({ limit, windowSeconds }: RequestBudget): SlidingWindow {
  const lengthMs = windowSeconds * 1000 + marginMs;
  /** When the last `limit` requests were answered, as a ring. */
  const times = new Float64Array(limit);
  /** How many were in all. */
  let made = 0;

  const partMs = lengthMs / savedParts;

  const allowedOf = (share: number) => Math.max(1, Math.floor(limit * share));
  const isLong = (share: number) => lengthMs >= longMs && allowedOf(share) >= tooFew;

  /** At this pace what is left lasts for a part of the window: less and less is used, and never all. */
  function leftPerMs(share: number, part: number, now: number): number {
    const allowed = allowedOf(share);
    const left = (allowed - usedAt(now)) / (lengthMs * part);
    return Math.max((allowed / lengthMs) * leastPace, left);
  }

  /** When the last one but so many was answered. */
  const answeredAt = (before: number) => times[(made - 1 - before) % limit] ?? 0;

  /** By halves: there may be many. */
  function usedAt(now: number): number {
    let [used, most] = [0, Math.min(made, limit)];
    while (used < most) {
      const middle = Math.floor((used + most) / 2);
      if (answeredAt(middle) > now - lengthMs) used = middle + 1;
      else most = middle;
    }
    return used;
  }

  return {
    count(now) {
      times[made % limit] = now;
      made += 1;
    },

    freeAt(share, underWay, now) {
      const allowed = allowedOf(share) - underWay;
      if (allowed <= 0) return now + lookAgainMs;
      return made < allowed ? 0 : answeredAt(allowed - 1) + lengthMs;
    },

    gapMs: (share, now) => (isLong(share) ? 1 / leftPerMs(share, gapShare, now) : 0),

    perMs(share, now) {
      const even = allowedOf(share) / lengthMs;
      return isLong(share) ? Math.min(even, leftPerMs(share, scarceShare, now)) : even;
    },

    state: (underWay, now) => ({
      limit,
      windowSeconds,
      used: Math.min(limit, usedAt(now) + underWay),
    }),

    save(now) {
      const counts: [number, number][] = [];
      for (let before = usedAt(now) - 1; before >= 0; before -= 1) {
        const at = answeredAt(before);
        const last = counts.at(-1);
        if (last && Math.floor(last[0] / partMs) === Math.floor(at / partMs))
          counts.splice(-1, 1, [at, last[1] + 1]);
        else counts.push([at, 1]);
      }
      return counts;
    },

    restore(counts) {
      times.fill(0);
      made = 0;
      for (const [at, count] of counts) {
        for (let one = 0; one < Math.min(count, limit); one += 1) this.count(at);
      }
    },
  };
}

/** The window that the provider itself counts by, as far as it has been told. */
export function createToldWindow() {
  let told: RateLimit | null = null;
  /** The longest time to its end that was told of the window, and of the one before: as far as is known, its length. */
  let [longestMs, longestBeforeMs] = [0, 0];

  const lengthMs = () => Math.max(longestMs, longestBeforeMs);
  const isRunning = (now: number): boolean => told !== null && told.resetAt > now;

  return {
    /** Requests that are under way may not be in it yet. */
    hear(limit: RateLimit, underWay: number, now: number): void {
      const remaining = limit.remaining - underWay;
      // Answers may overtake one another: within a window, the lowest count is the latest.
      const isSame = told !== null && Math.abs(told.resetAt - limit.resetAt) < sameWindowMs;
      told = { ...limit, remaining: told && isSame ? Math.min(told.remaining, remaining) : remaining };
      if (!isSame) [longestMs, longestBeforeMs] = [0, longestMs];
      longestMs = Math.max(longestMs, limit.resetAt - now);
    },

    /** A request goes out. */
    spend(): void {
      if (told) told = { ...told, remaining: told.remaining - 1 };
    },

    /** @param keptBack the part of it that is kept for others */
    freeAt(keptBack: number, now: number): number {
      if (!told || !isRunning(now)) return 0;
      return told.remaining <= Math.floor(told.limit * keptBack) ? told.resetAt : 0;
    },

    /** How long a poll waits after the request before it, in ms, so that what is left lasts. */
    gapMs(keptBack: number, now: number): number {
      if (!told || told.limit <= 0 || !isRunning(now)) return 0;
      const left = told.remaining - Math.floor(told.limit * keptBack);
      return left > 0 ? (told.resetAt - now) / (left * toldHaste) : 0;
    },

    /** How many requests a ms it allows for long; fewer while somebody else uses it up. */
    perMs(keptBack: number, now: number): number {
      if (!told || told.limit <= 0) return Number.POSITIVE_INFINITY;
      const kept = Math.floor(told.limit * keptBack);
      const even = (told.limit - kept) / lengthMs();
      if (!isRunning(now)) return even;
      const left = (told.remaining - kept) / (told.resetAt - now);
      return Math.max(even * leastPace, Math.min(even, left));
    },

    save: (): RateLimit | null => told,

    /** @param pending requests that may have been made since it was saved */
    restore(saved: RateLimit | null, pending: number): void {
      told = saved && { ...saved, remaining: saved.remaining - pending };
    },

    /** null: none is running. */
    state(now: number): WindowState | null {
      if (!told || told.limit <= 0 || !isRunning(now)) return null;
      const used = Math.min(told.limit, Math.max(0, told.limit - told.remaining));
      return { limit: told.limit, windowSeconds: Math.max(1, Math.floor(lengthMs() / 1000)), used };
    },
  };
}
