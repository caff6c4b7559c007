import { describe, expect, test } from 'vitest';
import { createDatabase, databaseKinds } from '../../test/support/databases.ts';
import { type Task, type TaskStatus, taskStatuses } from '../model/task.ts';
import { openDatabase } from './database.ts';
import { createTaskStore, type TaskFilter, type TaskPlace, type TaskStore } from './tasks.ts';

/** The tasks over a connection of its own. */
async function openTasks(url: string) {
  const database = await openDatabase(url, () => {});
  return { ...createTaskStore(database), [Symbol.asyncDispose]: () => database.destroy() };
}

const at = 1_790_000_000_123;

function task(uuid: string, more: Partial<Task> = {}): Task {
  const account = more.account ?? 'main';
  return {
    key: `${account}:${uuid}`,
    account,
    uuid,
    campaignKey: `${account}:1`,
    kind: 'DELIVERY_REPORT',
    status: 'QUEUED',
    providerStatus: 'new',
    createdAt: at,
    updatedAt: at,
    completedAt: null,
    problem: null,
    fileUrl: null,
    order: { changedSince: null, fieldIds: [] },
    ...more,
  };
}

/** All pages of a list, one after another. */
async function paged(tasks: TaskStore, filter: TaskFilter, limit: number): Promise<string[]> {
  const keys: string[] = [];
  for (let after: TaskPlace | null = null; ; ) {
    const page: Task[] = await tasks.list(filter, after, limit);
    keys.push(...page.map(({ key }) => key));
    after = page.at(-1) ?? null;
    if (page.length < limit || after === null) return keys;
  }
}

const problem = { code: 'PROVIDER_UNAVAILABLE', message: '„Пауза" 😀 \\', providerCode: '503', at } as const;

describe.each(databaseKinds)('tasks on %s', (kind) => {
  test('are kept to the last character, also over a restart', async () => {
    const url = await createDatabase(kind);
    const whole = task('u1', {
      status: 'RUNNING',
      providerStatus: 'processing',
      updatedAt: at + 1,
      completedAt: at + 2,
      problem,
      fileUrl: 'https://files.example.com/r.csv?signature=ä%20"',
      order: { changedSince: at - 987, fieldIds: [12, 3, 2_147_483_647] },
    });
    const bare = task('u2', { order: { changedSince: 0, fieldIds: [] } });
    {
      await using tasks = await openTasks(url);
      await tasks.add(whole, 'hash-1');
      await tasks.add(bare, 'hash-2');
      expect(await tasks.get(whole.key)).toStrictEqual(whole);
    }
    await using tasks = await openTasks(url);
    expect(await tasks.get(whole.key)).toStrictEqual(whole);
    expect(await tasks.get(bare.key)).toStrictEqual(bare);
    expect(await tasks.get('main:u3')).toBeNull();
  });

  test('are replaced by their next state, each by its own', async () => {
    await using tasks = await openTasks(await createDatabase(kind));
    const [one, other] = [task('u1'), task('u2')];
    await tasks.add(one, 'hash-1');
    await tasks.add(other, 'hash-2');
    const running: Task = { ...one, status: 'RUNNING', updatedAt: at + 4 };
    await tasks.update(running);
    expect(await tasks.get(one.key)).toStrictEqual(running);
    const failed: Task = { ...one, status: 'FAILED', updatedAt: at + 5, completedAt: at + 5, problem };
    await tasks.update(failed);
    expect(await tasks.get(one.key)).toStrictEqual(failed);
    expect(await tasks.get(other.key)).toStrictEqual(other);
    // Whoever comes after it is completed has been too slow.
    await tasks.update({ ...running, updatedAt: at + 6 });
    expect(await tasks.get(one.key)).toStrictEqual(failed);
    await tasks.update(task('u3'));
    expect(await tasks.get('main:u3')).toBeNull();
  });

  test('that are named a second time stay as they are', async () => {
    await using tasks = await openTasks(await createDatabase(kind));
    const known = task('u1', { status: 'RUNNING' });
    await tasks.add(known, 'hash-1');
    await tasks.add(task('u1', { createdAt: at + 9 }), 'hash-2');
    expect(await tasks.get(known.key)).toStrictEqual(known);
    expect(await tasks.count({ accounts: ['main'] })).toBe(1);
  });

  test("are found by their secret's hash and account, whatever has become of them", async () => {
    await using tasks = await openTasks(await createDatabase(kind));
    const known = task('u1');
    await tasks.add(known, 'hash-1');
    await tasks.add(task('u1', { account: 'other' }), 'hash-2');
    expect(await tasks.bySecret('main', 'hash-1')).toStrictEqual(known);
    await tasks.update({ ...known, status: 'COMPLETED', completedAt: at });
    expect(await tasks.bySecret('main', 'hash-1')).toMatchObject({ status: 'COMPLETED' });
    for (const [account, hash] of [
      ['other', 'hash-1'],
      ['main', 'hash-2'],
      ['main', 'HASH-1'],
      ['main', 'hash-'],
      ['main', ''],
      ['', 'hash-1'],
    ] as const) {
      expect([account, hash, await tasks.bySecret(account, hash)]).toEqual([account, hash, null]);
    }
  });

  test('are unfinished until their end is known, oldest first', async () => {
    await using tasks = await openTasks(await createDatabase(kind));
    for (const [place, age] of [5, 9, 7, 8].entries()) {
      await tasks.add(task(`u${place}`, { createdAt: at - age, status: 'RUNNING' }), `hash-${place}`);
    }
    await tasks.update(task('u2', { createdAt: at - 7, status: 'COMPLETED', completedAt: at }));
    const unfinished = await tasks.unfinished();
    expect(unfinished.map(({ task, secretHash }) => [task.uuid, secretHash])).toEqual([
      ['u1', 'hash-1'],
      ['u3', 'hash-3'],
      ['u0', 'hash-0'],
    ]);
    for (const place of [0, 1, 3]) {
      await tasks.update(task(`u${place}`, { status: 'FAILED', completedAt: at }));
    }
    expect(await tasks.unfinished()).toEqual([]);
  });
});

