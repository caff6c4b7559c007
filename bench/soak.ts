import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startSimulator } from '../src/simulator/simulator.ts';
import { configFor } from './support/campaigns.ts';
import { startChild } from './support/child.ts';
import { printMachine, printTable, startOptions } from './support/report.ts';
import { startClients } from './support/soak-clients.ts';
import { startFaults } from './support/soak-faults.ts';
import { addCampaigns, keepAlive } from './support/soak-lives.ts';
import { type Point, slopeOf } from './support/soak-trend.ts';

/** Whether the service stays as it is while clients come and go, campaigns live and providers fail now and then. */

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = z.coerce.number().positive().parse(values.minutes);
const everyMs = 30_000;
/** Caches fill, code is compiled and the first campaigns are found: what is before that says nothing of a trend. */
const warmUpMinutes = Math.min(2, minutes / 3);

/** What counts as flat, a minute. */
const flatHeap = 512 * 1024;
const flatHandles = 2;

const sampleSchema = z.object({
  heap: z.number(),
  external: z.number(),
  rss: z.number(),
  handles: z.number(),
  sockets: z.number(),
  delays: z.object({ p99: z.number(), max: z.number() }),
});

printMachine(`node bench/soak.ts --minutes ${minutes}`);
await using simulator = await startSimulator({
  campaigns: 0,
  selzyCallsPerMinute: 100_000,
  appizerCallsPerMinute: 100_000,
});
await using service = startChild('soak-service.ts', ['--expose-gc', ...startOptions()]);
const config = configFor(simulator, 'sqlite::memory:', { fastest: 2, slowest: 60 });
const accounts = config.accounts.map((account) =>
  account.provider === 'selzy' ? { ...account, reportHosts: ['127.0.0.1'] } : account,
);
const url = z
  .string()
  .parse(await service.ask('start', { ...config, accounts, follow: addCampaigns(simulator) }));

const ending = new AbortController();
const clients = startClients(url, ending.signal);
const faults = startFaults(simulator, ending.signal);
const lives = keepAlive(simulator, ending.signal);
const startedAt = performance.now();
const minutesNow = () => (performance.now() - startedAt) / 60_000;
const samples: (z.output<typeof sampleSchema> & { readonly minutes: number })[] = [];

while (minutesNow() < minutes) {
  await Promise.race([delay(everyMs), clients.done, faults.done, lives]);
  samples.push({ minutes: minutesNow(), ...sampleSchema.parse(await service.ask('sample')) });
}
ending.abort();
await Promise.all([clients.done, faults.done, lives]);
// Connections that are kept for the next request end after a few seconds.
await delay(8_000);
const last = sampleSchema.parse(await service.ask('sample'));
const metrics = await (await fetch(`${url}/metrics`)).text();

const megabytes = (bytes: number) => (bytes / 1024 ** 2).toFixed(1);
printTable(
  ['minute', 'heap, MB', 'external, MB', 'RSS, MB', 'handles', 'sockets', 'loop p99, ms', 'loop max, ms'],
  [...samples, { minutes: Number.NaN, ...last }].map((sample) => [
    Number.isNaN(sample.minutes) ? 'all gone' : sample.minutes.toFixed(1),
    ...[sample.heap, sample.external, sample.rss].map(megabytes),
    ...[String(sample.handles), String(sample.sockets)],
    ...[sample.delays.p99.toFixed(0), sample.delays.max.toFixed(0)],
  ]),
);
const { counts, errors } = clients.told;
console.log(
  `${counts.sockets} WebSockets, ${counts.streams} streams, ${counts.queries} queries, ${counts.mutations} mutations, ${counts.events} events; ${faults.told.times} faults.`,
);
console.log(
  `Errors that were told: ${[...errors].map(([code, times]) => `${code} ${times}`).join(', ') || 'none'}.`,
);
console.log(`Subscribers left: ${/^campaign_graph_subscribers (\d+)$/m.exec(metrics)?.[1]}.\n`);

const settled = samples.filter((sample) => sample.minutes >= warmUpMinutes);
const trendOf = (figure: 'heap' | 'handles' | 'rss') =>
  slopeOf(settled.map((sample): Point => ({ minutes: sample.minutes, value: sample[figure] })));
const verdict = (slope: number, most: number) => (slope <= most ? 'flat' : 'NOT FLAT');
const [heap, handles, rss] = [trendOf('heap'), trendOf('handles'), trendOf('rss')];
console.log(`From minute ${warmUpMinutes.toFixed(1)} on, a minute:`);
console.log(
  `heap ${(heap / 1024).toFixed(0)} KB (${verdict(heap, flatHeap)}), handles ${handles.toFixed(1)} (${verdict(handles, flatHandles)}), RSS ${(rss / 1024).toFixed(0)} KB`,
);
