import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Child, startChild } from './support/child.ts';
import { printMachine, printTable, startOptions } from './support/report.ts';

/** What very many subscribers cost, and what those cost who stop reading while much happens. */

const manyClients = 10_000;
const stalledClients = 100;
const stalledSeconds = 30;
const changes = 10_000;

const memorySchema = z.object({ rss: z.number(), heap: z.number() });
const megabyte = 1024 ** 2;

async function startServer(): Promise<{ readonly server: Child; readonly url: unknown }> {
  const server = startChild('fanout-ours.ts', ['--expose-gc', ...startOptions()]);
  return { server, url: await server.ask('start', 1) };
}

async function measureMany(): Promise<void> {
  const { server, url } = await startServer();
  await using _server = server;
  await using clients = startChild('fanout-clients.ts');
  const before = memorySchema.parse(await server.ask('memory'));
  const startedAt = performance.now();
  await clients.ask('connect', { url, clients: manyClients, campaigns: 1 });
  // Everyone is told the present state first.
  await clients.ask('received', manyClients);
  const connected = performance.now();
  await delay(4_000);
  const after = memorySchema.parse(await server.ask('memory'));
  const told = z.object({ least: z.number(), most: z.number() });
  await clients.ask('reset');
  const changedAt = performance.now();
  await server.ask('publish', 1);
  await clients.ask('received', manyClients);
  const heardAt = performance.now();
  const { least, most } = told.parse(await clients.ask('spread'));
  if (least !== 1 || most !== 1)
    throw new Error(`Clients got ${least} to ${most} messages, and not one each.`);
  printTable(
    [`${manyClients} clients of one campaign`, ''],
    [
      ['connected and told the present state, in s', ((connected - startedAt) / 1000).toFixed(1)],
      ['one change has come to all, after ms', (heardAt - changedAt).toFixed(0)],
      ['RSS, KB a client', ((after.rss - before.rss) / manyClients / 1024).toFixed(1)],
    ],
  );
}

async function untilAllHave(clients: Child, revision: number): Promise<void> {
  const tooLong = AbortSignal.timeout(60_000);
  while ((await clients.ask('have', `"revision":${revision},`)) !== stalledClients) {
    tooLong.throwIfAborted();
    await delay(100);
  }
}

/** @param stalled whether the clients stop reading @returns what the changes add to the server's memory */
async function measureChanges(stalled: boolean) {
  const { server, url } = await startServer();
  await using _server = server;
  await using clients = startChild('fanout-clients.ts');
  await clients.ask('connect', { url, clients: stalledClients, campaigns: 1 });
  await clients.ask('received', stalledClients);
  await delay(4_000);
  // What only the first changes bring is there before.
  await server.ask('publish', 3_000);
  await untilAllHave(clients, 3_001);
  const before = memorySchema.parse(await server.ask('memory'));
  await clients.ask('reset');
  if (stalled) await clients.ask('pause');
  const parts = stalledSeconds * 4;
  for (let part = 0; part < parts; part += 1) {
    await server.ask('publish', Math.ceil(changes / parts));
    await delay(250);
  }
  const made = Math.ceil(changes / parts) * parts;
  const after = memorySchema.parse(await server.ask('memory'));
  await clients.ask('resume');
  await untilAllHave(clients, 3_001 + made);
  const { least } = z.object({ least: z.number() }).parse(await clients.ask('spread'));
  return { rss: after.rss - before.rss, heap: after.heap - before.heap, messages: least, made };
}

printMachine('node bench/subscribers.ts');
await measureMany();
const reading = await measureChanges(false);
const stalled = await measureChanges(true);
const perClient = (figure: 'rss' | 'heap') =>
  ((stalled[figure] - reading[figure]) / stalledClients / megabyte).toFixed(2);
const total = (bytes: number) => (bytes / megabyte).toFixed(1);
printTable(
  [
    `${stalledClients} clients, ${reading.made} changes in about ${stalledSeconds} s`,
    'reading',
    'not reading',
  ],
  [
    ['RSS added, MB', total(reading.rss), total(stalled.rss)],
    ['heap added, MB', total(reading.heap), total(stalled.heap)],
    ['messages a client got in the end, at the least', String(reading.messages), String(stalled.messages)],
  ],
);
console.log(
  `A client that does not read costs ${perClient('rss')} MB (RSS), ${perClient('heap')} MB (heap).`,
);
console.log('All ended with the newest state.');
