import { describe, expect, test } from 'vitest';
import { createObserver, type Observed } from '../src/campaigns/observe.ts';
import type { CampaignReading } from '../src/model/campaign.ts';
import type { LogEntry } from '../src/model/change.ts';
import { createCampaignStore } from '../src/store/campaigns.ts';
import { openDatabase } from '../src/store/database.ts';
import { createChangeLog } from '../src/store/log.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';

/** What a poll has read of a campaign, asked for at that moment. */
function polled(
  externalId: string,
  name: string,
  askedAt: number,
  over: Partial<CampaignReading> = {},
): Observed {
  const reading = {
    externalId,
    status: 'SENDING',
    providerStatus: 'sending',
    name,
    raw: {},
    ...over,
  } as const;
  return { account: 'main', channel: 'EMAIL', externalId, reading, askedAt, cause: 'POLL' };
}

/** The same, read of it in a list. */
function listed(externalId: string, name: string, askedAt: number): Observed {
  return { ...polled(externalId, name, askedAt), fromList: true };
}

/** What a change of ours was seen to have led to. */
function readBack(externalId: string, name: string, askedAt: number): Observed {
  return { ...polled(externalId, name, askedAt), cause: 'MUTATION' };
}

/** An observer over a database. The clock tells only when something was stored. */
async function openObserver(url: string) {
  const database = await openDatabase(url, () => {});
  const entries: LogEntry[] = [];
  const observer = createObserver({
    store: createCampaignStore(database),
    log: createChangeLog(database),
    now: () => 1_000,
    onCommit: (some) => void entries.push(...some),
    onObserved: () => {},
  });
  return {
    ...observer,
    /** All that was told so far, in short: "POLL main:7 First". */
    told: () => entries.map(({ cause, key, after }) => `${cause} ${key} ${after.name}`),
    async [Symbol.asyncDispose]() {
      await observer.stop();
      await database.destroy();
    },
  };
}

type At = Awaited<ReturnType<typeof openObserver>>;

/** A change that is being made until it is ended. */
function change(at: At, externalIds: readonly string[] | null, account = 'main') {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const ended = at.whileChanging(account, externalIds, () => promise);
  return {
    ended,
    end: async () => {
      resolve('the answer');
      expect(await ended).toBe('the answer');
    },
    async fail(error: Error) {
      reject(error);
      await expect(ended).rejects.toBe(error);
    },
  };
}

/** Something that is given is waiting still once other things, given after it, are stored. */
async function expectWaiting(at: At, given: Promise<unknown>) {
  let isSettled = false;
  void given.then(() => {
    isSettled = true;
  });
  for (const externalId of ['a', 'b']) {
    const probe = polled(`${externalId}${at.told().length}`, 'Probe', 1);
    await at.observe([{ ...probe, account: 'elsewhere' }]);
  }
  expect(isSettled).toBe(false);
}

/** All that was told, save the probes of `expectWaiting`. */
function told(at: At): string[] {
  return at.told().filter((line) => !line.includes('elsewhere'));
}

