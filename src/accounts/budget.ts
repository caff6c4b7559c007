import type { RateLimit } from '../providers/http.ts';
import type { RequestBudget } from '../providers/provider.ts';

/** Clocks and timers are not exact to the millisecond: windows are taken that much longer. */
const marginMs = 20;

/** While all that is left of a budget is under way, it is worth asking again after this. */
const lookAgainMs = 25;

/** What the poller leaves for people's own queries and mutations. */
const shareForPeople = 0.2;

export interface BudgetState extends RequestBudget {
  readonly used: number;
  /** Until when no request may be made, ms since 1970; null while some are left. */
  readonly exhaustedUntil: number | null;
}

/** After a provider has said that there were too many, so much of what there was is used from then on. */
const learntShare = 0.8;
const leastShare = 0.2;
/** A window's end is told in whole seconds, by another clock. */
const sameWindowMs = 1_500;
/** What was learnt is forgotten by so much a minute. */
const regainedPerMinute = 1.02;

interface Window extends RequestBudget {
  readonly lengthMs: number;
  /** When the last `limit` requests were answered, as a ring; 0 where there were none yet. */
  readonly times: Float64Array;
  /** How many requests were answered in all. */
  made: number;
}

/**
 * Counts an account's requests against all its limits. A provider counts a request when it arrives, which is some time
 * between its leaving here and its answer: so one under way counts, and one that was answered counts from its answer on.
 * However long requests take, no more than the limit arrive in any stretch of a window's length.
 * Has no timers: it is asked, and told.
 */
export function createBudget(budgets: readonly RequestBudget[], now: () => number) {
  const windows: Window[] = budgets.map((budget) => ({
    ...budget,
    lengthMs: budget.windowSeconds * 1000 + marginMs,
    times: new Float64Array(budget.limit),
    made: 0,
  }));
  let pausedUntil = 0;
  let underWay = 0;
  let told: RateLimit | null = null;
  let learnt = { share: 1, at: 0 };

  /** How much of the limits is used: all, unless the provider has found it too much of late. */
  function usableShare(): number {
    const minutes = (now() - learnt.at) / 60_000;
    return learnt.share === 1 ? 1 : Math.min(1, learnt.share * regainedPerMinute ** minutes);
  }

  function freeAt(priority: 'person' | 'poll'): number {
    const share = usableShare() * (priority === 'person' ? 1 : 1 - shareForPeople);
    let at = pausedUntil;
    for (const window of windows) at = Math.max(at, freeAtIn(window, share, underWay, now()));
    if (told && told.resetAt > now() && told.remaining <= keptBack(told, priority))
      at = Math.max(at, told.resetAt);
    return at;
  }

  return {
    /** How long until a request may be made, or until it is worth asking again, in ms; 0: now. */
    waitMs: (priority: 'person' | 'poll'): number => Math.max(0, freeAt(priority) - now()),

    /** How many polls a ms there are for long, whatever there was of late. */
    pollsPerMs(): number {
      const share = usableShare() * (1 - shareForPeople);
      return Math.min(...windows.map(({ limit, lengthMs }) => (share * limit) / lengthMs));
    },

    /** A request goes out. */
    begin(): void {
      underWay += 1;
      if (told) told = { ...told, remaining: told.remaining - 1 };
    },

    /** It has been answered, or given up. */
    end(): void {
      underWay -= 1;
      for (const window of windows) {
        window.times[window.made % window.limit] = now();
        window.made += 1;
      }
    },

    /** The provider's own count, as it comes with an answer; requests that are under way may not be in it yet. */
    hear(limit: RateLimit): void {
      const remaining = limit.remaining - underWay;
      // Answers may overtake one another: within a window, the lowest count is the latest.
      const isSameWindow = told !== null && Math.abs(told.resetAt - limit.resetAt) < sameWindowMs;
      told = { ...limit, remaining: told && isSameWindow ? Math.min(told.remaining, remaining) : remaining };
    },

    /**
     * The provider has found that there were too many requests: from now on there are fewer.
     * @param askedAt when: requests that were under way together have told the same
     */
    limited(askedAt: number): void {
      if (askedAt < learnt.at) return;
      learnt = { share: Math.max(leastShare, usableShare() * learntShare), at: now() };
    },

    /** The provider asks to be left alone until then. */
    pauseUntil(at: number): void {
      pausedUntil = Math.max(pausedUntil, at);
    },

    /** The window that is nearest to its end. */
    state(): BudgetState {
      const states = windows.map((window) => ({
        window,
        used: Math.min(window.limit, usedIn(window, now()) + underWay),
      }));
      states.sort((one, other) => other.used / other.window.limit - one.used / one.window.limit);
      const [tightest] = states;
      const exhausted = freeAt('person');
      return {
        limit: tightest?.window.limit ?? 0,
        windowSeconds: tightest?.window.windowSeconds ?? 0,
        used: tightest?.used ?? 0,
        exhaustedUntil: exhausted > now() ? exhausted : null,
      };
    },
  };
}

export type Budget = ReturnType<typeof createBudget>;

/** How many of those that the provider still allows are not for this purpose. */
function keptBack({ limit }: RateLimit, priority: 'person' | 'poll'): number {
  return priority === 'person' ? 0 : Math.floor(limit * shareForPeople);
}

/** When the request that has to fall out of the window for the next one does so. */
function freeAtIn(window: Window, share: number, underWay: number, now: number): number {
  const allowed = Math.max(1, Math.floor(window.limit * share)) - underWay;
  if (allowed <= 0) return now + lookAgainMs;
  if (window.made < allowed) return 0;
  const answered = window.times[(window.made - allowed) % window.limit] ?? 0;
  return answered + window.lengthMs;
}

function usedIn(window: Window, now: number): number {
  const kept = Math.min(window.made, window.limit);
  let used = 0;
  while (used < kept) {
    const at = window.times[(window.made - 1 - used) % window.limit] ?? 0;
    if (at <= now - window.lengthMs) break;
    used += 1;
  }
  return used;
}
