import { expect, test } from 'vitest';
import type WebSocket from 'ws';
import { idOf, startQuietApp } from './support/quiet-app.ts';
import { openSocket, subscribeOver } from './support/slow-socket.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const changes = `subscription ($ids: [ID!]) {
  campaignUpdated(ids: $ids) { cursor cause revision campaign { status } }
}`;
const variables = { ids: [idOf('a')] };

/** The messages that come over a socket from now on. */
function listenTo(socket: WebSocket) {
  const heard: string[] = [];
  socket.on('message', (data) => void heard.push(String(data)));
  return heard;
}

test('one change to a thousand subscribers of one document is executed once', async () => {
  await using app = await startQuietApp();
  await app.see({ externalId: 'a', status: 'SENDING', sent: 0 });
  const sockets = await Promise.all(Array.from({ length: 20 }, () => openSocket(app.url)));
  const heard = sockets.map(listenTo);
  for (const socket of sockets) {
    for (let id = 0; id < 48; id += 1) subscribeOver(socket, String(id), changes, variables);
  }
  const streams = Array.from({ length: 40 }, () => overSse(app.url, changes, variables));
  const toldEach = (count: number) =>
    heard.every(({ length }) => length === 48 * count) &&
    streams.every(({ events }) => events.length === count);
  await until(() => toldEach(1));
  expect(await app.metric('subscribers')).toBe(1_000);
  expect(await app.metric('subscription_groups')).toBe(1);

  const executions = await app.metric('subscription_executions_total');
  const deliveries = await app.metric('subscription_deliveries_total');
  await app.see({ externalId: 'a', status: 'COMPLETED', sent: 5 });
  await until(() => toldEach(2));
  expect(await app.metric('subscription_executions_total')).toBe(executions + 1);
  expect(await app.metric('subscription_deliveries_total')).toBe(deliveries + 1_000);

  // The same to everybody, each under the id of its own.
  const [{ events: [, change] = [] } = {}] = streams;
  expect(change).toMatchObject({ cause: 'POLL', revision: 2, campaign: { status: 'COMPLETED' } });
  for (const { events } of streams) expect(events[1]).toEqual(change);
  for (const messages of heard) {
    const told = messages.slice(48).map((text) => JSON.parse(text));
    expect(told.map(({ id }) => Number(id)).sort((one, other) => one - other)).toEqual([...Array(48).keys()]);
    for (const { payload } of told) expect(payload).toEqual({ data: { campaignUpdated: change } });
  }

  // Some complete, some close, some vanish; nothing is published that could find them gone.
  for (const [place, socket] of sockets.entries()) {
    if (place % 3 === 0) socket.close();
    else if (place % 3 === 1) socket.terminate();
    else for (let id = 0; id < 48; id += 1) socket.send(JSON.stringify({ id: String(id), type: 'complete' }));
  }
  for (const stream of streams) stream[Symbol.dispose]();
  await until(async () => (await app.metric('subscribers')) === 0);
  expect(await app.metric('subscription_groups')).toBe(0);
  for (const socket of sockets) socket.terminate();
});

test('who watches some fields costs nothing for steps that touch none of them', async () => {
  await using app = await startQuietApp();
  await app.see({ externalId: 'a', status: 'SENDING', sent: 0 });
  const watching = (field: string) =>
    overWebSocket(
      app.url,
      `subscription ($ids: [ID!]) { campaignUpdated(ids: $ids, fields: ["${field}"]) { changedFields revision } }`,
      variables,
    );
  using all = overWebSocket(app.url, changes, variables);
  using status = watching('status');
  using counters = watching('stats');
  using delivered = watching('stats.delivered');
  const watchers = [all, status, counters, delivered];
  for (const { atLeast } of watchers) await atLeast(1);
  const executions = await app.metric('subscription_executions_total');
  const deliveries = await app.metric('subscription_deliveries_total');

  for (let sent = 1; sent <= 20; sent += 1) await app.see({ externalId: 'a', status: 'SENDING', sent });
  await app.see({ externalId: 'a', status: 'PAUSED', sent: 20 });
  await Promise.all([all.atLeast(22), counters.atLeast(21), status.atLeast(2)]);
  expect(status.events[1]).toMatchObject({ changedFields: expect.arrayContaining(['status']), revision: 22 });
  expect(delivered.events).toHaveLength(1);
  // 21 steps for who wants all, 20 for who counts, one for who watches the status.
  expect(await app.metric('subscription_executions_total')).toBe(executions + 42);
  expect(await app.metric('subscription_deliveries_total')).toBe(deliveries + 42);
});