describe.each(databaseKinds)('while a campaign is being changed, on %s', (kind) => {
  test('what a poll reads of it waits, and is not told again after the read-back', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([polled('7', 'First', 1)]);
    const changing = change(at, ['7']);
    const poll = at.observe([polled('7', 'Second', 10)]);
    await expectWaiting(at, poll);
    const [seen] = await at.observe([readBack('7', 'Second', 20)]);
    expect(seen).toMatchObject({ name: 'Second', revision: 2 });
    await expectWaiting(at, poll);
    await changing.end();
    expect(await poll).toMatchObject([{ name: 'Second', revision: 2 }]);
    expect(told(at)).toEqual(['POLL main:7 First', 'MUTATION main:7 Second']);
  });

  test.each([
    ['from before the change took effect', 'First', 10],
    ['that was asked for after the read-back and says the same', 'Second', 30],
  ])('a poll %s is not told', async (_what, name, askedAt) => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([polled('7', 'First', 1)]);
    const changing = change(at, ['7']);
    const poll = at.observe([polled('7', name, askedAt)]);
    await at.observe([readBack('7', 'Second', 20)]);
    await changing.end();
    expect(await poll).toMatchObject([{ name: 'Second', revision: 2 }]);
    expect(told(at)).toEqual(['POLL main:7 First', 'MUTATION main:7 Second']);
  });

  test('what has moved on since the read-back is told, as what it is', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const changing = change(at, ['7']);
    const poll = at.observe([polled('7', 'Third', 30)]);
    await at.observe([readBack('7', 'Second', 20)]);
    await changing.end();
    await poll;
    expect(told(at)).toEqual(['MUTATION main:7 Second', 'POLL main:7 Third']);
  });

  test.each(['POLL', 'QUERY', 'WEBHOOK'] as const)('a reading of cause %s waits', async (cause) => {
    await using at = await openObserver(await createDatabase(kind));
    const changing = change(at, ['7']);
    const reading = at.observe([{ ...polled('7', 'Other', 10), cause }]);
    await expectWaiting(at, reading);
    await changing.end();
    await reading;
    expect(told(at)).toEqual([`${cause} main:7 Other`]);
  });

  test('that it is gone waits too', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([polled('7', 'First', 1)]);
    const changing = change(at, ['7']);
    const poll = at.observe([{ ...polled('7', '', 10), reading: null }]);
    await expectWaiting(at, poll);
    await at.observe([{ ...readBack('7', '', 20), reading: null }]);
    await changing.end();
    expect(await poll).toMatchObject([{ revision: 2, deletedAt: 1_000 }]);
    expect(told(at)).toEqual(['POLL main:7 First', 'MUTATION main:7 First']);
  });

  test('other campaigns of the same page are stored at once, and each result has its place', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const changing = change(at, ['7', '9']);
    const page = at.observe(['6', '7', '8', '9', '5'].map((id) => polled(id, `Poll ${id}`, 10)));
    await expectWaiting(at, page);
    expect(told(at)).toEqual(['POLL main:6 Poll 6', 'POLL main:8 Poll 8', 'POLL main:5 Poll 5']);
    await at.observe([readBack('9', 'Mine 9', 20)]);
    await changing.end();
    const results = (await page).map((campaign) => `${campaign?.externalId} ${campaign?.name}`);
    expect(results).toEqual(['6 Poll 6', '7 Poll 7', '8 Poll 8', '9 Mine 9', '5 Poll 5']);
  });

  test('results keep their places where some campaigns are unknown, or named twice', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const changing = change(at, ['7', '8']);
    const page = at.observe([
      { ...polled('6', '', 10), reading: null },
      { ...polled('7', '', 10), reading: null },
      polled('8', 'Eight', 10),
      polled('9', 'Nine', 10),
      polled('8', 'Eight again', 11),
    ]);
    await expectWaiting(at, page);
    await changing.end();
    const results = (await page).map((campaign) => campaign?.externalId ?? null);
    expect(results).toEqual([null, null, '8', '9', '8']);
  });

  test('the same campaign of another account does not wait', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const changing = change(at, ['7'], 'other');
    const one = change(at, null, 'other');
    await at.observe([polled('7', 'First', 10)]);
    expect(told(at)).toEqual(['POLL main:7 First']);
    await Promise.all([changing.end(), one.end()]);
  });

  test('a page larger than a transaction keeps its places', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const ids = Array.from({ length: 250 }, (_, place) => `c${place}`);
    const changing = change(at, ['c0', 'c120', 'c249']);
    const page = at.observe(ids.map((id) => polled(id, id, 10)));
    await expectWaiting(at, page);
    await changing.end();
    expect((await page).map((campaign) => campaign?.externalId)).toEqual(ids);
  });

  test('a change that fails without a read-back lets what has waited be told by its own cause', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([polled('7', 'First', 1)]);
    const changing = change(at, ['7']);
    const poll = at.observe([polled('7', 'Second', 10)]);
    const query = at.observe([{ ...polled('7', 'Third', 20), cause: 'QUERY' }]);
    await expectWaiting(at, Promise.race([poll, query]));
    await changing.fail(new Error('The provider is away.'));
    await Promise.all([poll, query]);
    expect(told(at)).toEqual(['POLL main:7 First', 'POLL main:7 Second', 'QUERY main:7 Third']);
    await at.observe([polled('7', 'Fourth', 30)]);
    expect(told(at).at(-1)).toBe('POLL main:7 Fourth');
  });

  test('a change that throws before it has begun holds nothing up', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const failing = at.whileChanging('main', ['7'], () => {
      throw new TypeError('Our own fault.');
    });
    await expect(failing).rejects.toThrow('Our own fault.');
    expect(await at.observe([polled('7', 'First', 10)])).toMatchObject([{ name: 'First' }]);
  });

  test.each([
    ['the first', 0],
    ['the second', 1],
  ])('of two changes at once both are waited for, though %s ends first', async (_which, first) => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([polled('7', 'First', 1)]);
    const changes = [change(at, ['7']), change(at, ['7', '8'])];
    // It would be news before the second read-back, and is not after it.
    const poll = at.observe([polled('7', 'Third', 25)]);
    await at.observe([readBack('7', 'Second', 20)]);
    await changes[first]?.end();
    await expectWaiting(at, poll);
    await at.observe([readBack('7', 'Third', 30)]);
    await changes[1 - first]?.end();
    expect(await poll).toMatchObject([{ name: 'Third', revision: 3 }]);
    expect(told(at)).toEqual(['POLL main:7 First', 'MUTATION main:7 Second', 'MUTATION main:7 Third']);
  });

  test('each of two changes is told, in the order in which they were read back', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const work = (name: string, askedAt: number) => async () => {
      await at.observe([readBack('7', name, askedAt)]);
      return name;
    };
    const ended = await Promise.all([
      at.whileChanging('main', ['7'], work('One', 10)),
      at.whileChanging('main', ['7'], work('Two', 20)),
    ]);
    expect(ended).toEqual(['One', 'Two']);
    expect(told(at)).toEqual(['MUTATION main:7 One', 'MUTATION main:7 Two']);
  });

  test('that a list says of it what it said before does not make its read-back late', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([polled('7', 'First', 1)]);
    const changing = change(at, ['7']);
    at.saw({ ...polled('7', 'First', 30), fromList: true });
    const [seen] = await at.observe([readBack('7', 'Second', 20)]);
    await changing.end();
    expect(seen).toMatchObject({ name: 'Second' });
    expect(told(at)).toEqual(['POLL main:7 First', 'MUTATION main:7 Second']);
  });

  test('stopping waits for what has waited for a change', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const changing = change(at, ['7']);
    const poll = at.observe([polled('7', 'First', 10)]);
    const stopped = at.stop().then(() => told(at));
    await changing.end();
    expect(await stopped).toEqual(['POLL main:7 First']);
    await poll;
  });
});

