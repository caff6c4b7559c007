import { describe, expect, test } from 'vitest';
import { campaignWith } from '../../test/support/campaign.ts';
import type { CampaignStatus } from '../model/campaign.ts';
import { createWatching, type Watched } from './watching.ts';

const minute = 60_000;

function openWatching() {
  let at = Date.parse('2026-03-01T12:00:00Z');
  const watching = createWatching(() => at);
  const told: Watched[] = [];
  watching.onMore((watched) => void told.push(watched));
  return {
    ...watching,
    told,
    pass(ms: number): void {
      at += ms;
    },
  };
}

const nobody: Watched = { keys: null, filter: null, fields: null };
const one = campaignWith({ name: 'Spring' });
const other = campaignWith({ externalId: '2', status: 'PAUSED' });
const keysOf = (...keys: string[]) => ({ keys: new Set(keys) });
const byKey = (...keys: string[]): Watched => ({ ...nobody, ...keysOf(...keys) });
const byFilter = (...accounts: string[]): Watched => ({ ...nobody, filter: { accounts } });
const statusAlone = { fields: new Set(['status']) };
const counters = { fields: new Set(['status', 'stats.sent']) };

describe('a subscription', () => {
  test('by key looks at the named campaigns until it ends', () => {
    const watching = openWatching();
    expect(watching.subscribedTo(one)).toBe('nothing');
    const end = watching.begin(byKey('shop:1', 'shop:9'));
    expect([one, other].map(watching.subscribedTo)).toEqual(['everything', 'nothing']);
    watching.pass(60 * minute);
    expect(watching.subscribedTo(one)).toBe('everything');
    end();
    expect(watching.subscribedTo(one)).toBe('nothing');
  });

  test('by filter looks at what matches at the moment', () => {
    const watching = openWatching();
    const end = watching.begin({ ...nobody, filter: { accounts: ['shop'], statuses: ['PAUSED'] } });
    expect([one, other].map(watching.subscribedTo)).toEqual(['nothing', 'everything']);
    expect(watching.subscribedTo(campaignWith({ status: 'PAUSED' }))).toBe('everything');
    const elsewhere = campaignWith({ account: 'mail', status: 'PAUSED' });
    expect(watching.subscribedTo(elsewhere)).toBe('nothing');
    end();
    expect(watching.subscribedTo(other)).toBe('nothing');
  });

  test.each<[string, Watched['fields'], string]>([
    ['the status alone', new Set(['status']), 'status'],
    ['the status and a counter', new Set(['status', 'stats.sent']), 'everything'],
    ['a counter', new Set(['stats.sent']), 'everything'],
    ['all', null, 'everything'],
  ])('to %s is interested in just that', (_name, fields, interest) => {
    for (const watched of [
      { ...byKey('shop:1'), fields },
      { ...byFilter('shop'), fields },
    ]) {
      const watching = openWatching();
      watching.begin(watched);
      expect(watching.subscribedTo(one)).toBe(interest);
    }
  });

  test('that wants more wins, in whichever order they come and however they name the campaign', () => {
    const modest: Watched[] = [
      { ...byKey('shop:1'), ...statusAlone },
      { ...byFilter('shop'), ...statusAlone },
    ];
    const eager: Watched[] = [byKey('shop:1'), byFilter('shop')];
    for (const less of modest) {
      for (const more of eager) {
        const watching = openWatching();
        const endLess = watching.begin(less);
        const endMore = watching.begin(more);
        expect(watching.subscribedTo(one)).toBe('everything');
        endMore();
        expect(watching.subscribedTo(one)).toBe('status');
        endLess();
        expect(watching.subscribedTo(one)).toBe('nothing');
      }
    }
  });

  test('that ends leaves others as they were', () => {
    const watching = openWatching();
    const ends = [byKey('shop:1'), byKey('shop:1', 'shop:2')].map((watched) => watching.begin(watched));
    ends[0]?.();
    expect([one, other].map(watching.subscribedTo)).toEqual(['everything', 'everything']);
    ends[1]?.();
    expect([one, other].map(watching.subscribedTo)).toEqual(['nothing', 'nothing']);
  });
});

test.each<[string, Watched, string, CampaignStatus, boolean]>([
  ['its key', byKey('shop:1'), 'shop:1', 'PAUSED', true],
  ['another key', byKey('shop:2'), 'shop:1', 'PAUSED', false],
  ['a filter of its account', byFilter('shop'), 'shop:1', 'PAUSED', true],
  ['a filter of another account', byFilter('mail'), 'shop:1', 'PAUSED', false],
  [
    'a filter of its status',
    { ...nobody, filter: { accounts: ['shop'], statuses: ['PAUSED'] } },
    'shop:1',
    'PAUSED',
    true,
  ],
  [
    'a filter of another status',
    { ...nobody, filter: { accounts: ['shop'], statuses: ['PAUSED'] } },
    'shop:1',
    'SENDING',
    false,
  ],
])('a subscription by %s may look at a campaign', (_name, watched, key, status, may) => {
  const watching = openWatching();
  const end = watching.begin(watched);
  expect(watching.mayLookAt(key, 'shop', status)).toBe(may);
  end();
  expect(watching.mayLookAt(key, 'shop', status)).toBe(false);
});

