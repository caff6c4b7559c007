import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openBudget, spend } from '../../test/support/budget.ts';

/** More than a window may be taken longer than it is, as requests take a while to arrive. */
const atMostLateMs = 1_000;
const plenty = { limit: 1_000, windowSeconds: 60 };

describe('one window', () => {
  test('lets its limit out at once, and the next when the first falls out', () => {
    const budget = openBudget({ limit: 3, windowSeconds: 60 });
    expect(budget.spendAll('person')).toBe(3);
    const waitMs = budget.waitMs('person');
    expect(waitMs).toBeGreaterThanOrEqual(60_000);
    expect(waitMs).toBeLessThanOrEqual(60_000 + atMostLateMs);
    budget.pass(waitMs - 1);
    expect(budget.waitMs('person')).toBe(1);
    budget.pass(1);
    expect(budget.waitMs('person')).toBe(0);
  });

  test('slides: each request comes back by itself', () => {
    const budget = openBudget({ limit: 3, windowSeconds: 60 });
    for (const pauseMs of [0, 20_000, 20_000]) {
      budget.pass(pauseMs);
      spend(budget);
    }
    budget.pass(budget.waitMs('person'));
    expect(budget.spendAll('person')).toBe(1);
    expect(budget.waitMs('person')).toBe(20_000);
  });

  test('keeps a fifth for people, whoever has used the rest', () => {
    const budget = openBudget({ limit: 10, windowSeconds: 60 });
    expect(budget.spendAll('person', 5)).toBe(5);
    expect(budget.spendAll('poll')).toBe(3);
    expect(budget.waitMs('poll')).toBeGreaterThan(0);
    expect(budget.spendAll('person')).toBe(2);
  });

  test('of one request lets the poller have it', () => {
    expect(openBudget({ limit: 1, windowSeconds: 60 }).spendAll('poll')).toBe(1);
  });
});

test('of several windows the one that is full longest counts', () => {
  const budget = openBudget({ limit: 4, windowSeconds: 10 }, { limit: 6, windowSeconds: 3_600 });
  expect(budget.spendAll('person')).toBe(4);
  budget.pass(budget.waitMs('person'));
  expect(budget.now() - Date.parse('2026-03-01T12:00:00Z')).toBeLessThan(11_001);
  expect(budget.spendAll('person')).toBe(2);
  expect(budget.waitMs('person')).toBeGreaterThan(3_500_000);
});

test('without a window there is no limit', () => {
  const budget = openBudget();
  expect(budget.spendAll('poll', 500)).toBe(500);
  expect(budget.state()).toEqual({ limit: 0, windowSeconds: 0, used: 0, exhaustedUntil: null });
});

describe('a pause', () => {
  test('holds people and poller alike, until its end', () => {
    const budget = openBudget({ limit: 10, windowSeconds: 60 });
    budget.pauseUntil(budget.now() + 7_000);
    expect([budget.waitMs('person'), budget.waitMs('poll')]).toEqual([7_000, 7_000]);
    budget.pass(7_000);
    expect([budget.waitMs('person'), budget.waitMs('poll')]).toEqual([0, 0]);
  });

  test('is not shortened by a shorter one', () => {
    const budget = openBudget({ limit: 10, windowSeconds: 60 });
    for (const ms of [7_000, 1_000]) budget.pauseUntil(budget.now() + ms);
    expect(budget.waitMs('person')).toBe(7_000);
  });

  test('that ends before the window does not open it', () => {
    const budget = openBudget({ limit: 1, windowSeconds: 60 });
    spend(budget);
    budget.pauseUntil(budget.now() + 7_000);
    expect(budget.waitMs('person')).toBeGreaterThanOrEqual(60_000);
  });
});

