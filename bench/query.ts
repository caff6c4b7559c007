import { Agent, request } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { configFor, startProviders, untilAllRead } from './support/campaigns.ts';
import { type Child, startChild } from './support/child.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { median, printMachine, printTable, quantile, startOptions } from './support/report.ts';

/**
 * A page of 100 campaigns out of 10,000, with stats and rates: the service beside a plain Yoga server that holds the
 * same objects in memory. The aim: at most 3 times as long. See README.md.
 */

/** Short rounds, turn by turn: what else the machine does meets both servers alike. */
const rounds = 45;
const requestsPerRound = 12;
const warmUp = 300;
const aim = 3;

const campaignFields = `
  id externalId name sender channel status providerStatus progress createdAt scheduledAt startedAt tags
  cost { amount currency }
  stats {
    recipients messages queued sent delivered undelivered failed unreported opened openedTotal clicked clickedTotal
    hardBounced softBounced unsubscribed complained final asOf source
    rates { delivery open click bounce failure unsubscribe }
  }`;

function listQuery(more = ''): string {
  return `query ($first: Int, $after: String, $filter: CampaignFilter) {
    campaigns(first: $first, after: $after, filter: $filter) {
      nodes { ${campaignFields} } pageInfo { hasNextPage endCursor } ${more}
    }
  }`;
}

interface Variant {
  readonly name: string;
  readonly query: string;
  readonly variables: { readonly first: number; readonly filter?: object };
  /** How many pages come before the one that is measured. */
  readonly page: number;
}

