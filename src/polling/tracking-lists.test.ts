import { describe, expect, test } from 'vitest';
import {
  byFilter,
  byKey,
  followed,
  names,
  openTracking,
  second,
  start,
  waitOf,
} from '../../test/support/tracking.ts';
import type { Watched } from './watching.ts';

const never = Number.POSITIVE_INFINITY;
/** In seconds, by the pace that nobody's looking calls for: without a list, and with one that tells the status. */
const [alone, listed] = [waitOf(), waitOf({ listed: 'status' })];
const statusAlone = new Set(['status']);
const minute = 60 * second;

describe('a list that tells the status', () => {
  test('spares its campaigns reads of their own, from its first whole round on', () => {
    const at = openTracking({ covers: 'status' });
    at.read('a');
    expect([at.listing.works(), at.dueIn('a')]).toEqual([false, alone]);
    at.listAgain('a');
    at.endRound(1);
    at.pass(10 * second);
    at.read('a', { revision: 2 });
    expect([at.listing.works(), at.dueIn('a')]).toEqual([true, listed]);
  });

  test('has read at once what it tells something new of, and leaves the rest where it is', () => {
    const at = openTracking({ covers: 'status' });
    for (const name of ['a', 'b']) at.listNews(name);
    at.endRound(1);
    for (const name of ['a', 'b']) at.read(name, { revision: 2 });
    at.pass(minute);
    at.listNews('a', { status: 'PAUSED', revision: 3 });
    at.listNews('b', { revision: 2 });
    at.listAgain('b');
    expect(['a', 'b'].map(at.dueIn)).toEqual([0, listed - 60]);
    at.listNews('c');
    at.endRound(1);
    expect(at.dueIn('c'), 'a new one').toBeCloseTo(0, 1);
  });

  test('has thousands that it is the first to tell of read as the budget allows, the active first', () => {
    const at = openTracking({ covers: 'status', perMinute: 60 });
    const [ended, sending] = [names(480, 'e'), names(48, 's')];
    for (const name of ended) at.listNews(name, { status: 'COMPLETED' });
    for (const name of sending) at.listNews(name);
    at.watch('e7');
    at.listNews('e7', { status: 'COMPLETED', revision: 2 });
    at.endRound(1);
    // 48 polls a minute.
    expect(Math.max(...sending.map(at.dueIn))).toBeLessThanOrEqual(60);
    expect(Math.min(...ended.filter((name) => name !== 'e7').map(at.dueIn))).toBeGreaterThanOrEqual(60);
    expect(Math.max(...ended.map(at.dueIn))).toBeGreaterThan(600);
    expect(at.dueIn('e7'), 'somebody looks').toBe(0);
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
    at.listNews('a');
    at.endRound(1);
    for (let count = 0; count < 10; count++) at.read('a');
    expect(at.dueIn('a')).toBe(waitOf({ listed: 'status', unchanged: 10 }));
    at.pass(minute);
    at.listNews('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(0);
    at.read('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(waitOf({ listed: 'status', unchanged: 1 }));
  });

  test('is enough for who looks at the status alone, and not for who looks at more', () => {
    const at = openTracking({ covers: 'status' });
    for (const name of ['a', 'b']) at.read(name);
    at.listAgain('a', 'b');
    at.endRound(1);
    at.watching.begin({ ...byKey('a'), fields: statusAlone });
    at.watching.begin({ ...byKey('b'), fields: new Set(['status', 'stats.sent']) });
    for (const name of ['a', 'b']) at.read(name);
    expect(['a', 'b'].map(at.dueIn)).toEqual([waitOf({ listed: 'status', unchanged: 1 }), 5]);
  });

  test('comes round at the floor for who looks at the status alone, who spares a read', () => {
    const at = openTracking({ covers: 'status' });
    at.read('a');
    at.listAgain('a');
    expect(at.endRound(1)).toBe(15 * second);
    at.read('a', { revision: 2 });
    at.pass(minute);
    const end = at.watching.begin({ ...byKey('a'), fields: statusAlone });
    expect(at.dueIn('a')).toBe(listed - 60);
    expect(at.listing.reckon()).toBe(5 * second);
    end();
    expect(at.endRound(1)).toBe(15 * second);
  });

  test.each([
    // At the floor, 4 pages cost 4 requests each time instead of one in three times.
    ['is read by itself where the list would cost more', 3, 4, 60, 0],
    ['comes with the list where that costs less', 4, 4, 5, listed - 60],
  ])('the status that somebody looks at %s: %d of %d pages', (_name, watched, pages, everyS, dueIn) => {
    const at = openTracking({ covers: 'status' });
    const [all, last] = [names(watched), `c${watched - 1}`];
    for (const name of all) at.read(name);
    at.listAgain(...all);
    at.endRound(pages);
    for (const name of all) at.read(name, { revision: 2 });
    at.pass(minute);
    for (const name of all) at.watching.begin({ ...byKey(name), fields: statusAlone });
    at.listAgain(...all);
    at.endRound(pages);
    expect(at.listing.reckon()).toBe(everyS * second);
    expect(at.dueIn(last)).toBe(dueIn);
    at.read(last, { revision: 3 });
    expect(at.dueIn(last)).toBe(everyS === 5 ? listed : 5);
  });

  test('that fails leaves the status to reads, until it is whole again', () => {
    const at = openTracking({ covers: 'status' });
    at.read('a');
    at.listAgain('a');
    at.endRound(1);
    at.watching.begin({ ...byKey('a'), fields: statusAlone });
    at.read('a', { revision: 2 });
    at.pass(minute);
    expect(at.dueIn('a')).toBe(listed - 60);
    at.roundLate();
    expect(at.dueIn('a'), 'it takes long').toBe(0);
    at.roundFailed();
    at.read('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(5);
    at.listAgain('a');
    at.endRound(1);
    at.read('a', { revision: 2 });
    expect(at.dueIn('a')).toBeGreaterThan(alone);
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
    at.endRound(1);
    at.listNews('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(alone + 2 * 15);
    for (let unchanged = 1; unchanged < 5; unchanged++) {
      at.pass(15 * second);
      at.listAgain('a');
      at.endRound(1);
      expect(at.dueIn('a')).toBe(waitOf({ unchanged }) + 2 * 15);
    }
  });

  test.each<[string, Watched | null, number, number]>([
    ['nobody looks at, twice as rarely as they are due', null, (2 * alone) / 15, alone + 2 * (2 * alone)],
    ['nobody looks at, yet more rarely', null, (2 * alone) / 15 + 1, alone],
    ['somebody looks at, as often as they are due', byFilter({}), 1, 5 + 2 * 5],
    ['somebody looks at, more rarely', byFilter({}), 2, 5],
    ['somebody looks at, thrice as rarely', byKey('a'), 1, 5],
  ])('that names campaigns that %s: %j, %d pages, a read in %d s', (_name, watched, pages, due) => {
    const at = openTracking({ covers: 'everything' });
    if (watched) at.watching.begin(watched);
    at.listNews('a');
    at.endRound(pages);
    at.listNews('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(due);
  });

  test('leaves what somebody has just begun to look at to a read of its own', () => {
    const at = openTracking({ covers: 'everything' });
    at.listNews('a');
    at.endRound(1);
    at.pass(minute);
    at.watch('a');
    at.listAgain('a');
    at.endRound(1);
    expect(at.dueIn('a')).toBe(0);
  });

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
    at.endRound(1);
    for (const name of ['here', 'gone']) at.read(name);
    at.pass(30 * second);
    at.listAgain('here');
    at.endRound(1);
    expect(at.dueIn('gone')).toBe(0);
    expect(at.dueIn('here')).toBeGreaterThan(0);
    at.read('gone', { revision: 2 });
    at.listAgain('here');
    at.endRound(1);
    expect(at.dueIn('gone')).toBeGreaterThan(0);
  });

  test('has read what was followed before the start and has gone since, unless it ended long ago', () => {
    const at = openTracking({ covers });
    const monthAgo = start - 31 * 24 * 60 * minute;
    at.resume([followed('gone')]);
    at.resume([followed('ended', { status: 'COMPLETED', statsFinal: true })]);
    at.resume([followed('old', { status: 'COMPLETED', statsFinal: true, changedAt: monthAgo })]);
    at.pass(second);
    at.endRound(1);
    expect(['gone', 'ended', 'old'].map(at.dueIn)).toEqual([0, 0, never]);
  });

  test('looks ever more rarely at what it names and a read does not find', () => {
    const at = openTracking({ covers });
    at.listNews('a');
    at.endRound(1);
    const waits = Array.from({ length: 12 }, () => {
      at.read('a', { deletedAt: start, revision: 2 });
      expect(at.dueIn('a')).toBe(never);
      at.listAgain('a');
      at.endRound(1);
      return at.dueIn('a');
    });
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
  });
});
