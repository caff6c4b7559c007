import { describe, expect, test } from 'vitest';
import type { Account } from '../accounts/account.ts';
import { createBudget } from '../accounts/budget.ts';
import { createHealth } from '../accounts/health.ts';
import type { Campaign } from '../model/campaign.ts';
import { providers } from '../providers/index.ts';
import type { RequestBudget } from '../providers/provider.ts';
import { createTracking, type Followed } from './tracking.ts';
import { createWatching, type Watched } from './watching.ts';

const never = Number.POSITIVE_INFINITY;
const second = 1_000;
const start = Date.parse('2026-03-01T12:00:00Z');
/** More than anything here asks for. */
const plenty: RequestBudget = { limit: 1_000_000, windowSeconds: 60 };

function accountWith(budget: RequestBudget, now: () => number): Account {
  const [provider] = providers;
  if (!provider) throw new Error('There is no provider.');
  const unasked = () => Promise.reject(new Error('Nothing is asked here.'));
  return {
    name: 'shop',
    provider,
    channel: 'EMAIL',
    polling: { fastestMs: 5 * second, slowestMs: 3_600 * second },
    budget: createBudget([budget], now),
    health: createHealth(now, second, () => {}),
    read: unasked,
    readAnew: unasked,
    ask: unasked,
    list: null,
    changes: {},
    reports: null,
  };
}

/** Campaigns of an account without a list, on a clock that stands still until it is moved. */
function openTracking({ budget = plenty, requestsPerRead = 1 } = {}) {
  let at = start;
  let moved = 0;
  const now = () => at;
  const watching = createWatching(now);
  const tracking = createTracking({
    account: accountWith(budget, now),
    watching,
    now,
    requestsPerRead: () => requestsPerRead,
    onMoved: () => {
      moved += 1;
    },
  });
  return {
    ...tracking,
    watching,
    now,
    moved: () => moved,
    pass(ms: number): void {
      at += ms;
    },
    /** What a read tells of a campaign: the first one, unless told otherwise. */
    read(campaign: Partial<Campaign> = {}): void {
      const whole = campaignWith(campaign);
      const { account, channel, externalId } = whole;
      tracking.observed(whole, { account, channel, externalId, reading: null, askedAt: at, cause: 'POLL' });
    },
    /** In how many seconds a campaign is due. */
    dueIn: (name = '1'): number => ((tracking.get(`shop:${name}`)?.dueAt ?? Number.NaN) - at) / second,
    /** Takes what is due, by name. */
    taken: (most: number): string[] =>
      tracking
        .take(most)
        .map(({ externalId }) => externalId)
        .toSorted(),
    /** What the poller does after a read. */
    release(name: string): void {
      const one = tracking.get(`shop:${name}`);
      if (!one) return;
      one.reading = false;
      tracking.putAt(one, one.dueAt);
    },
  };
}

function campaignWith(campaign: Partial<Campaign>): Campaign {
  const externalId = campaign.externalId ?? '1';
  return {
    key: `shop:${externalId}`,
    account: 'shop',
    externalId,
    channel: 'EMAIL',
    name: null,
    sender: null,
    status: 'SENDING',
    providerStatus: 'sending',
    statusReason: null,
    createdAt: null,
    scheduledAt: null,
    startedAt: null,
    finishedAt: null,
    stats: null,
    throughput: null,
    cost: null,
    tags: [],
    revision: 1,
    seq: 1,
    changedAt: start,
    observedAt: start,
    deletedAt: null,
    followed: true,
    ...campaign,
  };
}

function followed(name: string, facts: Partial<Followed> = {}): Followed {
  return {
    key: `shop:${name}`,
    externalId: name,
    revision: 1,
    status: 'SENDING',
    scheduledAt: null,
    changedAt: start,
    statsFinal: false,
    deletedAt: null,
    ...facts,
  };
}

const byKey = (...names: string[]): Watched => ({
  keys: new Set(names.map((name) => `shop:${name}`)),
  filter: null,
  fields: null,
});
const byFilter = (filter: Partial<NonNullable<Watched['filter']>>): Watched => ({
  keys: null,
  filter: { accounts: ['shop'], ...filter },
  fields: null,
});
const names = (count: number, prefix = 'c') =>
  Array.from({ length: count }, (_, place) => `${prefix}${place}`);

