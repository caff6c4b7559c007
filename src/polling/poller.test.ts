import { pino } from 'pino';
import { expect, test } from 'vitest';
import { followed, names, openTracking, second, start, waitOf } from '../../test/support/tracking.ts';
import { until } from '../../test/support/wait.ts';
import type { Account, Answer } from '../accounts/account.ts';
import { createBudget } from '../accounts/budget.ts';
import { createHealth } from '../accounts/health.ts';
import { createObserver } from '../campaigns/observe.ts';
import type { CampaignReading } from '../model/campaign.ts';
import type { LoggedCause } from '../model/change.ts';
import { ProblemError } from '../model/problem.ts';
import { countersOf } from '../model/stats.ts';
import { providers } from '../providers/index.ts';
import { createCampaignStore } from '../store/campaigns.ts';
import { openDatabase } from '../store/database.ts';
import { createChangeLog } from '../store/log.ts';
import { createPoller } from './poller.ts';
import { createWatching } from './watching.ts';

const polling = { fastestMs: 5 * second, slowestMs: 3_600 * second };
const key = 'shop:1';
const down = new ProblemError('PROVIDER_BAD_RESPONSE', 'It can not be read.');

function reading(sent: number, extra: Partial<CampaignReading> = {}): CampaignReading {
  const stats = { counters: countersOf({ sent }), final: false };
  return { externalId: '1', status: 'SENDING', providerStatus: 'sending', stats, raw: null, ...extra };
}

/** The poller of one campaign, with a store, on a clock that stands still until there is a poll. */
async function openPoller() {
  let at = start;
  const now = () => at;
  let [asked, compared, underWay] = [0, 0, 0];
  let answer: () => Promise<CampaignReading | null> = async () => reading(1);
  const failures: (string | null)[] = [];

  async function read(): Promise<Answer> {
    asked += 1;
    underWay += 1;
    const askedAt = at;
    // Once what follows from the answer has been done.
    return answer()
      .finally(() => setImmediate(() => (underWay -= 1)))
      .then((reading) => ({ reading, askedAt }));
  }

  const database = await openDatabase('sqlite::memory:', () => {});
  const store = createCampaignStore(database);
  const log = createChangeLog(database);
  const watching = createWatching(now);
  const observer = createObserver({
    store,
    log: {
      write(keys, decide) {
        compared += 1;
        return log.write(keys, decide);
      },
    },
    now,
    onCommit: () => {},
    onObserved: (campaign, observed) => poller.observed(campaign, observed),
  });
  const onFailure = (_key: string, error: ProblemError | null) => void failures.push(error?.code ?? null);
  const account = stubAccount(now, read);
  const logger = pino({ level: 'silent' });
  const poller = createPoller({ account, observer, watching, logger, now, onFailure, jitter: 0 });

  async function stored() {
    const campaign = await store.get(key);
    if (!campaign) throw new Error('Nothing is stored.');
    return campaign;
  }

  /** Begins a poll that is answered in this way, once the floor allows. */
  async function ask(next: typeof answer): Promise<void> {
    at += polling.fastestMs;
    answer = next;
    const before = asked;
    poller.pollSoon('1');
    await until(() => asked > before);
  }
  const isOver = () => underWay === 0 && (poller.nextPollAt(key) ?? 0) > at;

  poller.start([], ['1']);
  await until(isOver);
  return {
    poller,
    watching,
    observer,
    failures,
    ask,
    isOver,
    /** Polls once. @returns how often that looked at the store */
    async poll(said: CampaignReading | null | ProblemError): Promise<number> {
      const before = compared;
      await ask(() => (said instanceof ProblemError ? Promise.reject(said) : Promise.resolve(said)));
      await until(isOver);
      return compared - before;
    },
    /** What somebody else has read meanwhile. */
    async seen(said: CampaignReading, cause: LoggedCause = 'QUERY'): Promise<void> {
      at += second;
      const { name, channel } = account;
      await observer.observe([
        { account: name, channel, externalId: '1', reading: said, askedAt: at, cause },
      ]);
    },
    sent: async () => (await stored()).stats?.sent,
    status: async () => (await stored()).status,
    /** How old what is known is, and in how long it is read again, in seconds. */
    async freshness() {
      const age = at - observer.observedAt(await stored());
      return { age: age / second, next: ((poller.nextPollAt(key) ?? Number.NaN) - at) / second };
    },
    async [Symbol.asyncDispose]() {
      await poller.stop();
      await observer.stop();
      await database.destroy();
    },
  };
}

function stubAccount(now: () => number, read: Account['read']): Account {
  const [provider] = providers;
  if (!provider) throw new Error('There is no provider.');
  const unasked = () => Promise.reject(new Error('Nothing is asked here.'));
  return {
    ...{ name: 'shop', provider, channel: 'EMAIL', polling, read, readAnew: unasked, ask: unasked },
    readCounters: null,
    budget: createBudget([{ limit: 1_000_000, windowSeconds: 60 }], now),
    health: createHealth(now, second, () => {}),
    ...{ list: null, changes: {}, reports: null },
    ...{ closed: new AbortController().signal, close() {} },
  };
}

