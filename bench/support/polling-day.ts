import { pino } from 'pino';
import { z } from 'zod';
import type { Observed } from '../../src/campaigns/observe.ts';
import { type CampaignReading, campaignKey, hasEnded, type KnownStatus } from '../../src/model/campaign.ts';
import { countersOf } from '../../src/model/stats.ts';
import { createPoller, type Poller } from '../../src/polling/poller.ts';
import { createWatching } from '../../src/polling/watching.ts';
import { answerParent } from './child.ts';
import { createFakeAccount, polling, providerNamed, providerNames, type Source } from './polling-account.ts';
import { type Clock, createClock, createRandom, takeOverTimers } from './polling-clock.ts';
import { createLives, isUnderWay, isWatched, type Life, placeAt } from './polling-lives.ts';
import { type NaiveOptions, type Outcome, readEvenly, readEvery } from './polling-naive.ts';
import { createFakeObserver } from './polling-observer.ts';
import { createSeen } from './polling-seen.ts';
import { addWatchers } from './polling-watchers.ts';

/** One provider's campaigns for a day of simulated time: the real poller, and what it is compared with. */

const start = Date.UTC(2026, 2, 2);
const latencyMs = 150;

const budgetSchema = z.object({ limit: z.number(), windowSeconds: z.number() });
const orderSchema = z.object({
  name: z.enum(providerNames),
  campaigns: z.number(),
  hours: z.number(),
  watchedShare: z.number(),
  budgets: z.array(budgetSchema),
  /** What the provider counts besides, and tells with each answer; null: nothing. */
  told: budgetSchema.nullable(),
  /** Whether the provider lists campaigns by their ids, if its documents say so. */
  knowsIds: z.boolean(),
  /** null: only the budget is looked at. */
  against: z.enum(['every 5 s', 'evenly']).nullable(),
});

export type Order = z.output<typeof orderSchema>;

function makeLives({ name, campaigns, hours, watchedShare }: Order): Life[] {
  const [lengthMs, random] = [hours * 3_600_000, createRandom(1 + providerNames.indexOf(name))];
  // Appizer tells of no time to come.
  const lives = createLives({ count: campaigns, start, lengthMs, announced: name !== 'appizer', random });
  addWatchers(lives, { start, lengthMs, share: watchedShare, random });
  return lives;
}

/** What a campaign's own read and its entry of the list tell, until something changes. */
interface Told {
  readonly whole: CampaignReading;
  readonly entry: CampaignReading;
  readonly until: number;
}

/** The lives as a provider tells of them now. The same state is the same object. */
function createSource(lives: readonly Life[], now: () => number) {
  const places = new WeakMap<CampaignReading, { readonly life: Life; readonly place: number }>();
  const byId = new Map(lives.map((life) => [life.externalId, life]));
  const last = new Map<Life, Told>();

  function readingsOf(life: Life): Told | null {
    const known = last.get(life);
    if (known && now() < known.until) return known;
    const place = placeAt(life, now());
    const moment = life.moments[place];
    if (!moment) return null;
    const { status, final } = moment;
    const { externalId, scheduledAt } = life;
    const entry = { externalId, status, providerStatus: status, scheduledAt };
    const whole = { ...entry, stats: { counters: countersOf({ sent: place, opened: place }), final } };
    const told = { entry, whole, until: life.moments[place + 1]?.at ?? Number.POSITIVE_INFINITY };
    last.set(life, told);
    for (const reading of [entry, whole]) places.set(reading, { life, place });
    return told;
  }

  function read(externalId: string): CampaignReading | null {
    const life = byId.get(externalId);
    return (life && readingsOf(life)?.whole) ?? null;
  }

  function readCounters(externalId: string, known: KnownStatus): CampaignReading | null {
    const whole = read(externalId);
    const place = whole && places.get(whole);
    if (!place || !whole.stats) return null;
    const reading = { externalId, ...known, stats: whole.stats };
    places.set(reading, place);
    return reading;
  }

  return {
    read,
    readCounters,
    placeOf: (reading: CampaignReading) => places.get(reading) ?? null,
    lifeOf: (externalId: string) => byId.get(externalId) ?? null,
    listed: (what: 'whole' | 'entry', from: number, to: number) =>
      lives
        .slice(from, to)
        .map((life) => readingsOf(life)?.[what])
        .filter((reading) => reading !== undefined),
  };
}

