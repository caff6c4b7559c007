import { describe, expect, test } from 'vitest';
import { createObserver, type Observed } from '../src/campaigns/observe.ts';
import type { CampaignReading } from '../src/model/campaign.ts';
import type { LogEntry } from '../src/model/change.ts';
import { countersOf } from '../src/model/stats.ts';
import { createCampaignStore } from '../src/store/campaigns.ts';
import { openDatabase } from '../src/store/database.ts';
import { NotOursError } from '../src/store/log-writer.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { openLog } from './support/log.ts';

/** What a provider says of a campaign: how many messages are sent, and anything else. */
function saw(externalId: string, sent: number, over: Partial<CampaignReading> = {}): Observed {
  const stats = { counters: countersOf({ recipients: 100, sent }), final: false };
  const reading = {
    externalId,
    status: 'SENDING',
    providerStatus: 'sending',
    stats,
    raw: { sent },
    ...over,
  } as const;
  return { account: 'main', channel: 'EMAIL', externalId, reading, askedAt: 0, cause: 'POLL' };
}

function gone(externalId: string): Observed {
  return { ...saw(externalId, 0), reading: null };
}

/** An observer over a database, with a clock that stands still until it is moved. */
async function openObserver(kind: DatabaseKind, url: string) {
  const database = await openDatabase(url, () => {});
  const store = createCampaignStore(database);
  const log = await openLog(database, kind);
  const commits: (readonly LogEntry[])[] = [];
  const looks: string[] = [];
  const clock = { at: 1_000 };
  const observer = createObserver({
    store,
    log,
    now: () => clock.at,
    onCommit: (entries) => void commits.push(entries),
    onObserved: (campaign) => void looks.push(campaign.key),
  });
  return {
    ...observer,
    store,
    log,
    clock,
    commits,
    looks,
    /** Everything that the database holds. */
    rows: () =>
      Promise.all([
        database.selectFrom('campaigns').selectAll().orderBy('key').execute(),
        database.selectFrom('campaignRaw').selectAll().orderBy('key').execute(),
        database.selectFrom('changes').selectAll().orderBy('seq').execute(),
        database.selectFrom('log').selectAll().execute(),
      ]),
    async [Symbol.asyncDispose]() {
      await observer.stop();
      await database.destroy();
    },
  };
}

