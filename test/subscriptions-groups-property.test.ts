import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Selection } from '../src/live/selection.ts';
import type { Sink } from '../src/live/subscriber.ts';
import {
  changesOf,
  createWitness,
  type Delivery,
  type Hardships,
  keyOf,
  type Observation,
  startDelivery,
  type WantsStep,
} from './support/world.ts';

const ids = ['a', 'b', 'c', 'd', 'e'];
const endless = 1_000_000;

/** What is checked of the answer to an event. */
const answer = z.object({
  key: z.string(),
  cursor: z.string(),
  cause: z.string(),
  fromRevision: z.int(),
  revision: z.int(),
  transitions: z.array(z.object({ from: z.string().nullable(), to: z.string() })),
  stats: z.object({ sent: z.int().nullable() }).nullable(),
  campaign: z.looseObject({ revision: z.int() }),
});

interface Interest {
  readonly selection: Selection;
  /** The same question, asked of the past. */
  readonly wantsStep: WantsStep;
}

function byIds(...externalIds: string[]): Interest {
  const keys = new Set(externalIds.map(keyOf));
  const selection = { accounts: ['main'], keys, filter: null, fields: null };
  return { selection, wantsStep: (key) => keys.has(key) };
}

const inAll = byIds(...ids);
const inStatusOfAll: Interest = {
  selection: { ...inAll.selection, fields: new Set(['status']) },
  wantsStep: (_key, past, place) => past[place]?.status !== past[place - 1]?.status,
};
const inSending: Interest = {
  selection: { ...inAll.selection, keys: null, filter: { accounts: ['main'], statuses: ['SENDING'] } },
  wantsStep: (_key, past, place) =>
    [past[place - 1], past[place]].some((state) => state?.status === 'SENDING'),
};
const interests = [inAll, byIds('a'), byIds('b', 'd'), inStatusOfAll, inSending];

/** Lets everything go on until a condition holds. No clock plays a part in it: turns of the event loop are counted. */
async function goOn(isReached: () => boolean, mostTurns = 3_000): Promise<void> {
  for (let turns = 0; turns < mostTurns && !isReached(); turns += 1) await turn();
}

/** Lets only what waits for nothing go on, and not to its end. */
async function goOnABit(turns: number): Promise<void> {
  for (let left = turns; left > 0; left -= 1) await null;
}

/** A client that checks what it is sent, and whose connection takes as much as it is said to. */
function createClient({ live, execute, news, pasts, store }: Delivery, { selection, wantsStep }: Interest) {
  const witness = createWitness(pasts, wantsStep);
  const campaigns = new Map<string, unknown>();
  const faults: unknown[] = [];
  let cursor: string | null = null;
  let subscription: { readonly close: () => void } | null = null;
  /** Subscriptions whose end has not been told. */
  let open = 0;
  let room = endless;
  let hasRoom = Promise.withResolvers<void>();

  function take(payload: string, sentCursor: string | null): void {
    const event = answer.parse(JSON.parse(payload));
    witness.check(event);
    expect(sentCursor).toBe(event.cursor);
    campaigns.set(event.key, event.campaign);
    cursor = event.cursor;
    room -= 1;
    // One event may have been on its way when the room was used up.
    expect(room).toBeGreaterThanOrEqual(-1);
  }

  return {
    faults,
    isBehind: witness.isBehind,
    open: (): number => open,

    /** Begins, or comes back with its cursor. */
    async subscribe(): Promise<void> {
      if (subscription) return;
      const feed = live.changes(selection, cursor);
      // One that was told nothing has no place to come back to: it begins anew.
      if (cursor === null) witness.begin(selection.keys ? undefined : news.known);
      let isClosed = false;
      const sink: Sink = {
        send(payload, sentCursor) {
          try {
            expect(isClosed).toBe(false);
            take(payload.toString(), sentCursor);
          } catch (fault) {
            faults.push(fault);
          }
        },
        full: () => (room > 0 ? null : hasRoom.promise),
      };
      const start = await feed.open();
      open += 1;
      const onEnd = () => {
        open -= 1;
      };
      const operation = { feed, start, key: 'campaignUpdated', execute, onEnd };
      const subscriber = live.subscribe(operation, sink);
      subscriber.done.catch((error) => faults.push(error));
      subscription = {
        close() {
          isClosed = true;
          subscriber.end();
        },
      };
    },

    drop(): void {
      subscription?.close();
      subscription = null;
    },

    /** How many more events its connection takes; 0: it stalls. */
    makeRoom(events: number): void {
      room = events;
      if (events === 0) return;
      hasRoom.resolve();
      hasRoom = Promise.withResolvers();
    },

    /** One that follows campaigns by ids knows them as they are stored. */
    async checkStates(): Promise<void> {
      if (selection.filter || selection.fields) return;
      for (const key of selection.keys ?? []) {
        const stored = await store.get(key);
        expect(campaigns.get(key)).toEqual(stored ? JSON.parse(JSON.stringify(stored)) : undefined);
      }
    },
  };
}

type Changes = { readonly count: number; readonly seed: number };

type Writer = 'this process' | 'another process';

type Action =
  | ({ readonly type: 'change'; readonly by: Writer } & Changes)
  | { readonly type: 'news'; readonly commits: number; readonly inOneLump: boolean }
  | { readonly type: 'makeRoom'; readonly client: number; readonly events: number }
  | { readonly type: 'subscribe' | 'drop'; readonly client: number }
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
  const clients = places.map((place) => createClient(delivery, interests[place] ?? inAll));
  const checkFaults = () => expect(clients.flatMap(({ faults }) => faults)).toEqual([]);
  let writing = Promise.resolve();

  /** Things go on meanwhile. */
  function change(observations: readonly Observation[], by: Writer): void {
    const write = () => delivery.observe(observations);
    writing = writing.then(by === 'this process' ? write : () => news.withhold(write));
  }

  async function act(action: Action): Promise<void> {
    if (action.type === 'change') return change(changesOf(action, ids), action.by);
    if (action.type === 'news') return news.tell(action.commits, action.inOneLump);
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

test('clients that stall, drop and come back, alone or in groups, are told all once', async () => {
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
