import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { campaignStatuses, hasEnded, isActive } from '../model/campaign.ts';
import { type Facts, nextInterval, nextListInterval } from './planner.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const [minute, day] = [60_000, 86_400_000];
const polling = { fastestMs: 5_000, slowestMs: 3_600_000 };

function factsWith(facts: Partial<Facts>): Facts {
  return {
    status: 'SENDING',
    scheduledAt: null,
    changedAt: now,
    statsFinal: false,
    deleted: false,
    unchanged: 0,
    listed: true,
    ...facts,
  };
}

describe('a campaign is read again after', () => {
  test.each<[string, Partial<Facts>, number | null]>([
    ['deleted where nothing lists it, of late', { deleted: true, listed: false }, 3_600_000],
    [
      'deleted where nothing lists it, long ago',
      { deleted: true, listed: false, changedAt: now - 4 * 86_400_000 },
      null,
    ],
    ['deleted where a list would tell', { deleted: true }, null],
    ['while it is sending', { status: 'SENDING' }, 5_000],
    ['however long nothing has moved', { status: 'SENDING', unchanged: 500 }, 5_000],
    ['about to be sent', { status: 'QUEUED' }, 5_000],
    ['in a status nobody knows', { status: 'UNKNOWN', unchanged: 500 }, 5_000],
    ['a draft', { status: 'DRAFT' }, 30_000],
    ['waiting for somebody', { status: 'PENDING_APPROVAL' }, 30_000],
    ['paused', { status: 'PAUSED' }, 30_000],

    ['scheduled for nobody knows when', { status: 'SCHEDULED' }, 5_000],
    ['scheduled for a while ago', { status: 'SCHEDULED', scheduledAt: now - day }, 5_000],
    ['scheduled in a minute', { status: 'SCHEDULED', scheduledAt: now + minute }, 5_000],
    ['scheduled in 70 s', { status: 'SCHEDULED', scheduledAt: now + minute + 10_000 }, 10_000],
    ['scheduled in 61 s', { status: 'SCHEDULED', scheduledAt: now + minute + 1_000 }, 5_000],
    [
      'scheduled for next year, as it may be moved',
      { status: 'SCHEDULED', scheduledAt: now + 365 * day },
      30_000,
    ],

    ['just sent', { status: 'COMPLETED' }, 10_000],
    ['sent, its counters standing still', { status: 'COMPLETED', unchanged: 1 }, 20_000],
    ['for long', { status: 'COMPLETED', unchanged: 5 }, 320_000],
    ['for ever', { status: 'COMPLETED', unchanged: 1_000_000 }, 3_600_000],
    ['sent two days ago', { status: 'COMPLETED', changedAt: now - 2 * day }, 10_000],
    ['sent four days ago', { status: 'COMPLETED', changedAt: now - 4 * day }, null],
    ['sent, its counters final', { status: 'COMPLETED', statsFinal: true }, null],
    ['canceled with messages under way', { status: 'CANCELED' }, 10_000],
    ['failed, for good', { status: 'FAILED', statsFinal: true }, null],
    ['rejected', { status: 'REJECTED', statsFinal: true }, null],

    ['deleted while it was sending', { status: 'SENDING', deleted: true }, null],
    ['deleted after its end', { status: 'COMPLETED', deleted: true }, null],
  ])('%s: %j', (_name, facts, expected) => {
    expect(nextInterval(factsWith(facts), polling, now)).toBe(expected);
  });
});

test('a slow floor and a low ceiling hold for all', () => {
  expect(nextInterval(factsWith({ status: 'DRAFT' }), { fastestMs: 60_000, slowestMs: 90_000 }, now)).toBe(
    90_000,
  );
  expect(nextInterval(factsWith({ status: 'SENDING' }), { fastestMs: 60_000, slowestMs: 60_000 }, now)).toBe(
    60_000,
  );
  const ended = factsWith({ status: 'COMPLETED', unchanged: 9 });
  expect(nextInterval(ended, { fastestMs: 1_000, slowestMs: 1_500 }, now)).toBe(1_500);
});

