import { describe, expect, test } from 'vitest';
import type { Account, AccountList } from '../accounts/account.ts';
import { createBudget } from '../accounts/budget.ts';
import { createHealth } from '../accounts/health.ts';
import type { Campaign } from '../model/campaign.ts';
import { providers } from '../providers/index.ts';
import { createTracking, type Followed } from './tracking.ts';
import { createWatching, type Watched } from './watching.ts';

const second = 1_000;
const start = Date.parse('2026-03-01T12:00:00Z');
const never = Number.POSITIVE_INFINITY;

/** Campaigns of an account that has a list, on a clock that stands still until it is moved. */
function openTracking(covers: AccountList['covers']) {
  let at = start;
  const now = () => at;
  const [provider] = providers;
  if (!provider) throw new Error('There is no provider.');
  const unasked = () => Promise.reject(new Error('Nothing is asked here.'));
  const pages = async function* () {};
  const account: Account = {
    name: 'shop',
    provider,
    channel: 'EMAIL',
    polling: { fastestMs: 5 * second, slowestMs: 3_600 * second },
    budget: createBudget([], now),
    health: createHealth(now, second, () => {}),
    read: unasked,
    readAnew: unasked,
    ask: unasked,
    list: { covers, pages, batch: null },
    changes: {},
    reports: null,
  };
  const watching = createWatching(now);
  const tracking = createTracking({
    account,
    watching,
    now,
    requestsPerRead: () => 1,
    onMoved: () => {},
  });

  function tell(name: string, campaign: Partial<Campaign>, fromList: boolean): void {
    const whole = { ...campaignNamed(name), ...campaign };
    const { account: owner, channel } = whole;
    const observed = { account: owner, channel, externalId: name, reading: null, askedAt: at };
    tracking.observed(whole, { ...observed, cause: 'POLL', fromList });
  }
  return {
    ...tracking,
    read: (name: string, campaign: Partial<Campaign> = {}) => tell(name, campaign, false),
    /** A page of the list names a campaign, and says something new of it. */
    listNews(name: string, campaign: Partial<Campaign> = {}): void {
      tell(name, campaign, true);
      tracking.listed(name, `print of ${campaign.revision ?? 1}`, true);
    },
    /** A page of the list names campaigns, and says what it said before. */
    listAgain(...all: string[]): void {
      for (const name of all) tracking.listed(name, 'print', false);
    },
    pass(ms: number): void {
      at += ms;
    },
    /** In how many seconds a campaign is due. */
    dueIn: (name: string): number => ((tracking.get(`shop:${name}`)?.dueAt ?? Number.NaN) - at) / second,
    watch: (name: string, fields: Watched['fields'] = null) =>
      watching.begin({ keys: new Set([`shop:${name}`]), filter: null, fields }),
    resume(name: string, facts: Partial<Followed> = {}): void {
      const { key, status, scheduledAt, changedAt, revision, deletedAt } = campaignNamed(name);
      const known = { key, externalId: name, status, scheduledAt, changedAt, revision, deletedAt };
      tracking.resume([{ ...known, statsFinal: false, ...facts }]);
    },
  };
}

function campaignNamed(externalId: string): Campaign {
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
  };
}

const statusAlone = new Set(['status']);
const minute = 60 * second;

