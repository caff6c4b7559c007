import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openBudget, spend } from '../../test/support/budget.ts';
import type { RateLimit } from '../providers/http.ts';

const minuteMs = 60_000;
const hundredAMinute = { limit: 100, windowSeconds: 60 };

describe('the pace of polls in a window that the provider has told of', () => {
  test('is that of its limit without the share of people', () => {
    const budget = openBudget();
    budget.told(100, minuteMs);
    expect(budget.pollsAMinute()).toBeCloseTo(80);
  });

  test('follows, in the middle of the first window, from what is left of it', () => {
    const budget = openBudget();
    budget.told(50, minuteMs / 2);
    expect(budget.pollsAMinute()).toBeCloseTo(60);
  });

  test('is no more than a whole window allows, however much is left at its end', () => {
    const budget = openBudget();
    budget.told(100, minuteMs);
    budget.pass(50_000);
    budget.told(95, 10_000);
    expect(budget.pollsAMinute()).toBeCloseTo(80);
  });

  test('is reckoned with the longest time that there has been to an end', () => {
    const budget = openBudget();
    budget.told(100, minuteMs / 2);
    expect(budget.pollsAMinute()).toBeCloseTo(160);
    budget.pass(minuteMs / 2);
    budget.told(100, minuteMs);
    expect(budget.pollsAMinute()).toBeCloseTo(80);
    budget.pass(40_000);
    budget.told(100, 20_000);
    expect(budget.pollsAMinute()).toBeCloseTo(80);
  });

  test.each([
    [60, 40],
    [30, 10],
    [28, 8],
    [21, 8],
    [0, 8],
  ])(
    'slows down while others use it up: %d left are %d polls a minute, and never less than a tenth',
    (remaining, polls) => {
      const budget = openBudget();
      budget.told(remaining, minuteMs);
      expect(budget.pollsAMinute()).toBeCloseTo(polls);
    },
  );

  test('slows down by our own requests no more than they are ahead of it', () => {
    const budget = openBudget();
    budget.told(100, minuteMs);
    spend(budget, 40);
    expect(budget.pollsAMinute()).toBeCloseTo(40);
    budget.pass(minuteMs / 2);
    expect(budget.pollsAMinute()).toBeCloseTo(80);
  });

  test('is that of the whole window again once its end is over', () => {
    const budget = openBudget();
    budget.told(0, minuteMs);
    budget.pass(minuteMs - 1);
    expect(budget.pollsAMinute()).toBeCloseTo(8);
    budget.pass(1);
    expect(budget.pollsAMinute()).toBeCloseTo(80);
  });

  test('is no faster than a configured window allows, nor faster than the told one', () => {
    const tight = openBudget({ limit: 10, windowSeconds: 60 });
    const before = tight.pollsPerMs();
    tight.told(100, minuteMs);
    expect(tight.pollsPerMs()).toBe(before);
    const loose = openBudget({ limit: 1_000, windowSeconds: 60 });
    loose.told(100, minuteMs);
    expect(loose.pollsAMinute()).toBeCloseTo(80);
  });

  test('does not follow from a window of which no limit is told', () => {
    const budget = openBudget(hundredAMinute);
    const before = budget.pollsPerMs();
    budget.told(3, minuteMs, 0);
    expect(budget.pollsPerMs()).toBe(before);
    const unlimited = openBudget();
    unlimited.told(3, minuteMs, 0);
    expect(unlimited.pollsPerMs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the state with a window that the provider has told of', () => {
  test('is of that one where it is nearer to its end', () => {
    const budget = openBudget(hundredAMinute);
    spend(budget, 10);
    budget.told(3, 30_000, 10);
    expect(budget.state()).toEqual({ limit: 10, windowSeconds: 30, used: 7, exhaustedUntil: null });
  });

  test('is of the configured one where that is nearer', () => {
    const budget = openBudget(hundredAMinute);
    spend(budget, 50);
    budget.told(990, 30_000, 1_000);
    expect(budget.state()).toEqual({ ...hundredAMinute, used: 50, exhaustedUntil: null });
  });

  test('is of that one where none is configured, as long as it lasts', () => {
    const budget = openBudget();
    budget.told(60, minuteMs);
    expect(budget.state()).toEqual({ ...hundredAMinute, used: 40, exhaustedUntil: null });
    budget.pass(minuteMs);
    expect(budget.state()).toEqual({ limit: 0, windowSeconds: 0, used: 0, exhaustedUntil: null });
  });

  test('counts what is under way, and says until when nothing may be asked', () => {
    const budget = openBudget();
    budget.told(2, minuteMs);
    budget.begin();
    expect(budget.state()).toMatchObject({ used: 99, exhaustedUntil: null });
    budget.begin();
    expect(budget.state()).toMatchObject({ used: 100, exhaustedUntil: budget.now() + minuteMs });
  });

  test('shows its length as the longest that is known, in whole seconds, and one at the least', () => {
    const budget = openBudget();
    budget.told(90, 59_400);
    expect(budget.state()).toMatchObject({ windowSeconds: 59 });
    budget.pass(40_000);
    budget.told(80, 19_400);
    expect(budget.state()).toMatchObject({ windowSeconds: 59, used: 20 });
    const brief = openBudget();
    brief.told(90, 300);
    expect(brief.state()).toMatchObject({ windowSeconds: 1 });
  });

  test.each([
    [150, 0],
    [-20, 100],
  ])('with %d left of a hundred has %d used', (remaining, used) => {
    const budget = openBudget();
    budget.told(remaining, minuteMs);
    expect(budget.state()).toMatchObject({ limit: 100, used });
  });

  test('is without one of which no limit is told, though that holds requests back', () => {
    const budget = openBudget(hundredAMinute);
    budget.told(0, 30_000, 0);
    expect(budget.state()).toEqual({ ...hundredAMinute, used: 0, exhaustedUntil: budget.now() + 30_000 });
  });
});

interface Sent {
  /** What its answer tells; null: it has not arrived yet, or was refused, which tells nothing. */
  readonly told: RateLimit | null;
  readonly hasArrived: boolean;
}

/** A provider that counts what arrives in windows that follow one another, and refuses what is too much. */
function openProvider({ limit, lengthMs }: { readonly limit: number; readonly lengthMs: number }) {
  const budget = openBudget();
  const beganAt = budget.now();
  const underWay: Sent[] = [];
  const accepted = new Map<number, number>();
  let heardUntil = 0;
  const windowNow = () => Math.floor((budget.now() - beganAt) / lengthMs);
  const acceptedNow = () => accepted.get(windowNow()) ?? 0;

  function arrive(place: number): void {
    const isFull = acceptedNow() >= limit;
    if (!isFull) accepted.set(windowNow(), acceptedNow() + 1);
    const resetAt = beganAt + (windowNow() + 1) * lengthMs;
    const told = isFull ? null : { limit, remaining: limit - acceptedNow(), resetAt };
    underWay.splice(place, 1, { told, hasArrived: true });
  }

  function answer(place: number, { told }: Sent): void {
    underWay.splice(place, 1);
    budget.end();
    // What is told of a window that is over says nothing.
    if (!told || told.resetAt <= budget.now()) return;
    budget.hear(told);
    heardUntil = told.resetAt;
  }

  return {
    budget,

    /** Sends what may be sent, `most` at the most, and looks whether it is too much for a window that is told of. */
    send(priority: 'person' | 'poll', most: number): void {
      const allowed = limit - (priority === 'person' ? 0 : Math.floor(limit / 5));
      for (let sent = 0; sent < most && budget.waitMs(priority) === 0; sent++) {
        budget.begin();
        underWay.push({ told: null, hasArrived: false });
        if (budget.now() >= heardUntil) continue;
        const onTheirWay = underWay.filter(({ hasArrived }) => !hasArrived).length;
        expect(acceptedNow() + onTheirWay, `of ${limit}`).toBeLessThanOrEqual(allowed);
      }
    },

    /** One of those that are under way arrives, or where it has, its answer does. */
    goOn(place: number): void {
      const at = place % underWay.length;
      const one = underWay[at];
      if (!one) return;
      if (one.hasArrived) answer(at, one);
      else arrive(at);
    },
  };
}

const anyWindow = fc.record({
  limit: fc.integer({ min: 1, max: 20 }),
  lengthMs: fc.integer({ min: 10_000, max: 100_000 }),
});

const anyStep = fc.oneof(
  fc.record({ ms: fc.oneof(fc.nat(100), fc.nat(8_000)) }),
  {
    weight: 2,
    arbitrary: fc.record({
      priority: fc.constantFrom('person', 'poll'),
      most: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ place: fc.nat(20) }) },
);

const manySteps = fc.array(anyStep, { minLength: 100, maxLength: 200 });

test('in whatever order requests arrive and answers come, no more are sent than a window that is told of allows', () => {
  fc.assert(
    fc.property(anyWindow, manySteps, (window, steps) => {
      const provider = openProvider(window);
      for (const step of steps) {
        if ('ms' in step) provider.budget.pass(step.ms);
        else if ('most' in step) provider.send(step.priority, step.most);
        else provider.goOn(step.place);
      }
    }),
    { numRuns: 300 },
  );
});
