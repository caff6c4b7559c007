import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDemand, type Demand, type Kind, type Stretch, stretchOf, type Wish } from './demand.ts';

test.each<[string, Demand, Stretch]>([
  ['nothing is asked for', { watched: 0, others: 0, supply: 1 }, { watched: 1, others: 1 }],
  ['there is enough', { watched: 2, others: 3, supply: 5 }, { watched: 1, others: 1 }],
  ['there is no limit', { watched: 2, others: 3, supply: Infinity }, { watched: 1, others: 1 }],
  ['a little is lacking', { watched: 2, others: 6, supply: 5 }, { watched: 1, others: 2 }],
  ['only watched ones ask', { watched: 20, others: 0, supply: 5 }, { watched: 4, others: 1 }],
  [
    'watched ones alone ask for all there is',
    { watched: 10, others: 10, supply: 10 },
    { watched: 10 / 9, others: 10 },
  ],
  [
    'watched ones ask for much too much',
    { watched: 90, others: 10, supply: 10 },
    { watched: 10, others: 10 },
  ],
  [
    'others ask for less than their share',
    { watched: 19, others: 0.5, supply: 10 },
    { watched: 2, others: 1 },
  ],
])('where %s: %j', (_name, demand, { watched, others }) => {
  const stretch = stretchOf(demand);
  expect(stretch.watched).toBeCloseTo(watched, 9);
  expect(stretch.others).toBeCloseTo(others, 9);
});

// What watched ones ask for and what is left for them are both 0 then: their quotient would be NaN.
test('where only others ask for too much, nothing is said of the watched ones', () => {
  expect(stretchOf({ watched: 0, others: 20, supply: 5 })).toEqual({ watched: 1, others: 4 });
});

/** From once in eleven days to ten in a ms. */
const someRate = fc.double({ min: 1e-9, max: 10, noNaN: true });
const anyDemand = fc.record({
  watched: someRate,
  others: fc.oneof(fc.constant(0), someRate),
  supply: fc.double({ min: 1e-6, max: 10, noNaN: true }),
});
/** More than rounding may add. */
const barely = 1 + 1e-4;
const shareOfOthers = 0.1;

function always(holds: (demand: Demand, stretch: Stretch) => void): void {
  fc.assert(
    fc.property(anyDemand, (demand) => holds(demand, stretchOf(demand))),
    { numRuns: 1_000 },
  );
}

describe('whatever is asked for', () => {
  test('what is left of it is never more than there is, nor does anything go unused while more is asked for', () => {
    always(({ watched, others, supply }, stretch) => {
      const made = watched / stretch.watched + others / stretch.others;
      expect(made).toBeLessThanOrEqual(supply * barely);
      expect(made * barely).toBeGreaterThanOrEqual(Math.min(supply, watched + others));
    });
  });

  test('nobody waits less than by itself', () => {
    always((_demand, stretch) => {
      expect(Math.min(stretch.watched, stretch.others)).toBeGreaterThanOrEqual(1);
    });
  });

  test('watched ones wait only once the others are down to their share', () => {
    always(({ others, supply }, stretch) => {
      if (stretch.watched > barely)
        expect(others / stretch.others).toBeLessThanOrEqual(supply * shareOfOthers * barely);
    });
  });

  test('the others always keep their share', () => {
    always(({ others, supply }, stretch) => {
      const share = Math.min(others, supply * shareOfOthers);
      expect((others / stretch.others) * barely).toBeGreaterThanOrEqual(share);
    });
  });
});

const anySet = fc.record({
  name: fc.nat({ max: 5 }),
  wish: fc.option(
    fc.record({
      kind: fc.constantFrom<Kind>('watched', 'others'),
      intervalMs: fc.integer({ min: 1, max: 86_400_000 }),
      requests: fc.constantFrom(0.1, 1, 2, 40),
    }),
  ),
});

describe('the count of what is asked for', () => {
  test('is right after any sequence of sets', () => {
    fc.assert(
      fc.property(fc.array(anySet, { maxLength: 100 }), (sets) => {
        const names = Array.from({ length: 6 }, (_, name) => ({ name }));
        const demand = createDemand<{ readonly name: number }>();
        const asked = new Map<number, Wish>();
        for (const { name, wish } of sets) {
          demand.set(names[name] ?? { name }, wish);
          if (wish === null) asked.delete(name);
          else asked.set(name, wish);
        }
        const totalOf = (wanted: Kind) =>
          [...asked.values()].reduce(
            (sum, { kind, requests, intervalMs }) => sum + (kind === wanted ? requests / intervalMs : 0),
            0,
          );
        const total = { watched: totalOf('watched'), others: totalOf('others') };
        // From ample to a thousandth of what is needed; what rounding has left behind must not count.
        for (const supply of [10, 1e-3, 1e-6]) {
          const [stretch, expected] = [demand.stretch(supply), stretchOf({ ...total, supply })];
          for (const kind of ['watched', 'others'] as const) {
            if (total[kind] > 0) expect(stretch[kind] / expected[kind]).toBeCloseTo(1, 4);
          }
        }
      }),
    );
  });

  test('is nothing once all have left, or ask for nothing', () => {
    const demand = createDemand<object>();
    const [a, b, c, neverKnown] = [{}, {}, {}, {}];
    for (const one of [a, b, c]) demand.set(one, { kind: 'watched', intervalMs: 3, requests: 1 });
    demand.set(a, { kind: 'others', intervalMs: 7, requests: 2 });
    expect([demand.count('watched'), demand.count('others')]).toEqual([2, 1]);
    for (const one of [a, b, c, neverKnown]) demand.set(one, null);
    expect([demand.count('watched'), demand.count('others')]).toEqual([0, 0]);
    expect(demand.stretch(1e-12)).toEqual({ watched: 1, others: 1 });
  });
});