describe.each(databaseKinds)('while a campaign is being made, on %s', (kind) => {
  test('a new campaign that a list of the account names waits, and is told as made; known ones do not wait', async () => {
    await using at = await openObserver(await createDatabase(kind));
    await at.observe([polled('1', 'Known', 1)]);
    const making = change(at, null);
    const page = at.observe([listed('2', 'New', 10), listed('1', 'Renamed', 10)]);
    await expectWaiting(at, page);
    expect(told(at)).toEqual(['POLL main:1 Known', 'POLL main:1 Renamed']);
    await at.observe([readBack('2', 'New', 20)]);
    await making.end();
    expect(await page).toMatchObject([
      { externalId: '2', revision: 1 },
      { externalId: '1', revision: 2 },
    ]);
    expect(told(at).at(-1)).toBe('MUTATION main:2 New');
    expect(told(at)).toHaveLength(3);
  });

  test('another new campaign waits too, and is told by its own cause', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const making = change(at, null);
    const page = at.observe([listed('2', 'Mine', 10), listed('3', 'Not mine', 10)]);
    await at.observe([readBack('2', 'Mine', 20)]);
    await making.end();
    await page;
    expect(told(at)).toEqual(['MUTATION main:2 Mine', 'POLL main:3 Not mine']);
  });

  test('a new campaign that is read by its id does not wait: nobody knows the id of what is being made', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const making = change(at, null);
    await at.observe([{ ...polled('2', 'Asked for', 10), cause: 'QUERY' }]);
    expect(told(at)).toEqual(['QUERY main:2 Asked for']);
    await making.end();
  });

  test('new campaigns of other accounts do not wait', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const making = change(at, null);
    await at.observe([{ ...listed('2', 'Elsewhere', 10), account: 'other' }]);
    expect(at.told()).toEqual(['POLL other:2 Elsewhere']);
    await making.end();
  });

  test('once it is read back it is as any other', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const making = change(at, null);
    await at.observe([readBack('2', 'New', 20)]);
    await at.observe([polled('2', 'Renamed', 30)]);
    expect(told(at)).toEqual(['MUTATION main:2 New', 'POLL main:2 Renamed']);
    await making.end();
  });

  test('where it fails, what has waited is told by its own cause', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const making = change(at, null);
    const poll = at.observe([listed('2', 'New', 10)]);
    await expectWaiting(at, poll);
    await making.fail(new Error('Not made.'));
    await poll;
    expect(told(at)).toEqual(['POLL main:2 New']);
  });

  test('of two that are made at once a new campaign waits for both', async () => {
    await using at = await openObserver(await createDatabase(kind));
    const [one, other] = [change(at, null), change(at, null)];
    const page = at.observe([listed('2', 'One', 10), listed('3', 'Other', 10)]);
    await at.observe([readBack('2', 'One', 20)]);
    await one.end();
    await expectWaiting(at, page);
    await at.observe([readBack('3', 'Other', 30)]);
    await other.end();
    expect(await page).toMatchObject([{ externalId: '2' }, { externalId: '3' }]);
    expect(told(at)).toEqual(['MUTATION main:2 One', 'MUTATION main:3 Other']);
  });

  test('a campaign that is stored from before a restart does not wait', async () => {
    const url = await createDatabase(kind);
    {
      await using before = await openObserver(url);
      await before.observe([polled('1', 'Known', 1)]);
    }
    await using at = await openObserver(url);
    const making = change(at, null);
    await at.observe([listed('1', 'Renamed', 10)]);
    expect(told(at)).toEqual(['POLL main:1 Renamed']);
    await making.end();
  });
});
