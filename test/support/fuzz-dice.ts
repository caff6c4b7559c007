import { randomFor } from '../../src/simulator/random.ts';

/** What chance decides. The same seed and number give the same throws, so that a case can be made again alone. */
export interface Dice {
  /** A whole number from 0 to one less than this. */
  below(count: number): number;
  /** Whether something happens that does so in this share of the cases. */
  chance(share: number): boolean;
  oneOf<T>(list: readonly [T, ...T[]]): T;
  /** One of a list that may be empty. */
  anyOf<T>(list: readonly T[]): T | undefined;
  /** So many of what is made, from `least` to `most`. */
  times<T>(least: number, most: number, make: () => T): T[];
}

export function diceFor(seed: number, number: number): Dice {
  const random = randomFor(seed, number);
  const below = (count: number) => Math.floor(random() * count);
  return {
    below,
    chance: (share) => random() < share,
    oneOf: (list) => list[below(list.length)] ?? list[0],
    anyOf: (list) => list[below(list.length)],
    times: (least, most, make) => Array.from({ length: least + below(most - least + 1) }, make),
  };
}
