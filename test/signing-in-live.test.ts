import { beforeAll, describe, expect, test } from 'vitest';
import type { CampaignStatus } from '../src/model/campaign.ts';
import { overSse, overWebSocket, type Subscribed } from './support/subscribe.ts';
import { type Party, startTwoParties, type TwoParties } from './support/two-parties.ts';
import { until } from './support/wait.ts';

/** What is asked for of a party's things, for each field of Subscription, and what must come of ours alone. */
const subscriptions: Readonly<Record<string, (party: Party) => readonly string[]>> = {
  campaignUpdated: (party) => [
    'campaignUpdated { campaign { id } }',
    'campaignUpdated(filter: {}) { campaign { id } }',
    `campaignUpdated(ids: ["campaign:octeth-${party}:1", "campaign:octeth-ours01:1"]) { campaign { id } }`,
    `campaignUpdated(filter: { accounts: ["octeth-${party}", "octeth-ours01"] }) { campaign { id } }`,
    `campaignUpdated(filter: { ids: ["campaign:octeth-${party}:1", "campaign:octeth-ours01:1"] }) { campaign { id } }`,
  ],
  campaignStatusChanged: (party) => [
    'campaignStatusChanged { campaign { id } }',
    `campaignStatusChanged(ids: ["campaign:octeth-ours01:1", "campaign:octeth-${party}:1"]) { campaign { id } }`,
  ],
  taskUpdated: (party) => [
    'taskUpdated { campaign { id } }',
    `taskUpdated(ids: ["${world.taskOf(party)}", "${world.taskOf('ours01')}"]) { campaign { id } }`,
  ],
  accountUpdated: (party) => [
    'accountUpdated { id }',
    `accountUpdated(names: ["appizer-${party}", "appizer-ours01"]) { id }`,
  ],
};

let world: TwoParties;

beforeAll(async () => {
  world = await startTwoParties();
  return () => world[Symbol.asyncDispose]();
});

const statuses: readonly CampaignStatus[] = ['PAUSED', 'SENDING'];
let changes = 0;

/** Something of a party changes that each of the subscriptions is about. */
async function happen(party: Party): Promise<void> {
  changes += 1;
  const status = statuses[Math.floor(changes / 2) % 2] ?? 'PAUSED';
  const reading = { externalId: '1', status, providerStatus: `${status} ${changes}`, raw: null };
  const account = `octeth-${party}`;
  const seen = {
    account,
    channel: 'EMAIL',
    externalId: '1',
    cause: 'POLL',
    askedAt: Date.now(),
    reading,
  } as const;
  await world.app.observe([seen]);
  const { bearer } = world.tokens.all;
  const id = `campaign:selzy-${party}:1`;
  await world.ask(
    bearer,
    'mutation ($id: ID!) { requestDeliveryReport(input: { campaignId: $id }) { task { id } } }',
    {
      id,
    },
  );
  // Each second time the account's provider can't be reached.
  const { appizer } = world.simulator.providers;
  if (status === 'PAUSED') appizer.fault({ kind: 'drop' });
  else appizer.clearFaults();
  await world.ask(bearer, `{ campaign(id: "campaign:appizer-${party}:1", maxAgeSeconds: 0) { id } }`);
}

/** What has been told once something has happened that is theirs, and then something that is ours. */
async function toldOf(told: Subscribed, selection: string): Promise<string> {
  const before = told.events.length;
  await happen('theirs');
  await happen('ours01');
  // Tasks that are over are told once.
  await told.atLeast(selection.startsWith('taskUpdated(') ? 1 : before + 1);
  expect(told.errors).toEqual([]);
  return JSON.stringify(told.events);
}

test('every field of Subscription is tried', async () => {
  const { data } = await world.ask(
    world.tokens.ours.bearer,
    '{ __schema { subscriptionType { fields { name } } } }',
  );
  const fields: { name: string }[] = data.__schema.subscriptionType.fields;
  expect(fields.map(({ name }) => name).toSorted()).toEqual(Object.keys(subscriptions).toSorted());
});

describe.each(Object.keys(subscriptions))('%s', (name) => {
  test.each([
    ['WebSocket', overWebSocket],
    ['SSE', overSse],
  ])("tells nothing of others' things over %s", async (_way, subscribe) => {
    const { ours, ourReader, all } = world.tokens;
    for (const selection of subscriptions[name]?.('theirs') ?? []) {
      using told = subscribe(world.app.url, `subscription { ${selection} }`, {}, ours.bearer);
      using reading = subscribe(world.app.url, `subscription { ${selection} }`, {}, ourReader.bearer);
      using witness = subscribe(world.app.url, `subscription { ${selection} }`, {}, all.bearer);
      await opened(3);
      const events = await toldOf(told, selection);
      expect(events).toContain('ours01');
      expect(events).not.toContain('theirs');
      await until(() => JSON.stringify(reading.events).includes('ours01'));
      expect(JSON.stringify(reading.events)).not.toContain('theirs');
      await until(() => JSON.stringify(witness.events).includes('theirs'));
      await closed([told, reading, witness]);
    }
  });
});

