import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { apart, during, type Work, workAtHand } from './work.ts';

const workOf = (requestId: string): Work => ({
  requestId,
  who: null,
  operation: null,
  errors: 0,
  span: null,
});

test('work is at hand for all that it leads to, and for nothing else', async () => {
  const [one, other] = [workOf('r-1'), workOf('r-2')];
  const look = async () => {
    await turn();
    return workAtHand();
  };
  expect(await Promise.all([during(one, look), during(other, look), look()])).toEqual([one, other, null]);
  expect(during(one, () => during(other, workAtHand))).toBe(other);
});

test('what outlives it is begun apart', async () => {
  const seen: (Work | null)[] = [];
  await during(workOf('r-1'), async () => {
    const later = apart(async () => {
      await turn();
      seen.push(workAtHand());
    });
    await later;
    seen.push(workAtHand());
  });
  expect(seen).toEqual([null, expect.objectContaining({ requestId: 'r-1' })]);
});
