import { expect, test } from 'vitest';
import { type Balance, createBalance, type Standing } from './balance.ts';

/** Accounts of one replica's configuration, and who holds each: `us`, another, or nobody (null). */
type Holders = Readonly<Record<string, string | null>>;

function standing(holders: Holders, others: Readonly<Record<string, boolean>> = {}): Standing {
  const replicas = [
    { id: 'us', isLeaving: false },
    ...Object.entries(others).map(([id, isLeaving]) => ({ id, isLeaving })),
  ];
  const there = new Set(replicas.map(({ id }) => id));
  const accounts = Object.keys(holders);
  return {
    groups: accounts.map((account) => [account]),
    kept: accounts.flatMap((account) => (holders[account] === 'us' ? [[account]] : [])),
    isHeld: (account) => holders[account] === 'us',
    state: {
      replicas,
      leases: accounts.map((account) => {
        const holder = holders[account] ?? null;
        return { account, holder, fence: 1, saved: null, isFree: holder === null || !there.has(holder) };
      }),
    },
  };
}

const namesOf = (groups: Balance['take']) => groups.map((group) => group.join(' '));

function decided({ giveUp, take, most }: Balance) {
  return { giveUp: namesOf(giveUp), take: namesOf(take).slice(0, most) };
}

test('one alone takes everything', () => {
  const balance = createBalance('us');
  expect(decided(balance.decide(standing({ a: null, b: null })))).toEqual({ giveUp: [], take: ['a', 'b'] });
});

test('beside another it takes its share, and gives up what is beyond it', () => {
  const balance = createBalance('us');
  const there = { other: false };
  expect(decided(balance.decide(standing({ a: null, b: null, c: 'us', d: 'other' }, there)))).toEqual({
    giveUp: [],
    take: ['a'],
  });
  expect(decided(balance.decide(standing({ a: 'us', b: 'us', c: 'us', d: 'other' }, there)))).toEqual({
    giveUp: ['c'],
    take: [],
  });
});

test('who leaves has no share, and what it holds is free once it has given it up', () => {
  const balance = createBalance('us');
  expect(decided(balance.decide(standing({ a: 'us', b: 'other', c: null }, { other: true })))).toEqual({
    giveUp: [],
    take: ['c'],
  });
});

test('what is held by one that is there no more is free', () => {
  const balance = createBalance('us');
  expect(decided(balance.decide(standing({ a: 'us', b: 'gone' })))).toEqual({ giveUp: [], take: ['b'] });
});

test('what nobody takes for seconds is taken beyond the share, and kept until replicas come or go, or for a minute', () => {
  let at = 0;
  const balance = createBalance('us', () => at);
  const there = { other: false };
  const full = standing({ a: 'us', b: 'us', c: null, d: 'other' }, there);
  // However often it looks.
  for (let look = 1; look <= 30; look += 1) {
    at += 100;
    expect(decided(balance.decide(full)).take).toEqual([]);
  }
  at += 1_000;
  expect(decided(balance.decide(full)).take).toEqual(['c']);
  const more = { a: 'us', b: 'us', c: 'us', d: 'other' };
  expect(decided(balance.decide(standing(more, there))).giveUp).toEqual([]);
  at += 61_000;
  expect(decided(balance.decide(standing(more, there))).giveUp).toEqual(['c']);
  const again = standing({ ...more, c: null }, there);
  expect(decided(balance.decide(again)).take).toEqual([]);
  at += 4_000;
  expect(decided(balance.decide(again)).take).toEqual(['c']);
  expect(decided(balance.decide(standing(more, { another: false }))).giveUp).toEqual(['c']);
});

test('what the configuration has no more is given up', () => {
  const balance = createBalance('us');
  const { groups, ...rest } = standing({ a: 'us', b: 'us' });
  expect(decided(balance.decide({ ...rest, groups: groups.slice(1) })).giveUp).toEqual(['a']);
});

test('accounts that go together are taken together or not at all', () => {
  const balance = createBalance('us');
  const told = standing({ a: null, b: 'other', c: null }, { other: false });
  expect(decided(balance.decide({ ...told, groups: [['a', 'b'], ['c']] })).take).toEqual(['c']);
});

test('rows that name us, and are not held, are free for us, and stray where we don’t take them', () => {
  const balance = createBalance('us');
  const told = standing({ a: 'us', b: 'us' }, { other: false });
  const found = balance.decide({ ...told, kept: [['a']], isHeld: (account) => account === 'a' });
  expect(found.stray.map(({ account }) => account)).toEqual(['b']);
  expect(decided(found)).toEqual({ giveUp: [], take: [] });
});