describe.each(databaseKinds)('observing on %s', (kind) => {
  test('what arrives while a commit is running is written together, in the order of its arrival', async () => {
    await using at = await openObserver(kind, await createDatabase(kind));
    const ids = Array.from({ length: 21 }, (_, place) => String(place));
    const campaigns = await Promise.all(ids.map((id) => at.observe([saw(id, 1)])));
    expect(at.commits.map((entries) => entries.length)).toEqual([1, 20]);
    expect(at.commits.flat().map(({ key }) => key)).toEqual(ids.map((id) => `main:${id}`));
    expect(at.commits.flat().map(({ seq }) => seq)).toEqual(ids.map((_, place) => place + 1));
    expect(campaigns.map(([campaign]) => campaign?.externalId)).toEqual(ids);
  });

  test('no transaction grows long: large pieces of work are committed one by one', async () => {
    await using at = await openObserver(kind, await createDatabase(kind));
    const pages = ['a', 'b', 'c', 'd'].map((page) =>
      Array.from({ length: 240 }, (_, place) => saw(`${page}${place}`, 1)),
    );
    await Promise.all(pages.map((page) => at.observe(page)));
    const sizes = at.commits.map((entries) => entries.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(960);
  });

  test('equal readings write nothing, but are remembered as looks', async () => {
    await using at = await openObserver(kind, await createDatabase(kind));
    const [first] = await at.observe([saw('7', 4), saw('8', 4)]);
    const before = await at.rows();
    at.clock.at = 2_000;
    const [again] = await at.observe([saw('7', 4, { raw: { other: 1 } }), saw('8', 4)]);
    expect(await at.rows()).toEqual(before);
    expect(at.commits).toHaveLength(1);
    expect(again).toEqual(first);
    if (!again) throw new Error('The campaign is gone.');
    expect(at.observedAt(again)).toBe(2_000);
    expect(at.statsObservedAt(again)).toBe(2_000);
    expect(at.looks).toEqual(['main:7', 'main:8', 'main:7', 'main:8']);
  });

  test('of many readings those that differ are written, and no others', async () => {
    await using at = await openObserver(kind, await createDatabase(kind));
    await at.observe([saw('7', 4), saw('8', 4)]);
    const campaigns = await at.observe([saw('7', 4), saw('8', 5)]);
    expect(at.commits[1]).toMatchObject([
      { key: 'main:8', seq: 3, revision: 2, fields: ['progress', 'stats.sent'] },
    ]);
    expect(campaigns).toMatchObject([{ revision: 1 }, { revision: 2, stats: { sent: 5 } }]);
    expect(await at.store.getRaw(['main:8'])).toEqual(new Map([['main:8', '{"sent":5}']]));
  });

  test.each([
    ['given together', (at: Awaited<ReturnType<typeof openObserver>>, all: Observed[]) => at.observe(all)],
    [
      'that arrive one by one',
      async (at: Awaited<ReturnType<typeof openObserver>>, all: Observed[]) =>
        (await Promise.all(all.map((one) => at.observe([one])))).flat(),
    ],
  ])('several observations of one campaign, %s, are as many steps, in order', async (_how, observe) => {
    await using at = await openObserver(kind, await createDatabase(kind));
    await at.observe([saw('7', 1)]);
    await observe(at, [saw('7', 2), saw('7', 2), saw('7', 3, { status: 'PAUSED' }), gone('7'), saw('7', 3)]);
    const entries = at.commits.flat();
    expect(entries.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5]);
    expect(entries.map(({ fromRevision }) => fromRevision)).toEqual([0, 1, 2, 3, 4]);
    expect(entries.map(({ stats }) => stats?.sent)).toEqual([1, 2, 3, 3, 3]);
    expect(entries.map(({ kinds }) => kinds[0])).toEqual([
      'FOLLOWED',
      'STATS',
      'STATUS',
      'DELETED',
      'RESTORED',
    ]);
    expect(await at.log.between(0, 5, 10)).toEqual(entries);
    expect(await at.store.get('main:7')).toMatchObject({ revision: 5, seq: 5, status: 'SENDING' });
  });

  test('what the provider does not know, and nobody here, is no campaign', async () => {
    await using at = await openObserver(kind, await createDatabase(kind));
    expect(await at.observe([gone('7')])).toEqual([null]);
    expect(await at.log.state()).toMatchObject({ head: 0 });
    expect(at.looks).toEqual([]);
  });

  test('an unfollowed campaign is left alone by polls, and read for people', async () => {
    await using at = await openObserver(kind, await createDatabase(kind));
    const [known] = await at.observe([saw('7', 1)]);
    if (!known) throw new Error('The campaign is not there.');
    await at.log.setFollowed(known.key, false);
    const before = await at.rows();
    at.clock.at = 2_000;
    const [left] = await at.observe([saw('7', 9)]);
    expect(left).toMatchObject({ revision: 1, stats: { sent: 1 } });
    expect(await at.rows()).toEqual(before);
    expect(at.observedAt(known)).toBe(1_000);
    expect(at.looks).toHaveLength(1);
    const [read] = await at.observe([{ ...saw('7', 9), cause: 'QUERY' }]);
    expect(read).toMatchObject({ revision: 2, followed: false, stats: { sent: 9 } });
    expect(at.observedAt(known)).toBe(2_000);
  });

  test('the speed is measured from the last look, though that look has written nothing', async () => {
    await using at = await openObserver(kind, await createDatabase(kind));
    await at.observe([saw('7', 4)]);
    at.clock.at = 2_000;
    await at.observe([saw('7', 4)]);
    at.clock.at = 3_000;
    const [campaign] = await at.observe([saw('7', 10)]);
    expect(campaign?.throughput).toEqual({ perSecond: 6, reported: false });
  });

  test('two processes that see the same change write it once', async () => {
    const url = await createDatabase(kind);
    await using one = await openObserver(kind, url);
    // SQLite is one process's own; PostgreSQL is where replicas meet.
    await using other = kind === 'postgres' ? await openObserver(kind, url) : one;
    for (let sent = 1; sent <= 10; sent += 1) {
      const seen = await Promise.all([one, other].map((at) => at.observe([saw('7', sent), saw('8', sent)])));
      for (const campaigns of seen) expect(campaigns).toMatchObject([{ revision: sent }, { revision: sent }]);
    }
    expect(await one.log.state()).toMatchObject({ head: 20 });
    const told = new Set([...one.commits, ...other.commits].flat().map(({ seq }) => seq));
    expect(told.size).toBe(20);
  });

  test('what a failed commit was to write is told as failed, and does not stop what comes after it', async () => {
    await using at = await openObserver(kind, await createDatabase(kind));
    // There is no JSON for it.
    const impossible = saw('7', 1, { raw: 1n });
    const failed = at.observe([impossible]);
    const after = at.observe([saw('8', 1)]);
    await expect(failed).rejects.toThrow();
    expect(await after).toMatchObject([{ externalId: '8', revision: 1 }]);
    expect(at.commits.flat()).toHaveLength(1);
    expect(await at.store.get('main:7')).toBeNull();
  });

  test('stopping waits for all that was given', async () => {
    await using at = await openObserver(kind, await createDatabase(kind));
    const given = [at.observe([saw('7', 1)]), at.observe([saw('8', 1)])];
    await at.stop();
    expect(at.commits.flat()).toHaveLength(2);
    await Promise.all(given);
  });
});

test('what is of an account that is another replica’s by now is rejected alone', async () => {
  await using at = await openObserver('postgres', await createDatabase('postgres'));
  const first = at.observe([saw('1', 1)]);
  const [ours, lost, after] = [
    at.observe([saw('2', 1), saw('3', 1)]),
    at.observe([{ ...saw('4', 1), account: 'lost' }]),
    at.observe([saw('2', 2)]),
  ];
  await expect(lost).rejects.toThrow(NotOursError);
  expect(await first).toMatchObject([{ externalId: '1' }]);
  expect(await ours).toMatchObject([{ revision: 1 }, { revision: 1 }]);
  expect(await after).toMatchObject([{ externalId: '2', revision: 2 }]);
  expect(at.commits.flat().map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
});
