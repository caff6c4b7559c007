import { describe, expect, test } from 'vitest';
import { byKey, followed, openTracking, second, start, waitOf } from '../../test/support/tracking.ts';

const never = Number.POSITIVE_INFINITY;
/** In seconds, by the pace that nobody's looking calls for: without a list, and with one that tells the status. */
const [alone, listed] = [waitOf(), waitOf({ listed: 'status' })];
const statusAlone = new Set(['status']);
const minute = 60 * second;

describe('a list that tells the status', () => {
  test('spares its campaigns reads of their own, from its first whole round on', () => {
    const at = openTracking({ covers: 'status' });
    at.read('a');
    expect([at.listWorks(), at.dueIn('a')]).toEqual([false, alone]);
    at.endRound(15 * second);
    at.pass(10 * second);
    at.read('a', { revision: 2 });
    expect([at.listWorks(), at.dueIn('a')]).toEqual([true, listed]);
  });

  test('has read at once what it tells something new of, and leaves the rest where it is', () => {
    const at = openTracking({ covers: 'status' });
    at.endRound(15 * second);
    for (const name of ['a', 'b']) at.read(name);
    at.pass(minute);
    at.listNews('a', { status: 'PAUSED', revision: 2 });
    at.listNews('b');
    at.listAgain('b');
    at.listNews('c');
    expect(['a', 'b', 'c'].map(at.dueIn)).toEqual([0, listed - 60, 0]);
  });

  test('has nothing read sooner than the floor allows', () => {
    const at = openTracking({ covers: 'status' });
    at.read('a');
    at.pass(2 * second);
    at.listNews('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(3);
  });

  // The list takes the news, so that the read after it finds none.
  test('brings a campaign forward by what it tells, however long nothing was new before', () => {
    const at = openTracking({ covers: 'status' });
    at.endRound(15 * second);
    for (let count = 0; count < 10; count++) at.read('a');
    expect(at.dueIn('a')).toBe(waitOf({ listed: 'status', unchanged: 9 }));
    at.pass(minute);
    at.listNews('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(0);
    at.read('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(waitOf({ listed: 'status', unchanged: 1 }));
  });

  test('is enough for who looks at the status alone, and not for who looks at more', () => {
    const at = openTracking({ covers: 'status' });
    at.endRound(15 * second);
    at.watching.begin({ ...byKey('a'), fields: statusAlone });
    at.watching.begin({ ...byKey('b'), fields: new Set(['status', 'stats.sent']) });
    for (const name of ['a', 'b']) at.read(name);
    expect(['a', 'b'].map(at.dueIn)).toEqual([listed, 5]);
  });

  test('spares a read where somebody begins to look at the status alone', () => {
    const at = openTracking({ covers: 'status' });
    at.endRound(15 * second);
    at.read('a');
    at.pass(minute);
    at.watching.begin({ ...byKey('a'), fields: statusAlone });
    expect(at.dueIn('a')).toBe(listed - 60);
  });

  test('is not relied on for the status before it has been read whole', () => {
    const at = openTracking({ covers: 'status' });
    at.watching.begin({ ...byKey('a'), fields: statusAlone });
    at.read('a');
    expect(at.dueIn('a')).toBe(5);
  });
});

describe('a list that tells all', () => {
  test('stands for reads, which come only once two rounds have failed to', () => {
    const at = openTracking({ covers: 'everything' });
    at.listNews('a');
    at.endRound(15 * second);
    at.listNews('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(alone + 2 * 15);
    for (let round = 0; round < 5; round++) {
      at.pass(15 * second);
      at.listAgain('a');
      at.endRound(15 * second);
      expect(at.dueIn('a')).toBe(alone + 2 * 15);
    }
  });

  test.each([
    ['nobody looks at, twice as rarely as they are due', false, 2 * alone, alone + 2 * (2 * alone)],
    ['nobody looks at, yet more rarely', false, 2 * alone + 1, alone],
    ['somebody looks at, as often as they are due', true, 5, 5 + 2 * 5],
    ['somebody looks at, more rarely', true, 6, 5],
    ['somebody looks at, far more rarely', true, 1_200, 5],
  ])(
    'that names campaigns that %s: watched %j, every %d s, a read in %d s',
    (_name, isWatched, every, due) => {
      const at = openTracking({ covers: 'everything' });
      at.endRound(every * second);
      if (isWatched) at.watch('a');
      at.listNews('a');
      expect(at.dueIn('a')).toBe(due);
      at.pass(5 * second);
      at.listAgain('a');
      expect(at.dueIn('a')).toBe(due);
    },
  );

  test('tells what it said before only while nothing else was seen of the campaign', () => {
    const at = openTracking({ covers: 'everything' });
    at.listNews('a');
    expect(at.isListedAs('a', 'print of 1')).toBe(true);
    expect(at.isListedAs('a', 'print of 2')).toBe(false);
    expect(at.isListedAs('never known', 'print of 1')).toBe(false);
    at.read('a', { revision: 2 });
    expect(at.isListedAs('a', 'print of 1')).toBe(false);
  });

  test('leaves what has ended for good alone', () => {
    const at = openTracking({ covers: 'everything' });
    at.read('a', { status: 'REJECTED', changedAt: 0 });
    at.listAgain('a');
    expect(at.dueIn('a')).toBe(never);
  });
});

describe.each(['status', 'everything'] as const)('a whole round of a list that tells %s', (covers) => {
  test('has read what it no longer names, once', () => {
    const at = openTracking({ covers });
    for (const name of ['here', 'gone']) {
      at.listNews(name);
      at.read(name);
    }
    at.endRound(15 * second);
    at.pass(30 * second);
    at.listAgain('here');
    at.endRound(15 * second);
    expect(at.dueIn('gone')).toBe(0);
    expect(at.dueIn('here')).toBeGreaterThan(0);
    at.read('gone', { revision: 2 });
    at.listAgain('here');
    at.endRound(15 * second);
    expect(at.dueIn('gone')).toBeGreaterThan(0);
  });

  test('has read what was followed before the start and has gone since, unless it ended long ago', () => {
    const at = openTracking({ covers });
    const monthAgo = start - 31 * 24 * 60 * minute;
    at.resume([followed('gone')]);
    at.resume([followed('ended', { status: 'COMPLETED', statsFinal: true })]);
    at.resume([followed('old', { status: 'COMPLETED', statsFinal: true, changedAt: monthAgo })]);
    at.pass(second);
    at.endRound(15 * second);
    expect(['gone', 'ended', 'old'].map(at.dueIn)).toEqual([0, 0, never]);
  });

  test('looks ever more rarely at what it names and a read does not find', () => {
    const at = openTracking({ covers });
    at.listNews('a');
    at.endRound(15 * second);
    const waits = Array.from({ length: 12 }, () => {
      at.read('a', { deletedAt: start, revision: 2 });
      expect(at.dueIn('a')).toBe(never);
      at.listAgain('a');
      at.endRound(15 * second);
      return at.dueIn('a');
    });
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
  });
});