describe('a list that tells the status', () => {
  test('spares its campaigns reads of their own, from its first whole round on', () => {
    const at = openTracking('status');
    at.read('a');
    expect([at.listWorks(), at.dueIn('a')]).toEqual([false, 60]);
    at.endRound(15 * second);
    at.pass(10 * second);
    at.read('a', { revision: 2 });
    expect([at.listWorks(), at.dueIn('a')]).toEqual([true, 300]);
  });

  test('has read at once what it tells something new of, and leaves the rest where it is', () => {
    const at = openTracking('status');
    at.endRound(15 * second);
    for (const name of ['a', 'b']) at.read(name);
    at.pass(minute);
    at.listNews('a', { status: 'PAUSED', revision: 2 });
    at.listNews('b');
    at.listAgain('b');
    at.listNews('c');
    expect(['a', 'b', 'c'].map(at.dueIn)).toEqual([0, 240, 0]);
  });

  test('has nothing read sooner than the floor allows', () => {
    const at = openTracking('status');
    at.read('a');
    at.pass(2 * second);
    at.listNews('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(3);
  });

  // The list takes the news, so that the read after it finds none: the count of looks in vain goes on.
  test('brings a campaign forward by what it tells, however long nothing was new before', () => {
    const at = openTracking('status');
    at.endRound(15 * second);
    for (let count = 0; count < 10; count++) at.read('a');
    at.pass(minute);
    at.listNews('a', { status: 'QUEUED', revision: 2 });
    at.read('a', { status: 'QUEUED', revision: 2 });
    expect(at.dueIn('a')).toBeLessThanOrEqual(450);
  });

  test('is enough for who looks at the status alone, and not for who looks at more', () => {
    const at = openTracking('status');
    at.endRound(15 * second);
    at.watch('a', statusAlone);
    at.watch('b', new Set(['status', 'stats.sent']));
    for (const name of ['a', 'b']) at.read(name);
    expect(['a', 'b'].map(at.dueIn)).toEqual([300, 5]);
  });

  // A new watcher of the status has the campaign read once, though the list tells what he wants.
  test('spares a read where somebody begins to look at the status alone', () => {
    const at = openTracking('status');
    at.endRound(15 * second);
    at.read('a');
    at.pass(minute);
    at.watch('a', statusAlone);
    expect(at.dueIn('a')).toBe(240);
  });

  // Whether the list has ever worked is not asked there.
  test('is not relied on for the status before it has been read whole', () => {
    const at = openTracking('status');
    at.watch('a', statusAlone);
    at.read('a');
    expect(at.dueIn('a')).toBe(5);
  });
});

describe('a list that tells all', () => {
  test('stands for reads, which come only once two rounds have failed to', () => {
    const at = openTracking('everything');
    at.listNews('a');
    at.endRound(15 * second);
    at.listNews('a', { revision: 2 });
    expect(at.dueIn('a')).toBe(60 + 2 * 15);
    for (let round = 0; round < 5; round++) {
      at.pass(15 * second);
      at.listAgain('a');
      at.endRound(15 * second);
      expect(at.dueIn('a')).toBe(60 + 2 * 15);
    }
  });

  test('does not stand for reads that are due more often than it comes round', () => {
    const at = openTracking('everything');
    at.endRound(20 * minute);
    at.watch('a');
    at.listNews('a');
    expect(at.dueIn('a')).toBe(5);
  });

  test('tells what it said before only while nothing else was seen of the campaign', () => {
    const at = openTracking('everything');
    at.listNews('a');
    expect(at.isListedAs('a', 'print of 1')).toBe(true);
    expect(at.isListedAs('a', 'print of 2')).toBe(false);
    expect(at.isListedAs('never known', 'print of 1')).toBe(false);
    at.read('a', { revision: 2 });
    expect(at.isListedAs('a', 'print of 1')).toBe(false);
  });

  test('leaves what has ended for good alone', () => {
    const at = openTracking('everything');
    at.read('a', { status: 'REJECTED', changedAt: 0 });
    at.listAgain('a');
    expect(at.dueIn('a')).toBe(never);
  });
});

describe.each(['status', 'everything'] as const)('a whole round of a list that tells %s', (covers) => {
  test('has read what it no longer names, once', () => {
    const at = openTracking(covers);
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
    const at = openTracking(covers);
    const monthAgo = start - 31 * 24 * 60 * minute;
    at.resume('gone');
    at.resume('ended', { status: 'COMPLETED', statsFinal: true });
    at.resume('old', { status: 'COMPLETED', statsFinal: true, changedAt: monthAgo });
    at.pass(second);
    at.endRound(15 * second);
    expect(['gone', 'ended', 'old'].map(at.dueIn)).toEqual([0, 0, never]);
  });

  test('looks ever more rarely at what it names and a read does not find', () => {
    const at = openTracking(covers);
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
