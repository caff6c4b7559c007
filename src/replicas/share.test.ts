import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareOf } from './share.ts';

test('shares differ by one at most, and there is one for each thing', () => {
  fc.assert(
    fc.property(
      fc.nat(200),
      fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 9 }),
      (things, replicas) => {
        const shares = replicas.map((replica) => shareOf(things, replicas, replica));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(things);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test.each([
  { things: 40, replicas: ['b', 'a', 'c'], shares: { a: 14, b: 13, c: 13 } },
  { things: 1, replicas: ['b', 'a'], shares: { a: 1, b: 0 } },
  { things: 3, replicas: ['a'], shares: { a: 3 } },
])('$things things among $replicas', ({ things, replicas, shares }) => {
  for (const [replica, share] of Object.entries(shares))
    expect(shareOf(things, replicas, replica)).toBe(share);
});

test('who is not there has no share', () => {
  expect(shareOf(5, ['a', 'b'], 'c')).toBe(0);
});