/** What a request is for. */
function purposeOf(life: Life | null, at: number): string {
  if (!life) return 'unknown';
  const state = life.moments[placeAt(life, at)]?.status;
  if (state && hasEnded(state)) return isWatched(life, at) ? 'ended, watched' : 'ended';
  if (!isUnderWay(life, at)) return 'before the start';
  return isWatched(life, at) ? 'under way, watched' : 'under way';
}

function schedule(clock: Clock, lives: readonly Life[], name: string, poller: Poller, begin: Begin): void {
  for (const life of lives) {
    const key = campaignKey(name, life.externalId);
    // Somebody follows what nothing could tell of before.
    if (life.knownAt > start) clock.at(life.knownAt, () => poller.pollSoon(life.externalId));
    for (const { from, to } of life.watched) {
      clock.at(from, () => {
        clock.at(to, begin({ keys: new Set([key]), filter: null, fields: null }));
      });
    }
  }
}

type Begin = ReturnType<typeof createWatching>['begin'];

async function simulate(order: Order) {
  const { name, hours, budgets, told, knowsIds } = order;
  const end = start + hours * 3_600_000;
  const lives = makeLives(order);
  const clock = createClock(start);
  takeOverTimers(clock);
  const provider = createSource(lives, clock.now);
  const requests = new Map<string, number>();
  const random = createRandom(99);
  const covers = name === 'octeth' ? 'whole' : 'entry';
  const source: Source = {
    read: provider.read,
    readCounters: provider.readCounters,
    count: lives.length,
    listed: (from, to) => provider.listed(covers, from, to),
  };
  const { account, arrivals } = createFakeAccount({
    name,
    source,
    clock,
    budgets,
    told,
    knowsIds,
    latency: () => (latencyMs / 2) * (0.5 + random()),
    onRequest(kind, externalId) {
      const purpose = externalId === null ? kind : purposeOf(provider.lifeOf(externalId), clock.now());
      requests.set(purpose, (requests.get(purpose) ?? 0) + 1);
    },
  });
  const watching = createWatching(clock.now);
  const seen = createSeen(lives, start);
  const { observer, put } = createFakeObserver({
    now: clock.now,
    onObserved: (campaign, observed) => poller.observed(campaign, observed),
    onAnswer(reading, { countersAlone }) {
      const found = provider.placeOf(reading);
      const tells = countersAlone ? 'counters' : reading.stats ? 'all' : 'status';
      if (found) seen.see(found.life, found.place, clock.now(), tells);
    },
  });
  const logger = pino({ level: 'error' }, pino.destination({ fd: 2, sync: true }));
  const poller = createPoller({ account, observer, watching, logger, now: clock.now, onFailure: () => {} });
  const followed = lives.flatMap((life) => {
    const { externalId } = life;
    const reading = provider.read(externalId);
    const observed: Observed = {
      ...{ account: name, channel: 'EMAIL', externalId, reading, askedAt: start, cause: 'POLL' },
    };
    const campaign = put(observed, life.moments[placeAt(life, start)]?.at ?? start);
    return campaign ? [{ ...campaign, statsFinal: campaign.stats?.final ?? false }] : [];
  });
  poller.start(followed, []);
  schedule(clock, lives, name, poller, watching.begin);
  await clock.run(end);
  arrivals.assertWithin();

  return {
    ours: { requests: arrivals.made(), delays: seen.delays(end) },
    other: compare(order, lives, arrivals.made()),
    over: arrivals.over(),
    purposes: Object.fromEntries(requests),
    underWay: meanOf(lives, end, isUnderWay),
    watched: meanOf(lives, end, isWatched),
  };
}

/** @param requests as many as the planner has made */
function compare({ name, hours, against }: Order, lives: readonly Life[], requests: number): Outcome | null {
  const { requestsPerRead } = providerNamed(name);
  const naive: NaiveOptions = { lives, start, end: start + hours * 3_600_000, requestsPerRead, latencyMs };
  switch (against) {
    case 'evenly':
      return readEvenly(requests, polling.fastestMs, naive);
    case 'every 5 s':
      return readEvery(polling.fastestMs, naive);
    default:
      return null;
  }
}

/** How many there are at a time. */
function meanOf(lives: readonly Life[], end: number, are: (life: Life, at: number) => boolean): number {
  let [found, looks] = [0, 0];
  for (let at = start; at < end; at += 300_000) {
    found += lives.filter((life) => are(life, at)).length;
    looks += 1;
  }
  return found / looks;
}

answerParent({ simulate: (order) => simulate(orderSchema.parse(order)) }, async () => {});
