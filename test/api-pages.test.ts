import { beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const statuses = ['Draft', 'Ready', 'Sending', 'Paused', 'Sent', 'Failed'];
const names = ['beta', 'Alpha', 'alpha', '', 'ветер', 'Ветер', 'ß', '😀', 'ｆull', 'beta', 'Z', 'a b', '%'];

const fields = ['NAME', 'STATUS', 'CREATED_AT', 'SCHEDULED_AT', 'CHANGED_AT'] as const;
const directions = ['ASC', 'DESC'] as const;
const orders = fields.flatMap((field) => directions.map((direction) => ({ field, direction })));

const order = [
  'DRAFT',
  'PENDING_APPROVAL',
  'REJECTED',
  'SCHEDULED',
  'QUEUED',
  'SENDING',
  'PAUSED',
  'COMPLETED',
  'CANCELED',
  'FAILED',
  'UNKNOWN',
];

interface Node {
  readonly id: string;
  readonly name: string | null;
  readonly status: string;
  readonly createdAt: string | null;
  readonly scheduledAt: string | null;
  readonly changedAt: string;
}

interface Connection {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly nodes: readonly Node[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly totalCount: number;
}

const list = `query ($first: Int, $after: String, $last: Int, $before: String, $orderBy: CampaignOrder) {
  campaigns(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy) {
    edges { cursor node { id name status createdAt scheduledAt changedAt } }
    nodes { id name status createdAt scheduledAt changedAt }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
  }
}`;

/** Texts by their bytes, moments and statuses as numbers; what is missing comes first. */
function sortValue(node: Node, field: (typeof fields)[number]): number | Buffer {
  const moment = (text: string | null) => (text === null ? Number.NEGATIVE_INFINITY : Date.parse(text));
  switch (field) {
    case 'NAME':
      return Buffer.from((node.name ?? '').toLowerCase());
    case 'STATUS':
      return order.indexOf(node.status);
    case 'CREATED_AT':
      return moment(node.createdAt);
    case 'SCHEDULED_AT':
      return moment(node.scheduledAt);
    case 'CHANGED_AT':
      return moment(node.changedAt);
  }
}

function compare(one: number | Buffer, other: number | Buffer): number {
  if (Buffer.isBuffer(one) && Buffer.isBuffer(other)) return Buffer.compare(one, other);
  return one === other ? 0 : one < other ? -1 : 1;
}

describe.each(databaseKinds)('lists of campaigns on %s', (kind) => {
  let app: TestApp;
  let all: readonly Node[] = [];

  beforeAll(async () => {
    await using stack = new AsyncDisposableStack();
    const simulator = stack.use(await startSimulator({ campaigns: 0 }));
    const { octeth, appizer } = simulator.providers;
    const start = Date.parse('2026-06-01T00:00:00Z');
    for (const [place, name] of names.entries()) {
      const scheduledAt = place % 3 === 0 ? null : start + (place % 4) * 86_400_000;
      octeth.add({
        name,
        status: statuses[place % statuses.length] ?? '',
        createdAt: start + (place % 5) * 3_600_000,
        scheduledAt,
        ...(place % 7 === 6 && { extra: { CreateDateTime: '0000-00-00 00:00:00' } }),
      });
    }
    const externalIds = ['camp_1', 'camp_2', 'camp_10'];
    for (const externalId of externalIds) {
      appizer.add({ externalId, status: 'completed', extra: { created_at: null } });
    }
    app = stack.use(
      await startTestApp({
        database: await createDatabase(kind),
        accounts: [accountAt(simulator, 'octeth'), accountAt(simulator, 'appizer')],
        follow: externalIds.map((externalId) => ({ account: 'appizer-main', externalId })),
        // Each is read once, and then nothing moves under the pages.
        polling: { fastest: 600, slowest: 3_600 },
      }),
    );
    all = await until(async () => {
      const { nodes } = await page({});
      return nodes.length === names.length + externalIds.length ? nodes : null;
    });
    const kept = stack.move();
    return () => kept.disposeAsync();
  });

  async function page(variables: object): Promise<Connection> {
    const { data, errors } = await app.request(list, { ...variables });
    expect(errors).toBeUndefined();
    return data.campaigns;
  }

  function expectedIds({ field, direction }: (typeof orders)[number]): string[] {
    const sign = direction === 'ASC' ? 1 : -1;
    return [...all]
      .sort(
        (one, other) =>
          sign * (compare(sortValue(one, field), sortValue(other, field)) || (one.id < other.id ? -1 : 1)),
      )
      .map(({ id }) => id);
  }

  test.each(orders)('by $field $direction, from the start', async (orderBy) => {
    const found: string[] = [];
    let after: string | null = null;
    for (;;) {
      const { edges, nodes, pageInfo, totalCount }: Connection = await page({ orderBy, first: 3, after });
      expect(edges.map(({ node }) => node)).toEqual(nodes);
      expect(totalCount).toBe(all.length);
      expect(pageInfo.startCursor).toBe(edges[0]?.cursor);
      expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor);
      expect(pageInfo.hasPreviousPage).toBe(found.length > 0);
      found.push(...nodes.map(({ id }) => id));
      expect(pageInfo.hasNextPage).toBe(found.length < all.length);
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(found).toEqual(expectedIds(orderBy));
  });

  test.each(orders)('by $field $direction, from the end', async (orderBy) => {
    const found: string[] = [];
    let before: string | null = null;
    for (;;) {
      const { nodes, pageInfo }: Connection = await page({ orderBy, last: 3, before });
      expect(pageInfo.hasNextPage).toBe(found.length > 0);
      found.unshift(...nodes.map(({ id }) => id));
      expect(pageInfo.hasPreviousPage).toBe(found.length < all.length);
      if (!pageInfo.hasPreviousPage) break;
      before = pageInfo.startCursor;
    }
    expect(found).toEqual(expectedIds(orderBy));
  });

  test('what changed last comes first unless another order is asked for', async () => {
    const { nodes } = await page({});
    expect(nodes.map(({ id }) => id)).toEqual(expectedIds({ field: 'CHANGED_AT', direction: 'DESC' }));
  });

  test('a page between two cursors', async () => {
    const orderBy = { field: 'NAME', direction: 'ASC' } as const;
    const { edges } = await page({ orderBy });
    const between = { orderBy, after: edges[2]?.cursor, before: edges[6]?.cursor };
    const inside = edges.slice(3, 6).map(({ node }) => node.id);
    expect((await page(between)).nodes.map(({ id }) => id)).toEqual(inside);
    expect((await page({ ...between, first: 2 })).nodes.map(({ id }) => id)).toEqual(inside.slice(0, 2));
    expect((await page({ ...between, last: 2 })).nodes.map(({ id }) => id)).toEqual(inside.slice(1));
  });

  test('a page of nothing', async () => {
    const { nodes, pageInfo, totalCount } = await page({ first: 0 });
    expect(nodes).toEqual([]);
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: null,
      endCursor: null,
    });
    expect(totalCount).toBe(all.length);
  });

  test('500 is the most', async () => {
    expect((await page({ first: 500 })).nodes).toHaveLength(all.length);
    expect((await page({ last: 500 })).nodes).toHaveLength(all.length);
  });

  const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

  test.each<[string, object]>([
    ['first and last together', { first: 1, last: 1 }],
    ['first above 500', { first: 501 }],
    ['last above 500', { last: 501 }],
    ['first below 0', { first: -1 }],
    ['last below 0', { last: -1 }],
    ['a cursor that is none', { after: 'garbage' }],
    ['a cursor that is none, backward', { last: 1, before: '{"}' }],
    ['a cursor of another order', { after: cursor('NAME', 'beta', 'octeth-main:1') }],
    ['a cursor whose value does not fit', { after: cursor('CHANGED_AT', 'beta', 'octeth-main:1') }],
    ['a cursor without a key', { after: cursor('CHANGED_AT', 1) }],
    ['a cursor whose value is no moment', { after: cursor('CHANGED_AT', 1.5, 'octeth-main:1') }],
    ['a cursor beyond all numbers', { after: cursor('CHANGED_AT', 1e300, 'octeth-main:1') }],
    ['a cursor with a text that no database holds', { after: cursor('CHANGED_AT', 1, '\u0000') }],
  ])('%s is refused', async (_what, variables) => {
    const { data, errors } = await app.request(list, { ...variables });
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
  });

  test('a cursor that a list gave is refused in a list of another order', async () => {
    const { pageInfo } = await page({ first: 1, orderBy: { field: 'CREATED_AT' } });
    const { errors } = await app.request(list, {
      after: pageInfo.endCursor,
      orderBy: { field: 'SCHEDULED_AT' },
    });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT', argument: 'after' } }]);
  });
});