const variants: readonly Variant[] = [
  { name: 'first page', query: listQuery(), variables: { first: 100 }, page: 0 },
  { name: 'with totalCount', query: listQuery('totalCount'), variables: { first: 100 }, page: 0 },
  {
    name: 'sending, "sale"',
    query: listQuery(),
    variables: { first: 100, filter: { statuses: ['SENDING'], search: 'sale' } },
    page: 0,
  },
  { name: 'page 51', query: listQuery(), variables: { first: 100 }, page: 50 },
];

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function post(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(`${url}/graphql`, { agent, method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const answerSchema = z.object({
  data: z.object({
    campaigns: z.object({
      nodes: z.array(z.record(z.string(), z.unknown())),
      totalCount: z.number().optional(),
      pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
    }),
  }),
});

async function list(url: string, query: string, variables: object) {
  const { data } = answerSchema.parse(JSON.parse(await post(url, JSON.stringify({ query, variables }))));
  return data.campaigns;
}

type Node = Record<string, unknown>;

/** Every campaign as the service tells it, with times as both servers hold them, in ms. */
async function allObjects(url: string): Promise<Node[]> {
  const query = listQuery().replace('nodes {', 'nodes { changedAt');
  const objects: Node[] = [];
  for (let after: string | null = null, page = 0; page < 100; page += 1) {
    const { nodes, pageInfo } = await list(url, query, { first: 500, after });
    for (const node of nodes) objects.push(withTimesInMs(node));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return objects;
}

function withTimesInMs(node: Node): Node {
  const times = ['createdAt', 'scheduledAt', 'startedAt', 'changedAt', 'asOf'];
  return Object.fromEntries(
    Object.entries(node).map(([name, value]) => {
      if (name === 'stats' && typeof value === 'object' && value !== null) {
        const { rates: _computed, ...stored } = withTimesInMs({ ...value });
        return [name, stored];
      }
      return [name, typeof value === 'string' && times.includes(name) ? Date.parse(value) : value];
    }),
  );
}

/** The body of the request that asks a server for the page; cursors are the server's own. */
async function bodyFor(url: string, { query, variables, page }: Variant): Promise<string> {
  let after: string | null = null;
  for (let place = 0; place < page; place += 1) {
    after = (await list(url, query, { ...variables, after })).pageInfo.endCursor;
  }
  return JSON.stringify({ query, variables: { ...variables, after } });
}

/** ms of each of so many requests, one after another. */
async function times(url: string, body: string, count: number): Promise<number[]> {
  const taken: number[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const started = performance.now();
    await post(url, body);
    taken.push(performance.now() - started);
  }
  return taken;
}

/** A benchmark of different answers would compare nothing. */
async function checkEqual(ours: readonly [string, string], plain: readonly [string, string]): Promise<void> {
  const [one, other] = await Promise.all(
    [ours, plain].map(
      async ([url, body]) => answerSchema.parse(JSON.parse(await post(url, body))).data.campaigns,
    ),
  );
  const isSame =
    isDeepStrictEqual(one?.nodes, other?.nodes) &&
    one?.totalCount === other?.totalCount &&
    one?.pageInfo.hasNextPage === other?.pageInfo.hasNextPage;
  if (!isSame || one?.nodes.length !== 100) throw new Error('The two servers answer differently.');
}

async function measure(kind: DatabaseKind): Promise<string[][]> {
  await using database = await createDatabase(kind);
  await using providers = await startProviders(true);
  await using service = startChild('app-process.ts', startOptions());
  await using plainServer = startChild('plain-process.ts');
  // Every campaign is read once; then the pollers keep quiet.
  const config = configFor(providers, database.url, { fastest: 3_600, slowest: 3_600 });
  const ours = z.string().parse(await service.ask('start', config));
  await untilAllRead(providers);
  const plain = z.string().parse(await plainServer.ask('start', await allObjects(ours)));

  const rows: string[][] = [];
  for (const variant of variants) {
    const bodies = [await bodyFor(ours, variant), await bodyFor(plain, variant)] as const;
    await checkEqual([ours, bodies[0]], [plain, bodies[1]]);
    const one = startMeasuring(service, ours, bodies[0]);
    const other = startMeasuring(plainServer, plain, bodies[1]);
    const ratios: number[] = [];
    await one.warmUp();
    await other.warmUp();
    for (let round = 0; round < rounds; round += 1) ratios.push((await one.round()) / (await other.round()));
    const ratio = median(ratios);
    rows.push([
      `${kind}, ${variant.name}`,
      ...one.cells(),
      ...other.cells(),
      ratio.toFixed(2),
      `${quantile(ratios, 0.1).toFixed(1)}-${quantile(ratios, 0.9).toFixed(1)}`,
      (one.cpuMs() / other.cpuMs()).toFixed(2),
      ratio <= aim ? 'yes' : 'NO',
    ]);
  }
  return rows;
}

/** One server's side of a comparison. */
function startMeasuring(server: Child, url: string, body: string) {
  const taken: number[] = [];
  let cpuMs = 0;

  async function cpuNow(): Promise<number> {
    return z.number().parse(await server.ask('cpuMs'));
  }

  return {
    async warmUp() {
      await times(url, body, warmUp);
    },
    /** The median of a round's requests, in ms. */
    async round() {
      const before = await cpuNow();
      const round = await times(url, body, requestsPerRound);
      cpuMs += (await cpuNow()) - before;
      taken.push(...round);
      return median(round);
    },
    /** The server process's own time for a request. */
    cpuMs: () => cpuMs / taken.length,
    cells: () =>
      [quantile(taken, 0.5), quantile(taken, 0.95), cpuMs / taken.length].map((ms) => ms.toFixed(2)),
  };
}

printMachine('node bench/query.ts');
const kinds = databaseKinds.filter((kind) => process.argv.length < 3 || process.argv.includes(kind));
const rows: string[][] = [];
for (const kind of kinds) rows.push(...(await measure(kind)));
printTable(
  [
    '100 of 10,000 campaigns',
    ...['ours ms', 'p95', 'CPU ms', 'plain ms', 'p95', 'CPU ms'],
    ...['ratio', 'p10-p90', 'CPU ratio', `<= ${aim}`],
  ],
  rows,
);
agent.destroy();
