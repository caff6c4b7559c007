import { type Lives, type Script, scriptOf } from './script.ts';

/** The campaigns of one provider that are born and live by themselves. */
export interface Population {
  /** null for one that isn't born yet, had its time long ago, or never was. */
  script(externalId: string): Script | null;
  /** Oldest first. */
  scripts(): Script[];
}

export interface PopulationOptions {
  lives: Lives;
  campaigns: number;
  seed: number;
  speed: number;
  now: () => number;
}

/** How many campaigns that have had their time stay visible. */
const kept = 500;

export function createPopulation({ lives, campaigns, seed, speed, now }: PopulationOptions): Population {
  const beatMs = campaigns === 0 ? 0 : (lives.periodSeconds * 1_000) / campaigns / speed;
  const firstBirth = now() - beatMs * campaigns * lives.pastPeriods;
  const scripts = new Map<number, Script>();

  function numbers(): { oldest: number; newest: number } {
    if (campaigns === 0) return { oldest: 0, newest: -1 };
    const newest = Math.floor((now() - firstBirth) / beatMs);
    return { oldest: Math.max(0, newest - campaigns - kept + 1), newest };
  }

  function scriptNumbered(number: number): Script {
    const known = scripts.get(number);
    if (known) return known;
    const plot = lives.plot(number, campaigns);
    const birth = { number, bornAt: firstBirth + number * beatMs, plot, recipients: lives.recipients };
    const script = scriptOf(lives, seed, birth);
    scripts.set(number, script);
    if (scripts.size > 2 * (campaigns + kept)) forgetOld();
    return script;
  }

  function forgetOld(): void {
    const { oldest } = numbers();
    for (const number of scripts.keys()) {
      if (number < oldest) scripts.delete(number);
    }
  }

  return {
    script(externalId) {
      const number = Number(externalId.slice(lives.idPrefix.length)) - lives.firstId;
      const { oldest, newest } = numbers();
      if (!Number.isSafeInteger(number) || number < oldest || number > newest) return null;
      const script = scriptNumbered(number);
      return script.externalId === externalId ? script : null;
    },
    scripts() {
      const { oldest, newest } = numbers();
      return Array.from({ length: newest - oldest + 1 }, (_, index) => scriptNumbered(oldest + index));
    },
  };
}
