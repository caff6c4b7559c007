import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ListFacts,
  nextListInterval,
  nextStep,
  type Outlook,
  pagesThatSave,
  type Step,
} from './planner.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const never = Number.POSITIVE_INFINITY;
const polling = { fastestMs: 5_000, slowestMs: 3_600_000 };

/** An account that is well, with nothing under way and nothing due. */
const idle: Outlook = {
  now,
  budgetFreeAt: now,
  retryAt: null,
  underWay: 0,
  listDueAt: never,
  listWasLast: false,
  campaignDueAt: never,
};

const bothDue = { listDueAt: now, campaignDueAt: now };
const list: Step = { kind: 'list' };
const campaigns: Step = { kind: 'campaigns' };
const wait = (until: number): Step => ({ kind: 'wait', until });

test.each<[string, Partial<Outlook>, Step]>([
  ['nothing is ever due', {}, wait(never)],
  ['a campaign is due later', { campaignDueAt: now + 1 }, wait(now + 1)],
  ['the list is due later', { listDueAt: now + 7 }, wait(now + 7)],
  ['both are due later', { listDueAt: now + 9, campaignDueAt: now + 7 }, wait(now + 7)],
  ['a campaign is due', { campaignDueAt: now }, campaigns],
  ['a campaign has been due for long', { campaignDueAt: now - 60_000 }, campaigns],
  ['the list is due', { listDueAt: now }, list],

  ['both are due', bothDue, list],
  ['both are due, and the list was last', { ...bothDue, listWasLast: true }, campaigns],
  ['the list alone is due, and was last', { listDueAt: now, listWasLast: true }, list],
  [
    'the list is due first, and was last',
    { listDueAt: now - 9, campaignDueAt: now + 1, listWasLast: true },
    list,
  ],
  ['a campaign is due and the list is not', { listDueAt: now + 1, campaignDueAt: now }, campaigns],

  ['three are under way', { ...bothDue, underWay: 3 }, list],
  ['four are under way', { ...bothDue, underWay: 4 }, wait(never)],
  ['four are under way, and nothing is due', { underWay: 4 }, wait(never)],

  ['the budget is used up', { ...bothDue, budgetFreeAt: now + 30 }, wait(now + 30)],
  [
    'the budget is free before anything is due',
    { campaignDueAt: now + 50, budgetFreeAt: now + 30 },
    wait(now + 50),
  ],
  ['the budget is free at this moment', { campaignDueAt: now, budgetFreeAt: now }, campaigns],
  ['the budget never lets anything out', { ...bothDue, budgetFreeAt: never }, wait(never)],

  ['it is down', { ...bothDue, retryAt: now + 40 }, wait(now + 40)],
  ['it is down, and may be tried', { ...bothDue, retryAt: now }, list],
  ['it is down, tried, and the list was last', { ...bothDue, retryAt: now, listWasLast: true }, campaigns],
  ['it is down, and one is under way', { ...bothDue, retryAt: now - 5, underWay: 1 }, wait(never)],
  [
    'it is down, and the budget is used up for longer',
    { ...bothDue, retryAt: now + 40, budgetFreeAt: now + 70 },
    wait(now + 70),
  ],
  [
    'it is down, and nothing is due before later',
    { campaignDueAt: now + 90, retryAt: now + 40 },
    wait(now + 90),
  ],
  ['it is up again with one under way', { ...bothDue, underWay: 1 }, list],
])('where %s: %j', (_name, outlook, expected) => {
  expect(nextStep({ ...idle, ...outlook })).toEqual(expected);
});

const aMoment = fc.oneof(fc.integer({ min: now - 100, max: now + 100 }), fc.constant(never));
const anyOutlook: fc.Arbitrary<Outlook> = fc.record({
  now: fc.constant(now),
  budgetFreeAt: fc.integer({ min: now - 100, max: now + 100 }),
  retryAt: fc.option(fc.integer({ min: now - 100, max: now + 100 })),
  underWay: fc.nat({ max: 6 }),
  listDueAt: aMoment,
  listWasLast: fc.boolean(),
  campaignDueAt: aMoment,
});

