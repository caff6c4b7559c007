import fc from 'fast-check';
import { test } from 'vitest';
import { createCheckingClient } from './support/checking-client.ts';
import { changesOf, startWorld } from './support/world.ts';

type Action =
  | { readonly type: 'change'; readonly count: number; readonly seed: number }
  | { readonly type: 'read'; readonly reader: number; readonly count: number }
  | { readonly type: 'wait' | 'drop'; readonly reader: number };

async function play(
  externalIds: readonly string[],
  selections: readonly string[][],
  actions: readonly Action[],
) {
  await using world = await startWorld();
  const clients = selections.map((selection) => createCheckingClient(world, selection));
  for (const action of actions) {
    if (action.type === 'change') {
      await world.observe(changesOf(action, externalIds));
      continue;
    }
    const client = clients[action.reader % clients.length];
    if (action.type === 'read') await client?.read(action.count);
    else if (action.type === 'wait') await client?.wait();
    else await client?.drop();
  }
  for (const client of clients) await client.finish();
}

/** A reader that misses something waits for ever: then the run fails, and is made smaller for a while. */
const patience = { plugins: [fc.timeout(10_000)], interruptAfterTimeLimit: 40_000 };

const reader = fc.nat({ max: 2 });
const seed = fc.nat();

function actionsWith(counts: fc.Arbitrary<number>, reads: fc.Arbitrary<number>, maxLength: number) {
  return fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('change' as const), count: counts, seed }),
      fc.record({ type: fc.constant('read' as const), reader, count: reads }),
      fc.record({ type: fc.constant('wait' as const), reader }),
      fc.record({ type: fc.constant('drop' as const), reader }),
    ),
    { maxLength, minLength: 5, size: 'max' },
  );
}

const fewIds = ['a', 'b', 'c', 'd', 'e'];
const selection = (ids: readonly string[]) => fc.subarray([...ids], { minLength: 1 });

test('readers of a few campaigns, some slow, some coming and going, miss nothing and get nothing twice', async () => {
  const counts = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) },
    // More than are told one by one, and more than are read at a time.
    { weight: 2, arbitrary: fc.integer({ min: 90, max: 180 }) },
    { weight: 1, arbitrary: fc.integer({ min: 490, max: 1_100 }) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(selection(fewIds), { minLength: 1, maxLength: 3 }),
      actionsWith(counts, fc.integer({ min: 1, max: 6 }), 40),
      (selections, actions) => play(fewIds, selections, actions),
    ),
    { ...patience, numRuns: 40 },
  );
}, 60_000);

test('readers of more campaigns than are read at a time, who come and go while they are told the states', async () => {
  const manyIds = Array.from({ length: 1_200 }, (_, place) => `c${place}`);
  const counts = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 400, max: 900 }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom([manyIds], [manyIds.slice(0, 480), manyIds]),
      actionsWith(counts, fc.integer({ min: 1, max: 700 }), 14),
      (selections, actions) =>
        play(manyIds, selections, [{ type: 'change', count: 3_000, seed: 7 }, ...actions]),
    ),
    { ...patience, numRuns: 5 },
  );
}, 60_000);

test('a reader that is further behind than what is kept in memory', async () => {
  await play(
    fewIds,
    [fewIds, ['b']],
    [
      { type: 'change', count: 40, seed: 1 },
      { type: 'read', reader: 0, count: 5 },
      { type: 'read', reader: 1, count: 1 },
      { type: 'change', count: 6_000, seed: 2 },
      { type: 'change', count: 10, seed: 3 },
      { type: 'read', reader: 0, count: 7 },
      { type: 'drop', reader: 0 },
      { type: 'read', reader: 0, count: 1 },
      { type: 'drop', reader: 1 },
    ],
  );
}, 60_000);

test('of readings of one campaign that are stored together, each makes its step', async () => {
  await using world = await startWorld();
  const client = createCheckingClient(world, ['a', 'b']);
  const moving = { externalId: 'a', status: 'SENDING', sent: 1 } as const;
  await world.observe([moving]);
  await client.read(1);
  await world.observeTogether([
    { externalId: 'b', status: 'QUEUED', sent: 0 },
    { ...moving, sent: 2 },
    moving,
    { ...moving, status: 'PAUSED' },
    moving,
  ]);
  await client.finish();
});
