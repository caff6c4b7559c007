import { describe, expect, test } from 'vitest';
import type { CounterName } from '../model/stats.ts';
import { type DeliveryOutcome, deliveryOutcomes } from '../model/task.ts';
import { isSettled, rollUp } from './rollup.ts';

/** In which counters a recipient counts with an outcome. Source: providers/README.md 1.4 and 1.7. */
const counted: Readonly<Record<DeliveryOutcome, readonly CounterName[]>> = {
  PENDING: ['queued'],
  SENT: ['sent', 'unreported'],
  DELIVERED: ['sent', 'delivered'],
  OPENED: ['sent', 'delivered', 'opened'],
  CLICKED: ['sent', 'delivered', 'opened', 'clicked'],
  UNSUBSCRIBED: ['sent', 'delivered', 'unsubscribed'],
  COMPLAINED: ['sent', 'delivered', 'complained'],
  SOFT_BOUNCED: ['sent', 'softBounced'],
  HARD_BOUNCED: ['sent', 'hardBounced'],
  SUPPRESSED: [],
  FAILED: ['failed'],
  UNKNOWN: [],
};
/** What a report can't tell: how often somebody opened, say. */
const untold = { messages: null, undelivered: null, openedTotal: null, clickedTotal: null };
const summed = [
  'queued',
  'sent',
  'delivered',
  'failed',
  'unreported',
  'opened',
  'clicked',
  'hardBounced',
  'softBounced',
  'unsubscribed',
  'complained',
] as const satisfies readonly CounterName[];
const nobody = { recipients: 0, ...Object.fromEntries(summed.map((name) => [name, 0])) };

describe('the counters of a report', () => {
  test.each(deliveryOutcomes)('%s', (outcome) => {
    const names = ['recipients', ...counted[outcome]];
    const expected = Object.fromEntries(names.map((name) => [name, 7]));
    expect(rollUp(new Map([[outcome, 7]]))).toEqual({ ...untold, ...nobody, ...expected });
  });

  test('are sums', () => {
    // A different power of two for each: every sum shows what it is made of.
    const counts = new Map(deliveryOutcomes.map((outcome, place) => [outcome, 2 ** place]));
    const sumOf = (counter: CounterName) =>
      deliveryOutcomes
        .filter((outcome) => counted[outcome].includes(counter))
        .reduce((sum, outcome) => sum + (counts.get(outcome) ?? 0), 0);
    const sums = Object.fromEntries(summed.map((name) => [name, sumOf(name)]));
    expect(rollUp(counts)).toEqual({ ...untold, recipients: 2 ** deliveryOutcomes.length - 1, ...sums });
  });

  test('of a report on nobody are zeros, as it tells that', () => {
    expect(rollUp(new Map())).toEqual({ ...untold, ...nobody });
  });
});

describe('a report is settled', () => {
  const unsettled: readonly DeliveryOutcome[] = ['PENDING', 'SENT', 'UNKNOWN'];

  test.each(deliveryOutcomes)('or not, with somebody who is %s', (outcome) => {
    const counts = new Map<DeliveryOutcome, number>([
      ['DELIVERED', 5],
      [outcome, 1],
    ]);
    expect(isSettled(counts)).toBe(!unsettled.includes(outcome));
  });

  test('when nobody is left of those who were under way', () => {
    expect(isSettled(new Map([['PENDING', 0]]))).toBe(true);
    expect(isSettled(new Map())).toBe(true);
  });
});
