import fc from 'fast-check';
import { pino } from 'pino';
import { test } from 'vitest';
import { createTailer, type Tailer } from '../src/live/tailer.ts';
import type { CampaignStatus } from '../src/model/campaign.ts';
import { createRetention } from '../src/retention/retention.ts';
import { createRetentionStore } from '../src/store/retention.ts';
import { createCheckingClient } from './support/checking-client.ts';
import { failingAt, type RetentionStep, retentionSteps } from './support/failing-retention.ts';
import { type Observation, randomFrom, startWorld } from './support/world.ts';

const hourMs = 3_600_000;
const statuses = ['SENDING', 'PAUSED', 'COMPLETED', null] as const;
const logger = pino({ level: 'silent' });

type Action =
  | { readonly type: 'change'; readonly count: number; readonly seed: number }
  | { readonly type: 'read'; readonly reader: number; readonly count: number }
  | { readonly type: 'drop'; readonly reader: number }
  /** All readers come back to a process that has nothing in memory. */
  | { readonly type: 'restart' }
  /** Steps that are older than so many hours are thinned; the pass breaks off where `failsAt` says. */
  | { readonly type: 'thin'; readonly hours: number; readonly failsAt: RetentionStep | null };

/** Most changes move only the counter. */
function createChanges(externalIds: readonly string[]) {
  const last = new Map<string, CampaignStatus | null>();
  return ({ count, seed }: { count: number; seed: number }): Observation[] => {
    const random = randomFrom(seed);
    return Array.from({ length: count }, () => {
      const externalId = externalIds[random(externalIds.length)] ?? '';
      const isSame = last.has(externalId) && random(20) > 0;
      const status = isSame ? (last.get(externalId) ?? null) : (statuses[random(statuses.length)] ?? null);
      last.set(externalId, status);
      return { externalId, status, sent: random(1_000) };
    });
  };
}

async function play(
  externalIds: readonly string[],
  selections: readonly string[][],
  actions: readonly Action[],
) {
  let now = 500_000 * hourMs;
  let tailer: Tailer;
  await using world = await startWorld(
    (...commit) => tailer.committed(...commit),
    () => now,
  );
  tailer = await createTailer(world.parts);
  const store = createRetentionStore(world.database, () => now);
  const readers = {
    ...world,
    get parts() {
      return { ...world.parts, tailer };
    },
  };
  const clients = selections.map((selection) => createCheckingClient(readers, selection));
  const changes = createChanges(externalIds);
  for (const action of actions) {
    if (action.type === 'change') {
      for (const change of changes(action)) {
        await world.observe([change]);
        now += hourMs / 6 / externalIds.length;
      }
    } else if (action.type === 'thin') {
      const settings = { thinAfterDays: action.hours / 24, dropAfterDays: Number.POSITIVE_INFINITY };
      await createRetention({
        store: action.failsAt ? failingAt(action.failsAt, store) : store,
        settings,
        logger,
        now: () => now,
      }).pass();
    } else if (action.type === 'restart') {
      for (const client of clients) await client.drop();
      await tailer.stop();
      tailer = await createTailer(world.parts);
    } else {
      const client = clients[action.reader % clients.length];
      if (action.type === 'read') await client?.read(action.count);
      else await client?.drop();
    }
  }
  for (const client of clients) await client.finish();
  await tailer.stop();
}

const reader = fc.nat({ max: 2 });
const count = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 60 }) },
  // More than are told one by one, and more than are read at a time.
  { weight: 2, arbitrary: fc.integer({ min: 110, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 500, max: 700 }) },
);
const hours = fc.constantFrom(1, 3, 8);
const anyAction = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('change' as const), count, seed: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('read' as const),
      reader,
      count: fc.integer({ min: 1, max: 30 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('drop' as const), reader }) },
  { weight: 2, arbitrary: fc.constant({ type: 'restart' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('thin' as const),
      hours,
      failsAt: fc.option(fc.constantFrom(...retentionSteps)),
    }),
  },
);

/** A reader that misses something waits for ever: then the run fails, and is made smaller for a while. */
const patience = { plugins: [fc.timeout(20_000)], interruptAfterTimeLimit: 50_000 };
const fewIds = ['a', 'b', 'c', 'd', 'e', 'f'];
const manyIds = Array.from({ length: 40 }, (_, place) => `c${place}`);

test.each([
  ['few', fewIds, 40],
  // So many that what is left of a log that is thinned is more than is told one by one.
  ['many', manyIds, 25],
])(
  'whenever the log is thinned, readers of %s campaigns get every step once, in an unbroken chain, without a reset',
  async (_name, ids, numRuns) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.subarray(ids, { minLength: 1 }), { minLength: 1, maxLength: 3 }),
        fc.array(anyAction, { minLength: 8, maxLength: 40, size: 'max' }),
        (selections, actions) => play(ids, selections, actions),
      ),
      { ...patience, numRuns },
    );
  },
  90_000,
);

const thin = { type: 'thin', hours: 1, failsAt: null } as const;

test('who comes back to where the log is thinned does not go on by what is still in memory', async () => {
  await play(
    fewIds,
    [fewIds],
    [
      { type: 'change', count: 60, seed: 1 },
      { type: 'read', reader: 0, count: 6 },
      { type: 'change', count: 60, seed: 3 },
      { type: 'restart' },
      { type: 'change', count: 400, seed: 2 },
      thin,
      { type: 'read', reader: 0, count: 30 },
      { type: 'drop', reader: 0 },
      { type: 'read', reader: 0, count: 3 },
    ],
  );
});

test('who comes back in the middle of merged steps of a thinned log is told the others', async () => {
  await play(
    manyIds,
    [manyIds],
    [
      { type: 'change', count: 400, seed: 1 },
      { type: 'read', reader: 0, count: 40 },
      { type: 'change', count: 4_500, seed: 2 },
      { type: 'restart' },
      thin,
      // All steps of a first page are merged to forty.
      { type: 'read', reader: 0, count: 60 },
      { type: 'drop', reader: 0 },
      { type: 'read', reader: 0, count: 5 },
    ],
  );
});
