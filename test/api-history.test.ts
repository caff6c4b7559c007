import { beforeAll, describe, expect, test } from 'vitest';
import { type SimulatedProvider, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const id = 'campaign:appizer-main:camp_1';
const steps = 12;

interface Change {
  readonly revision: number;
  readonly fromRevision: number;
  readonly at: string;
  readonly cause: string;
  readonly kinds: readonly string[];
  readonly changedFields: readonly string[];
  readonly transitions: readonly object[];
  readonly stats: { readonly sent: number } | null;
  readonly campaign: { readonly id: string; readonly revision: number };
}

interface Page {
  readonly edges: readonly { readonly cursor: string; readonly node: Change }[];
  readonly nodes: readonly Change[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

interface Point {
  readonly at: string;
  readonly status: string;
  readonly stats: { readonly sent: number };
}

/** Takes a campaign through `steps` revisions, the last of which ends it; each is seen on its own. */
async function live(app: TestApp, appizer: SimulatedProvider): Promise<void> {
  appizer.add({ externalId: 'camp_1', status: 'sending', counters: { recipients: 100, sent: 1 } });
  for (let sent = 2; sent <= steps + 1; sent += 1) {
    const { data } = await app.request(`{ campaign(id: "${id}", maxAgeSeconds: 0) { stats { sent } } }`);
    expect(data.campaign.stats.sent).toBe(sent - 1);
    // What is measured between two readings must have time between them: the clock has whole milliseconds.
    const before = Date.now();
    await until(() => Date.now() > before);
    const status = sent === steps ? 'completed' : 'sending';
    if (sent <= steps) appizer.set('camp_1', { status, counters: { sent } });
  }
}

describe.each(databaseKinds)('what a campaign has gone through, on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    await using stack = new AsyncDisposableStack();
    const simulator = stack.use(await startSimulator({ campaigns: 0 }));
    app = stack.use(
      await startTestApp({
        database: await createDatabase(kind),
        accounts: [accountAt(simulator, 'appizer')],
        // Only what the test asks for is read.
        polling: { fastest: 600, slowest: 3_600 },
      }),
    );
    await live(app, simulator.providers.appizer);
    const kept = stack.move();
    return () => kept.disposeAsync();
  });

  async function history(variables: object): Promise<Page> {
    const { data, errors } = await app.request(
      `query ($id: ID!, $first: Int, $after: String) { campaign(id: $id) { history(first: $first, after: $after) {
        edges { cursor node { revision } }
        nodes {
          revision fromRevision at cause kinds changedFields
          transitions { from to providerStatus at } stats { sent } campaign { id revision }
        }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      } } }`,
      { id, ...variables },
    );
    expect(errors).toBeUndefined();
    return data.campaign.history;
  }

  async function series(variables: object): Promise<readonly Point[]> {
    const { data, errors } = await app.request(
      `query ($id: ID!, $from: DateTime, $to: DateTime, $points: Int) {
        campaign(id: $id) { series(from: $from, to: $to, points: $points) { at status stats { sent } } }
      }`,
      { id, ...variables },
    );
    expect(errors).toBeUndefined();
    return data.campaign.series;
  }

  const sentOf = (points: readonly Point[]) => points.map(({ stats }) => stats.sent);
  const upTo = (count: number) => Array.from({ length: count }, (_, place) => place + 1);

  test('the history tells every step, newest first', async () => {
    const { nodes, pageInfo } = await history({});
    expect(nodes.map(({ revision }) => revision)).toEqual(upTo(steps).reverse());
    expect(nodes.map(({ stats }) => stats?.sent)).toEqual(upTo(steps).reverse());
    for (const node of nodes) {
      expect(node.fromRevision).toBe(node.revision - 1);
      expect(node.campaign).toEqual({ id, revision: steps });
    }
    expect(nodes.at(-1)).toMatchObject({
      cause: 'QUERY',
      kinds: ['FOLLOWED'],
      transitions: [{ from: null, to: 'SENDING', providerStatus: 'sending' }],
    });
    expect(nodes[1]).toMatchObject({ kinds: ['STATS'], transitions: [] });
    expect(nodes[1]?.changedFields).toEqual(
      expect.arrayContaining(['progress', 'stats.sent', 'stats.queued', 'stats.unreported']),
    );
    expect(nodes[0]).toMatchObject({
      kinds: ['STATUS', 'STATS'],
      transitions: [{ from: 'SENDING', to: 'COMPLETED', providerStatus: 'completed', at: nodes[0]?.at }],
    });
    expect(nodes[0]?.changedFields).toEqual(expect.arrayContaining(['status', 'active', 'stats.sent']));
    expect(pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
  });

  test('the history comes in pages, each step once', async () => {
    const found: number[] = [];
    let after: string | null = null;
    for (;;) {
      const { edges, nodes, pageInfo }: Page = await history({ first: 5, after });
      expect(pageInfo.startCursor).toBe(edges[0]?.cursor);
      expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor);
      expect(pageInfo.hasPreviousPage).toBe(found.length > 0);
      found.push(...nodes.map(({ revision }) => revision));
      expect(pageInfo.hasNextPage).toBe(found.length < steps);
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(found).toEqual(upTo(steps).reverse());
  });

  test('a page that ends with the first step has no next one', async () => {
    expect((await history({ first: steps })).pageInfo.hasNextPage).toBe(false);
    expect((await history({ first: steps - 1 })).pageInfo.hasNextPage).toBe(true);
    expect((await history({ first: 0 })).nodes).toEqual([]);
  });

  test('the series has every point, oldest first', async () => {
    const points = await series({});
    expect(sentOf(points)).toEqual(upTo(steps));
    expect(points.map(({ status }) => status)).toEqual([
      ...Array.from({ length: steps - 1 }, () => 'SENDING'),
      'COMPLETED',
    ]);
    expect(points.map(({ at }) => at)).toEqual(points.map(({ at }) => at).toSorted());
  });

  test('the series of a span, both ends included', async () => {
    const points = await series({});
    const [from, to] = [points[3]?.at, points[8]?.at];
    expect(sentOf(await series({ from, to }))).toEqual([4, 5, 6, 7, 8, 9]);
    expect(sentOf(await series({ from }))).toEqual(upTo(steps).slice(3));
    expect(sentOf(await series({ to }))).toEqual(upTo(9));
    expect(await series({ from: to, to: from })).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5, 6, 11, 12, 13, 500])('the series in at most %i points', async (points) => {
    const sent = sentOf(await series({ points }));
    expect(sent.length).toBeLessThanOrEqual(points);
    // At least half of what was asked for is made use of, where there is as much.
    expect(sent.length).toBeGreaterThanOrEqual(Math.min(steps, Math.ceil(points / 2)));
    expect(sent.at(-1)).toBe(steps);
    const distances = sent.slice(1).map((value, place) => value - (sent[place] ?? 0));
    expect(new Set(distances).size).toBeLessThanOrEqual(1);
  });

  test('the series thinned within a span', async () => {
    const points = await series({});
    const thinned = sentOf(await series({ from: points[2]?.at, to: points[7]?.at, points: 3 }));
    expect(thinned).toEqual([4, 6, 8]);
  });

  test('no points', async () => {
    expect(await series({ points: 0 })).toEqual([]);
  });

  test.each([
    ['history(first: 501) { nodes { at } }', 'first'],
    ['history(first: -1) { nodes { at } }', 'first'],
    ['history(after: "garbage") { nodes { at } }', 'after'],
    ['series(points: 501) { at }', 'points'],
    ['series(points: -1) { at }', 'points'],
  ])('%s is refused', async (field, argument) => {
    const { errors } = await app.request(`{ campaign(id: "${id}") { ${field} } }`);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT', argument } }]);
  });
});
