import { describe, expect, test } from 'vitest';
import { openDatabase } from '../src/store/database.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { idOf, openElsewhere, type QuietApp, startQuietApp } from './support/quiet-app.ts';
import { type SlowClient, slowSse, slowTransports } from './support/slow-socket.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const changes = `subscription ($ids: [ID!], $filter: CampaignFilter, $after: String) {
  campaignUpdated(ids: $ids, filter: $filter, after: $after) {
    cursor cause fromRevision revision transitions { to } changedFields stats { sent } campaign { id status }
  }
}`;
const ids = [idOf('a'), idOf('b')];

/** Deletes the oldest entries of the log, as whoever tidies up would. */
async function prune(url: string, upTo: number): Promise<void> {
  const database = await openDatabase(url, () => {});
  await database.deleteFrom('changes').where('seq', '<=', upTo).execute();
  await database.updateTable('log').set({ pruned: upTo }).execute();
  await database.destroy();
}

/** Two campaigns, each of four steps in turn; gives the cursors behind which there are six, five, … steps and none. */
async function writePast(database: string): Promise<string[]> {
  await using app = await startQuietApp(database);
  await see(app, 0);
  using told = overWebSocket(app.url, changes, { ids });
  await told.atLeast(2);
  for (let sent = 1; sent <= 3; sent += 1) await see(app, sent);
  await told.atLeast(8);
  return told.events.slice(1).map(({ cursor }) => cursor);
}

async function see(app: Pick<QuietApp, 'see'>, sent: number): Promise<void> {
  await app.see({ externalId: 'a', status: 'SENDING', sent });
  await app.see({ externalId: 'b', status: 'PAUSED', sent });
}

const reset = { cause: 'RESET', fromRevision: 4, revision: 4, transitions: [], changedFields: [] };
const states = [
  { ...reset, stats: { sent: 3 }, campaign: { id: ids[0], status: 'SENDING' } },
  { ...reset, stats: { sent: 3 }, campaign: { id: ids[1], status: 'PAUSED' } },
];
const later = [
  { cause: 'POLL', fromRevision: 4, revision: 5, stats: { sent: 4 }, campaign: { id: ids[0] } },
  { cause: 'POLL', fromRevision: 4, revision: 5, stats: { sent: 4 }, campaign: { id: ids[1] } },
];

describe.each(databaseKinds)('coming back to a log on %s of which the oldest is gone', (kind) => {
  describe.each([
    ['WebSocket', overWebSocket],
    ['SSE', overSse],
  ])('over %s', (_name, subscribe) => {
    test('present states come where something was missed that is gone, and then every change', async () => {
      const database = await createDatabase(kind);
      const [first = '', second = ''] = await writePast(database);
      await prune(database, 4);
      await using app = await startQuietApp(database);
      using named = subscribe(app.url, changes, { ids, after: first });
      using one = subscribe(app.url, changes, { ids: ids.slice(1), after: second });
      using all = subscribe(app.url, changes, { after: second });
      using matching = subscribe(app.url, changes, { filter: { statuses: ['SENDING'] }, after: second });
      await Promise.all([named.atLeast(2), one.atLeast(1), all.atLeast(2), matching.atLeast(1)]);
      await see(app, 4);
      await Promise.all([named.atLeast(4), one.atLeast(2), all.atLeast(4), matching.atLeast(2)]);
      expect(named.events).toMatchObject([...states, ...later]);
      expect(all.events).toMatchObject([...states, ...later]);
      expect(one.events).toMatchObject([states[1], later[1]]);
      expect(matching.events).toMatchObject([states[0], later[0]]);
    });

    test('everything that was missed comes where all of it is kept', async () => {
      const database = await createDatabase(kind);
      const cursors = await writePast(database);
      await prune(database, 4);
      await using app = await startQuietApp(database);
      // The cursor behind the newest entry that is gone, and one behind an entry that is kept.
      using edge = subscribe(app.url, changes, { ids, after: cursors[2] });
      using inside = subscribe(app.url, changes, { ids, after: cursors[4] });
      await Promise.all([edge.atLeast(4), inside.atLeast(2)]);
      expect(edge.events.map(({ cause, revision }) => [cause, revision])).toEqual([
        ['POLL', 3],
        ['POLL', 3],
        ['POLL', 4],
        ['POLL', 4],
      ]);
      expect(inside.events).toEqual(edge.events.slice(2));
    });

    test('the cursors of present states lead on from there', async () => {
      const database = await createDatabase(kind);
      const [first] = await writePast(database);
      await prune(database, 8);
      await using app = await startQuietApp(database);
      using told = subscribe(app.url, changes, { ids, after: first });
      await told.atLeast(2);
      using rest = subscribe(app.url, changes, { ids, after: told.events[0].cursor });
      using none = subscribe(app.url, changes, { ids, after: told.events[1].cursor });
      await rest.atLeast(1);
      await see(app, 4);
      await Promise.all([rest.atLeast(3), none.atLeast(2)]);
      expect(rest.events).toMatchObject([states[1], ...later]);
      expect(none.events).toMatchObject(later);
    });
  });

  test('Last-Event-ID is such a cursor', async () => {
    const database = await createDatabase(kind);
    const [first = ''] = await writePast(database);
    await prune(database, 4);
    await using app = await startQuietApp(database);
    using told = await slowSse(app.url, { ids, after: first });
    await expect.poll(() => told.events.length).toBe(2);
    await see(app, 4);
    await expect.poll(() => told.events.length).toBe(4);
    expect(told.events).toMatchObject(
      [...states, ...later].map(({ cause, revision, campaign }) => ({ cause, revision, campaign })),
    );
    for (const { cursor } of told.events) expect(told.text()).toContain(`id: ${cursor}\n`);
  });
});

/** So long that what waits for a client is soon more than the system takes off our hands. */
const sender = 'Shop '.repeat(20_000);
/** So many that of what was before them nothing is kept in memory. */
const others = Array.from({ length: 4_001 }, (_, place) => ({
  externalId: `other${place}`,
  status: 'SENDING' as const,
  sent: 1,
}));

/** Changes a campaign until a client that does not read is told no more. @returns how often */
async function untilUntold(app: QuietApp, externalId: string): Promise<number> {
  let told = await app.metric('subscription_deliveries_total');
  let sent = 0;
  for (let untold = 0; untold < 20; ) {
    sent += 1;
    await app.see({ externalId, status: 'SENDING', sent, sender });
    const before = told;
    told = await app.metric('subscription_deliveries_total');
    untold = told === before ? untold + 1 : 0;
  }
  return sent;
}

/** A campaign's events: each but the first goes on from the one before it, or begins anew. @returns their causes */
function expectNoGap({ events }: SlowClient, id: string): string[] {
  const told = events.filter(({ campaign }) => campaign.id === id);
  for (const [place, { cause, fromRevision }] of told.entries()) {
    if (place === 0) expect(cause).toMatch(/^(SNAPSHOT|RESET)$/);
    else if (cause !== 'RESET') expect(fromRevision).toBe(told[place - 1]?.revision);
  }
  return told.map(({ cause }) => cause);
}

describe.each(databaseKinds)('a connected client that is behind, where the oldest on %s goes', (kind) => {
  test.each(slowTransports)(
    'over %s gets the present state, and then every change',
    async (_name, connect) => {
      const database = await createDatabase(kind);
      await using app = await startQuietApp(database);
      await app.see({ externalId: 'a', status: 'SENDING', sent: 0, sender });
      using client = await connect(app.url, { ids: ids.slice(0, 1) });
      await until(() => client.events.length === 1);
      client.stopReading();
      const sent = await untilUntold(app, 'a');
      await app.see(...others);
      await prune(database, sent);
      client.readOn();
      await until(() => client.events.at(-1)?.stats.sent === sent);
      expect(client.events.at(-1)).toMatchObject({
        cause: 'RESET',
        fromRevision: sent + 1,
        revision: sent + 1,
      });
      await app.see({ externalId: 'a', status: 'COMPLETED', sent, sender });
      await until(() => client.events.at(-1)?.campaign.status === 'COMPLETED');
      expect(client.events.at(-1)).toMatchObject({ cause: 'POLL', transitions: [{ to: 'COMPLETED' }] });
      const causes = expectNoGap(client, idOf('a'));
      expect(causes.filter((cause) => cause === 'RESET')).toHaveLength(1);
      expect(causes.length).toBeLessThan(sent);
    },
  );

  test.each(slowTransports)(
    'in the middle of present states over %s gets all of them',
    async (_name, connect) => {
      const database = await createDatabase(kind);
      await using app = await startQuietApp(database);
      const externalIds = Array.from({ length: 520 }, (_, place) => `c${1_000 + place}`);
      const [first = '', last = ''] = [externalIds[0], externalIds.at(-1)];
      const long = { status: 'SENDING', sent: 0, sender: 'Shop '.repeat(4_000) } as const;
      await app.see(...externalIds.map((externalId) => ({ externalId, ...long })));
      using client = await connect(app.url, { ids: externalIds.map(idOf) });
      await client.readOne();
      let told = 0;
      await until(async () => {
        const before = told;
        told = await app.metric('subscription_deliveries_total');
        return told > 0 && told === before;
      });
      expect(told).toBeLessThan(externalIds.length);
      await app.see({ externalId: first, ...long, sent: 1 });
      await app.see(...others);
      await prune(database, externalIds.length + 1);
      client.readOn();
      await until(
        () => client.events.at(-1)?.cause === 'RESET' && client.events.at(-1)?.campaign.id === idOf(last),
      );
      const anew = client.events.slice(client.events.findIndex(({ cause }) => cause === 'RESET'));
      expect(anew.map(({ campaign }) => campaign.id)).toEqual(externalIds.map(idOf));
      expect(anew[0]).toMatchObject({ revision: 2, stats: { sent: 1 } });
      for (const externalId of [first, last]) await app.see({ externalId, ...long, sent: 2 });
      await until(
        () => client.events.at(-1)?.stats.sent === 2 && client.events.at(-1)?.campaign.id === idOf(last),
      );
      expect(expectNoGap(client, idOf(first))).toEqual(['SNAPSHOT', 'RESET', 'POLL']);
      expect(expectNoGap(client, idOf(last)).slice(-2)).toEqual(['RESET', 'POLL']);
    },
  );

  test('who has caught up gets every present state, where another process wrote what is gone', async () => {
    const database = await createDatabase(kind);
    await using app = await startQuietApp(database);
    await using other = await openElsewhere(database);
    await see(app, 0);
    using told = overWebSocket(app.url, changes, { ids });
    await told.atLeast(2);
    await until(async () => (await app.metric('subscribers_behind')) === 0);
    await see(other, 1);
    await prune(database, 4);
    await app.see(
      { externalId: 'a', status: 'SENDING', sent: 2 },
      { externalId: 'b', status: 'PAUSED', sent: 2 },
    );
    await told.atLeast(4);
    await see(app, 3);
    await until(() => told.events.at(-1)?.stats.sent === 3 && told.events.at(-1)?.campaign.id === ids[1]);
    expect(told.events.slice(2)).toMatchObject([
      { cause: 'RESET', revision: 3, campaign: { id: ids[0] } },
      { cause: 'RESET', revision: 3, campaign: { id: ids[1] } },
      { cause: 'POLL', fromRevision: 3, revision: 4, campaign: { id: ids[0] } },
      { cause: 'POLL', fromRevision: 3, revision: 4, campaign: { id: ids[1] } },
    ]);
  });
});
