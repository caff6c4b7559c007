import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createClient, endless, ids, inAll, interests } from './support/client.ts';
import { changesOf, type Hardships, type Observation, startDelivery } from './support/world.ts';

/** Lets everything go on until a condition holds. No clock plays a part in it: turns of the event loop are counted. */
async function goOn(isReached: () => boolean, mostTurns = 3_000): Promise<void> {
  for (let turns = 0; turns < mostTurns && !isReached(); turns += 1) await turn();
}

/** Lets only what waits for nothing go on, and not to its end. */
async function goOnABit(turns: number): Promise<void> {
  for (let left = turns; left > 0; left -= 1) await null;
}

type Changes = { readonly count: number; readonly seed: number };

type Writer = 'this process' | 'another process';

type Action =
  | ({ readonly type: 'change'; readonly by: Writer } & Changes)
  | { readonly type: 'news'; readonly commits: number; readonly inOneLump: boolean }
  | { readonly type: 'makeRoom'; readonly client: number; readonly events: number }
  | { readonly type: 'subscribe' | 'drop'; readonly client: number }
  | { readonly type: 'seeAnew'; readonly sight: string }
  | { readonly type: 'goOn'; readonly turns: number }
  | { readonly type: 'goOnABit'; readonly turns: number };

interface Play {
  /** What each client is interested in: places in `interests`. */
  readonly clients: readonly number[];
  readonly actions: readonly Action[];
  readonly hardships: Hardships;
}

async function play({ clients: places, actions, hardships }: Play): Promise<void> {
  await using delivery = await startDelivery(hardships);
  const { live, news } = delivery;
  let sight = 'all';
  const clients = places.map((place) => createClient(delivery, interests[place] ?? inAll, () => sight));
  const checkFaults = () => expect(clients.flatMap(({ faults }) => faults)).toEqual([]);
  let writing = Promise.resolve();
  let seeing = Promise.resolve();

  /** Things go on meanwhile. */
  function change(observations: readonly Observation[], by: Writer): void {
    const write = () => delivery.observe(observations);
    writing = writing.then(by === 'this process' ? write : () => news.withhold(write));
  }

  async function act(action: Action): Promise<void> {
    if (action.type === 'change') return change(changesOf(action, ids), action.by);
    if (action.type === 'news') return news.tell(action.commits, action.inOneLump);
    if (action.type === 'seeAnew') {
      sight = action.sight;
      seeing = Promise.all([seeing, live.seenAnew()]).then(() => {});
      return;
    }
    if (action.type === 'goOn') return goOn(() => false, action.turns);
    if (action.type === 'goOnABit') return goOnABit(action.turns);
    const client = clients[action.client % clients.length];
    if (action.type === 'makeRoom') client?.makeRoom(action.events);
    else await client?.[action.type]();
  }

  async function letAllCatchUp(): Promise<void> {
    await writing;
    // What another process has written shows when this one writes again.
    if (news.endWithheld()) change([{ externalId: 'a', status: 'SCHEDULED', sent: 3 }], 'this process');
    await writing;
    news.tell(endless, hardships.seed % 2 === 0);
    for (const client of clients) {
      await client.subscribe();
      client.makeRoom(endless);
    }
    await seeing;
    await goOn(() => live.state().behind === 0 && !clients.some((client) => client.isBehind()));
    await goOn(() => false, 20);
  }

  for (const action of actions) {
    await act(action);
    checkFaults();
  }
  await letAllCatchUp();
  checkFaults();
  expect(clients.filter((client) => client.isBehind())).toEqual([]);
  const groups = new Set(places).size;
  expect(live.state()).toMatchObject({ subscribers: clients.length, groups, behind: 0 });
  for (const client of clients) await client.checkStates();

  for (const client of clients) client.drop();
  await goOn(() => live.state().subscribers === 0);
  expect(live.state()).toEqual({ subscribers: 0, groups: 0, behind: 0, lag: 0 });
  expect(clients.filter((client) => client.open() !== 0)).toEqual([]);
  expect(delivery.listeners()).toBe(0);
  checkFaults();
}

