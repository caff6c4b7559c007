import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CampaignStatus, campaignStatuses, hasEnded, isActive } from '../model/campaign.ts';
import { type Facts, paceOf } from './pace.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const [minute, day] = [60_000, 86_400_000];
const polling = { fastestMs: 5_000, slowestMs: 3_600_000 };
const never = Number.POSITIVE_INFINITY;

function factsWith(facts: Partial<Facts>): Facts {
  return {
    status: 'SENDING',
    scheduledAt: null,
    changedAt: now,
    statsFinal: false,
    deleted: false,
    unchanged: 0,
    listed: null,
    watched: false,
    ...facts,
  };
}

function startIn(ms: number): Partial<Facts> {
  return { status: 'SCHEDULED', scheduledAt: now + ms };
}

function intervalOf(facts: Partial<Facts>, pace = polling): number | null {
  return paceOf(factsWith(facts), pace, now).intervalMs;
}

type Steps = readonly [first: number, second: number, most: number];

/** In seconds: after a change, after one look that found nothing new, and after ever so many. */
const steps = {
  moving: { watched: [5, 5, 5], listed: [300, 450, 1_200], alone: [120, 180, 600] },
  // The list tells of the start, and before it there are no counters.
  starting: { watched: [5, 5, 5], listed: [never, never, never], alone: [120, 180, 600] },
  waiting: { watched: [15, 22.5, 60], listed: [never, never, never], alone: [240, 360, 1_200] },
  resting: { watched: [15, 22.5, 60], listed: [3_600, 3_600, 3_600], alone: [240, 360, 1_200] },
  ended: { watched: [10, 20, 300], listed: [1_200, 2_400, 3_600], alone: [1_200, 2_400, 3_600] },
} as const satisfies Record<string, Record<string, Steps>>;

const kinds = {
  watched: [
    { watched: true, listed: null },
    { watched: true, listed: 'status' },
    { watched: true, listed: 'everything' },
  ],
  listed: [{ watched: false, listed: 'status' }],
  alone: [
    { watched: false, listed: null },
    { watched: false, listed: 'everything' },
  ],
} as const satisfies Record<string, readonly Partial<Facts>[]>;

const statuses: readonly [CampaignStatus, keyof typeof steps][] = [
  ['SENDING', 'moving'],
  ['UNKNOWN', 'moving'],
  ['QUEUED', 'starting'],
  ['SCHEDULED', 'starting'],
  ['DRAFT', 'waiting'],
  ['PENDING_APPROVAL', 'waiting'],
  ['PAUSED', 'resting'],
  ['COMPLETED', 'ended'],
  ['CANCELED', 'ended'],
  ['FAILED', 'ended'],
  ['REJECTED', 'ended'],
];

const table = statuses.flatMap(([status, what]) =>
  (['watched', 'listed', 'alone'] as const).map((kind) => [status, kind, steps[what][kind]] as const),
);

test('the table names every status', () => {
  expect(statuses.map(([status]) => status).toSorted()).toEqual(campaignStatuses.toSorted());
});

test.each(table)('%s, %s: after %j s at first, next, and at most', (status, kind, expected) => {
  for (const facts of kinds[kind]) {
    const seconds = [0, 1, 1_000_000].map(
      (unchanged) => (intervalOf({ status, ...facts, unchanged }) ?? never) / 1_000,
    );
    expect(seconds).toEqual(expected);
  }
});

describe('a campaign is read again after', () => {
  test.each<[string, Partial<Facts>, number | null]>([
    ['deleted where nothing lists it, of late', { deleted: true }, 3_600_000],
    ['deleted where nothing lists it, long ago', { deleted: true, changedAt: now - 4 * day }, null],
    ['deleted where a list would tell all', { deleted: true, listed: 'everything' }, null],
    ['deleted where a list would tell its status', { deleted: true, listed: 'status' }, null],
    ['deleted and looked at', { deleted: true, watched: true }, 3_600_000],
    ['deleted after its end', { status: 'COMPLETED', deleted: true, listed: 'status' }, null],

    ['scheduled for a while ago', startIn(-day), 120_000],
    ['scheduled in a minute', startIn(minute), 120_000],
    ['scheduled in a minute, watched', { ...startIn(minute), watched: true }, 5_000],
    ['scheduled in a minute, where a list will tell', { ...startIn(minute), listed: 'status' }, null],
    ['scheduled in 61 s', startIn(minute + 1_000), 5_000],
    ['scheduled in 70 s', startIn(minute + 10_000), 10_000],
    ['scheduled in 70 s, watched', { ...startIn(minute + 10_000), watched: true }, 10_000],
    ['scheduled in 70 s, where a list tells all', { ...startIn(70_000), listed: 'everything' }, 10_000],
    ['scheduled in 70 s, where a list will tell', { ...startIn(70_000), listed: 'status' }, null],
    ['scheduled in 3 min', startIn(3 * minute), 120_000],
    ['scheduled for next year, as it may be moved', startIn(365 * day), 240_000],
    ['scheduled in 10 min, looked at often in vain', { ...startIn(10 * minute), unchanged: 50 }, 540_000],

    ['sent two days ago', { status: 'COMPLETED', changedAt: now - 2 * day }, steps.ended.alone[0] * 1_000],
    ['sent four days ago', { status: 'COMPLETED', changedAt: now - 4 * day }, null],
    [
      'sent four days ago, though looked at',
      { status: 'COMPLETED', changedAt: now - 4 * day, watched: true },
      null,
    ],
    ['sent, its counters final', { status: 'COMPLETED', statsFinal: true }, null],
    ['failed for good, though looked at', { status: 'FAILED', statsFinal: true, watched: true }, null],
    ['sending with counters that are called final', { status: 'SENDING', statsFinal: true }, 120_000],
    ['sending, with nothing new for a year', { status: 'SENDING', changedAt: now - 365 * day }, 120_000],
  ])('%s: %j', (_name, facts, expected) => expect(intervalOf(facts)).toBe(expected));
});

