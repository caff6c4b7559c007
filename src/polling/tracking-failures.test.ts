import { expect, test } from 'vitest';
import {
  byFilter,
  byKey,
  names,
  openTracking,
  second,
  type TrackingAtHand,
  waitOf,
} from '../../test/support/tracking.ts';

/** After how many seconds each it is tried again, where so many reads in a row fail. */
function waitsAfterFailures(at: TrackingAtHand, name: string, count: number): number[] {
  return Array.from({ length: count }, () => {
    const one = at.get(`shop:${name}`);
    if (one) at.failed(one, 0);
    const dueIn = at.dueIn(name);
    at.pass(dueIn * second);
    return dueIn;
  });
}

test('a campaign that can’t be read is tried ever more rarely, up to the slowest', () => {
  const at = openTracking();
  at.read('a');
  expect(waitsAfterFailures(at, 'a', 12)).toEqual([
    5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600,
  ]);
  at.read('a', { revision: 2 });
  expect(at.dueIn('a'), 'once it has been read').toBe(waitOf());
  expect(waitsAfterFailures(at, 'a', 2)).toEqual([5, 10]);
});

test('one that somebody looks at is tried every minute at least, and at once when somebody begins to', () => {
  const at = openTracking();
  at.watch('a');
  at.read('a');
  expect(waitsAfterFailures(at, 'a', 6)).toEqual([5, 10, 20, 40, 60, 60]);
  const one = at.get('shop:a');
  if (one) at.failed(one, 0);
  at.watch('a');
  expect(at.dueIn('a')).toBe(5);
});

test('the account’s own pause counts where it is longer', () => {
  const at = openTracking();
  at.read('a');
  const one = at.get('shop:a');
  if (one) at.failed(one, 30 * second);
  expect(at.dueIn('a')).toBe(30);
});

test('a campaign that is not there is looked for ever more rarely, and keeps nobody waiting', () => {
  const at = openTracking();
  at.add('nobody');
  const waits = Array.from({ length: 8 }, () => {
    const one = at.get('shop:nobody');
    if (one) at.absent(one);
    const dueIn = at.dueIn('nobody');
    at.pass(dueIn * second);
    return dueIn;
  });
  expect(waits).toEqual([60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
  expect(at.get('shop:nobody')?.urgent).toBe(false);
});

test.each([byKey('a', 'b'), byFilter({})])(
  'what nobody looks at any more waits longer, after one more look: %j',
  (watched) => {
    const at = openTracking();
    const end = at.watching.begin(watched);
    for (const name of ['a', 'b']) at.read(name);
    expect(at.dueIn('a')).toBe(5);
    at.pass(2 * second);
    end();
    expect(['a', 'b'].map(at.dueIn)).toEqual([3, 3]);
    expect(['a', 'b'].map((name) => at.get(`shop:${name}`)?.urgent)).toEqual([false, false]);
    at.pass(3 * second);
    for (const name of ['a', 'b']) at.read(name, { revision: 2 });
    expect(['a', 'b'].map(at.dueIn)).toEqual([waitOf(), waitOf()]);
  },
);

test('what somebody else still looks at does not', () => {
  const at = openTracking();
  const end = at.watch('a', 'b');
  at.watch('b');
  for (const name of ['a', 'b']) at.read(name);
  end();
  expect(['a', 'b'].map((name) => at.get(`shop:${name}`)?.urgent)).toEqual([false, true]);
});

test('those that leave give their requests to those that stay', () => {
  const at = openTracking({ perMinute: 60 });
  const end = at.watch(...names(100));
  at.watch('stays');
  for (const name of [...names(100), 'stays']) at.read(name);
  at.read('stays', { revision: 2 });
  expect(at.dueIn('stays')).toBeGreaterThan(60);
  end();
  at.read('stays', { revision: 3 });
  expect(at.dueIn('stays')).toBe(5);
});