describe.each(databaseKinds)('a list of tasks on %s', (kind) => {
  const statuses: readonly TaskStatus[] = taskStatuses;
  /** Several of each moment, account, campaign and status. */
  const all = Array.from({ length: 48 }, (_, place) => {
    const account = place % 2 === 0 ? 'main' : 'other';
    return task(`u${place}`, {
      account,
      campaignKey: `${account}:${place % 3}`,
      status: statuses[place % 4] ?? 'QUEUED',
      createdAt: at + Math.floor(place / 5),
    });
  });
  const newestFirst = all.toSorted(
    (one, next) => next.createdAt - one.createdAt || (next.key < one.key ? -1 : 1),
  );
  const keysWhere = (fits: (one: Task) => boolean) => newestFirst.filter(fits).map(({ key }) => key);
  const both = ['main', 'other'];

  async function filled() {
    const tasks = await openTasks(await createDatabase(kind));
    for (const one of all) await tasks.add(one, `hash of ${one.key}`);
    return tasks;
  }

  test('has each once, newest first, however long its pages are', async () => {
    await using tasks = await filled();
    const keys = keysWhere(() => true);
    for (const limit of [1, 5, 7, 48, 100])
      expect(await paged(tasks, { accounts: both }, limit)).toEqual(keys);
    expect(await tasks.list({ accounts: both }, null, 0)).toEqual([]);
    expect(await tasks.list({ accounts: both }, newestFirst.at(-1) ?? null, 5)).toEqual([]);
  });

  test('goes on from a place that nobody is at any more', async () => {
    await using tasks = await filled();
    const place = { createdAt: at + 4, key: 'main:u2222' };
    const behind = keysWhere(
      ({ createdAt, key }) => createdAt < at + 4 || (createdAt === at + 4 && key < place.key),
    );
    const page = await tasks.list({ accounts: both }, place, 100);
    expect(page.map(({ key }) => key)).toEqual(behind);
  });

  test.each<[string, TaskFilter, (one: Task) => boolean]>([
    ['one account', { accounts: ['main'] }, ({ account }) => account === 'main'],
    ['an account that is not there', { accounts: ['nobody', 'Main', ''] }, () => false],
    ['no account', { accounts: [] }, () => false],
    [
      'one campaign',
      { accounts: both, campaignKey: 'main:2' },
      ({ campaignKey }) => campaignKey === 'main:2',
    ],
    ["another account's campaign", { accounts: ['other'], campaignKey: 'main:2' }, () => false],
    ['a status', { accounts: both, statuses: ['FAILED'] }, ({ status }) => status === 'FAILED'],
    [
      'several statuses',
      { accounts: both, statuses: ['QUEUED', 'COMPLETED', 'QUEUED'] },
      ({ status }) => status === 'QUEUED' || status === 'COMPLETED',
    ],
    ['no status', { accounts: both, statuses: [] }, () => false],
    [
      'all of them',
      { accounts: ['other'], campaignKey: 'other:1', statuses: ['RUNNING', 'FAILED'] },
      ({ account, campaignKey, status }) =>
        account === 'other' && campaignKey === 'other:1' && ['RUNNING', 'FAILED'].includes(status),
    ],
  ])('can be narrowed by %s, page by page, and counted', async (_what, filter, fits) => {
    await using tasks = await filled();
    const keys = keysWhere(fits);
    for (const limit of [2, 48]) expect(await paged(tasks, filter, limit)).toEqual(keys);
    expect(await tasks.count(filter)).toBe(keys.length);
  });
});
