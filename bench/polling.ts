import { z } from 'zod';
import { startChild } from './support/child.ts';
import { type ProviderName, providerNames } from './support/polling-account.ts';
import { allowedOn, type Day, type DayName, type Outcome, simulateAll } from './support/polling-days.ts';
import { comparePaces } from './support/polling-reads.ts';
import type { Group } from './support/polling-seen.ts';
import { median, printMachine, printTable, quantile } from './support/report.ts';

/** How much news for how few requests, what planning costs, and how fast campaigns can be read. */

/** The same mean delay, give or take a tenth. */
const sameDelay = 1.1;
const aims = { requests: 0.1, delay: 0.25, share: 0.05, heapMb: 100, pace: 0.6 };

const groups: readonly Group[] = ['watched', 'unwatched', 'watched, over', 'unwatched, over'];

function together(outcomes: readonly Outcome[]): Outcome {
  const delaysOf = (group: Group) => Float64Array.from(outcomes.flatMap(({ delays }) => [...delays[group]]));
  return {
    requests: outcomes.reduce((sum, { requests }) => sum + requests, 0),
    delays: {
      watched: delaysOf('watched'),
      unwatched: delaysOf('unwatched'),
      'watched, over': delaysOf('watched, over'),
      'unwatched, over': delaysOf('unwatched, over'),
    },
  };
}

function meanOf(delays: Float64Array): number {
  return delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
}

/** Mean, 50th, 95th and 99th percentile, in s. */
function figuresOf(delays: Float64Array): string[] {
  if (delays.length === 0) return ['-', '-', '-', '-'];
  const all = [...delays];
  const figures = [meanOf(delays), ...[0.5, 0.95, 0.99].map((share) => quantile(all, share))];
  return figures.map((ms) => (ms / 1000).toFixed(1));
}

interface Pair {
  readonly name: string;
  readonly ours: Outcome;
  readonly other: Outcome;
}

function pairsOf(all: readonly Day[]): Pair[] {
  const pairs = all.flatMap(({ name, ours, other }) => (other ? [{ name, ours, other }] : []));
  const ours = together(pairs.map((pair) => pair.ours));
  return [...pairs, { name: 'in all', ours, other: together(pairs.map((pair) => pair.other)) }];
}

function printDelays(title: string, against: string, pairs: readonly Pair[]): void {
  const rows = pairs.flatMap(({ name, ours, other }) =>
    groups.flatMap((group) => {
      const head = (who: string, { requests, delays }: Outcome) => [
        `${name}, ${who}`,
        ...[group, String(requests), String(delays[group].length), ...figuresOf(delays[group])],
      ];
      const row = head('planner', ours);
      // Once a campaign has ended, only the planner looks.
      return group.endsWith('over') ? [row] : [row, head(against, other)];
    }),
  );
  printTable([title, 'campaigns', 'requests', 'changes', 'mean s', 'p50', 'p95', 'p99'], rows);
}

function printPurposes(all: readonly Day[]): void {
  const purposes = [...new Set(all.flatMap((day) => Object.keys(day.purposes)))].sort();
  const rows = all.map(({ name, purposes: made, underWay, watched }) => [
    name,
    ...purposes.map((purpose) => String(made[purpose] ?? 0)),
    underWay.toFixed(1),
    watched.toFixed(1),
  ]);
  printTable(['requests of the planner for', ...purposes, 'under way at a time', 'watched'], rows);
}

const otherDays = ['several windows', 'taught', 'without CampaignIDs'] as const;

/** Days of which only the budget is asserted. */
function printOtherDays(found: Record<DayName, readonly Day[]>): void {
  const rows = otherDays.flatMap((dayName) => {
    const rowOf = (who: string, { requests, delays }: Outcome, over: string) => {
      const [mean = '-', p50 = '-', , p99 = '-'] = figuresOf(delays.watched);
      const share = `${((requests / allowedOn(dayName)) * 100).toFixed(1)} %`;
      return [`${dayName}, ${who}`, String(requests), share, mean, p50, p99, over];
    };
    return found[dayName].flatMap(({ name, ours, other, over }) => [
      rowOf(name, ours, String(over)),
      ...(other ? [rowOf(`${name}, every 5 s`, other, '-')] : []),
    ]);
  });
  printTable(['other days', 'requests', 'of the budget', 'mean s, watched', 'p50', 'p99', 'over it'], rows);
}