describe('whatever the outlook', () => {
  test('what is done is due and allowed; what is waited for lies ahead', () => {
    fc.assert(
      fc.property(anyOutlook, (outlook) => {
        const step = nextStep(outlook);
        if (step.kind === 'wait') {
          expect(step.until).toBeGreaterThan(now);
          return;
        }
        const { budgetFreeAt, retryAt, underWay, listDueAt, campaignDueAt } = outlook;
        expect(step.kind === 'list' ? listDueAt : campaignDueAt).toBeLessThanOrEqual(now);
        expect(Math.max(budgetFreeAt, retryAt ?? 0)).toBeLessThanOrEqual(now);
        expect(underWay).toBeLessThan(retryAt === null ? 4 : 1);
      }),
      { numRuns: 500 },
    );
  });

  test('it is not put off for longer than needed: at the end of the wait something is done', () => {
    fc.assert(
      fc.property(anyOutlook, (outlook) => {
        const step = nextStep(outlook);
        if (step.kind !== 'wait' || step.until === never) return;
        expect(nextStep({ ...outlook, now: step.until }).kind).not.toBe('wait');
        expect(nextStep({ ...outlook, now: step.until - 1 }).kind).toBe('wait');
      }),
      { numRuns: 500 },
    );
  });

  test('where list and campaigns are always due, they take turns', () => {
    let listWasLast = false;
    const done = Array.from({ length: 6 }, () => {
      const { kind } = nextStep({ ...idle, ...bothDue, listWasLast });
      listWasLast = kind === 'list';
      return kind;
    });
    expect(done).toEqual(['list', 'campaigns', 'list', 'campaigns', 'list', 'campaigns']);
  });
});

const someActive: ListFacts = { pages: 1, active: 1, savesReads: false, isNeeded: false, savedAtFloor: 0 };

describe('a list is read again after', () => {
  test.each<[string, Partial<ListFacts>, number]>([
    ['while something is needed', { isNeeded: true }, 5_000],
    ['while nothing is', {}, 15_000],
    ['with nothing that may change', { active: 0 }, 60_000],
    ['with nothing that may change, though needed', { active: 0, isNeeded: true }, 20_000],
    ['with nothing in it at all', { pages: 0, active: 0 }, 60_000],
    ['of three pages', { pages: 3 }, 45_000],
    ['of three pages, needed', { pages: 3, isNeeded: true }, 15_000],
    ['of three pages, with nothing that may change', { pages: 3, active: 0 }, 180_000],
    ['however much is active, where it saves no reads', { pages: 3, active: 5_000 }, 45_000],
    ['of ever so many pages', { pages: 100_000 }, 3_600_000],
    ['that saves as many reads as it has pages', { pages: 10, active: 10, savesReads: true }, 15_000],
    ['that saves half as many', { pages: 10, active: 5, savesReads: true }, 30_000],
    ['that saves none now', { pages: 10, active: 0, savesReads: true }, 600_000],
    [
      'of three pages that saves fewer at the floor than it costs more',
      { pages: 3, savedAtFloor: 2 },
      45_000,
    ],
    ['of three pages that saves as many', { pages: 3, savedAtFloor: 3 }, 5_000],
    ['that saves one at the floor', { savedAtFloor: 1 }, 5_000],
    ['that saves one while nothing may change', { active: 0, savedAtFloor: 1 }, 5_000],
    ['that saves ever so many', { pages: 10, active: 5_000, savesReads: true, isNeeded: true }, 5_000],
  ])('%s: %j is %d ms', (_name, facts, expected) => {
    expect(nextListInterval({ ...someActive, ...facts }, polling)).toBe(expected);
  });
});

const anyPolling = fc
  .tuple(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 0, max: 100_000_000 }))
  .map(([fastestMs, more]) => ({ fastestMs, slowestMs: fastestMs + more }));

const anyListFacts: fc.Arbitrary<ListFacts> = fc.record({
  pages: fc.nat({ max: 100_000 }),
  active: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 100_000 })),
  savesReads: fc.boolean(),
  isNeeded: fc.boolean(),
  savedAtFloor: fc.oneof(fc.constant(0), fc.nat({ max: 5_000 })),
});

test('whatever the list, it keeps between fastest and slowest, and costs no more than the reads that it saves', () => {
  fc.assert(
    fc.property(anyListFacts, anyPolling, (facts, pace) => {
      const interval = nextListInterval(facts, pace);
      expect(interval).toBeGreaterThanOrEqual(pace.fastestMs);
      expect(interval).toBeLessThanOrEqual(pace.slowestMs);
      expect(nextListInterval({ ...facts, isNeeded: true }, pace)).toBeLessThanOrEqual(interval);
      const usual = nextListInterval({ ...facts, savedAtFloor: 0 }, pace);
      expect(interval).toBeLessThanOrEqual(usual);
      if (usual === pace.slowestMs) return;
      const saved = (facts.savesReads ? Math.max(1, facts.active) : 1) + facts.savedAtFloor;
      expect(facts.pages / interval).toBeLessThanOrEqual((saved / pace.fastestMs) * (1 + 1e-9));
    }),
  );
});

test.each([
  [1, 1, null],
  [2, 2, 1],
  [2, 500, 1],
  [2, 501, null],
  [3, 501, 2],
  [100, 50_000, null],
  [101, 50_000, 100],
  // Those that are wanted are in the status themselves, as far as is known.
  [2, 0, 1],
])('to read %d of %d in a status takes %j pages of 500', (wanted, count, pages) => {
  expect(pagesThatSave({ wanted, count, pageSize: 500 })).toBe(pages);
});
