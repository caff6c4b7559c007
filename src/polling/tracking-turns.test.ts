import { describe, expect, test } from 'vitest';
import { names, openTracking, second, type TrackingAtHand, waitOf } from '../../test/support/tracking.ts';

const never = Number.POSITIVE_INFINITY;
/** In seconds, by the pace that nobody's looking calls for. */
const [moving, resting] = [waitOf(), waitOf({ status: 'PAUSED' })];

describe('one request takes', () => {
  test('nothing while nothing is due, even where something soon would be', () => {
    const at = openTracking();
    at.read('a');
    at.pass((moving - 1) * second);
    expect(at.taken(100)).toEqual([]);
  });

  test('what is due and, for nothing, what will be within a quarter of its wait', () => {
    const at = openTracking();
    const eighth = moving / 8;
    for (const name of ['a', 'b', 'c']) {
      at.read(name);
      at.pass(eighth * second);
    }
    at.read('d');
    at.pass(5 * eighth * second - 1);
    expect(at.taken(100)).toEqual([]);
    at.pass(1);
    expect(['a', 'b', 'c', 'd'].map(at.dueIn)).toEqual([0, eighth, 2 * eighth, 3 * eighth]);
    expect(at.taken(100)).toEqual(['a', 'b', 'c']);
  });

  /** Two that somebody looks at: a is due, b in two seconds. */
  function openOutOfStep() {
    const at = openTracking();
    at.watch('a', 'b');
    at.read('a');
    at.pass(2 * second);
    at.read('b');
    at.pass(3 * second);
    return at;
  }

  test('what is looked at together, once one has waited for the other', () => {
    const at = openOutOfStep();
    expect(at.taken(100), 'it waits for b').toEqual([]);
    expect(['a', 'b'].map(at.dueIn)).toEqual([2, 2]);
    at.pass(2 * second);
    expect(at.taken(100)).toEqual(['a', 'b']);
  });

  test('what is looked at, and has waited for others once, by itself', () => {
    const at = openOutOfStep();
    expect(at.taken(100)).toEqual([]);
    at.read('b', { status: 'COMPLETED', revision: 2 });
    at.pass(2 * second);
    expect(at.taken(100)).toEqual(['a']);
  });

  test('nothing that was read less than the floor ago', () => {
    const at = openTracking();
    at.read('due');
    at.pass((moving - 4) * second);
    at.watch('fresh');
    at.read('fresh');
    at.pass(4 * second);
    // A quarter of its 5 s is more than the second that is left.
    expect(at.dueIn('fresh')).toBe(1);
    expect(at.taken(100)).toEqual(['due']);
  });

  test('what rests only once it is due', () => {
    const at = openTracking();
    at.read('resting', { status: 'PAUSED' });
    at.pass((resting - moving - 1) * second);
    at.read('moving');
    at.pass(moving * second);
    expect(at.dueIn('resting')).toBe(1);
    expect(at.taken(100)).toEqual(['moving']);
    at.release('moving');
    at.pass(second);
    expect(at.taken(100)).toContain('resting');
  });

  test('no more than it can read, the longest due first; the next takes the rest', () => {
    const at = openTracking();
    for (const name of names(7)) {
      at.read(name);
      at.pass(10);
    }
    at.pass(moving * second);
    expect(at.taken(3)).toEqual(['c0', 'c1', 'c2']);
    expect(at.taken(3)).toEqual(['c3', 'c4', 'c5']);
    expect(at.taken(3)).toEqual(['c6']);
    expect(at.taken(3)).toEqual([]);
  });

  test('one where it can read no more, and nothing comes along', () => {
    const at = openTracking();
    at.read('a');
    at.pass(second);
    at.read('b');
    at.pass((moving - 1) * second);
    expect(at.taken(1)).toEqual(['a']);
    expect(at.taken(1)).toEqual([]);
  });

  test('alone what has to be read by itself, whenever its turn comes', () => {
    for (const first of [
      ['alone', 'a', 'b'],
      ['a', 'alone', 'b'],
      ['a', 'b', 'alone'],
    ]) {
      const at = openTracking();
      for (const name of first) {
        at.read(name);
        at.pass(10);
      }
      at.setAlone('alone');
      at.pass(moving * second);
      const turns = [at.taken(100), at.taken(100), at.taken(100)];
      expect(turns).toContainEqual(['alone']);
      expect(turns.flat().toSorted()).toEqual(['a', 'alone', 'b']);
    }
  });

  test('nothing that has to be read by itself along with others', () => {
    const at = openTracking();
    at.read('a');
    at.pass(second);
    at.read('alone');
    at.setAlone('alone');
    at.pass((moving - 1) * second);
    expect(at.taken(100)).toEqual(['a']);
    at.pass(second);
    expect(at.taken(100)).toEqual(['alone']);
  });

  test('nothing twice before it is released', () => {
    const at = openTracking();
    at.read('a');
    at.pass(moving * second);
    expect([at.taken(9), at.taken(9)]).toEqual([['a'], []]);
    at.soon('a');
    expect(at.taken(9)).toEqual([]);
    at.release('a');
    expect(at.taken(9)).toEqual(['a']);
  });
});

