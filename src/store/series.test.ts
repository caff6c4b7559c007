import { describe, expect, test } from 'vitest';
import { createDatabase, databaseKinds } from '../../test/support/databases.ts';
import { nextStep } from '../campaigns/changes.ts';
import { countersOf } from '../model/stats.ts';
import { openDatabase } from './database.ts';
import { createChangeLog } from './log.ts';

/** A log with one campaign's steps at the moments 1 to `count`: so many sent as the moment says, or no counters. */
async function openSeries(url: string, count: number, isSilent = (_at: number) => false) {
  const database = await openDatabase(url, () => {});
  const log = createChangeLog(database);
  for (let at = 1; at <= count; at += 1) {
    const stats = isSilent(at) ? null : { counters: countersOf({ sent: at }), final: false };
    const reading = {
      externalId: '7',
      status: 'SENDING',
      providerStatus: 'sending',
      name: `At ${at}`,
      stats,
      raw: {},
    } as const;
    await log.write(['main:7'], (known, head) => {
      const observed = {
        account: 'main',
        channel: 'EMAIL',
        reading,
        at,
        cause: 'POLL',
        previousAt: null,
      } as const;
      const step = nextStep(known.get('main:7') ?? null, observed, head + 1);
      return step ? [{ campaign: step.campaign, raw: null, entries: [step.entry] }] : [];
    });
  }
  return {
    async sent(from: number | null, to: number | null, points: number) {
      return (await log.series('main:7', from, to, points)).map(({ stats }) => stats?.sent);
    },
    ofAnother: () => log.series('main:8', null, null, 10),
    [Symbol.asyncDispose]: () => database.destroy(),
  };
}

describe.each(databaseKinds)('the series of a campaign on %s', (kind) => {
  test('is whole where it has no more points than asked for, oldest first', async () => {
    await using series = await openSeries(await createDatabase(kind), 5);
    expect(await series.sent(null, null, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(await series.sent(null, null, 500)).toEqual([1, 2, 3, 4, 5]);
    expect(await series.ofAnother()).toEqual([]);
  });

  test('leaves out moments without counters', async () => {
    await using series = await openSeries(await createDatabase(kind), 6, (at) => at % 3 === 0);
    expect(await series.sent(null, null, 10)).toEqual([1, 2, 4, 5]);
  });

  test('is of a span of time, both ends included', async () => {
    await using series = await openSeries(await createDatabase(kind), 6);
    expect(await series.sent(2, 4, 10)).toEqual([2, 3, 4]);
    expect(await series.sent(5, null, 10)).toEqual([5, 6]);
    expect(await series.sent(null, 1, 10)).toEqual([1]);
    expect(await series.sent(7, null, 10)).toEqual([]);
  });

  test('is thinned out evenly, with the newest point always there and never more than asked for', async () => {
    await using series = await openSeries(await createDatabase(kind), 23);
    for (let points = 1; points <= 24; points += 1) {
      const sent = await series.sent(null, null, points);
      expect(sent.at(-1), `${points} points`).toBe(23);
      expect(sent.length).toBeLessThanOrEqual(points);
      const distances = new Set(sent.slice(1).map((value, place) => (value ?? 0) - (sent[place] ?? 0)));
      expect(distances.size, `${points} points: ${sent}`).toBeLessThanOrEqual(1);
    }
    expect(await series.sent(null, null, 12)).toHaveLength(12);
    expect(await series.sent(4, 20, 3)).toEqual([8, 14, 20]);
  });
});
