import { describe, expect, test } from 'vitest';
import { openDatabase } from '../src/store/database.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { idOf, type QuietApp, startQuietApp } from './support/quiet-app.ts';
import { slowSse } from './support/slow-socket.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';

const changes = `subscription ($ids: [ID!], $filter: CampaignFilter, $after: String) {
  campaignUpdated(ids: $ids, filter: $filter, after: $after) {
    cursor cause fromRevision revision transitions { to } changedFields stats { sent } campaign { id status }
  }
}`;
const ids = [idOf('a'), idOf('b')];

/** Deletes the oldest entries of the log, as whoever tidies up would, while nobody uses it. */
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

async function see(app: QuietApp, sent: number): Promise<void> {
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