describe("others' things by their names alone", () => {
  test.each([
    'campaignUpdated(ids: ["campaign:octeth-PARTY:1"]) { cursor }',
    'campaignUpdated(filter: { accounts: ["octeth-PARTY"] }) { cursor }',
    'campaignStatusChanged(ids: ["campaign:octeth-PARTY:1"]) { cursor }',
    'taskUpdated(ids: ["task:selzy-PARTY:1"]) { id }',
    'taskUpdated(campaignId: "campaign:selzy-PARTY:1") { id }',
    'accountUpdated(names: ["appizer-PARTY"]) { id }',
  ])('are as silent as what there is not: %s', async (selection) => {
    const { ours } = world.tokens;
    const subscribe = (party: Party) =>
      overWebSocket(world.app.url, `subscription { ${selection.replace('PARTY', party)} }`, {}, ours.bearer);
    using theirs = subscribe('theirs');
    using nobodys = subscribe('nobody');
    using witness = overWebSocket(
      world.app.url,
      'subscription { campaignUpdated { cursor } }',
      {},
      ours.bearer,
    );
    await opened(3);
    await happen('theirs');
    await happen('ours01');
    await witness.atLeast(1);
    for (const told of [theirs, nobodys])
      expect([told.events, told.errors, told.ended]).toEqual([[], [], false]);
    await closed([theirs, nobodys, witness]);
  });
});

test("with others' cursors we are told what is ours, and no more", async () => {
  const { ours, theirs } = world.tokens;
  const all = 'subscription ($after: String) { campaignUpdated(after: $after) { cursor campaign { id } } }';
  const some = `subscription ($after: String) {
    campaignUpdated(after: $after, ids: ["campaign:octeth-ours01:1", "campaign:octeth-theirs:1"]) {
      cursor cause campaign { id } } }`;
  using told = overWebSocket(world.app.url, all, {}, theirs.bearer);
  using snapshots = overWebSocket(
    world.app.url,
    'subscription { campaignUpdated(ids: ["campaign:octeth-theirs:1", "campaign:selzy-theirs:1"]) { cursor } }',
    {},
    theirs.bearer,
  );
  await snapshots.atLeast(2);
  await opened(2);
  await happen('theirs');
  await told.atLeast(1);
  await happen('ours01');
  await happen('theirs');
  const cursors: string[] = [...told.events, ...snapshots.events].map(({ cursor }) => cursor);
  // Nobody else's: a past that is not known.
  cursors.push(`${'0'.repeat(16)}.1`);
  for (const after of cursors) {
    for (const query of [all, some]) {
      using again = overWebSocket(world.app.url, query, { after }, ours.bearer);
      await happen('theirs');
      await happen('ours01');
      await again.atLeast(1);
      expect(JSON.stringify(again.events)).toContain('ours01');
      expect(JSON.stringify(again.events)).not.toContain('theirs');
    }
  }
});

describe('subscriptions with the same document and variables', () => {
  const query = 'subscription { campaignUpdated { cursor campaign { id actions { allowed } } } }';
  const groupsOf = async (...bearers: string[]) => {
    using stack = new DisposableStack();
    const all = bearers.map((bearer) => stack.use(overWebSocket(world.app.url, query, {}, bearer)));
    await opened(bearers.length);
    await happen('ours01');
    await Promise.all(all.map((told) => told.atLeast(1)));
    const groups = await metric('subscription_groups');
    const events = all.map(({ events }) => events);
    stack.dispose();
    await opened(0);
    return { groups, events };
  };

  test('are one where they see the same accounts in the same role', async () => {
    const { ours, oursToo } = world.tokens;
    const { groups, events } = await groupsOf(ours.bearer, oursToo.bearer, ours.bearer);
    expect(groups).toBe(1);
    expect(events[1]).toEqual(events[0]);
  });

  test('are several where they see others, or may do other things', async () => {
    const { ours, ourReader, all } = world.tokens;
    const { groups, events } = await groupsOf(ours.bearer, ourReader.bearer, all.bearer);
    expect(groups).toBe(3);
    const [[mayChange], [mayRead]] = [events[0] ?? [], events[1] ?? []];
    expect(JSON.stringify(mayChange)).toContain('true');
    expect(JSON.stringify(mayRead)).not.toContain('true');
  });
});

async function metric(name: string): Promise<number> {
  const headers = { authorization: world.tokens.all.bearer };
  const text = await (await fetch(`${world.app.url}/metrics`, { headers })).text();
  return Number(new RegExp(`^campaign_graph_${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

/** Waits until so many subscriptions are open. */
async function opened(count: number): Promise<void> {
  await until(async () => (await metric('subscribers')) === count);
}

async function closed(told: readonly Subscribed[]): Promise<void> {
  for (const one of told) one[Symbol.dispose]();
  await opened(0);
}