describe('the state', () => {
  test('is of the window nearest to its end', () => {
    const budget = openBudget({ limit: 10, windowSeconds: 60 }, { limit: 4, windowSeconds: 3_600 });
    expect(budget.state()).toEqual({ limit: 10, windowSeconds: 60, used: 0, exhaustedUntil: null });
    expect(budget.spendAll('person', 3)).toBe(3);
    expect(budget.state()).toEqual({ limit: 4, windowSeconds: 3_600, used: 3, exhaustedUntil: null });
  });

  test('says until when nothing may be asked', () => {
    const budget = openBudget({ limit: 2, windowSeconds: 60 });
    budget.spendAll('person');
    const { used, exhaustedUntil } = budget.state();
    expect([used, exhaustedUntil]).toEqual([2, budget.now() + budget.waitMs('person')]);
    budget.pass(budget.waitMs('person'));
    expect(budget.state()).toMatchObject({ used: 0, exhaustedUntil: null });
  });

  test('is exhausted while the provider asks to be left alone', () => {
    const budget = openBudget({ limit: 2, windowSeconds: 60 });
    budget.pauseUntil(budget.now() + 5_000);
    expect(budget.state()).toMatchObject({ used: 0, exhaustedUntil: budget.now() + 5_000 });
  });

  test('is not exhausted while only the poller has to wait', () => {
    const budget = openBudget({ limit: 10, windowSeconds: 60 });
    budget.spendAll('poll');
    expect(budget.state()).toMatchObject({ used: 8, exhaustedUntil: null });
  });
});

const anyBudgets = fc.array(
  fc.record({ limit: fc.integer({ min: 1, max: 12 }), windowSeconds: fc.integer({ min: 1, max: 20 }) }),
  { minLength: 1, maxLength: 3 },
);

const few = fc.nat(12);
const asking = {
  pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 8_000 })),
  priority: fc.constantFrom('person', 'poll'),
  /** How often it is asked at that moment. */
  times: fc.integer({ min: 1, max: 15 }),
};
const anyAsking = fc.array(fc.record(asking), { maxLength: 80 });

/** The same at a provider that tells its count, and may find it too much, before it is asked. */
const anyAskingAndHearing = fc.array(
  fc.record({
    ...asking,
    isLimited: fc.boolean(),
    heard: fc.option(fc.record({ limit: few, remaining: few, resetInMs: fc.nat(9_000) })),
  }),
  { maxLength: 80 },
);

describe('whatever the pattern of asking', () => {
  test('no window ever holds more than its limit, nor polls more than their share, nor more than the provider has told', () => {
    fc.assert(
      fc.property(anyBudgets, anyAskingAndHearing, (budgets, steps) => {
        const budget = openBudget(...budgets);
        const made: number[] = [];
        let told = { remaining: Number.POSITIVE_INFINITY, resetAt: 0 };
        for (const { pauseMs, priority, times, isLimited, heard } of steps) {
          budget.pass(pauseMs);
          if (isLimited) budget.limited(budget.now());
          if (heard) {
            told = { remaining: heard.remaining, resetAt: budget.now() + heard.resetInMs };
            budget.hear({ limit: heard.limit, ...told });
          }
          for (let time = 0; time < times && budget.waitMs(priority) === 0; time++) {
            spend(budget);
            made.push(budget.now());
            told.remaining -= 1;
            if (budget.now() < told.resetAt) expect(told.remaining).toBeGreaterThanOrEqual(0);
            for (const { limit, windowSeconds } of budgets) {
              const allowed = priority === 'person' ? limit : Math.max(1, Math.floor(limit * 0.8));
              const since = budget.now() - windowSeconds * 1_000;
              expect(made.filter((at) => at > since).length).toBeLessThanOrEqual(allowed);
            }
          }
        }
      }),
    );
  });

  test('a person waits only while a window is full, and then exactly until it is not', () => {
    fc.assert(
      fc.property(anyBudgets, anyAsking, (budgets, asking) => {
        const budget = openBudget(...budgets);
        const made: number[] = [];
        for (const { pauseMs, priority, times } of asking) {
          budget.pass(pauseMs);
          for (let time = 0; time < times && budget.waitMs(priority) === 0; time++) {
            spend(budget);
            made.push(budget.now());
          }
          const isFull = budgets.some(({ limit, windowSeconds }) => {
            const since = budget.now() - windowSeconds * 1_000 - atMostLateMs;
            return made.filter((at) => at > since).length >= limit;
          });
          const waitMs = budget.waitMs('person');
          if (!isFull) expect(waitMs).toBe(0);
          expect(budget.state().exhaustedUntil).toBe(waitMs === 0 ? null : budget.now() + waitMs);
        }
      }),
    );
  });
});

