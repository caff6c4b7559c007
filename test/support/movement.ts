import { type Follower, knowsAllOf } from './follower.ts';
import type { MovingCampaign } from './many-accounts.ts';

/** So many campaigns are looked at at a time. */
const atATime = 20;
const everyMs = 100;

/** How many steps were made so far. */
export interface Movement extends Disposable {
  readonly steps: number;
}

/**
 * Moves campaigns one after the other, each once its step before has been told to somebody: a status that was never seen
 * can't be told. Ends with its scope.
 */
export function startMovement(moving: readonly MovingCampaign[], followers: readonly Follower[]): Movement {
  let [place, steps] = [0, 0];
  const timer = setInterval(() => {
    for (let count = 0; count < Math.min(atATime, moving.length); count += 1) {
      const campaign = moving[place % moving.length];
      place += 1;
      if (!campaign || !followers.some((follower) => knowsAllOf(follower, campaign))) continue;
      campaign.step();
      steps += 1;
    }
  }, everyMs);
  return {
    get steps() {
      return steps;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
