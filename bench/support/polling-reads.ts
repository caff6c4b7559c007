import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Child, startChild } from './child.ts';
import { startOptions } from './report.ts';

/** How fast campaigns are read in real time, by the whole service and by got alone. */

const campaigns = 500;
/** As many as the service has under way for one account. */
const atATime = 4;
const warmUpMs = 3_000;
const measuredMs = 4_000;

export interface Pace {
  readonly readsPerSecond: number;
  /** Of the reading process, in ms. */
  readonly cpuPerRead: number;
}

const number = z.number();

async function paceOf(reader: Child, server: Child): Promise<Pace> {
  await delay(warmUpMs);
  const look = async () => ({
    at: performance.now(),
    reads: number.parse(await server.ask('served')),
    cpu: number.parse(await reader.ask('cpuMs')),
  });
  const before = await look();
  await delay(measuredMs);
  const after = await look();
  const reads = after.reads - before.reads;
  return {
    readsPerSecond: (reads / (after.at - before.at)) * 1000,
    cpuPerRead: (after.cpu - before.cpu) / reads,
  };
}

/** All campaigns are being sent and due again a millisecond after each read, so that reads are back to back. */
async function paceOfService(server: Child, baseUrl: string): Promise<Pace> {
  await using service = startChild('app-process.ts', startOptions());
  const places = Array.from({ length: campaigns }, (_, place) => place);
  await service.ask('start', {
    server: { port: 0 },
    database: 'sqlite::memory:',
    accounts: [
      {
        ...{ name: 'appizer-main', provider: 'appizer', apiKey: 'key', baseUrl },
        requestBudget: { limit: 1_000_000, windowSeconds: 1 },
      },
    ],
    polling: { fastest: 0.001, slowest: 1 },
    follow: places.map((place) => ({ account: 'appizer-main', externalId: `${place}` })),
  });
  return await paceOf(service, server);
}

async function paceOfGot(server: Child, url: string): Promise<Pace> {
  await using loop = startChild('polling-got.ts', startOptions());
  await loop.ask('start', { url, campaigns, atATime });
  return await paceOf(loop, server);
}

/** Both in turn, against one server. */
export async function comparePaces(rounds: number): Promise<{ ours: Pace; got: Pace }[]> {
  await using server = startChild('polling-server.ts');
  const url = z.string().parse(await server.ask('start'));
  const results: { ours: Pace; got: Pace }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const got = await paceOfGot(server, url);
    results.push({ got, ours: await paceOfService(server, url) });
  }
  return results;
}
