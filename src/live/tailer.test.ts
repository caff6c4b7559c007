import { expect, test } from 'vitest';
import { createDatabase, type DatabaseKind, databaseKinds } from '../../test/support/databases.ts';
import { openLog } from '../../test/support/log.ts';
import { until } from '../../test/support/wait.ts';
import { nextStep } from '../campaigns/changes.ts';
import { createCampaignStore } from '../store/campaigns.ts';
import { openDatabase } from '../store/database.ts';
import type { ChangeLog } from '../store/log.ts';
import type { Write } from '../store/log-writer.ts';
import { createTailer } from './tailer.ts';

/** A tailer, and the log as another process has it; `news` collects what a reader is woken with. */
async function startTailer(kind: DatabaseKind) {
  const url = await createDatabase(kind);
  const database = await openDatabase(url, () => {});
  const elsewhere = await openDatabase(url, () => {});
  const log = await openLog(database, kind);
  const store = createCampaignStore(database);
  const tailer = await createTailer({ log, store });
  const news: number[] = [];
  tailer.onNews((seq) => news.push(seq), null);
  return {
    database,
    tailer,
    log,
    elsewhere: await openLog(elsewhere, kind),
    news,
    async [Symbol.asyncDispose]() {
      await tailer.stop();
      await database.destroy();
      await elsewhere.destroy();
    },
  };
}

/** Writes the next step of a campaign. */
async function write(log: ChangeLog, externalId: string): Promise<readonly Write[]> {
  const key = `main:${externalId}`;
  const { writes } = await log.write([key], (known, head) => {
    const name = `Step ${(known.get(key)?.revision ?? 0) + 1}`;
    const reading = { externalId, status: 'SENDING', providerStatus: 'sending', name, raw: {} } as const;

    const step = nextStep(
      known.get(key) ?? null,
      { account: 'main', channel: 'EMAIL', reading, at: 1, cause: 'POLL', previousAt: null },
      head + 1,
    );
    if (!step) throw new Error('There is no step.');
    return [{ campaign: step.campaign, raw: null, entries: [step.entry] }];
  });
  return writes;
}

test.each(databaseKinds)(
  'what somebody else has written is found without being told of, on %s',
  async (kind) => {
    await using at = await startTailer(kind);
    await write(at.elsewhere, 'a');
    await write(at.elsewhere, 'b');
    await until(() => at.tailer.head() === 2);
    expect(at.news).toEqual([1]);
    const stretch = await at.tailer.after({ seq: 0 }, 10, null);
    expect(stretch?.entries.map(({ seq, key }) => [seq, key])).toEqual([
      [1, 'main:a'],
      [2, 'main:b'],
    ]);
  },
);

test('a commit that a look at the log has found first is told once', async () => {
  await using at = await startTailer('sqlite');
  const writes = await write(at.log, 'a');
  await until(() => at.tailer.head() === 1);
  const entries = writes.flatMap((one) => one.entries);
  const campaigns = writes.map(({ campaign }) => campaign);
  at.tailer.committed(entries, campaigns);
  expect(at.news).toEqual([1]);
  expect(at.tailer.head()).toBe(1);
  expect(await at.tailer.campaign('main:a', 1)).toMatchObject({ name: 'Step 1' });

  const [next] = await write(at.log, 'a');
  at.tailer.committed(next?.entries ?? [], next ? [next.campaign] : []);
  expect(at.news).toEqual([1, 2]);
  expect((await at.tailer.after({ seq: 0 }, 10, null))?.entries.map(({ seq }) => seq)).toEqual([1, 2]);
  // What comes late must not take its campaign back to where it was.
  at.tailer.committed(entries, campaigns);
  for (const campaign of campaigns) at.tailer.keepCampaign(campaign);
  expect(await at.tailer.campaign('main:a', 1)).toMatchObject({ name: 'Step 2' });
});

test('what was written in between is told together with what shows that it is missing', async () => {
  await using at = await startTailer('sqlite');
  await write(at.elsewhere, 'a');
  const [own] = await write(at.log, 'b');
  at.tailer.committed(own?.entries ?? [], own ? [own.campaign] : []);
  await until(() => at.tailer.head() === 2);
  expect(at.news).toEqual([1]);
  const stretch = await at.tailer.after({ seq: 0 }, 10, null);
  expect(stretch?.entries.map(({ key }) => key)).toEqual(['main:a', 'main:b']);
});

test.each(databaseKinds)('that the log has other entries than it had is noticed, on %s', async (kind) => {
  await using at = await startTailer(kind);
  let isNoticed = false;
  void at.tailer.goneBack.then(() => {
    isNoticed = true;
  });
  for (const id of ['a', 'b', 'b']) {
    const [own] = await write(at.log, id);
    at.tailer.committed(own?.entries ?? [], own ? [own.campaign] : []);
  }
  // A doubt that has no ground: what comes after it is noticed by a look, which also has settled the doubt.
  at.tailer.missed();
  await write(at.elsewhere, 'c');
  await until(() => at.tailer.head() === 4);
  expect(isNoticed).toBe(false);

  // A server takes over that had three of them, and somebody writes there at once.
  await at.database.deleteFrom('changes').where('seq', '=', 4).execute();
  await at.database.updateTable('log').set({ head: 3 }).execute();
  for (const id of ['d', 'e']) await write(at.elsewhere, id);
  at.tailer.missed();
  await until(() => isNoticed);
  expect((await at.log.state()).epoch).not.toBe(at.tailer.epoch);

  // One that has been told of nothing yet knows the log by the entry that it began at.
  const late = await createTailer({ log: at.log, store: createCampaignStore(at.database) });
  await at.database.updateTable('changes').set({ at: 2 }).where('seq', '=', 5).execute();
  late.missed();
  await late.goneBack;
  await late.stop();
});
