import { describe, expect, test } from 'vitest';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overSse, overWebSocket, type Subscribed } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const changes = `subscription ($ids: [ID!]) {
  campaignUpdated(ids: $ids) { fromRevision revision stats { sent } }
}`;

const id = 'campaign:appizer-main:camp_1';
const rounds = 15;

/** An unbroken chain: every step begins where the one before has ended. */
function expectUnbroken({ events, errors }: Subscribed): void {
  expect(errors).toEqual([]);
  for (const [place, event] of events.entries()) {
    if (place > 0) expect(event.fromRevision).toBe(events[place - 1].revision);
  }
}

describe.each(databaseKinds)('a subscriber who comes while everything moves, on %s', (kind) => {
  test.each([
    ['WebSocket', overWebSocket],
    ['SSE', overSse],
  ])('over %s misses nothing between the state and the first change', async (_name, subscribe) => {
    await using simulator = await startGenerousSimulator();
    const { appizer } = simulator.providers;
    appizer.add({ externalId: 'camp_1', status: 'sending', counters: { recipients: 1_000, sent: 0 } });
    await using app = await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'appizer')],
      polling: { fastest: 0.005, slowest: 1 },
      follow: [{ account: 'appizer-main', externalId: 'camp_1' }],
    });
    using stack = new DisposableStack();
    const told: Subscribed[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      told.push(stack.use(subscribe(app.url, changes, { ids: [id] })));
      for (let part = 0; part < 4; part += 1) {
        appizer.set('camp_1', { counters: { sent: round * 4 + part } });
        await app.request(`mutation { refreshCampaign(id: "${id}") { errors { code } } }`);
      }
    }
    const last = rounds * 4 + 3;
    for (const one of told) {
      await until(() => one.events.at(-1)?.stats.sent === last);
      expectUnbroken(one);
    }
    const { data } = await app.request(`{ campaign(id: "${id}") { revision } }`);
    for (const { events } of told) expect(events.at(-1).revision).toBe(data.campaign.revision);
  });
});
