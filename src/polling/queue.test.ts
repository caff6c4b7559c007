import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDueQueue, newlyTracked, type Tracked } from './queue.ts';

function campaign(name: string, dueAt: number, urgent = true): Tracked {
  return { ...newlyTracked(`shop:${name}`, name, dueAt), urgent };
}

function queueOf(...campaigns: Tracked[]) {
  const queue = createDueQueue();
  for (const one of campaigns) queue.put(one);
  return {
    ...queue,
    /** Takes as the poller does, until nothing is due. */
    takeAll(now: number): string[] {
      const names: string[] = [];
      for (let one = queue.take(now); one; one = queue.take(now)) {
        one.reading = true;
        names.push(one.externalId);
      }
      return names;
    },
  };
}

describe('the order', () => {
  test('the one that is due first goes first, and none before its time', () => {
    const queue = queueOf(campaign('c', 30), campaign('a', 10), campaign('d', 41), campaign('b', 20));
    expect(queue.takeAll(9)).toEqual([]);
    expect(queue.takeAll(40)).toEqual(['a', 'b', 'c']);
    expect(queue.takeAll(40)).toEqual([]);
    expect(queue.takeAll(41)).toEqual(['d']);
  });

  test('urgent ones go before patient ones that have waited longer', () => {
    const queue = queueOf(campaign('patient', 1, false), campaign('b', 20), campaign('a', 10));
    expect(queue.takeAll(100)).toEqual(['a', 'b', 'patient']);
  });

  test('however many urgent ones are due, patient ones get a fifth of the turns', () => {
    const urgent = Array.from({ length: 100 }, (_, place) => campaign(`u${place}`, place));
    const patient = Array.from({ length: 30 }, (_, place) => campaign(`p${place}`, place, false));
    const taken = queueOf(...urgent, ...patient).takeAll(1_000);
    expect(taken).toHaveLength(130);
    for (let from = 0; from + 5 <= 100; from += 5) {
      const turns = taken.slice(from, from + 5).map((name) => name.charAt(0));
      expect(turns.toSorted()).toEqual(['p', 'u', 'u', 'u', 'u']);
    }
  });

  test('patient ones that are not due give their turns away', () => {
    const urgent = Array.from({ length: 10 }, (_, place) => campaign(`u${place}`, place));
    const queue = queueOf(campaign('later', 1_000, false), ...urgent);
    expect(queue.takeAll(100)).toHaveLength(10);
  });
});

describe('a campaign that is moved', () => {
  test('counts where it is now, and is taken once', () => {
    const one = campaign('a', 10);
    const queue = queueOf(one, campaign('b', 20));
    one.dueAt = 30;
    queue.put(one);
    expect(queue.nextDueAt()).toBe(20);
    expect(queue.takeAll(25)).toEqual(['b']);
    expect(queue.nextDueAt()).toBe(30);
    expect(queue.takeAll(100)).toEqual(['a']);
  });

  test('nearer is due sooner, and not once more at its old place', () => {
    const one = campaign('a', 50);
    const queue = queueOf(one);
    one.dueAt = 10;
    queue.put(one);
    expect(queue.takeAll(10)).toEqual(['a']);
    one.reading = false;
    one.dueAt = 90;
    queue.put(one);
    expect(queue.takeAll(60)).toEqual([]);
    expect(queue.takeAll(90)).toEqual(['a']);
  });

  test('that is put twice at the same place is taken once', () => {
    const one = campaign('a', 10);
    const queue = queueOf(one, one, one);
    expect(queue.takeAll(10)).toEqual(['a']);
  });

  test('that becomes patient waits with the patient, and back', () => {
    const one = campaign('a', 10);
    const queue = queueOf(one, campaign('b', 20));
    one.urgent = false;
    queue.put(one);
    expect(queue.takeAll(30)).toEqual(['b', 'a']);
    one.reading = false;
    one.urgent = true;
    one.dueAt = 40;
    queue.put(one);
    expect(queue.takeAll(40)).toEqual(['a']);
  });

  test('to never is not taken any more', () => {
    const one = campaign('a', 10);
    const queue = queueOf(one);
    one.dueAt = Number.POSITIVE_INFINITY;
    queue.put(one);
    expect(queue.nextDueAt()).toBe(Number.POSITIVE_INFINITY);
    expect(queue.takeAll(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });
});

test('a campaign that is being read is not taken again, and is once it is put back', () => {
  const one = campaign('a', 10);
  const queue = queueOf(one);
  expect(queue.takeAll(10)).toEqual(['a']);
  one.dueAt = 5;
  queue.put(one);
  expect(queue.nextDueAt()).toBe(Number.POSITIVE_INFINITY);
  expect(queue.takeAll(100)).toEqual([]);
  one.reading = false;
  queue.put(one);
  expect(queue.takeAll(100)).toEqual(['a']);
});

test('an empty queue has nothing due', () => {
  const queue = queueOf();
  expect(queue.nextDueAt()).toBe(Number.POSITIVE_INFINITY);
  expect(queue.take(Number.MAX_SAFE_INTEGER)).toBeNull();
});

const anyStep = fc.oneof(
  fc.record({ do: fc.constant('move'), who: fc.nat(5), dueInMs: fc.nat(50), urgent: fc.boolean() }),
  fc.record({ do: fc.constant('take'), who: fc.nat(5), dueInMs: fc.nat(20), urgent: fc.boolean() }),
  fc.record({ do: fc.constant('finish'), who: fc.nat(5), dueInMs: fc.nat(50), urgent: fc.boolean() }),
);

test('whatever is moved and taken, in any order: only what is due, never twice, and nothing is lost', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 200 }), (steps) => {
      const campaigns = Array.from({ length: 6 }, (_, place) => campaign(`c${place}`, place));
      const queue = createDueQueue();
      for (const one of campaigns) queue.put(one);
      let now = 0;
      for (const { do: what, who, dueInMs, urgent } of steps) {
        const one = campaigns[who];
        if (!one) continue;
        if (what === 'take') {
          now += dueInMs;
          const due = campaigns.filter((other) => !other.reading && other.dueAt <= now);
          const taken = queue.take(now);
          if (due.length === 0) expect(taken).toBeNull();
          else expect(due).toContain(taken);
          if (taken) taken.reading = true;
        } else {
          if (what === 'finish') one.reading = false;
          one.urgent = urgent;
          one.dueAt = now + dueInMs;
          queue.put(one);
        }
        const next = campaigns.filter((other) => !other.reading).map(({ dueAt }) => dueAt);
        expect(queue.nextDueAt()).toBe(Math.min(...next));
      }
    }),
  );
});