test('a slow floor and a low ceiling hold for all', () => {
  expect(intervalOf({ status: 'DRAFT' }, { fastestMs: 60_000, slowestMs: 90_000 })).toBe(90_000);
  expect(intervalOf({ status: 'SENDING' }, { fastestMs: 60_000, slowestMs: 60_000 })).toBe(60_000);
  const ended: Partial<Facts> = { status: 'COMPLETED', unchanged: 9 };
  expect(intervalOf(ended, { fastestMs: 1_000, slowestMs: 1_500 })).toBe(1_500);
});

test.each<[Partial<Facts>, RegExp]>([
  [{}, /^sending$/],
  [{ watched: true }, /^sending, watched$/],
  [{ listed: 'status' }, /^sending, .*list$/],
  [{ listed: 'everything' }, /^sending$/],
  [{ status: 'PENDING_APPROVAL' }, /^pending approval$/],
  [startIn(minute), /^about to start$/],
  [startIn(2 * minute), /^about to start$/],
  [{ ...startIn(2 * minute), listed: 'status' }, /^scheduled, .*list$/],
  [startIn(day), /^scheduled$/],
  [{ status: 'COMPLETED' }, /^ended, counters may still move$/],
  [{ status: 'COMPLETED', statsFinal: true }, /^ended, counters final$/],
  [{ status: 'COMPLETED', changedAt: now - 4 * day }, /^ended, .*three days$/],
  [{ deleted: true }, /^deleted at the provider$/],
])('why, for %j: %s', (facts, why) => expect(paceOf(factsWith(facts), polling, now).why).toMatch(why));

const anyPolling = fc
  .tuple(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 0, max: 100_000_000 }))
  .map(([fastestMs, more]) => ({ fastestMs, slowestMs: fastestMs + more }));

const anyMoment = fc.oneof(
  fc.integer({ min: now - 400 * day, max: now + 400 * day }),
  fc.integer({ min: now - 5 * minute, max: now + 5 * minute }),
);

const anyFacts: fc.Arbitrary<Facts> = fc.record({
  status: fc.constantFrom(...campaignStatuses),
  scheduledAt: fc.option(anyMoment),
  changedAt: anyMoment,
  statsFinal: fc.boolean(),
  deleted: fc.boolean(),
  unchanged: fc.oneof(fc.nat({ max: 12 }), fc.nat()),
  listed: fc.constantFrom('everything', 'status', null),
  watched: fc.boolean(),
});

/** Holds for whatever is known of a campaign. `wait` is Infinity where it is not read by itself. */
function always(
  holds: (facts: Facts, wait: (other?: Partial<Facts>) => number, pace: typeof polling) => void,
): void {
  fc.assert(
    fc.property(anyFacts, anyPolling, (facts, pace) => {
      holds(facts, (other) => intervalOf({ ...facts, ...other }, pace) ?? never, pace);
    }),
    { numRuns: 500 },
  );
}

describe('whatever is known of a campaign', () => {
  const beforeStart: readonly CampaignStatus[] = ['DRAFT', 'PENDING_APPROVAL', 'SCHEDULED', 'QUEUED'];
  const isLeftToList = (status: CampaignStatus, wait: (other?: Partial<Facts>) => number) =>
    beforeStart.includes(status) && wait() === never && wait({ listed: null }) < never;

  test('it is never read more often than fastest, nor less often than slowest', () => {
    always((_facts, wait, { fastestMs, slowestMs }) => {
      if (wait() === never) return;
      expect(wait()).toBeGreaterThanOrEqual(fastestMs);
      expect(wait()).toBeLessThanOrEqual(slowestMs);
    });
  });

  test('it is given up only when it is deleted or has ended, and left to a list only before its start', () => {
    always(({ deleted, status, listed }, wait) => {
      if (wait() === never && !isLeftToList(status, wait)) expect(deleted || hasEnded(status)).toBe(true);
      if (deleted && listed) expect(wait()).toBe(never);
    });
  });

  test('a change never puts it off, and the longer nothing is new, the longer it is left alone', () => {
    always(({ unchanged }, wait) => {
      expect(wait({ unchanged: 0 })).toBeLessThanOrEqual(wait());
      expect(wait({ unchanged: unchanged + 1 })).toBeGreaterThanOrEqual(wait());
    });
  });

  test('watched it never waits longer than unwatched', () => {
    always((_facts, wait) => expect(wait({ watched: true })).toBeLessThanOrEqual(wait({ watched: false })));
  });

  test('a list that tells its status never makes its own reads more frequent', () => {
    always((_facts, wait) =>
      expect(wait({ listed: 'status' })).toBeGreaterThanOrEqual(wait({ listed: null })),
    );
  });

  test('what may change by itself waits no longer than what may not', () => {
    always(({ status, deleted }, wait) => {
      if (!isActive({ status, deletedAt: deleted ? 0 : null }) || isLeftToList(status, wait)) return;
      expect(wait()).toBeLessThanOrEqual(wait({ status: 'PAUSED' }));
    });
  });

  test('it is read within its first minute of being about to start, unless a list tells or the floor is longer', () => {
    always(({ scheduledAt, listed, watched }, wait, { fastestMs }) => {
      if (scheduledAt === null || scheduledAt <= now + minute || (listed === 'status' && !watched)) return;
      expect(wait({ status: 'SCHEDULED', deleted: false })).toBeLessThanOrEqual(
        Math.max(fastestMs, scheduledAt - now - minute) * 1.000_001,
      );
    });
  });
});
