import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type WebSocket from 'ws';
import { fakeClock } from './support/fake-clock.ts';
import { idOf, type QuietApp, startQuietApp, watchWarnings } from './support/quiet-app.ts';
import {
  type Change,
  type SlowClient,
  slowSse,
  slowTransports,
  slowWebSocket,
} from './support/slow-socket.ts';
import { until } from './support/wait.ts';

const ids = [idOf('a')];
/** So long that what waits for a client is soon more than the system takes off our hands. */
const sender = 'Shop '.repeat(20_000);

/** So long that one event is more than the system takes off our hands at a time, and any that is read makes itself felt. */
const longestSender = 'Shop '.repeat(200_000);

async function startApp(as = sender): Promise<QuietApp> {
  const app = await startQuietApp();
  await app.see({ externalId: 'a', status: 'SENDING', sent: 0, sender: as });
  return app;
}

/**
 * A client that had the first state, and then does not read while more and more waits for it, until it is told no more.
 * @returns how many changes it was to be told
 */
async function stall(app: QuietApp, client: SlowClient, as = sender): Promise<number> {
  await until(() => client.events.length === 1);
  client.stopReading();
  let sent = 0;
  let untold = 0;
  let told = await app.metric('subscription_deliveries_total');
  while (untold < 20) {
    sent += 1;
    await app.see({ externalId: 'a', status: 'SENDING', sent, sender: as });
    const before = told;
    told = await app.metric('subscription_deliveries_total');
    untold = told === before ? untold + 1 : 0;
  }
  expect(await app.metric('subscribers')).toBe(1);
  return sent;
}

type Connect = typeof slowWebSocket | typeof slowSse;

/** Each event goes on from where the one before it led. */
function expectUnbroken(events: readonly Change[]): void {
  expect(events.slice(1).map(({ fromRevision }) => fromRevision)).toEqual(
    events.slice(0, -1).map(({ revision }) => revision),
  );
}

/** Coming back with the last cursor, it gets what it missed, and then what comes, once each. */
async function expectRest(app: QuietApp, connect: Connect, client: SlowClient, changeCount: number) {
  const last = client.events.at(-1);
  expect(last?.revision).toBeLessThan(changeCount + 1);
  using again = await connect(app.url, { ids, ...(last && { after: last.cursor }) });
  await until(() => again.events.at(-1)?.stats.sent === changeCount);
  await app.see({ externalId: 'a', status: 'COMPLETED', sent: changeCount, sender });
  await until(() => again.events.at(-1)?.campaign.status === 'COMPLETED');
  const all = [...client.events, ...again.events];
  expect(all[0]).toMatchObject({ cause: 'SNAPSHOT', revision: 1 });
  expectUnbroken(all);
  expect(all.at(-1)).toMatchObject({
    revision: changeCount + 2,
    transitions: [{ from: 'SENDING', to: 'COMPLETED' }],
  });
}

/** Everything that a client has sent so far has been heard, and answered. */
async function heard({ socket }: { readonly socket: WebSocket }): Promise<void> {
  socket.send(JSON.stringify({ type: 'ping' }));
  await once(socket, 'message');
}

describe('an idle connection', () => {
  test('over WebSocket is pinged every 12 s, and kept while it answers', async () => {
    await using app = await startApp();
    using clock = fakeClock();
    using client = await slowWebSocket(app.url, { ids });
    await until(() => client.events.length === 1);
    let pings = 0;
    client.socket.on('ping', () => {
      pings += 1;
    });
    for (let count = 1; count <= 10; count += 1) {
      await clock.pass(11.999);
      await heard(client);
      expect(pings).toBe(count - 1);
      await clock.pass(0.001);
      await until(() => pings === count);
      await heard(client);
    }
    expect(client.closeCode).toBeNull();
    await app.see({ externalId: 'a', status: 'COMPLETED', sent: 1 });
    await until(() => client.events.length === 2);
  });

  test('over WebSocket is given up if it does not answer within 12 s', async () => {
    await using app = await startQuietApp();
    await app.see({ externalId: 'a', status: 'SENDING', sent: 0 });
    using clock = fakeClock();
    using client = await slowWebSocket(app.url, { ids }, { autoPong: false });
    await until(() => client.events.length === 1);
    await clock.pass(23.999);
    await heard(client);
    expect(await app.metric('subscribers')).toBe(1);
    await clock.pass(0.001);
    await until(() => client.closeCode !== null);
    expect(client.closeCode).toBe(1006);
    await until(async () => (await app.metric('subscribers')) === 0);
    expect(await app.metric('subscription_groups')).toBe(0);
  });

  test('over SSE gets a comment every 12 s, without an id', async () => {
    await using app = await startApp();
    using clock = fakeClock();
    using client = await slowSse(app.url, { ids });
    await until(() => client.events.length === 1);
    const before = client.text().length;
    for (let count = 1; count <= 10; count += 1) {
      await clock.pass(12);
      await until(() => client.text().length >= before + 3 * count);
      expect(client.text().slice(before)).toBe(':\n\n'.repeat(count));
    }
    await app.see({ externalId: 'a', status: 'COMPLETED', sent: 1 });
    await until(() => client.events.length === 2);
  });
});

