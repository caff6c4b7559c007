import { z } from 'zod';
import { type Problem, type ProblemError, problemSchema } from '../model/problem.ts';

const healthStates = ['UP', 'DEGRADED', 'DOWN'] as const;

export type HealthState = (typeof healthStates)[number];

/** What another process needs to know of it. */
export const savedHealth = z.object({
  state: z.enum(healthStates),
  since: z.number(),
  lastSuccessAt: z.number().nullable(),
  problem: problemSchema.nullable(),
  retryAt: z.number(),
});

export interface AccountHealth {
  readonly state: HealthState;
  readonly since: number;
  readonly lastSuccessAt: number | null;
  readonly problem: Problem | null;
}

/** So many failures in a row, and the account counts as down. */
const failuresUntilDown = 3;
const longestPauseMs = 15_000;

/**
 * How well an account's requests succeed.
 * @param firstPauseMs how long to leave a provider alone after it has failed; it doubles from there
 * @param onChange told when the state or the kind of problem is another
 */
export function createHealth(now: () => number, firstPauseMs: number, onChange: () => void) {
  let health: AccountHealth = { state: 'UP', since: now(), lastSuccessAt: null, problem: null };
  let failures = 0;
  /** Which campaigns have failed since the last success; null: the list. */
  const failing = new Set<string | null>();
  let retryAt = 0;
  let countedAt = Number.NEGATIVE_INFINITY;

  let savedMood = '';
  const moodNow = () => `${health.state} ${health.problem?.code}`;

  function become(state: HealthState, problem: Problem | null): void {
    const differs = state !== health.state || problem?.code !== health.problem?.code;
    health = { ...health, state, problem, since: state === health.state ? health.since : now() };
    if (differs) onChange();
  }

  return {
    get: (): AccountHealth => health,

    /** Not before then should the provider be asked again, ms since 1970; in the past while all is well. */
    retryAt: (): number => retryAt,

    succeeded(): void {
      failures = 0;
      failing.clear();
      retryAt = 0;
      health = { ...health, lastSuccessAt: now() };
      become('UP', null);
    },

    /** Whether it differs, in what matters to others at once, from what was saved last. */
    isWorthSaving: (): boolean => moodNow() !== savedMood,

    /** What another process needs to know of it, and what is to be called once that is stored. */
    save() {
      const mood = moodNow();
      return {
        saved: { ...health, retryAt },
        keep(): void {
          savedMood = mood;
        },
      };
    },

    /** It is as another process has found it. */
    restore({ retryAt: told, ...saved }: z.output<typeof savedHealth>): void {
      retryAt = told;
      failures = saved.state === 'DOWN' ? failuresUntilDown : 0;
      failing.clear();
      const differs = saved.state !== health.state || saved.problem?.code !== health.problem?.code;
      health = saved;
      if (differs) onChange();
    },

    /**
     * @param about the campaign that was asked for; null: the list
     * @param askedAt when: of requests that were under way together, all that fail are one failure
     */
    failed(error: ProblemError, about: string | null, askedAt: number): void {
      failing.add(about);
      if (askedAt >= countedAt) {
        failures += 1;
        countedAt = now();
      }
      const { code, message, providerCode } = error;
      retryAt =
        now() + Math.min(longestPauseMs, firstPauseMs * 2 ** Math.max(0, failures - failuresUntilDown));
      const state = stateAfter(error, failures, failing);
      if (state !== 'UP') become(state, { code, message, providerCode, at: now() });
    },
  };
}

export type Health = ReturnType<typeof createHealth>;

function stateAfter(
  { code }: ProblemError,
  failures: number,
  failing: ReadonlySet<string | null>,
): HealthState {
  // It answers, and it will answer again: its limit is no outage.
  if (code === 'PROVIDER_RATE_LIMITED') return 'DEGRADED';
  // Every request fails until somebody mends the key.
  if (code === 'PROVIDER_UNAUTHENTICATED') return 'DOWN';
  const canBeOneCampaigns = code === 'PROVIDER_BAD_RESPONSE' || code === 'PROVIDER_FORBIDDEN';
  if (canBeOneCampaigns && failing.size === 1 && !failing.has(null)) {
    // If nothing else succeeds meanwhile, it may well be the account's.
    if (failures < failuresUntilDown) return 'UP';
    return failures < 2 * failuresUntilDown ? 'DEGRADED' : 'DOWN';
  }
  return failures >= failuresUntilDown ? 'DOWN' : 'DEGRADED';
}