function printAims(found: Record<DayName, readonly Day[]>): void {
  const watchedRatio = ({ ours, other }: Pair) => meanOf(ours.delays.watched) / meanOf(other.delays.watched);
  const rows = [
    ...pairsOf(found['every 5 s']).map((pair) => {
      const [requests, delay] = [pair.ours.requests / pair.other.requests, watchedRatio(pair)];
      const met = requests <= aims.requests && delay <= sameDelay;
      return [`${pair.name}, beside every 5 s`, requests.toFixed(3), delay.toFixed(2), met ? 'yes' : 'NO'];
    }),
    ...pairsOf(found.evenly).map((pair) => {
      const [requests, delay] = [pair.ours.requests / pair.other.requests, watchedRatio(pair)];
      return [
        `${pair.name}, beside evenly`,
        requests.toFixed(3),
        delay.toFixed(3),
        delay <= aims.delay ? 'yes' : 'NO',
      ];
    }),
  ];
  console.log(
    `Aims: beside every 5 s at most ${aims.requests} of its requests at the same delay (${sameDelay});`,
  );
  console.log(`beside evenly, at as many requests, at most ${aims.delay} of its delay.`);
  printTable(['of what the other takes', 'requests', 'mean delay, watched', 'met'], rows);
}

const loadSchema = z.object({
  ...{ startMs: z.number(), spentMs: z.number(), fakesMs: z.number() },
  ...{ reads: z.number(), requests: z.number(), followed: z.number() },
  ...{ startedMb: z.number(), endMb: z.number() },
});
const load = { campaigns: 100_000, active: 5_000, watched: 250, seconds: 600 };

async function measureLoad(name: ProviderName): Promise<string[]> {
  await using child = startChild('polling-load.ts', ['--expose-gc']);
  const figures = loadSchema.parse(await child.ask('measure', { name, ...load }));
  if (figures.followed !== load.campaigns) throw new Error(`${figures.followed} campaigns are followed.`);
  const ownMs = figures.spentMs - figures.fakesMs;
  const share = ownMs / (load.seconds * 1000);
  const heapMb = Math.max(figures.startedMb, figures.endMb);
  return [
    name,
    String(figures.requests),
    String(figures.reads),
    figures.startMs.toFixed(0),
    figures.spentMs.toFixed(0),
    figures.fakesMs.toFixed(0),
    ((ownMs / figures.reads) * 1000).toFixed(0),
    `${(share * 100).toFixed(2)} %`,
    share < aims.share ? 'yes' : 'NO',
    `${figures.startedMb.toFixed(0)} / ${figures.endMb.toFixed(0)}`,
    heapMb < aims.heapMb ? 'yes' : 'NO',
  ];
}

async function measureReads(): Promise<void> {
  const rounds = await comparePaces(5);
  const row = (name: string, who: 'ours' | 'got') => [
    name,
    ...rounds.map((round) => round[who].readsPerSecond.toFixed(0)),
    median(rounds.map((round) => round[who].readsPerSecond)).toFixed(0),
    median(rounds.map((round) => round[who].cpuPerRead)).toFixed(3),
  ];
  const ratio = median(rounds.map(({ ours, got }) => ours.readsPerSecond / got.readsPerSecond));
  printTable(
    ['reads per second', 'round 1', '2', '3', '4', '5', 'median', 'CPU ms a read'],
    [row('the whole read path', 'ours'), row('got alone, 4 at a time', 'got')],
  );
  console.log(`ratio ${ratio.toFixed(2)}, aim at least ${aims.pace}: ${ratio >= aims.pace ? 'yes' : 'NO'}\n`);
}

printMachine('node bench/polling.ts');
const found = await simulateAll();
printDelays('generous budget', 'every 5 s', pairsOf(found['every 5 s']));
printPurposes(found['every 5 s']);
printDelays('30 requests a minute', 'evenly', pairsOf(found.evenly));
printPurposes(found.evenly);
printAims(found);
printOtherDays(found);
console.log('No request has passed its budget, counted by the provider over the whole day.\n');

const loads: string[][] = [];
for (const name of providerNames) loads.push(await measureLoad(name));
printTable(
  [
    '100,000 campaigns, 10 min',
    ...['requests', 'reads', 'start, CPU ms', 'CPU ms', 'of it fakes', 'CPU µs a read'],
    ...['of one core', `< ${aims.share * 100} %`, 'heap MB, start / end', `< ${aims.heapMb}`],
  ],
  loads,
);
await measureReads();
