import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Child, startChild } from './support/child.ts';
import { median, printMachine, printTable, quantile, startOptions } from './support/report.ts';

/**
 * One change to many subscribers over WebSocket: how many messages a second, what an idle client costs, and how long a
 * change takes to each of them; side by side with what people would use instead, and with the least that must be done.
 */

const servers = {
  'campaign-graph': { file: 'fanout-ours.ts', options: startOptions() },
  'Yoga + PubSub': { file: '../peers/yoga.ts', options: [] },
  'Mercurius JIT': { file: '../peers/mercurius.ts', options: [] },
  'bare ws': { file: '../peers/bare.ts', options: [] },
} as const;

type ServerName = keyof typeof servers;

const serverNames = ['campaign-graph', 'Yoga + PubSub', 'Mercurius JIT', 'bare ws'] as const;

interface Scenario {
  readonly clients: number;
  readonly campaigns: number;
}

/** Clients and campaigns, as they can be named on the command line too. */
const usual = ['1/1', '100/1', '1000/1', '5000/1', '1000/1000'];

const scenarios = (process.argv.length > 2 ? process.argv.slice(2) : usual).map((name): Scenario => {
  const [clients, campaigns] = name.split('/').map(Number);
  return { clients: clients ?? 1, campaigns: campaigns ?? 1 };
});

const rounds = 3;
/** Messages that are sent at full speed in a round. */
const messages = 200_000;
const mostChanges = 5_000;
/** So many changes are made at once at the most: who is told of more than 100 at a time gets them merged. */
const mostAtOnce = 20;
/** Messages a second while delays are taken: what all of the servers can keep up with. */
const pacedRate = 10_000;
const pacedMessages = 60_000;

interface Measured {
  readonly perSecond: number;
  /** Of the server's processor time, for each message. */
  readonly cpuMicros: number;
  readonly rssKb: number;
  readonly heapKb: number;
  readonly p50: number;
  readonly p99: number;
}

const memorySchema = z.object({ rss: z.number(), heap: z.number() });

/** How many messages one change makes. */
function messagesPerChange({ clients, campaigns }: Scenario): number {
  return clients / campaigns;
}

/** Makes changes as fast as they are received, with a few always on their way. */
async function measureSpeed(server: Child, clients: Child, scenario: Scenario, total: number) {
  const each = messagesPerChange(scenario);
  const changes = Math.ceil(Math.min(total / each, Math.max(mostChanges, scenario.campaigns)));
  const step = Math.min(mostAtOnce, Math.ceil(changes / 100));
  await clients.ask('reset');
  const startedAt = performance.now();
  const cpuBefore = z.number().parse(await server.ask('cpuMs'));
  for (let made = 0; made < changes; made += step) {
    await clients.ask('received', Math.max(0, made - 3 * step) * each);
    await server.ask('publish', Math.min(step, changes - made));
  }
  await clients.ask('received', changes * each);
  const seconds = (performance.now() - startedAt) / 1000;
  const cpuMs = z.number().parse(await server.ask('cpuMs')) - cpuBefore;
  const { least, most } = z
    .object({ least: z.number(), most: z.number() })
    .parse(await clients.ask('spread'));
  if (least !== most) throw new Error(`Some clients got ${least} messages, others ${most}.`);
  return { perSecond: (changes * each) / seconds, cpuMicros: (cpuMs * 1000) / (changes * each) };
}

/** Makes changes at a pace that leaves the server time between them. */
async function measureDelays(server: Child, clients: Child, scenario: Scenario) {
  const each = messagesPerChange(scenario);
  const turns = Math.min(500, Math.ceil(pacedMessages / each)) / scenario.campaigns;
  const changes = Math.max(2, Math.ceil(turns)) * scenario.campaigns;
  const intervalMs = Math.max(2, (1000 * each) / pacedRate);
  await clients.ask('reset', true);
  const made = await server.ask('pace', { changes, intervalMs });
  await clients.ask('received', changes * each);
  const delays = z
    .array(z.number())
    .parse(await clients.ask('delays', { made, campaigns: scenario.campaigns }));
  return { p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) };
}

async function measure(name: ServerName, scenario: Scenario): Promise<Measured> {
  const { file, options } = servers[name];
  await using server = startChild(file, ['--expose-gc', ...options]);
  await using clients = startChild('fanout-clients.ts');
  const url = await server.ask('start', scenario.campaigns);
  // The first clients bring in what is made once for all.
  await clients.ask('connect', { url, clients: Math.min(50, scenario.clients), campaigns: 1 });
  await delay(500);
  await clients.ask('disconnect');
  await delay(500);
  const before = memorySchema.parse(await server.ask('memory'));
  await clients.ask('connect', { url, ...scenario });
  // graphql-ws waits 3 s for a client's greeting, and keeps what it needs for that.
  await delay(4_000);
  const after = memorySchema.parse(await server.ask('memory'));
  await measureSpeed(server, clients, scenario, messages / 5);
  const speed = await measureSpeed(server, clients, scenario, messages);
  const delays = await measureDelays(server, clients, scenario);
  return {
    ...speed,
    ...delays,
    rssKb: (after.rss - before.rss) / scenario.clients / 1024,
    heapKb: (after.heap - before.heap) / scenario.clients / 1024,
  };
}

function medianOf(all: readonly Measured[], figure: keyof Measured): number {
  return median(all.map((one) => one[figure]));
}

function row(
  name: string,
  scenario: Scenario,
  all: readonly Measured[],
  bare: readonly Measured[],
): string[] {
  const perSecond = medianOf(all, 'perSecond');
  const hasMemory = scenario.clients >= 100;
  return [
    name,
    perSecond.toFixed(0),
    (perSecond / medianOf(bare, 'perSecond')).toFixed(2),
    medianOf(all, 'cpuMicros').toFixed(1),
    hasMemory ? medianOf(all, 'rssKb').toFixed(1) : '',
    hasMemory ? medianOf(all, 'heapKb').toFixed(1) : '',
    medianOf(all, 'p50').toFixed(2),
    medianOf(all, 'p99').toFixed(2),
  ];
}

printMachine('node bench/fanout.ts');
for (const scenario of scenarios) {
  const measured = new Map<ServerName, Measured[]>(serverNames.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of serverNames) measured.get(name)?.push(await measure(name, scenario));
  }
  const bare = measured.get('bare ws') ?? [];
  const title = `${scenario.clients} clients, ${scenario.campaigns === 1 ? 'one campaign' : `${scenario.campaigns} campaigns`}`;
  printTable(
    [title, 'messages/s', 'of bare', 'CPU µs', 'RSS KB/client', 'heap KB/client', 'p50 ms', 'p99 ms'],
    serverNames.map((name) => row(name, scenario, measured.get(name) ?? [], bare)),
  );
}