describe('requests under way', () => {
  test('count from their leaving, and from their answer on for a whole window', () => {
    const budget = openBudget({ limit: 2, windowSeconds: 10 });
    for (let count = 0; count < 2; count++) budget.begin();
    expect(budget.state().used).toBe(2);
    budget.pass(60_000);
    expect(budget.waitMs('person')).toBeGreaterThan(0);
    budget.end();
    expect(budget.waitMs('person')).toBeGreaterThanOrEqual(25);
    budget.end();
    expect(budget.waitMs('person')).toBeGreaterThanOrEqual(10_000);
    budget.pass(budget.waitMs('person'));
    expect(budget.spendAll('person')).toBe(2);
  });
});

describe('the provider’s own count', () => {
  test('stops polls at the share that is people’s, and people at none, until its window ends', () => {
    const budget = openBudget(plenty);
    budget.hear({ limit: 10, remaining: 5, resetAt: budget.now() + 30_000 });
    const start = budget.now();
    // Polls don't come all at once: what is left is to last.
    for (let made = 0; made < 3; made++) {
      expect(budget.spendAll('poll')).toBe(1);
      budget.pass(Math.min(budget.waitMs('poll'), start + 29_000 - budget.now()));
    }
    expect(budget.waitMs('poll')).toBe(start + 30_000 - budget.now());
    expect(budget.spendAll('person')).toBe(2);
    expect(budget.state().exhaustedUntil).toBe(start + 30_000);
    budget.pass(start + 30_000 - budget.now());
    expect(budget.waitMs('poll')).toBe(0);
  });

  test('gives way to that of the next window, and never widens our own', () => {
    const budget = openBudget({ limit: 4, windowSeconds: 60 });
    budget.hear({ limit: 10, remaining: 0, resetAt: budget.now() + 30_000 });
    budget.hear({ limit: 10, remaining: 10, resetAt: budget.now() + 90_000 });
    expect(budget.spendAll('person')).toBe(4);
  });

  // An answer is heard after its request has ended, so that of those under way one too few is counted off.
  test('may not hold the requests that are under way: they are counted off', () => {
    const budget = openBudget(plenty);
    for (let count = 0; count < 3; count++) budget.begin();
    budget.end();
    budget.hear({ limit: 10, remaining: 2, resetAt: budget.now() + 30_000 });
    expect(budget.waitMs('person')).toBe(30_000);
  });

  // An older answer that comes later puts back what the younger one had counted.
  test('is the lowest that was told of a window, in whichever order answers come', () => {
    const budget = openBudget(plenty);
    const window = { limit: 10, resetAt: budget.now() + 30_000 };
    for (const remaining of [0, 1]) budget.hear({ ...window, remaining });
    expect(budget.waitMs('person')).toBe(30_000);
  });
});

test.each([
  ['person', [0, 1, 2, 50], 0, [100, 80, 64, 20]],
  ['poll', [0, 1, 50], 0, [80, 64, 16]],
  ['person', [1, 50], 12, [100, 25]],
  ['person', [50], 82, [100]],
] as const)(
  'for a %s, found too much %j times %d min ago, there are %j of 100',
  (who, times, minutes, made) => {
    const spent = times.map((count) => {
      const budget = openBudget({ limit: 100, windowSeconds: 60 });
      for (let time = 0; time < count; time++) budget.limited(budget.now());
      budget.pass(minutes * 60_000);
      return budget.spendAll(who);
    });
    expect(spent).toEqual(made);
  },
);

test('polls that there are for long follow from the scarcest window, and from what was too much', () => {
  expect(openBudget().pollsPerMs()).toBe(Number.POSITIVE_INFINITY);
  const budget = openBudget(plenty, { limit: 1_000, windowSeconds: 3_600 });
  expect(budget.pollsPerMs() * 3_600_000).toBeCloseTo(800, 1);
  budget.limited(budget.now());
  expect(budget.pollsPerMs() * 3_600_000).toBeCloseTo(640, 1);
});