test('what is said again is compared with the store no more, and is fresh all the same', async () => {
  await using at = await openPoller();
  for (const unchanged of [1, 2, 3]) {
    expect(await at.poll(reading(1)), `look ${unchanged}`).toBe(0);
    expect(await at.freshness()).toEqual({ age: 0, next: waitOf({ unchanged }) });
  }
});

test('what differs only in the raw answer is said again', async () => {
  await using at = await openPoller();
  expect(await at.poll(reading(1, { raw: { requestId: 7 } }))).toBe(0);
});

test('a change after that is seen at once, and then compared no more', async () => {
  await using at = await openPoller();
  await at.poll(reading(1));
  expect(await at.poll(reading(2))).toBeGreaterThan(0);
  expect([await at.sent(), await at.freshness()]).toEqual([2, { age: 0, next: waitOf() }]);
  expect(await at.poll(reading(2))).toBe(0);
  // And back to what was said before.
  expect(await at.poll(reading(1))).toBeGreaterThan(0);
  expect(await at.sent()).toBe(1);
});

test('a subscription that begins or ends has it looked at whole once', async () => {
  await using at = await openPoller();
  await at.poll(reading(1));
  const end = at.watching.begin({ keys: new Set([key]), filter: null, fields: null });
  expect(await at.poll(reading(1))).toBe(1);
  expect(await at.freshness()).toEqual({ age: 0, next: waitOf({ watched: true }) });
  expect(await at.poll(reading(1))).toBe(0);
  expect(await at.freshness(), 'still watched').toEqual({ age: 0, next: waitOf({ watched: true }) });
  end();
  expect(await at.poll(reading(1))).toBe(1);
  expect((await at.freshness()).next).toBeGreaterThan(waitOf());
  expect(await at.poll(reading(1))).toBe(0);
});

test('who queries it is not looked for in the store', async () => {
  await using at = await openPoller();
  at.watching.queried([{ key }]);
  await until(at.isOver);
  expect(await at.poll(reading(1))).toBe(0);
  expect(await at.freshness()).toEqual({ age: 0, next: waitOf({ watched: true }) });
  for (let left = 60 / 5; left > 0; left--) await at.poll(reading(1));
  expect((await at.freshness()).next).toBeGreaterThan(waitOf());
});

test.each(['QUERY', 'MUTATION', 'WEBHOOK'] as const)('what came by a %s is compared', async (cause) => {
  await using at = await openPoller();
  await at.poll(reading(1));
  await at.seen(reading(5), cause);
  expect(await at.poll(reading(1)), 'as it was before').toBeGreaterThan(0);
  expect(await at.sent()).toBe(1);
  await at.seen(reading(1), cause);
  expect(await at.poll(reading(1)), 'nothing new').toBe(0);
});

test('an answer that is incomplete never counts as the same', async () => {
  await using at = await openPoller();
  const incomplete = reading(1, { incomplete: down });
  for (const _time of [1, 2]) expect(await at.poll(incomplete)).toBe(1);
  expect(await at.poll(reading(1)), 'nor does what follows it').toBe(1);
  expect(await at.poll(reading(1))).toBe(0);
});

test('neither does that it is gone, or back', async () => {
  await using at = await openPoller();
  for (const _time of [1, 2]) expect(await at.poll(null)).toBeGreaterThan(0);
  expect(await at.poll(reading(1))).toBeGreaterThan(0);
  expect([await at.sent(), await at.poll(reading(1))]).toEqual([1, 0]);
});

test('a failed read is made up for by the same answer', async () => {
  await using at = await openPoller();
  expect(await at.poll(down)).toBe(0);
  expect(at.failures).toEqual(['PROVIDER_BAD_RESPONSE']);
  expect((await at.freshness()).age).toBe(5);
  expect(await at.poll(reading(1))).toBe(0);
  expect([at.failures.at(-1), await at.freshness()]).toEqual([
    null,
    { age: 0, next: waitOf({ unchanged: 1 }) },
  ]);
});

// An answer that was overtaken is not stored, but is remembered as if what is stored came of it.
test('what an overtaken answer said is news when it is said again', async () => {
  await using at = await openPoller();
  const { promise, resolve } = Promise.withResolvers<CampaignReading>();
  await at.ask(() => promise);
  await at.seen(reading(1, { status: 'PAUSED', providerStatus: 'paused' }), 'MUTATION');
  resolve(reading(1));
  await until(at.isOver);
  expect(await at.status(), 'the later one').toBe('PAUSED');
  await at.poll(reading(1));
  expect(await at.status(), 'resumed by somebody else').toBe('SENDING');
});

// The short cut schedules what is polled no more: it goes on counting as active, and as asking for reads.
test('a campaign that is forgotten while it is read counts no more', () => {
  const at = openTracking();
  at.read('1');
  const one = at.get(key);
  at.forget(key);
  if (one) at.sawAgain(one);
  expect(at.activeCount()).toBe(0);
});

// What has not been read yet was read in 1970 to relax(), which makes all of it due at once.
test('after a start no burst comes of others asking for less', () => {
  const at = openTracking({ perMinute: 60 });
  const all = names(4_000);
  at.resume(all.map((name) => followed(name)));
  at.pass(5 * second);
  for (const name of all.slice(0, 2_200)) at.forget(`shop:${name}`);
  at.read(all.at(-1) ?? '');
  expect([...at.all()].filter(({ dueAt }) => dueAt <= at.now()).length).toBeLessThan(20);
});
