import { describe, expect, test } from 'vitest';
import {
  byFilter,
  byKey,
  followed,
  names,
  openTracking,
  second,
  start,
  type TrackingAtHand,
  waitOf,
} from '../../test/support/tracking.ts';
import type { Campaign } from '../model/campaign.ts';
import type { Followed } from './tracking.ts';
import type { Watched } from './watching.ts';

const never = Number.POSITIVE_INFINITY;
/** In seconds, by the pace that nobody's looking calls for. */
const [moving, resting] = [waitOf(), waitOf({ status: 'PAUSED' })];

describe('somebody who begins to look', () => {
  test('at a campaign by key has it read at once; while he looks it is read at the floor', () => {
    const at = openTracking();
    for (const name of ['1', '2']) at.read(name);
    at.pass(10 * second);
    expect([at.dueIn('1'), at.dueIn('2')]).toEqual([moving - 10, moving - 10]);
    const movedBefore = at.moved();
    const end = at.watching.begin(byKey('1', 'never known'));
    expect(at.moved()).toBeGreaterThan(movedBefore);
    expect([at.dueIn('1'), at.dueIn('2')]).toEqual([0, moving - 10]);
    expect(at.nextDueAt()).toBe(at.now());
    at.read('1');
    expect(at.dueIn('1')).toBe(5);
    end();
    at.read('1', { revision: 2 });
    expect(at.dueIn('1')).toBe(moving);
  });

  test('does not have it read sooner than the floor allows', () => {
    const at = openTracking();
    at.read('1');
    at.pass(2 * second);
    at.watch('1');
    expect(at.dueIn('1')).toBe(3);
  });

  test('has it read often at first, however many looks have been in vain before', () => {
    const at = openTracking();
    for (let count = 0; count < 10; count++) at.read('1', { status: 'PAUSED' });
    at.pass(10 * second);
    at.watch('1');
    for (const unchanged of [1, 2]) {
      at.read('1', { status: 'PAUSED' });
      expect(at.dueIn('1')).toBe(waitOf({ status: 'PAUSED', watched: true, unchanged }));
    }
  });

  test('by a query has it read at once as well', () => {
    const at = openTracking();
    at.read('1');
    at.pass(10 * second);
    at.watching.queried([{ key: 'shop:1' }]);
    expect(at.dueIn('1')).toBe(0);
  });

  test('goes before others that have been due for longer', () => {
    const at = openTracking();
    for (const name of ['1', '2', '3']) at.read(name);
    at.pass((moving + 10) * second);
    at.watch('3');
    expect(at.taken(1)).toEqual(['3']);
  });

  const far = start + 86_400 * second;
  const later = { sending: moving - 10, scheduled: resting - 10, paused: resting - 10 };
  test.each<[string, Watched, Partial<typeof later>]>([
    ['in a status', byFilter({ statuses: ['SENDING'] }), { sending: 0 }],
    ['in another status', byFilter({ statuses: ['SCHEDULED'] }), { scheduled: 0 }],
    ['whatever its status', byFilter({}), { sending: 0, scheduled: 0, paused: 0 }],
    ['of another account', byFilter({ accounts: ['mail'] }), {}],
  ])('by filter, %s, has just those read at once', (_name, watched, atOnce) => {
    const at = openTracking();
    at.read('sending');
    at.read('scheduled', { status: 'SCHEDULED', scheduledAt: far });
    at.read('paused', { status: 'PAUSED' });
    at.pass(10 * second);
    at.watching.begin(watched);
    const due = Object.fromEntries(Object.keys(later).map((name) => [name, at.dueIn(name)]));
    expect(due).toEqual({ ...later, ...atOnce });
  });

  test.each(['PAUSED', 'DRAFT', 'COMPLETED'] as const)(
    'by a filter for %s has those read at once',
    (status) => {
      const at = openTracking();
      at.read('1', { status });
      at.pass(10 * second);
      at.watching.begin(byFilter({ statuses: [status] }));
      expect(at.dueIn('1')).toBe(0);
    },
  );

  test.each<[string, Partial<Campaign>]>([
    ['has ended for good', { status: 'COMPLETED', changedAt: start - 4 * 86_400 * second }],
    ['is deleted', { deletedAt: start }],
  ])('does not have read what %s', (_name, campaign) => {
    const at = openTracking();
    at.read('1', campaign);
    at.pass(10 * second);
    const before = at.dueIn('1');
    at.watch('1');
    at.watching.begin(byFilter({}));
    expect(at.dueIn('1')).toBe(before);
  });
});

describe('a start with 10,000 campaigns', () => {
  /** About as many are due in each part of the time as in any other, and none after it. */
  function expectEven(at: TrackingAtHand, seconds: number): void {
    const due = names(10_000).map(at.dueIn);
    expect(Math.min(...due)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...due)).toBeLessThanOrEqual(1.01 * seconds);
    const parts = 50;
    const counts = Array.from(
      { length: parts },
      (_, part) => due.filter((in_) => Math.floor((in_ / seconds) * parts) === part).length,
    );
    expect(Math.max(...counts)).toBeLessThan(1.5 * (10_000 / parts));
    expect(Math.min(...counts)).toBeGreaterThan(0.5 * (10_000 / parts));
  }

  test('is no burst', () => {
    const at = openTracking();
    at.resume(names(10_000).map((name) => followed(name)));
    expectEven(at, moving);
  });

  test('has no more due than a short budget can read', () => {
    const at = openTracking({ perMinute: 300 });
    at.resume(names(10_000).map((name) => followed(name)));
    const pollsPerSecond = (0.8 * 300) / 60;
    expectEven(at, 10_000 / pollsPerSecond);
  });

  test('reads first what is under way; what has ended for good it does not read', () => {
    const at = openTracking();
    const rest: readonly Partial<Followed>[] = [
      { status: 'PAUSED' },
      { status: 'DRAFT' },
      { status: 'COMPLETED' },
    ];
    at.resume([
      ...rest.flatMap((facts, place) => names(50, `rest${place}-`).map((name) => followed(name, facts))),
      ...names(50, 'sending').map((name) => followed(name)),
      followed('final', { status: 'COMPLETED', statsFinal: true }),
      followed('old', { status: 'CANCELED', changedAt: start - 4 * 86_400 * second }),
    ]);
    const last = Math.max(...names(50, 'sending').map(at.dueIn));
    const first = Math.min(...rest.flatMap((_, place) => names(50, `rest${place}-`).map(at.dueIn)));
    expect(last).toBeLessThan(first);
    expect(['final', 'old'].map(at.dueIn)).toEqual([never, never]);
  });

  test('reads at once what somebody looks at already', () => {
    const at = openTracking();
    at.watch('sending', 'ended', 'final');
    at.resume([
      followed('sending'),
      followed('other'),
      followed('ended', { status: 'COMPLETED' }),
      followed('final', { status: 'COMPLETED', statsFinal: true }),
    ]);
    expect(at.taken(10)).toEqual(['ended', 'sending']);
    expect(at.dueIn('final')).toBe(never);
  });
});