describe('a query', () => {
  test('looks at what it gave, for one minute', () => {
    const watching = openWatching();
    watching.queried([one]);
    watching.pass(minute - 1);
    expect([one, other].map(({ key }) => watching.isQueried(key))).toEqual([true, false]);
    watching.pass(1);
    expect(watching.isQueried(one.key)).toBe(false);
  });

  test('counts from the last time', () => {
    const watching = openWatching();
    for (let count = 0; count < 5; count++) {
      watching.queried([one]);
      watching.pass(minute - 1);
      expect(watching.isQueried(one.key)).toBe(true);
    }
  });

  test('keeps in mind no more than 100,000 campaigns, the last ones', () => {
    const watching = openWatching();
    const named = (place: number) => `shop:${place}`;
    const from = (start: number) =>
      Array.from({ length: 60_000 }, (_, place) => ({ key: `shop:${start + place}` }));
    watching.queried(from(0));
    watching.queried(from(60_000));
    const interests = [0, 19_999, 20_000, 60_000, 119_999].map((place) => watching.isQueried(named(place)));
    expect(interests).toEqual([false, false, true, true, true]);
    watching.queried(Array.from({ length: 150_000 }, (_, place) => ({ key: `mail:${place}` })));
    expect(watching.isQueried(named(119_999))).toBe(false);
    expect(watching.isQueried('mail:49999')).toBe(false);
    expect(watching.isQueried('mail:50000')).toBe(true);
  });
});

describe('the list of an account is needed', () => {
  test.each<[string, Watched, readonly string[]]>([
    ['a filter, whatever its fields', byFilter('shop', 'push'), ['shop', 'push']],
    ['a filter, for the status alone', { ...byFilter('shop'), ...statusAlone }, ['shop']],
    ['a filter, for a counter', { ...byFilter('mail'), ...counters }, ['mail']],
    ['keys, for all', byKey('shop:1', 'mail:2'), []],
    ['keys, for the status and a counter', { ...byKey('shop:1'), ...counters }, []],
    ['keys, for the status alone', { ...byKey('shop:1', 'mail:2', 'shop:3'), ...statusAlone }, []],
    ['keys and a filter, for all', { ...byFilter('mail', 'shop'), ...keysOf('push:1') }, ['shop', 'mail']],
    [
      'keys and a filter, for the status alone',
      { ...byFilter('mail', 'shop'), ...keysOf('mail:1', 'push:1'), ...statusAlone },
      ['shop', 'mail'],
    ],
    ['nothing named', nobody, []],
  ])('by %s', (_name, watched, expected) => {
    const watching = openWatching();
    const ends = [watching.begin(watched), watching.begin({ ...watched })];
    for (const end of ends) {
      expect(['shop', 'mail', 'push'].filter(watching.needsList)).toEqual(expected);
      end();
      end();
    }
    expect(['shop', 'mail', 'push'].filter(watching.needsList)).toEqual([]);
  });

  test('not by a query', () => {
    const watching = openWatching();
    watching.queried([one]);
    expect(watching.needsList('shop')).toBe(false);
  });
});

describe('listeners', () => {
  test('are told of what has begun, once it counts, and not of what ends', () => {
    const watching = openWatching();
    const seen: string[] = [];
    watching.onMore(() => void seen.push(watching.subscribedTo(one)));
    const watched = byKey('shop:1');
    watching.begin(watched)();
    expect(watching.told).toEqual([watched]);
    expect(seen).toEqual(['everything']);
  });

  test('are told of queried campaigns that were not looked at by a query before', () => {
    const watching = openWatching();
    watching.queried([one]);
    watching.queried([one, other]);
    watching.queried([one, other]);
    watching.queried([]);
    watching.pass(minute);
    watching.queried([other]);
    expect(watching.told).toEqual([byKey('shop:1'), byKey('shop:2'), byKey('shop:2')]);
  });
});

test('whoever asks for a list needs the accounts’ lists for a minute', () => {
  const watching = openWatching();
  watching.listed(['shop']);
  watching.pass(minute - 1);
  expect(['shop', 'mail'].map(watching.needsList)).toEqual([true, false]);
  watching.listed(['shop', 'mail']);
  watching.pass(minute - 1);
  expect(['shop', 'mail'].map(watching.needsList)).toEqual([true, true]);
  watching.pass(1);
  expect(['shop', 'mail'].map(watching.needsList)).toEqual([false, false]);
});
