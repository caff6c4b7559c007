import { describe, expect, test } from 'vitest';
import { createObserver, type Observed } from '../src/campaigns/observe.ts';
import type { CampaignReading, CampaignStatus } from '../src/model/campaign.ts';
import type { LogEntry } from '../src/model/change.ts';
import { countersOf } from '../src/model/stats.ts';
import { createCampaignStore } from '../src/store/campaigns.ts';
import { openDatabase } from '../src/store/database.ts';
import { createChangeLog } from '../src/store/log.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';

const key = 'main:7';
const started = Date.UTC(2026, 0, 1);

/** Observes a campaign that was asked for at that moment. */
function observed(askedAt: number, reading: CampaignReading | null): Observed {
  return { account: 'main', channel: 'EMAIL', externalId: '7', reading, askedAt, cause: 'POLL' };
}

function statsOf(sent: number, final = false) {
  return { counters: countersOf({ recipients: 10, sent }), final };
}

/** All that there is of it. */
function whole(askedAt: number, sent: number, status: CampaignStatus = 'SENDING', final = false): Observed {
  return observed(askedAt, {
    ...{ externalId: '7', status, providerStatus: status.toLowerCase() },
    ...{ name: 'Spring', sender: 'Shop', tags: ['a'], startedAt: started, statusReason: 'As planned' },
    stats: statsOf(sent, final),
    raw: { whole: sent },
  });
}

/** What a list tells: no counters. */
function listed(askedAt: number, status: CampaignStatus): Observed {
  const entry = { externalId: '7', status, providerStatus: status.toLowerCase(), raw: { listed: status } };
  return { ...observed(askedAt, entry), fromList: true };
}

/** The counters alone, asked for when the campaign was known to be in that status. */
function counters(askedAt: number, sent: number, status: CampaignStatus = 'SENDING', final = false) {
  const reading = {
    ...{ externalId: '7', status, providerStatus: status.toLowerCase() },
    stats: statsOf(sent, final),
    raw: { counted: sent },
    warnings: [],
  };
  return { ...observed(askedAt, reading), countersAlone: true };
}

/** The answer that there are no counters. */
function noCounters(askedAt: number): Observed {
  const reading = { externalId: '7', status: 'SENDING', providerStatus: 'sending', stats: null } as const;
  return { ...observed(askedAt, reading), countersAlone: true };
}

/** An observer over a database, with a clock that stands still until it is moved. */
async function openObserver(url: string) {
  const database = await openDatabase(url, () => {});
  const store = createCampaignStore(database);
  const entries: LogEntry[] = [];
  const looks: Observed[] = [];
  const clock = { at: 1_000 };
  const observer = createObserver({
    store,
    log: createChangeLog(database),
    now: () => clock.at,
    onCommit: (some) => void entries.push(...some),
    onObserved: (_campaign, one) => void looks.push(one),
  });
  async function stored() {
    const campaign = await store.get(key);
    if (!campaign) throw new Error('The campaign is not there.');
    return campaign;
  }
  return {
    ...observer,
    clock,
    entries,
    looks,
    stored,
    /** When the campaign and its counters were last read. */
    async times() {
      const campaign = await stored();
      return [observer.observedAt(campaign), observer.statsObservedAt(campaign)];
    },
    raw: async (): Promise<unknown> => JSON.parse((await store.getRaw([key])).get(key) ?? 'null'),
    async [Symbol.asyncDispose]() {
      await observer.stop();
      await database.destroy();
    },
  };
}

