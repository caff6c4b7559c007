import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { DeliveryOutcome } from '../src/model/task.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const rowsQuery = `query ($id: ID!, $filter: DeliveryRowFilter, $first: Int, $after: String) { task(id: $id) {
  completedAt
  report { rowCount byOutcome { outcome count } rows(filter: $filter, first: $first, after: $after) {
    totalCount
    nodes { recipient outcome }
    edges { cursor node { recipient } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
} }`;

const pageSchema = z.object({
  totalCount: z.number(),
  nodes: z.array(z.object({ recipient: z.string(), outcome: z.string() })),
  edges: z.array(z.object({ cursor: z.string(), node: z.object({ recipient: z.string() }) })),
  pageInfo: z.object({
    hasNextPage: z.boolean(),
    hasPreviousPage: z.boolean(),
    startCursor: z.string().nullable(),
    endCursor: z.string().nullable(),
  }),
});

type Page = z.output<typeof pageSchema>;

const words: readonly (readonly [word: string, outcome: DeliveryOutcome])[] = [
  ['ok_delivered', 'DELIVERED'],
  ['not_sent', 'PENDING'],
  ['err_mailbox_full', 'SOFT_BOUNCED'],
  ['err_user_unknown', 'HARD_BOUNCED'],
  ['ok_delivered', 'DELIVERED'],
];
/** In the order of their bytes: in UTF-16 the last two would be the other way round. */
const names = [
  '"Anna" <a@example.com>',
  "O'Hara@example.com",
  'Z@example.com',
  '_a%@example.com',
  ...Array.from({ length: 90 }, (_, place) => `reader${String(place).padStart(3, '0')}@example.com`),
  'é@example.com',
  '\uFF21@example.com',
  '😀@example.com',
];
const all = names.map((recipient, place) => {
  const [word, outcome] = words[place % words.length] ?? ['', 'UNKNOWN'];
  return { recipient, word, outcome };
});

describe.each(databaseKinds)('the rows of a report on %s', (kind) => {
  let app: TestApp;
  let id: string;

  beforeAll(async () => {
    await using stack = new AsyncDisposableStack();
    const inFile = all.toReversed();
    const table = {
      header: ['email', 'send_result'],
      rowCount: all.length,
      row: (place: number) => [inFile[place]?.recipient ?? '', inFile[place]?.word ?? ''],
    };
    const simulator = stack.use(
      await startSimulator({ campaigns: 0, selzyTaskSeconds: 0.1, selzyQuirks: { table } }),
    );
    simulator.providers.selzy.add({ externalId: '1', status: 'completed' });
    app = stack.use(
      await startTestApp({
        database: await createDatabase(kind),
        accounts: [accountAt(simulator, 'selzy', { reportHosts: ['127.0.0.1'] })],
        polling: { fastest: 600, slowest: 3_600 },
      }),
    );
    const { data } = await app.request(
      'mutation { requestDeliveryReport(input: { campaignId: "campaign:selzy-main:1" }) { task { id } } }',
    );
    id = data.requestDeliveryReport.task.id;
    await until(async () => (await app.request(rowsQuery, { id })).data.task.completedAt);
    const kept = stack.move();
    return () => kept.disposeAsync();
  });

  async function page(variables: object): Promise<Page> {
    const { data, errors } = await app.request(rowsQuery, { id, ...variables });
    expect(errors).toBeUndefined();
    return pageSchema.parse(data.task.report.rows);
  }

  /** All recipients that fit, page by page; each page is checked against the others. */
  async function paged(filter: object, first: number): Promise<readonly string[]> {
    const found: string[] = [];
    for (let after: string | null = null; ; ) {
      const { nodes, edges, pageInfo }: Page = await page({ filter, first, after });
      const recipients = nodes.map(({ recipient }) => recipient);
      expect(edges.map(({ node }) => node.recipient)).toEqual(recipients);
      expect(pageInfo).toMatchObject({
        hasPreviousPage: after !== null,
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      });
      found.push(...recipients);
      if (!pageInfo.hasNextPage) return found;
      expect(nodes).toHaveLength(first);
      after = pageInfo.endCursor;
    }
  }

  test.each([1, 7, 48, 97, 500])(
    'come each once, in the order of their bytes, %i at a time',
    async (first) => {
      expect(await paged({}, first)).toEqual(names);
    },
  );

  test('come a hundred at a time unless said, and with their number', async () => {
    const { nodes, totalCount } = await page({});
    expect([nodes.length, totalCount]).toEqual([Math.min(100, names.length), names.length]);
    const { data } = await app.request(rowsQuery, { id });
    const counts = new Map<string, number>();
    for (const { outcome } of all) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    expect(data.task.report.rowCount).toBe(all.length);
    expect(data.task.report.byOutcome).toHaveLength(counts.size);
    expect(data.task.report.byOutcome).toEqual(
      expect.arrayContaining([...counts].map(([outcome, count]) => ({ outcome, count }))),
    );
  });

  test('a page of none tells that there are some', async () => {
    expect(await page({ first: 0 })).toEqual({
      totalCount: names.length,
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  test('go on behind any of them', async () => {
    const { edges } = await page({ first: 500 });
    for (const [place, { cursor }] of edges.entries()) {
      const { nodes } = await page({ first: 2, after: cursor });
      expect(nodes.map(({ recipient }) => recipient)).toEqual(names.slice(place + 1, place + 3));
    }
  });

  const outcomeIn =
    (...outcomes: readonly DeliveryOutcome[]) =>
    ({ outcome }: (typeof all)[number]) =>
      outcomes.includes(outcome);

  test.each<[string, object, (row: (typeof all)[number]) => boolean]>([
    ['an outcome', { outcomes: ['PENDING'] }, outcomeIn('PENDING')],
    [
      'several outcomes',
      { outcomes: ['SOFT_BOUNCED', 'HARD_BOUNCED', 'CLICKED'] },
      outcomeIn('SOFT_BOUNCED', 'HARD_BOUNCED'),
    ],
    ['an outcome that none has', { outcomes: ['COMPLAINED'] }, () => false],
    ['an empty list of outcomes', { outcomes: [] }, () => false],
    ['nothing', { outcomes: null, recipient: null }, () => true],
    ['a recipient', { recipient: '😀@example.com' }, ({ recipient }) => recipient === '😀@example.com'],
    ['a recipient that is not there', { recipient: 'reader' }, () => false],
    ['an empty recipient', { recipient: '' }, () => false],
    ['a pattern', { recipient: '%' }, () => false],
    [
      'a recipient and its outcome',
      { recipient: names[0], outcomes: ['DELIVERED'] },
      (row) => row === all[0],
    ],
    ['a recipient and another outcome', { recipient: names[0], outcomes: ['PENDING'] }, () => false],
  ])('are narrowed by %s', async (_what, filter, fits) => {
    const expected = all.filter(fits);
    for (const first of [3, 500])
      expect(await paged(filter, first)).toEqual(expected.map(({ recipient }) => recipient));
    const { totalCount, nodes } = await page({ filter, first: 500 });
    expect(totalCount).toBe(expected.length);
    expect(nodes).toEqual(expected.map(({ recipient, outcome }) => ({ recipient, outcome })));
  });

  test('of a recipient that no text can be are none', async () => {
    for (const recipient of ['a\u0000b', '\u0000', '\ud800']) {
      const { data, errors } = await app.request(rowsQuery, { id, filter: { recipient } });
      const codes = errors?.map(({ extensions }) => extensions.code) ?? [];
      expect([recipient, codes.filter((code) => code !== 'BAD_INPUT')]).toEqual([recipient, []]);
      expect(data?.task.report?.rows.nodes ?? []).toEqual([]);
    }
  });

  const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

  test.each<[string, object]>([
    ['first above 500', { first: 501 }],
    ['first below 0', { first: -1 }],
    ['a cursor that is none', { after: 'garbage' }],
    ['a cursor of something else', { after: cursor('task', 1, 'selzy-main:u') }],
    ['a cursor without a recipient', { after: cursor('row') }],
    ['a cursor whose recipient is no text', { after: cursor('row', 7) }],
    ['a cursor with a text that no database holds', { after: cursor('row', 'a\u0000') }],
  ])('%s is refused', async (_what, variables) => {
    const { data, errors } = await app.request(rowsQuery, { id, ...variables });
    expect(errors).toMatchObject([
      { extensions: { code: 'BAD_INPUT', argument: Object.keys(variables)[0] } },
    ]);
    expect(data.task?.report ?? null).toBeNull();
  });
});