describe('somebody who begins to look', () => {
  test('at a campaign by key has it read at once; while he looks it is read at the floor', () => {
    const at = openTracking();
    for (const externalId of ['1', '2']) at.read({ externalId });
    at.pass(10 * second);
    expect([at.dueIn('1'), at.dueIn('2')]).toEqual([50, 50]);
    const movedBefore = at.moved();
    const end = at.watching.begin(byKey('1', 'never known'));
    expect(at.moved()).toBeGreaterThan(movedBefore);
    expect([at.dueIn('1'), at.dueIn('2')]).toEqual([0, 50]);
    expect(at.nextDueAt()).toBe(at.now());
    at.read();
    expect(at.dueIn('1')).toBe(5);
    end();
    at.read({ revision: 2 });
    expect(at.dueIn('1')).toBe(60);
  });

  test('does not have it read sooner than the floor allows', () => {
    const at = openTracking();
    at.read();
    at.pass(2 * second);
    at.watching.begin(byKey('1'));
    expect(at.dueIn()).toBe(3);
  });

  test('by a query has it read at once as well', () => {
    const at = openTracking();
    at.read();
    at.pass(10 * second);
    at.watching.queried([{ key: 'shop:1' }]);
    expect(at.dueIn()).toBe(0);
  });

  test('goes before others that have been due for longer', () => {
    const at = openTracking();
    for (const externalId of ['1', '2', '3']) at.read({ externalId });
    at.pass(70 * second);
    at.watching.begin(byKey('3'));
    expect(at.taken(1)).toEqual(['3']);
  });

  const far = start + 86_400 * second;
  test.each<[string, Watched, Record<string, number>]>([
    ['in a status', byFilter({ statuses: ['SENDING'] }), { sending: 0, scheduled: 110, paused: 110 }],
    ['in another status', byFilter({ statuses: ['SCHEDULED'] }), { sending: 50, scheduled: 0, paused: 110 }],
    ['whatever its status', byFilter({}), { sending: 0, scheduled: 0, paused: 0 }],
    ['of another account', byFilter({ accounts: ['mail'] }), { sending: 50, scheduled: 110, paused: 110 }],
  ])('by filter, %s, has what may change by itself read at once', (_name, watched, expected) => {
    const at = openTracking();
    at.read({ externalId: 'sending' });
    at.read({ externalId: 'scheduled', status: 'SCHEDULED', scheduledAt: far });
    at.read({ externalId: 'paused', status: 'PAUSED' });
    at.pass(10 * second);
    at.watching.begin(watched);
    const due = Object.fromEntries(Object.keys(expected).map((name) => [name, at.dueIn(name)]));
    expect(due).toEqual(expected);
  });

  // Only what may change by itself is hurried by a filter, though what rests is watched by it just as well.
  test.each(['PAUSED', 'DRAFT', 'COMPLETED'] as const)(
    'by a filter for %s has those read at once',
    (status) => {
      const at = openTracking();
      at.read({ status });
      at.pass(10 * second);
      at.watching.begin(byFilter({ statuses: [status] }));
      expect(at.dueIn()).toBe(0);
    },
  );

  test.each<[string, Partial<Campaign>]>([
    ['has ended for good', { status: 'COMPLETED', changedAt: start - 4 * 86_400 * second }],
    ['is deleted', { deletedAt: start }],
  ])('does not have read what %s', (_name, campaign) => {
    const at = openTracking();
    at.read(campaign);
    at.pass(10 * second);
    const before = at.dueIn();
    at.watching.begin(byKey('1'));
    at.watching.begin(byFilter({}));
    expect(at.dueIn()).toBe(before);
  });
});

describe('a start with 10,000 campaigns', () => {
  const minute = 60;
  /** How many are due in each second of the first minute. */
  function duePerSecond(at: ReturnType<typeof openTracking>): number[] {
    const due = names(10_000).map(at.dueIn);
    return Array.from(
      { length: minute },
      (_, from) => due.filter((in_) => in_ >= from && in_ < from + 1).length,
    );
  }

  test('is no burst', () => {
    const at = openTracking();
    at.resume(names(10_000).map((name) => followed(name)));
    const counts = duePerSecond(at);
    expect(counts.reduce((sum, count) => sum + count)).toBe(10_000);
    expect(Math.max(...counts)).toBeLessThan((1.5 * 10_000) / minute);
    expect(Math.min(...counts)).toBeGreaterThan((0.5 * 10_000) / minute);
  });

  test('has no more due than a short budget can read', () => {
    const at = openTracking({ budget: { limit: 300, windowSeconds: 60 } });
    at.resume(names(10_000).map((name) => followed(name)));
    const due = duePerSecond(at).reduce((sum, count) => sum + count);
    expect(due).toBeLessThan(1.5 * 0.8 * 300);
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
});
