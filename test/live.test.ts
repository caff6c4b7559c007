import { describe, expect, test } from 'vitest';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const changes = `subscription ($ids: [ID!], $filter: CampaignFilter, $fields: [String!], $after: String) {
  campaignUpdated(ids: $ids, filter: $filter, fields: $fields, after: $after) {
    cursor cause fromRevision revision kinds changedFields
    transitions { from to }
    stats { sent }
    campaign { id status name }
  }
}`;

describe.each(databaseKinds)('on %s', (kind) => {
  describe.each([
    ['WebSocket', overWebSocket],
    ['SSE', overSse],
  ])('over %s', (_name, subscribe) => {
    test('a named campaign begins with its state, and every change follows in order', async () => {
      await using simulator = await startGenerousSimulator();
      const { appizer } = simulator.providers;
      appizer.add({ externalId: 'camp_1', status: 'pending' });
      await using app = await startTestApp({
        database: await createDatabase(kind),
        accounts: [accountAt(simulator, 'appizer')],
        follow: [{ account: 'appizer-main', externalId: 'camp_1' }],
      });
      using told = subscribe(app.url, changes, { ids: ['campaign:appizer-main:camp_1'] });
      await told.atLeast(1);
      appizer.set('camp_1', { status: 'sending', counters: { recipients: 100, sent: 10 } });
      await told.atLeast(2);
      appizer.set('camp_1', { status: 'completed', counters: { recipients: 100, sent: 100 } });
      await told.atLeast(3);
      expect(told.events).toMatchObject([
        { cause: 'SNAPSHOT', campaign: { status: 'QUEUED' }, transitions: [] },
        { cause: 'POLL', transitions: [{ from: 'QUEUED', to: 'SENDING' }], stats: { sent: 10 } },
        { cause: 'POLL', transitions: [{ from: 'SENDING', to: 'COMPLETED' }], stats: { sent: 100 } },
      ]);
      for (const [place, event] of told.events.entries()) {
        if (place > 0) expect(event.fromRevision).toBe(told.events[place - 1].revision);
      }
    });
  });
});

test('a client that comes back with its cursor is told what it missed, once', async () => {
  await using simulator = await startGenerousSimulator();
  const { appizer } = simulator.providers;
  appizer.add({ externalId: 'camp_1', status: 'pending' });
  const database = await createDatabase('sqlite');
  const options = {
    database,
    accounts: [accountAt(simulator, 'appizer')],
    follow: [{ account: 'appizer-main', externalId: 'camp_1' }],
  };
  const ids = ['campaign:appizer-main:camp_1'];
  let cursor = '';
  {
    await using app = await startTestApp(options);
    using told = overWebSocket(app.url, changes, { ids });
    await told.atLeast(1);
    cursor = told.events[0].cursor;
    appizer.set('camp_1', { status: 'sending' });
    await until(async () => {
      const { data } = await app.request(`{ campaign(id: "${ids[0]}") { status } }`);
      return data.campaign.status === 'SENDING';
    });
  }
  appizer.set('camp_1', { status: 'failed' });
  await using app = await startTestApp(options);
  using told = overWebSocket(app.url, changes, { ids, after: cursor });
  await told.atLeast(2);
  expect(told.events.map((event) => event.transitions[0])).toEqual([
    { from: 'QUEUED', to: 'SENDING' },
    { from: 'SENDING', to: 'FAILED' },
  ]);
});
