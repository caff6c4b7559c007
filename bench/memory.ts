import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Simulator } from '../src/simulator/simulator.ts';
import { campaignCount, configFor, startProviders, untilAllRead } from './support/campaigns.ts';
import { type Child, startChild } from './support/child.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { median, printMachine, printTable, startOptions } from './support/report.ts';

/**
 * What 10,000 followed campaigns add to the memory of an empty service: two services with the same configuration, one
 * over providers without campaigns, side by side for the same time. The aim: under 100 MB. See README.md.
 */

const aimMb = 100;
/** As the service polls unless told otherwise. */
const polling = { fastest: 5, slowest: 3_600 };
/** How long polling goes on after the first round: four times as long as the fastest pace. */
const settleMs = 20_000;
const samples = 7;
const betweenSamplesMs = 2_000;

interface Service extends AsyncDisposable {
  readonly process: Child;
  readonly url: string;
}

async function startService(providers: Simulator, kind: DatabaseKind): Promise<Service> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createDatabase(kind));
  const child = stack.use(startChild('app-process.ts', ['--expose-gc', ...startOptions()]));
  const url = z.string().parse(await child.ask('start', configFor(providers, database.url, polling)));
  const all = stack.move();
  return { process: child, url, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

const answerSchema = z.object({
  data: z.object({ campaignSummary: z.object({ total: z.number() }), campaigns: z.object({}) }),
});

/** What the service says it knows and follows; also makes both of them serve a query before they are weighed. */
async function countsOf({ url }: Service): Promise<{ total: number; followed: number }> {
  const query = '{ campaignSummary { total } campaigns(first: 100) { nodes { id name stats { sent } } } }';
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { total } = answerSchema.parse(await response.json()).data.campaignSummary;
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const gauges = metrics.matchAll(/^campaign_graph_followed_campaigns\{.*\} (\d+)$/gm);
  const followed = [...gauges].reduce((sum, [, count]) => sum + Number(count), 0);
  return { total, followed };
}

async function expectCount(service: Service, count: number): Promise<void> {
  const { total, followed } = await countsOf(service);
  if (total === count && followed === count) return;
  throw new Error(`The service knows ${total} campaigns and follows ${followed}, not ${count}.`);
}

const usageSchema = z.object({ rss: z.number(), heapUsed: z.number(), external: z.number() });
const memorySchema = z.object({ asItIs: usageSchema, collected: usageSchema });

type Memory = z.output<typeof memorySchema>;

const figures = new Map<string, (memory: Memory) => number>([
  ['RSS as it is', ({ asItIs }) => asItIs.rss],
  ['RSS after gc', ({ collected }) => collected.rss],
  ['heap used after gc', ({ collected }) => collected.heapUsed],
  ['external after gc', ({ collected }) => collected.external],
]);

async function measure(kind: DatabaseKind): Promise<string[][]> {
  await using none = await startProviders(false);
  await using many = await startProviders(true);
  await using empty = await startService(none, kind);
  await using full = await startService(many, kind);
  await untilAllRead(many);
  await delay(settleMs);

  const [withNone, withMany]: [Memory[], Memory[]] = [[], []];
  for (let sample = 0; sample < samples; sample += 1) {
    await expectCount(empty, 0);
    await expectCount(full, campaignCount);
    withNone.push(memorySchema.parse(await empty.process.ask('memory')));
    withMany.push(memorySchema.parse(await full.process.ask('memory')));
    await delay(betweenSamplesMs);
  }
  return [...figures].map(([name, figure]) => {
    const [low, high] = [withNone, withMany].map((taken) => median(taken.map(figure)));
    const added = mb(high ?? 0) - mb(low ?? 0);
    const all = withMany.map((memory, place) => mb(figure(memory)) - mb(figure(withNone[place] ?? memory)));
    return [
      `${kind}, ${name}`,
      ...[mb(low ?? 0), mb(high ?? 0), added].map((size) => size.toFixed(1)),
      `${Math.min(...all).toFixed(0)}-${Math.max(...all).toFixed(0)}`,
      added < aimMb ? 'yes' : 'NO',
    ];
  });
}

function mb(bytes: number): number {
  return bytes / 1024 ** 2;
}

printMachine('node bench/memory.ts');
const rows: string[][] = [];
const kinds = databaseKinds.filter((kind) => process.argv.length < 3 || process.argv.includes(kind));
for (const kind of kinds) rows.push(...(await measure(kind)));
printTable(['MB', 'empty', '10,000', 'added', 'samples', `< ${aimMb}`], rows);