const hardshipsWith = (isTailLate: boolean) =>
  fc.record({ seed: fc.nat(), slowest: fc.nat({ max: 3 }), isTailLate: fc.constant(isTailLate) });

type Setting = Pick<Hardships, 'isTailLate'> & { readonly writers: readonly Writer[] };

function playsWith({ isTailLate, writers }: Setting): fc.Arbitrary<Play> {
  const client = fc.nat({ max: 4 });
  // Some are more than are told one by one.
  const few = fc.integer({ min: 1, max: 5 });
  const count = fc.oneof(few, few, few, few, few, fc.integer({ min: 110, max: 260 }));
  const commits = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(endless));
  const events = fc.oneof(fc.nat({ max: 4 }), fc.constant(endless));
  const type = <const Type extends string>(name: Type) => fc.constant(name);
  const by = fc.constantFrom(...writers);
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: type('change'), count, seed: fc.nat(), by }) },
    { weight: 4, arbitrary: fc.record({ type: type('news'), commits, inOneLump: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ type: type('subscribe'), client }) },
    { weight: 4, arbitrary: fc.record({ type: type('goOn'), turns: fc.integer({ min: 1, max: 12 }) }) },
    { weight: 2, arbitrary: fc.record({ type: type('goOnABit'), turns: fc.integer({ min: 1, max: 60 }) }) },
    { weight: 3, arbitrary: fc.record({ type: type('makeRoom'), client, events }) },
    { weight: 1, arbitrary: fc.record({ type: type('drop'), client }) },
    {
      weight: 2,
      arbitrary: fc.record({ type: type('seeAnew'), sight: fc.constantFrom('all', 'some', 'one') }),
    },
  );
  return fc.record({
    clients: fc.array(fc.nat({ max: interests.length - 1 }), { minLength: 1, maxLength: 5, size: 'max' }),
    actions: fc.array(action, { minLength: 5, maxLength: 50, size: 'max' }),
    hardships: hardshipsWith(isTailLate),
  });
}

/** A run that fails is made smaller for a while. */
const patience = { plugins: [fc.timeout(10_000)], interruptAfterTimeLimit: 40_000, numRuns: 120 };

const allAreToldOnce = (setting: Setting) => fc.assert(fc.asyncProperty(playsWith(setting), play), patience);

test('clients that stall, drop, come back and are moved, alone or in groups, are told all once', async () => {
  await allAreToldOnce({ isTailLate: false, writers: ['this process'] });
}, 60_000);

test('the same, where the tail hears of changes late, and of several at once', async () => {
  await allAreToldOnce({ isTailLate: true, writers: ['this process'] });
}, 60_000);

test('the same, where another process writes, of which the tail is not told', async () => {
  await allAreToldOnce({ isTailLate: true, writers: ['this process', 'another process'] });
}, 60_000);

test('of members of a group that have caught up, a change is executed once', async () => {
  const members = fc.integer({ min: 1, max: 6 });
  const changes = fc.record({ count: fc.integer({ min: 1, max: 80 }), seed: fc.nat() });
  const property = fc.asyncProperty(members, changes, hardshipsWith(true), tellTogether);
  await fc.assert(property, { ...patience, numRuns: 40 });
}, 60_000);

async function tellTogether(members: number, changes: Changes, hardships: Hardships): Promise<void> {
  await using delivery = await startDelivery(hardships);
  const { live, news, executions } = delivery;
  const clients = Array.from({ length: members }, () => createClient(delivery, inAll));
  for (const client of clients) await client.subscribe();
  await goOn(() => live.state().behind === 0);
  await delivery.observe(changesOf(changes, ids));
  news.tell(endless, changes.seed % 2 === 0);
  await goOn(() => !clients.some((client) => client.isBehind()));
  expect(executions()).toBe([...delivery.pasts.values()].flat().length);
  expect(clients.flatMap(({ faults }) => faults)).toEqual([]);
  for (const client of clients) await client.checkStates();
  for (const client of clients) client.drop();
}
