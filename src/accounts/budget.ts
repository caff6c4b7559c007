import { z } from 'zod';
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

/** So long polls go on by what has been set aside for them, where requests have to be set aside before they are made. */
const asideMs = 6_000;
/** And at least so many requests, so that people seldom wait for it. */
const leastAside = 5;
const mostAside = 10_000;
/** What was saved may be so old that requests were made since; only what is shown of the budget depends on it. */
const savedEveryMs = 5_000;
/** While nothing is set aside, it is worth asking again after this. */
const lookAgainMs = 10;

/** What another process needs to go on counting. */
export const savedBudget = z.object({
  windows: z.array(
    z.object({
      limit: z.number(),
      windowSeconds: z.number(),
      counts: z.array(z.tuple([z.number(), z.number()])),
    }),
  ),
  told: z.object({ limit: z.number(), remaining: z.number(), resetAt: z.number() }).nullable(),
  pausedUntil: z.number(),
  learnt: z.object({ share: z.number(), at: z.number() }),
  /** Requests that were under way, or set aside: they may have been made after it was saved. */
  pending: z.number(),
});

export type SavedBudget = z.output<typeof savedBudget>;

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
  let begun = 0;
  /** Up to how many may be begun in all before more is set aside. */
  let mayBegin = Number.POSITIVE_INFINITY;
  /** What had been begun when it was saved last, and when that was. */
  let saved = { begun: -1, aside: 0, pausedUntil: 0, at: 0 };

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
    waitMs(priority: 'person' | 'poll'): number {
      const waitMs = Math.max(0, freeAt(priority) - now());
      return begun < mayBegin ? waitMs : Math.max(waitMs, lookAgainMs);
    },

    /** Whether requests wait only for more to be set aside. */
    isScarce: (): boolean => begun >= mayBegin,

    /** How many polls a ms there are for long. */
    pollsPerMs(): number {
      const share = usableShare() * (1 - shareForPeople);
      const paces = windows.map((window) => window.perMs(share, now()));
      return Math.min(told.perMs(shareForPeople, now()), ...paces);
    },

    /** A request goes out. */
    begin(): void {
      begun += 1;
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

    /** Whether enough has been made since it was saved last, or little is left of what was set aside. */
    isWorthSaving(): boolean {
      if (pausedUntil !== saved.pausedUntil) return true;
      if (begun === saved.begun && mayBegin > begun) return false;
      return mayBegin - begun < saved.aside / 2 || now() - saved.at > savedEveryMs;
    },

    /**
     * What another process needs to go on counting, should this one be gone: with requests that are set aside now, which
     * may be made once `keep` says that it has been stored. From the first call on, none are made that are not.
     * @param isLast nothing is set aside: no request is made after this
     */
    save(isLast = false): { readonly saved: SavedBudget; readonly keep: () => void } {
      if (mayBegin === Number.POSITIVE_INFINITY || isLast) mayBegin = begun;
      const wanted = Math.max(leastAside, Math.ceil(Math.min(this.pollsPerMs() * asideMs, mostAside)));
      const aside = isLast ? 0 : Math.max(wanted, mayBegin - begun);
      const until = begun + aside;
      const last = { begun, aside, pausedUntil, at: now() };
      const state = {
        windows: budgets.map(({ limit, windowSeconds }, place) => ({
          ...{ limit, windowSeconds },
          counts: (windows[place]?.save(now()) ?? []).map(([at, count]): [number, number] => [at, count]),
        })),
        told: told.save(),
        ...{ pausedUntil, learnt },
        pending: aside + underWay,
      };
      return {
        saved: state,
        keep() {
          mayBegin = until;
          saved = last;
        },
      };
    },

    /**
     * Goes on where another process has stopped, or was stopped.
     * @param pending whether what was pending then is counted as made now; false: it is only to be looked at
     */
    restore(from: SavedBudget, { pending }: { readonly pending: boolean }): void {
      const made = pending ? from.pending : 0;
      for (const [place, { limit, windowSeconds }] of budgets.entries()) {
        const same = from.windows.find((one) => one.limit === limit && one.windowSeconds === windowSeconds);
        windows[place]?.restore([...(same?.counts ?? []), [now(), made]]);
      }
      told.restore(from.told, made);
      pausedUntil = from.pausedUntil;
      learnt = from.learnt;
      mayBegin = begun;
      saved = { begun: -1, aside: 0, pausedUntil: 0, at: 0 };
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