describe.each(databaseKinds)('counters that were asked for alone, on %s', (kind) => {
  test('change the counters and nothing else, and are the last answer', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const [before] = await at.observe([whole(1, 4)]);
    const [after] = await at.observe([counters(2, 5)]);
    expect(after).toEqual({
      ...before,
      ...{ revision: 2, seq: 2 },
      stats: { ...before?.stats, sent: 5 },
    });
    expect(at.entries[1]).toMatchObject({
      kinds: ['STATS'],
      fields: ['progress', 'stats.sent'],
      transitions: [],
      revision: 2,
    });
    expect(await at.raw()).toEqual({ counted: 5 });
    expect(at.looks.map(({ countersAlone = false }) => countersAlone)).toEqual([false, true]);
  });

  test('that say what is known write nothing', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(1, 4)]);
    expect(await at.observe([counters(2, 4)])).toMatchObject([{ revision: 1 }]);
    expect(at.entries).toHaveLength(1);
    expect(await at.raw()).toEqual({ whole: 4 });
  });

  test.each([
    ['that are different', 5, 'observe'],
    ['that are equal', 4, 'observe'],
    ['that are known to be equal', 4, 'saw'],
  ] as const)('%s renew the time of the counters, not that of the campaign', async (_, sent, how) => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(1, 4)]);
    at.clock.at = 2_000;
    if (how === 'saw') at.saw(counters(2, sent));
    else await at.observe([counters(2, sent)]);
    expect(await at.times()).toEqual([1_000, 2_000]);
    at.clock.at = 3_000;
    await at.observe([listed(3, 'SENDING')]);
    expect(await at.times()).toEqual([3_000, 2_000]);
  });

  test('give the pace of sending', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(1, 4)]);
    at.clock.at = 2_000;
    const [campaign] = await at.observe([counters(2, 10)]);
    expect(campaign?.throughput).toEqual({ perSecond: 6, reported: false });
    expect(at.measuredPace(await at.stored())).toBe(6);
  });

  test('never bring back a deleted campaign', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(1, 4)]);
    await at.observe([observed(2, null)]);
    const deleted = await at.stored();
    expect(await at.observe([counters(3, 5)])).toEqual([deleted]);
    expect(deleted.deletedAt).toBe(1_000);
    expect(await at.stored()).toEqual(deleted);
    expect(await at.observe([whole(4, 5)])).toMatchObject([{ deletedAt: null, revision: 3 }]);
  });

  test('that were asked for before what is stored of them say nothing', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(20, 6)]);
    at.clock.at = 2_000;
    expect(await at.observe([counters(10, 5)])).toMatchObject([{ revision: 1, stats: { sent: 6 } }]);
    await at.observe([counters(30, 8)]);
    expect(await at.observe([counters(25, 7)])).toMatchObject([{ revision: 2, stats: { sent: 8 } }]);
    expect(await at.raw()).toEqual({ counted: 8 });
  });

  test.each([
    ['before', 15],
    ['after', 30],
  ])(
    'leave the status that a list has told of as it is, where they were asked for %s it',
    async (_, askedAt) => {
      await using at = await openObserver(await createDatabase(kind));
      await at.observe([whole(10, 4)]);
      await at.observe([listed(20, 'PAUSED')]);
      expect(await at.observe([counters(askedAt, 6)])).toMatchObject([
        { status: 'PAUSED', providerStatus: 'paused', stats: { sent: 6 }, revision: 3 },
      ]);
      expect(at.entries.map(({ kinds }) => kinds)).toEqual([['FOLLOWED'], expect.any(Array), ['STATS']]);
    },
  );

  test('that there are none of changes no status either', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(10, 4)]);
    await at.observe([listed(20, 'PAUSED')]);
    expect(await at.observe([noCounters(30)])).toMatchObject([
      { status: 'PAUSED', providerStatus: 'paused', stats: null },
    ]);
  });

  test.each([
    ['observe', 5],
    ['saw', 4],
  ] as const)('do not make a status look late that was asked for before them: %s', async (how, sent) => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(10, 4)]);
    if (how === 'saw') at.saw(counters(30, sent));
    else await at.observe([counters(30, sent)]);
    expect(await at.observe([listed(20, 'PAUSED')])).toMatchObject([{ status: 'PAUSED', stats: { sent } }]);
    // The list is not as old as the campaign was before it.
    expect(await at.observe([listed(15, 'SENDING')])).toMatchObject([{ status: 'PAUSED' }]);
  });

  test.each([
    ['it is still in', 'COMPLETED', 'COMPLETED', true],
    ['it has left', 'COMPLETED', 'SENDING', false],
  ] as const)('are final for a status that %s', async (_, told, is, final) => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(10, 4, is)]);
    expect(await at.observe([counters(20, 9, told, true)])).toMatchObject([
      { status: is, stats: { sent: 9, final } },
    ]);
  });

  test('are no longer final ones where they were asked for before the campaign had ended', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(10, 4)]);
    await at.observe([listed(20, 'COMPLETED')]);
    expect(await at.observe([counters(15, 9, 'SENDING')])).toMatchObject([
      { status: 'COMPLETED', stats: { sent: 9, final: false } },
    ]);
    expect(await at.observe([counters(30, 10, 'COMPLETED', true)])).toMatchObject([
      { status: 'COMPLETED', stats: { sent: 10, final: true } },
    ]);
  });

  test('given together with other answers are stored in order, and the last answer is kept', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(1, 1)]);
    await at.observe([counters(2, 2), listed(3, 'PAUSED'), counters(4, 3)]);
    expect(at.entries.map(({ stats, after }) => [stats?.sent, after.status])).toEqual([
      [1, 'SENDING'],
      [2, 'SENDING'],
      [2, 'PAUSED'],
      [3, 'PAUSED'],
    ]);
    expect(await at.raw()).toEqual({ counted: 3 });
  });

  test('wait while the campaign is being changed, and say nothing that its read-back has overtaken', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([whole(1, 4)]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const changing = at.whileChanging('main', ['7'], () => promise);
    const poll = at.observe([counters(10, 5)]);
    await at.observe([{ ...whole(20, 6, 'PAUSED'), cause: 'MUTATION' }]);
    resolve();
    await changing;
    expect(await poll).toMatchObject([{ status: 'PAUSED', stats: { sent: 6 }, revision: 2 }]);
    expect(at.entries.map(({ cause }) => cause)).toEqual(['POLL', 'MUTATION']);
  });
});
