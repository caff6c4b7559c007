import { pino } from 'pino';
import { z } from 'zod';
import { type CampaignReading, campaignKey } from '../../src/model/campaign.ts';
import { countersOf } from '../../src/model/stats.ts';
import { createPoller, type Poller } from '../../src/polling/poller.ts';
import type { Followed } from '../../src/polling/tracking.ts';
import { createWatching } from '../../src/polling/watching.ts';
import { answerParent, cpuMs } from './child.ts';
import { createFakeAccount, providerNames, type RequestKind, type Source } from './polling-account.ts';
import { type Clock, createClock, takeOverTimers } from './polling-clock.ts';
import { createFakeObserver } from './polling-observer.ts';

/** What it takes to plan for very many campaigns of one account, whose provider answers at once. */

const start = Date.UTC(2026, 2, 2);
const day = 86_400_000;
/** Nothing is held back: what is asked for is read. */
const budgets = [{ limit: 1_000_000, windowSeconds: 1 }];
/** Of the reads of an active campaign, every third finds other counters. */
const newsEvery = 3;

const orderSchema = z.object({
  name: z.enum(providerNames),
  campaigns: z.number(),
  active: z.number(),
  watched: z.number(),
  seconds: z.number(),
});

type Order = z.output<typeof orderSchema>;

/** The first ones are active. */
function createSource({ name, campaigns, active }: Order) {
  const all = Array.from({ length: campaigns }, (_, place) => readingOf(place, 1, place >= active));
  const entries = all.map(({ stats: _stats, ...entry }) => entry);
  const reads = new Uint32Array(active);
  function read(externalId: string): CampaignReading | null {
    const place = Number(externalId);
    const count = (reads[place] ?? 0) + 1;
    if (place < active) {
      reads[place] = count;
      if (count % newsEvery === 0) all[place] = readingOf(place, count, false);
    }
    return all[place] ?? null;
  }
  const source: Source = {
    count: campaigns,
    listed: (from, to) => (name === 'octeth' ? all : entries).slice(from, to),
    read,
    readCounters(externalId, known) {
      const { stats } = read(externalId) ?? {};
      return stats ? { externalId, ...known, stats } : null;
    },
  };
  return { source, readings: all };
}

function readingOf(place: number, sent: number, ended: boolean): CampaignReading {
  const status = ended ? 'COMPLETED' : 'SENDING';
  return {
    externalId: `${place}`,
    status,
    providerStatus: status,
    stats: { counters: countersOf({ sent, delivered: sent }), final: ended },
  };
}

/** As the store gives them at a start. */
function followedOf({ name, campaigns, active }: Order): Followed[] {
  return Array.from({ length: campaigns }, (_, place) => ({
    key: campaignKey(name, `${place}`),
    externalId: `${place}`,
    status: place < active ? ('SENDING' as const) : ('COMPLETED' as const),
    scheduledAt: null,
    changedAt: start - (place < active ? 60_000 : 10 * day),
    statsFinal: place >= active,
    revision: 1,
    deletedAt: null,
  }));
}

type Counts = Record<RequestKind, number>;

function createFakes(order: Order, clock: Clock, poller: () => Poller | null) {
  const { source, readings } = createSource(order);
  const counts: Counts = { read: 0, counters: 0, batch: 0, 'in status': 0, list: 0 };
  const { account } = createFakeAccount({
    name: order.name,
    source,
    clock,
    budgets,
    latency: () => 0,
    onRequest(kind) {
      counts[kind] += 1;
    },
  });
  const answers = { count: 0 };
  const { observer, put } = createFakeObserver({
    now: clock.now,
    onObserved: (campaign, observed) => poller()?.observed(campaign, observed),
    onAnswer() {
      answers.count += 1;
    },
  });
  for (const reading of readings) {
    const { externalId } = reading;
    put({ account: order.name, channel: 'EMAIL', externalId, reading, askedAt: start, cause: 'POLL' }, start);
  }
  return { account, observer, counts, answers };
}

function heapMb(): number {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1024 ** 2;
}

async function measure(order: Order) {
  const clock = createClock(start);
  takeOverTimers(clock);
  let poller: Poller | null = null;
  const { account, observer, counts, answers } = createFakes(order, clock, () => poller);
  const logger = pino({ level: 'error' }, pino.destination(2));
  const emptyMb = heapMb();

  const watching = createWatching(clock.now);
  const keys = Array.from({ length: order.watched }, (_, place) => campaignKey(order.name, `${place}`));
  watching.begin({ keys: new Set(keys), filter: null, fields: null });
  poller = createPoller({ account, observer, watching, logger, now: clock.now, onFailure: () => {} });
  const followed = followedOf(order);
  const startedAt = cpuMs();
  poller.start(followed, []);
  const startMs = cpuMs() - startedAt;
  followed.length = 0;
  const startedMb = heapMb();

  const before = cpuMs();
  await clock.run(start + order.seconds * 1000);
  const spentMs = cpuMs() - before;
  const endMb = heapMb();
  const fired = clock.fired();
  return {
    startMs,
    spentMs,
    fakesMs: await measureFakes(order, counts, fired),
    reads:
      counts.batch > 0 ? answers.count : counts.read / account.provider.requestsPerRead + counts.counters,
    requests: Object.values(counts).reduce((sum, count) => sum + count),
    startedMb: startedMb - emptyMb,
    endMb: endMb - emptyMb,
    followed: poller.followedCount(),
  };
}

/** The same requests, answers and timers, and nobody who plans them. */
async function measureFakes(order: Order, made: Counts, fired: number): Promise<number> {
  const clock = createClock(start);
  const { account, observer } = createFakes(order, clock, () => null);
  const call = { priority: 'poll' } as const;
  const about = { account: order.name, channel: 'EMAIL', cause: 'POLL' } as const;
  const ids = Array.from({ length: account.list?.batch?.most ?? 0 }, (_, place) => `${place}`);
  heapMb();
  const before = cpuMs();
  for (let read = 0; read < made.read; read += account.provider.requestsPerRead) {
    const externalId = `${read % order.active}`;
    await observer.observe([{ ...about, externalId, ...(await account.read(externalId, call)) }]);
  }
  for (let read = 0; read < made.counters; read += 1) {
    const externalId = `${read % order.active}`;
    const known = { status: 'SENDING', providerStatus: 'SENDING' } as const;
    const answer = await account.readCounters?.(externalId, known, call);
    if (answer) await observer.observe([{ ...about, externalId, ...answer, countersAlone: true }]);
  }
  for (let batch = 0; batch < made.batch; batch += 1) {
    const page = await account.list?.batch?.read(ids, call);
    const { readings = [], askedAt = 0 } = page ?? {};
    await observer.observe(
      readings.map((reading) => ({ ...about, externalId: reading.externalId, reading, askedAt })),
    );
  }
  for (let timer = 0; timer < fired; timer += 1) clock.at(start + timer, () => {});
  await clock.run(start + fired);
  return cpuMs() - before;
}

answerParent({ measure: (order) => measure(orderSchema.parse(order)) }, async () => {});
