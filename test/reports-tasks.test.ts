import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Task, taskStatuses } from '../src/model/task.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { openDatabase } from '../src/store/database.ts';
import { createTaskStore } from '../src/store/tasks.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { overSse } from './support/subscribe.ts';

const connection = `
  totalCount nodes { id } edges { cursor node { id } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;
const list = `query ($filter: TaskFilter, $first: Int, $after: String) {
  tasks(filter: $filter, first: $first, after: $after) { ${connection} }
}`;
const ofCampaign = `query ($id: ID!, $first: Int, $after: String) {
  campaign(id: $id) { tasks(first: $first, after: $after) { ${connection} } }
}`;
const fields = `__typename id kind status providerStatus createdAt updatedAt completedAt fileUrl
  problem { code message providerCode at } account { name } campaign { id } report { rowCount }`;

const node = z.object({ id: z.string() });
const pageSchema = z.object({
  totalCount: z.number(),
  nodes: z.array(node),
  edges: z.array(z.object({ cursor: z.string(), node })),
  pageInfo: z.object({
    hasNextPage: z.boolean(),
    hasPreviousPage: z.boolean(),
    startCursor: z.string().nullable(),
    endCursor: z.string().nullable(),
  }),
});

type Page = z.output<typeof pageSchema>;

const at = Date.UTC(2026, 0, 1, 10);
const problem = { code: 'PROVIDER_REJECTED', message: 'It failed.', providerCode: '7', at: at + 9 } as const;

/** Tasks of two accounts, and of one that is no longer configured; several of each moment, campaign and status. */
const all: readonly Task[] = Array.from({ length: 36 }, (_, place) => {
  const account = ['selzy-main', 'selzy-other', 'selzy-gone'][place % 3] ?? '';
  const status = taskStatuses[Math.floor(place / 3) % 4] ?? 'QUEUED';
  const createdAt = at + Math.floor(place / 5) * 1_000;
  const isOver = status === 'COMPLETED' || status === 'FAILED';
  return {
    key: `${account}:u-${place}`,
    account,
    uuid: `u-${place}`,
    campaignKey: `${account}:${1 + (Math.floor(place / 12) % 2)}`,
    kind: 'DELIVERY_REPORT',
    status,
    providerStatus: 'purring',
    createdAt,
    updatedAt: createdAt + 20,
    completedAt: isOver ? createdAt + 10 : null,
    problem: status === 'FAILED' ? problem : null,
    fileUrl: status === 'COMPLETED' ? 'https://files.example.com/r.csv?signature=1' : null,
    order: { changedSince: null, fieldIds: [] },
  };
});
const visible = all
  .filter(({ account }) => account !== 'selzy-gone')
  .toSorted((one, other) => other.createdAt - one.createdAt || (other.key < one.key ? -1 : 1));

function idsWhere(fits: (task: Task) => boolean): readonly string[] {
  return visible.filter(fits).map(({ key }) => `task:${key}`);
}

describe.each(databaseKinds)('tasks on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    await using stack = new AsyncDisposableStack();
    const simulator = stack.use(await startSimulator({ campaigns: 0 }));
    const { selzy } = simulator.providers;
    // Those that go on are asked about; there is no answer while the tests last.
    selzy.fault({ kind: 'hang' }, { operation: 'async/getTaskResult' });
    for (const externalId of ['1', '2', '3']) selzy.add({ externalId, status: 'completed' });
    const url = await createDatabase(kind);
    {
      await using database = await openDatabase(url, () => {});
      const store = createTaskStore(database);
      for (const task of all) await store.add(task, `hash of ${task.key}`);
    }
    const accounts = ['selzy-main', 'selzy-other'].map((name) =>
      accountAt(simulator, 'selzy', { name, timeoutSeconds: 60 }),
    );
    const polling = { fastest: 600, slowest: 3_600 };
    app = stack.use(await startTestApp({ database: url, accounts, polling }));
    for (const { name } of accounts) {
      for (const id of ['1', '2']) await app.request(`{ campaign(id: "campaign:${name}:${id}") { id } }`);
    }
    const kept = stack.move();
    return () => kept.disposeAsync();
  });

  async function page(variables: object): Promise<Page> {
    const { data, errors } = await app.request(list, { ...variables });
    expect(errors).toBeUndefined();
    return pageSchema.parse(data.tasks);
  }

  /** All that `ask` gives, page by page; each page is checked against the others. */
  async function paged(ask: (place: object) => Promise<Page>, first: number): Promise<readonly string[]> {
    const found: string[] = [];
    for (let after: string | null = null; ; ) {
      const { nodes, edges, pageInfo }: Page = await ask({ first, after });
      expect(edges.map((edge) => edge.node)).toEqual(nodes);
      expect(pageInfo).toMatchObject({
        hasPreviousPage: after !== null,
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      });
      found.push(...nodes.map(({ id }) => id));
      if (!pageInfo.hasNextPage) return found;
      expect(nodes).toHaveLength(first);
      after = pageInfo.endCursor;
    }
  }

  test('one is found by its id, in each of its states', async () => {
    for (const task of visible) {
      const id = `task:${task.key}`;
      const query = `query ($id: ID!) { task(id: $id) { ${fields} } node(id: $id) { __typename ... on Task { ${fields} } } }`;
      const { data, errors } = await app.request(query, { id });
      expect(errors).toBeUndefined();
      const iso = (time: number | null) => time && new Date(time).toISOString();
      expect(data.task).toEqual({
        __typename: 'Task',
        id,
        kind: 'DELIVERY_REPORT',
        status: task.status,
        providerStatus: 'purring',
        createdAt: iso(task.createdAt),
        updatedAt: iso(task.updatedAt),
        completedAt: iso(task.completedAt),
        fileUrl: task.fileUrl,
        problem: task.problem && { ...problem, at: iso(problem.at) },
        account: { name: task.account },
        campaign: { id: `campaign:${task.campaignKey}` },
        report: null,
      });
      expect(data.node).toEqual(data.task);
    }
  });

  test.each(['task:selzy-gone:u-2', 'task:selzy-main:u-1', 'task:selzy-main:none', 'task:nobody:u-1'])(
    '%s names nothing',
    async (id) => {
      const query = 'query ($id: ID!) { task(id: $id) { id } node(id: $id) { id } }';
      expect(await app.request(query, { id })).toEqual({ data: { task: null, node: null } });
      using told = overSse(app.url, 'subscription ($ids: [ID!]) { taskUpdated(ids: $ids) { id } }', {
        ids: [id, 'task:selzy-main:u-0'],
      });
      await told.atLeast(1);
      expect(told.events).toEqual([{ id: 'task:selzy-main:u-0' }]);
    },
  );

  test.each([
    'u-1',
    'selzy-main:u-1',
    'task:selzy-main',
    'task:selzy-main:',
    'task:selzy-main:a b',
    'campaign:selzy-main:1',
  ])('"%s" is no id', async (id) => {
    const { data, errors } = await app.request('query ($id: ID!) { task(id: $id) { id } }', { id });
    expect(data.task).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT', argument: 'id' } }]);
  });

  test.each([1, 5, 24, 500])('are listed each once, newest first, %i at a time', async (first) => {
    expect(await paged(page, first)).toEqual(idsWhere(() => true));
  });

  test('are listed twenty at a time unless said, with their number', async () => {
    const { nodes, totalCount } = await page({});
    expect([nodes.length, totalCount]).toEqual([20, visible.length]);
    expect(await page({ first: 0 })).toMatchObject({ nodes: [], totalCount: visible.length });
  });

  test.each<[string, object, (task: Task) => boolean]>([
    ['an account', { accounts: ['selzy-other'] }, ({ account }) => account === 'selzy-other'],
    [
      'accounts, one of them gone',
      { accounts: ['selzy-gone', 'selzy-main'] },
      ({ account }) => account === 'selzy-main',
    ],
    ['no account', { accounts: [] }, () => false],
    ['a status', { statuses: ['FAILED'] }, ({ status }) => status === 'FAILED'],
    ['statuses', { statuses: ['QUEUED', 'COMPLETED'] }, ({ status }) => /^(QUEUED|COMPLETED)$/.test(status)],
    ['no status', { statuses: [] }, () => false],
    [
      'a campaign',
      { campaignId: 'campaign:selzy-main:2' },
      ({ campaignKey }) => campaignKey === 'selzy-main:2',
    ],
    ['a campaign of an account that is gone', { campaignId: 'campaign:selzy-gone:1' }, () => false],
    [
      "another account's campaign",
      { campaignId: 'campaign:selzy-main:2', accounts: ['selzy-other'] },
      () => false,
    ],
    [
      'all of it',
      { campaignId: 'campaign:selzy-main:1', accounts: ['selzy-main'], statuses: ['RUNNING', 'FAILED'] },
      ({ campaignKey, status }) => campaignKey === 'selzy-main:1' && /^(RUNNING|FAILED)$/.test(status),
    ],
    ['nothing', { accounts: null, campaignId: null, statuses: null }, () => true],
  ])('are narrowed by %s', async (_what, filter, fits) => {
    const ids = idsWhere(fits);
    for (const first of [2, 500])
      expect(await paged((place) => page({ filter, ...place }), first)).toEqual(ids);
    expect((await page({ filter, first: 1 })).totalCount).toBe(ids.length);
  });

  test('of a campaign are listed with it', async () => {
    for (const key of ['selzy-main:1', 'selzy-other:2', 'selzy-main:3']) {
      const expected = idsWhere(({ campaignKey }) => campaignKey === key);
      const ask = async (place: object): Promise<Page> => {
        const { data, errors } = await app.request(ofCampaign, { id: `campaign:${key}`, ...place });
        expect(errors).toBeUndefined();
        expect(data.campaign.tasks.totalCount).toBe(expected.length);
        return pageSchema.parse(data.campaign.tasks);
      };
      for (const first of [1, 500]) expect(await paged(ask, first)).toEqual(expected);
    }
  });

  const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

  test.each<[string, object]>([
    ['first above 500', { first: 501 }],
    ['first below 0', { first: -1 }],
    ['a cursor that is none', { after: 'garbage' }],
    ['a cursor of something else', { after: cursor('row', 'a@example.com') }],
    ['a cursor without a key', { after: cursor('task', 1) }],
    ['a cursor whose moment is none', { after: cursor('task', 1.5, 'selzy-main:u') }],
    ['a cursor beyond all numbers', { after: cursor('task', 1e300, 'selzy-main:u') }],
    ['a cursor with a text that no database holds', { after: cursor('task', 1, 'selzy-main:\u0000') }],
    ['a campaign that is none', { filter: { campaignId: 'task:selzy-main:u-1' } }],
    ['a campaign without a name', { filter: { campaignId: '' } }],
  ])('%s is refused', async (_what, variables) => {
    const { data, errors } = await app.request(list, { ...variables });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
    expect(data).toBeNull();
  });
});
