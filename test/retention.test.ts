import { describe, expect, test } from 'vitest';
import { startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { counting, dayMs, openOldLog } from './support/old-log.ts';
import { idOf, startQuietApp } from './support/quiet-app.ts';
import { overSse, overWebSocket, type Subscribed } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const changes = `subscription ($ids: [ID!], $after: String) {
  campaignUpdated(ids: $ids, after: $after) {
    cursor cause fromRevision revision transitions { to } changedFields stats { sent } campaign { id }
  }
}`;
const ids = [idOf('a'), idOf('b')];

/** Two campaigns of which one is paused and goes on; gives all that was told of them. */
async function writePast(database: string): Promise<Subscribed['events']> {
  await using app = await startQuietApp(database);
  const see = async (sent: number) => {
    const status = sent === 5 || sent === 6 ? 'PAUSED' : 'SENDING';
    await app.see({ externalId: 'a', status, sent });
    await app.see({ externalId: 'b', status: 'SENDING', sent });
  };
  await see(0);
  using told = overWebSocket(app.url, changes, { ids });
  await told.atLeast(2);
  for (let sent = 1; sent < 12; sent += 1) await see(sent);
  await told.atLeast(24);
  return told.events;
}

async function tidyUp(database: string, days: number): Promise<void> {
  await using at = await openOldLog(database);
  await at.retention(Date.now() + days * dayMs).pass();
}

/** What a client knows: each campaign's revision, after all that it has been told. */
function revisions(events: Subscribed['events']): Map<string, number> {
  return new Map(events.map(({ campaign, revision }) => [campaign.id, revision]));
}

function isUpToDate(events: Subscribed['events'], before: Subscribed['events']): boolean {
  const known = revisions([...before, ...events]);
  return ids.every((id) => known.get(id) === 12);
}

describe.each(databaseKinds)('where the log on %s has been thinned', (kind) => {
  test.each([
    ['WebSocket', overWebSocket],
    ['SSE', overSse],
  ])(
    'over %s every cursor of before leads on from there, also that of a step that is gone',
    async (_name, subscribe) => {
      const database = await createDatabase(kind);
      const past = await writePast(database);
      await tidyUp(database, 8);
      await using app = await startQuietApp(database);
      // The first is that of a present state, with another to come.
      for (const [place, { cursor }] of past.entries()) {
        if (place === 0) continue;
        const before = past.slice(0, place + 1);
        using told = subscribe(app.url, changes, { ids, after: cursor });
        await until(() => isUpToDate(told.events, before) || told.errors.length > 0);
        const known = revisions(before);
        for (const { cause, campaign, fromRevision, revision } of told.events) {
          expect([cause, fromRevision]).toEqual(['POLL', known.get(campaign.id)]);
          known.set(campaign.id, revision);
        }
        const transitions = (events: Subscribed['events']) =>
          events.flatMap((event) =>
            event.transitions.map(({ to }: { to: string }) => [event.campaign.id, to]),
          );
        expect(transitions(told.events)).toEqual(transitions(past.slice(place + 1)));
        expect(told.events.length).toBeLessThanOrEqual(8);
        // And so do the cursors of what it is told now.
        for (const [next, event] of told.events.entries()) {
          using again = subscribe(app.url, changes, { ids, after: event.cursor });
          await until(() => isUpToDate([...told.events.slice(0, next + 1), ...again.events], before));
          expect(again.events).toEqual(told.events.slice(next + 1));
        }
      }
    },
    60_000,
  );

  test('present states come to who missed what has been dropped, and all else to the others', async () => {
    const database = await createDatabase(kind);
    const past = await writePast(database);
    await tidyUp(database, 91);
    await using app = await startQuietApp(database);
    using told = overWebSocket(app.url, changes, { ids, after: past[3].cursor });
    using last = overWebSocket(app.url, changes, { ids, after: past.at(-1).cursor });
    await told.atLeast(2);
    await app.see({ externalId: 'a', status: 'SENDING', sent: 50 });
    await Promise.all([told.atLeast(3), last.atLeast(1)]);
    const next = { cause: 'POLL', fromRevision: 12, revision: 13 };
    expect(told.events).toMatchObject([
      { cause: 'RESET', revision: 12 },
      { cause: 'RESET', revision: 12 },
      next,
    ]);
    expect(last.events).toMatchObject([next]);
  });
});

const account = { name: 'main', provider: 'appizer', apiKey: 'key', baseUrl: 'http://127.0.0.1:1' };

test('the service tidies up by itself, and history and series tell what is left', async () => {
  const database = await createDatabase('sqlite');
  const now = Date.now();
  const start = now - 9 * dayMs - (now % dayMs);
  {
    await using at = await openOldLog(database);
    await at.write(...counting('a', start, 30));
    await at.write({ externalId: 'a', at: start + 31 * 60_000, sent: 30, status: 'COMPLETED' });
  }
  await using app = await startTestApp({
    database,
    accounts: [account],
    polling: { fastest: 3_600, slowest: 3_600 },
  });
  const read = async () => {
    const { data } = await app.request(`{ campaign(id: "${idOf('a')}") {
      history { nodes { fromRevision revision kinds changedFields } }
      series { stats { sent } }
    } }`);
    return data.campaign;
  };
  await until(async () => (await read()).history.nodes.length === 3, 20_000);
  expect(await read()).toEqual({
    history: {
      nodes: [
        {
          fromRevision: 30,
          revision: 31,
          kinds: ['STATUS'],
          changedFields: expect.arrayContaining(['status']),
        },
        { fromRevision: 1, revision: 30, kinds: ['STATS'], changedFields: ['stats.sent'] },
        { fromRevision: 0, revision: 1, kinds: ['FOLLOWED'], changedFields: expect.any(Array) },
      ],
    },
    series: [{ stats: { sent: 1 } }, { stats: { sent: 30 } }, { stats: { sent: 30 } }],
  });
}, 40_000);