describe('a list is read again after', () => {
  test.each([
    [1, true, 5_000],
    [1, false, 20_000],
    [0, true, 5_000],
    [0, false, 20_000],
    [3, true, 15_000],
    [3, false, 60_000],
    [100_000, true, 3_600_000],
  ])('%d pages, something under way %j: %d ms', (pages, anyActive, expected) => {
    expect(nextListInterval({ pages: pages, active: anyActive ? 1 : 0, coversAll: false }, polling)).toBe(
      expected,
    );
  });
});

const anyPolling = fc
  .tuple(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 0, max: 100_000_000 }))
  .map(([fastestMs, more]) => ({ fastestMs, slowestMs: fastestMs + more }));

const anyMoment = fc.integer({ min: now - 400 * day, max: now + 400 * day });

const anyFacts = fc.record({
  status: fc.constantFrom(...campaignStatuses),
  scheduledAt: fc.option(anyMoment),
  changedAt: anyMoment,
  statsFinal: fc.boolean(),
  deleted: fc.boolean(),
  unchanged: fc.nat(),
  listed: fc.boolean(),
});

test('a list that tells all is read as often as it saves single reads', () => {
  const interval = (active: number) => nextListInterval({ pages: 10, active, coversAll: true }, polling);
  expect([0, 1, 5, 10, 5_000].map(interval)).toEqual([200_000, 50_000, 10_000, 5_000, 5_000]);
});

describe('whatever is known of a campaign', () => {
  test('it is never read more often than fastest, nor less often than slowest', () => {
    fc.assert(
      fc.property(anyFacts, anyPolling, (facts, { fastestMs, slowestMs }) => {
        const interval = nextInterval(facts, { fastestMs, slowestMs }, now) ?? fastestMs;
        expect(interval).toBeGreaterThanOrEqual(fastestMs);
        expect(interval).toBeLessThanOrEqual(slowestMs);
      }),
    );
  });

  test('it is given up only when it is deleted or has ended', () => {
    fc.assert(
      fc.property(anyFacts, anyPolling, (facts, pace) => {
        const isGivenUp = nextInterval(facts, pace, now) === null;
        if (isGivenUp) expect(facts.deleted || hasEnded(facts.status)).toBe(true);
        if (facts.deleted && facts.listed) expect(isGivenUp).toBe(true);
      }),
    );
  });

  test('what may still change by itself is read at least as often as what may not', () => {
    fc.assert(
      fc.property(anyFacts, anyPolling, (facts, pace) => {
        const paused = nextInterval(factsWith({ ...facts, status: 'PAUSED' }), pace, now);
        const interval = nextInterval(facts, pace, now);
        const mayChange = isActive({ status: facts.status, deletedAt: facts.deleted ? 0 : null });
        if (mayChange) expect(interval ?? Infinity).toBeLessThanOrEqual(paused ?? Infinity);
      }),
    );
  });

  test('the longer nothing is new, the longer it is left alone', () => {
    fc.assert(
      fc.property(anyFacts, anyPolling, (facts, pace) => {
        const sooner = nextInterval(facts, pace, now) ?? Infinity;
        const later = nextInterval({ ...facts, unchanged: facts.unchanged + 1 }, pace, now) ?? Infinity;
        expect(later).toBeGreaterThanOrEqual(sooner);
      }),
    );
  });

  test('a list keeps between fastest and slowest, and costs no more the longer it is', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100_000 }), fc.boolean(), anyPolling, (pages, anyActive, pace) => {
        const interval = nextListInterval(
          { pages: pages, active: anyActive ? 1 : 0, coversAll: false },
          pace,
        );
        expect(interval).toBeGreaterThanOrEqual(pace.fastestMs);
        expect(interval).toBeLessThanOrEqual(pace.slowestMs);
        const isAtCeiling = interval === pace.slowestMs;
        if (!isAtCeiling) expect(pages / interval).toBeLessThanOrEqual(1 / pace.fastestMs);
      }),
    );
  });
});
