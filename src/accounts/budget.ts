import type { RateLimit } from '../providers/http.ts';
import type { RequestBudget } from '../providers/provider.ts';
import { createDemand } from './demand.ts';
import { createSlidingWindow, createToldWindow, type WindowState } from './windows.ts';

/** What the poller leaves for people's own queries and mutations. */
const shareForPeople = 0.2;

/** After a provider has said that there were too many, so much of what there was is used from then on. */
const learntShare = 0.8;
const leastShare = 0.2;
/** What was learnt is forgotten by so much a minute. */
const regainedPerMinute = 1.02;

export interface BudgetState extends WindowState {
  /** Until when no request may be made, ms since 1970; null while some are left. */
  readonly exhaustedUntil: number | null;
}

/**
 * Counts an account's requests against all its limits. A provider counts a request when it arrives, which is some time
 * between its leaving here and its answer: so one under way counts, and one that was answered counts from its answer on.
 * However long requests take, no more than the limit arrive in any stretch of a window's length.
 * Has no timers: it is asked, and told.
 */
export function createBudget(budgets: readonly RequestBudget[], now: () => number) {
  const windows = budgets.map(createSlidingWindow);
  const told = createToldWindow();
  let pausedUntil = 0;
  let underWay = 0;
  /** When the last request went out, ms since 1970. */
  let begunAt = 0;
  let learnt = { share: 1, at: 0 };

  /** How much of the limits is used: all, unless the provider has found it too much of late. */
  function usableShare(): number {
    const minutes = (now() - learnt.at) / 60_000;
    return learnt.share === 1 ? 1 : Math.min(1, learnt.share * regainedPerMinute ** minutes);
  }

  function freeAt(priority: 'person' | 'poll'): number {
    const keptBack = priority === 'person' ? 0 : shareForPeople;
    const share = usableShare() * (1 - keptBack);
    const frees = windows.map((window) => window.freeAt(share, underWay, now()));
    const freeAt = Math.max(pausedUntil, told.freeAt(keptBack, now()), ...frees);
    if (priority === 'person') return freeAt;
    const gaps = windows.map((window) => window.gapMs(share, now()));
    return Math.max(freeAt, begunAt + Math.max(told.gapMs(keptBack, now()), ...gaps));
  }

  return {
    /** What is asked for of it: by all accounts that share it. */
    demand: createDemand<object>(),

    /** How long until a request may be made, or until it is worth asking again, in ms; 0: now. */
    waitMs: (priority: 'person' | 'poll'): number => Math.max(0, freeAt(priority) - now()),

    /** How many polls a ms there are for long. */
    pollsPerMs(): number {
      const share = usableShare() * (1 - shareForPeople);
      const paces = windows.map((window) => window.perMs(share, now()));
      return Math.min(told.perMs(shareForPeople, now()), ...paces);
    },

    /** A request goes out. */
    begin(): void {
      underWay += 1;
      begunAt = now();
      told.spend();
    },

    /** It has been answered, or given up. */
    end(): void {
      underWay -= 1;
      for (const window of windows) window.count(now());
    },

    /** The provider's own count, as it comes with an answer. */
    hear: (limit: RateLimit): void => told.hear(limit, underWay, now()),

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

    /** The window that is nearest to its end, be it configured or told by the provider. */
    state(): BudgetState {
      const states = [told.state(now()), ...windows.map((window) => window.state(underWay, now()))];
      const [tightest = { limit: 0, windowSeconds: 0, used: 0 }] = states
        .filter((state) => state !== null)
        .sort((one, other) => other.used / other.limit - one.used / one.limit);
      const exhausted = freeAt('person');
      return { ...tightest, exhaustedUntil: exhausted > now() ? exhausted : null };
    },
  };
}

export type Budget = ReturnType<typeof createBudget>;