describe('where the budget is short', () => {
  /** Reads all of them twice, so that each is put off by what all ask for. */
  function readAll(at: TrackingAtHand, all: readonly string[]): void {
    for (const revision of [1, 2]) for (const name of all) at.read(name, { revision });
  }

  test.each([
    // 48 polls a minute: 2 watched ones ask for 24 and are given them, 100 others for 50.
    ['others wait longer, watched ones do not', 2, 1, [5, 250]],
    // 10 watched ones ask for 120: others are left a tenth.
    ['watched ones wait longer last, and others keep a tenth', 10, 1, [(120 / 43.2) * 5, (100 / 4.8) * 60]],
    // Two requests for each read are as half the budget: 1 watched one asks for 12 of 24.
    ['reads of several requests count as such', 1, 2, [5, (100 / 12) * 60]],
  ])('%s', (_name, watchedCount, requestsPerRead, [watchedIn = 0, othersIn = 0]) => {
    const at = openTracking({ perMinute: 60, requestsPerRead });
    const [watched, others] = [names(watchedCount, 'w'), names(100, 'o')];
    at.watch(...watched);
    readAll(at, [...watched, ...others]);
    const last = { watched: at.dueIn(watched.at(-1) ?? ''), others: at.dueIn(others.at(-1) ?? '') };
    expect(last.watched / watchedIn).toBeCloseTo(1, 2);
    expect(last.others / othersIn).toBeCloseTo(1, 2);
    expect(Math.max(...watched.map(at.dueIn))).toBeLessThan(Math.min(...others.map(at.dueIn)));
  });

  test('the list has its part of it', () => {
    const at = openTracking({ perMinute: 60, covers: 'status' });
    const watched = names(10, 'w');
    at.watch(...watched);
    readAll(at, watched);
    // The list asks for 4 requests a minute, 10 watched ones for 120, and there are 48, of which others have a tenth.
    expect(at.endRound(1) / second).toBeCloseTo(15, 0);
    at.read('w9', { revision: 3 });
    expect(at.dueIn('w9')).toBeCloseTo((120 / 44) * 5, 0);
  });

  test.each<[string, (at: TrackingAtHand, name: string) => void]>([
    ['is forgotten', (at, name) => at.forget(`shop:${name}`)],
    ['is followed no more', (at, name) => at.read(name, { followed: false })],
    ['has ended for good', (at, name) => at.read(name, { status: 'REJECTED', changedAt: 0 })],
  ])('what %s leaves its part to the others', (_name, leave) => {
    const at = openTracking({ perMinute: 60 });
    readAll(at, names(400));
    expect(at.dueIn('c399')).toBeGreaterThan(2 * moving);
    for (const name of names(360)) leave(at, name);
    at.read('c399', { revision: 3 });
    expect(at.dueIn('c399')).toBe(moving);
    expect(at.activeCount()).toBe(40);
  });
});

test('what is forgotten is not read any more, though it was due, under way, or is put back', () => {
  const at = openTracking();
  for (const name of ['a', 'b']) at.read(name);
  at.pass(moving * second);
  const [one] = at.take(1);
  expect(one?.externalId).toBe('a');
  for (const name of ['a', 'b']) at.forget(`shop:${name}`);
  expect([at.count(), at.activeCount(), at.nextDueAt()]).toEqual([0, 0, never]);
  if (one) at.putAt(one, 0);
  expect([at.get('shop:a'), at.nextDueAt(), at.taken(9)]).toEqual([null, never, []]);
  at.forget('shop:a');
  at.add('a');
  expect(at.taken(9)).toEqual(['a']);
});