describe('a client that does not read for a minute while it is behind', () => {
  test.each([
    ['closed with 1013', 0, 1013],
    ['cut off, if it does not read that within 10 s', 10, 1006],
  ])('over WebSocket is %s', async (_what, secondsLater, closeCode) => {
    await using app = await startApp();
    using clock = fakeClock();
    using client = await slowWebSocket(app.url, { ids });
    const changeCount = await stall(app, client);
    await clock.pass(59.999);
    expect(await app.metric('subscribers')).toBe(1);
    await clock.pass(0.001);
    await clock.pass(secondsLater);
    client.readOn();
    await until(() => client.closeCode !== null);
    expect(client.closeCode).toBe(closeCode);
    await until(async () => (await app.metric('subscribers')) === 0);
    await expectRest(app, slowWebSocket, client, changeCount);
  });

  test('over SSE is cut off', async () => {
    await using app = await startApp();
    using clock = fakeClock();
    using client = await slowSse(app.url, { ids });
    const changeCount = await stall(app, client);
    await clock.pass(59.999);
    expect(await app.metric('subscribers')).toBe(1);
    await clock.pass(0.001);
    await until(async () => (await app.metric('subscribers')) === 0);
    client.readOn();
    await until(() => client.closeCode !== null);
    await expectRest(app, slowSse, client, changeCount);
  });

  test.each(slowTransports)('over %s is kept if it reads in time', async (_name, connect) => {
    await using app = await startApp();
    using clock = fakeClock();
    using client = await connect(app.url, { ids });
    const changeCount = await stall(app, client);
    await clock.pass(11);
    client.readOn();
    await until(() => client.events.at(-1)?.stats.sent === changeCount);
    for (let seconds = 0; seconds < 72; seconds += 12) {
      await clock.pass(12);
      // A ping has come with the first answer, and its answer has arrived before the second.
      if ('socket' in client) for (let time = 0; time < 2; time += 1) await heard(client);
    }
    expect(client.closeCode).toBeNull();
  });
});

describe.each(slowTransports)('over %s', (_name, connect) => {
  test('a client that reads a little now and then is kept, and misses nothing', async () => {
    await using app = await startApp(longestSender);
    using clock = fakeClock();
    using warnings = watchWarnings();
    using client = await connect(app.url, { ids });
    let sent = await stall(app, client, longestSender);
    for (let minutes = 0; minutes < 6; minutes += 0.2) {
      await client.readOne();
      sent += 1;
      await app.see({ externalId: 'a', status: 'SENDING', sent, sender: longestSender });
      await clock.pass(12);
    }
    expect(client.events.at(-1)?.stats.sent).toBeLessThan(sent - 20);
    expect(client.closeCode).toBeNull();
    expect(await app.metric('subscribers')).toBe(1);
    client.readOn();
    await until(() => client.events.at(-1)?.stats.sent === sent);
    await app.see({ externalId: 'a', status: 'COMPLETED', sent, sender: longestSender });
    await until(() => client.events.at(-1)?.campaign.status === 'COMPLETED');
    expect(client.closeCode).toBeNull();
    expect(client.events[0]).toMatchObject({ cause: 'SNAPSHOT', revision: 1 });
    expectUnbroken(client.events);
    expect(client.events.at(-1)?.revision).toBe(sent + 2);
    expect(warnings.told).toEqual([]);
  });

  test('a connection to which much is written gathers no listeners', async () => {
    await using app = await startApp();
    using warnings = watchWarnings();
    using client = await connect(app.url, { ids });
    for (let sent = 1; sent <= 100; sent += 1) {
      await app.see({ externalId: 'a', status: 'SENDING', sent, sender });
      await until(() => client.events.at(-1)?.stats.sent === sent);
    }
    expect(warnings.told).toEqual([]);
  });
});
