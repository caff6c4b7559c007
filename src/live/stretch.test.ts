import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../model/change.ts';
import { decodeCursor, encodeCursor, type Position } from './cursor.ts';
import { untoldOf } from './stretch.ts';

const facets = {
  channel: 'EMAIL',
  name: null,
  status: 'SENDING',
  tags: [],
  createdAt: null,
  deletedAt: null,
} as const;

/** Stands for steps 10, 20, 30 and itself: revisions 4 to 7. */
const entry: LogEntry = {
  seq: 40,
  key: 'main:b',
  account: 'main',
  fromRevision: 3,
  revision: 7,
  at: 0,
  cause: 'POLL',
  kinds: ['STATS'],
  transitions: [],
  fields: ['stats.opened', 'stats.sent'],
  providerStatus: 'sending',
  stats: null,
  after: facets,
  before: facets,
  thinned: {
    seqs: [10, 20, 30],
    changedBy: new Map([
      ['stats.opened', 20],
      ['stats.sent', 40],
    ]),
  },
};
const until = (key: string) => ({ key, until: 25 });

describe('of an entry that stands for several steps', () => {
  test.each<[string, Position, [number, string[]] | null]>([
    ['all is told to who knows none of them', { seq: 9 }, [3, ['stats.opened', 'stats.sent']]],
    ['the rest is told to who knows the first', { seq: 10 }, [4, ['stats.opened', 'stats.sent']]],
    ['the rest is told to who knows more', { seq: 29 }, [5, ['stats.sent']]],
    ['its own step is told to who knows all others', { seq: 39 }, [6, ['stats.sent']]],
    ['nothing is told to who knows it', { seq: 40 }, null],
    ['campaigns that were told further are further', { seq: 9, told: until('main:b') }, [5, ['stats.sent']]],
    ['and others are not', { seq: 9, told: until('main:a') }, [3, ['stats.opened', 'stats.sent']]],
  ])('%s', (_name, since, expected) => {
    const told = untoldOf(entry, since);
    expect(told.map(({ fromRevision, fields }) => [fromRevision, fields])).toEqual(
      expected ? [expected] : [],
    );
    for (const one of told) expect(one).toMatchObject({ seq: 40, revision: 7 });
  });
});

test.each<Position>([
  { seq: 7 },
  { seq: 7, since: { seq: 3 } },
  { seq: 7, told: { key: 'main:ü/1', until: 12 }, since: { seq: 3, told: { key: 'main:b', until: 9 } } },
  { seq: 7, told: { key: 'main:b' }, since: { seq: 0 } },
])('a cursor leads back to the position %j', (position) => {
  expect(decodeCursor(encodeCursor('0af', position))).toEqual({ epoch: '0af', position });
});

test.each(['0af', '0af.', '0af.7/', '0af.7/x.y', '0af.7/3/2', '0af./3', '0af.7/3.!.bWFpbg'])(
  '%j is no cursor',
  (text) => {
    expect(() => decodeCursor(text)).toThrow('is no cursor of this API');
  },
);
