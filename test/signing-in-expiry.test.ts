import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { connectRaw, post, tokenOf } from './support/signing-in.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const accounts = [{ name: 'main', provider: 'appizer', apiKey: 'key', baseUrl: 'http://127.0.0.1:1' }];
const query = '{ accounts { name } }';
const changes = 'subscription { accountUpdated(names: ["main"]) { name } }';
const end = Date.parse('2027-01-31T12:00:00Z');
const lasting = tokenOf('lasting', 'viewer');
const ending = tokenOf('ending', 'operator', ['*'], { expiresAt: '2027-01-31T12:00:00Z' });

/** A clock that stands still: a token has so long left, however slow the machine is. */
function clockBefore(leftMs: number) {
  let at = end - leftMs;
  return {
    now: () => at,
    reachEnd() {
      at = end;
    },
  };
}

describe('a token that expires', () => {
  test('ends what it has open over WebSocket and SSE, and nobody else notices', async () => {
    const { now, reachEnd } = clockBefore(800);
    const auth = { tokens: [lasting.settings, ending.settings] };
    await using app = await startTestApp({ accounts, auth, now });
    using idle = await connectRaw(app.url);
    await idle.greet(ending.bearer);
    using busy = await connectRaw(app.url);
    await busy.greet(ending.bearer);
    busy.subscribe('1', changes);
    using events = overSse(app.url, changes, {}, ending.bearer);
    using overSocket = overWebSocket(app.url, changes, {}, lasting.bearer);
    using overEvents = overSse(app.url, changes, {}, lasting.bearer);
    await Promise.all([events.atLeast(1), overSocket.atLeast(1), overEvents.atLeast(1)]);
    expect([await idle.closed(), await busy.closed()]).toEqual([4403, 4403]);
    await until(() => events.ended);
    expect(events.errors).toEqual([]);
    reachEnd();
    expect((await post(app.url, { query }, { authorization: ending.bearer })).status).toBe(401);
    using again = await connectRaw(app.url);
    await again.greet(ending.bearer);
    expect(await again.closed()).toBe(4403);
    expect([overSocket.ended, overEvents.ended]).toEqual([false, false]);
    expect((await app.request(query, {}, lasting.bearer)).data).toEqual({ accounts: [{ name: 'main' }] });
  });

  test('can do nothing more over a connection whose client takes its time to leave', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const { octeth } = simulator.providers;
    for (const externalId of ['1', '2']) octeth.add({ externalId, status: 'Sending' });
    const { now } = clockBefore(300);
    const auth = { tokens: [lasting.settings, ending.settings] };
    const polling = { fastest: 600, slowest: 3_600 };
    await using app = await startTestApp({ accounts: [accountAt(simulator, 'octeth')], auth, now, polling });
    using slow = await connectRaw(app.url);
    await slow.greet(ending.bearer);
    using prompt = await connectRaw(app.url);
    await prompt.greet(ending.bearer);
    // What it does not read it does not answer, and a WebSocket is closed by both sides.
    slow.socket.pause();
    expect(await prompt.closed()).toBe(4403);
    slow.subscribe(
      '1',
      'mutation { pauseCampaign(input: { id: "campaign:octeth-main:1" }) { errors { code } } }',
    );
    slow.socket.resume();
    expect(await slow.closed()).toBe(4403);
    // Had it been heard, it would have been before this.
    await app.request('{ campaign(id: "campaign:octeth-main:2") { id } }', {}, lasting.bearer);
    await until(() => octeth.requests.length > 0);
    expect(octeth.campaigns.get('1')?.status).toBe('Sending');
    expect(octeth.requests.map(({ operation }) => operation)).not.toContain('Campaign.Pause');
    expect(slow.messages.map(({ type }) => type)).toEqual(['connection_ack']);
  });
});

test('a token that is taken away while its request is still being sent gets no events', async () => {
  const auth = { tokens: [lasting.settings, ending.settings] };
  const { now } = clockBefore(3_600_000);
  await using app = await startTestApp({ accounts, auth, now });
  const asking = request(`${app.url}/graphql`, {
    method: 'POST',
    agent: false,
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: ending.bearer,
    },
  });
  const body = JSON.stringify({ query: changes });
  let text = '';
  const over = new Promise<void>((resolve) => {
    asking.on('error', () => resolve()).on('close', () => resolve());
    asking.on('response', (response) => {
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', () => {});
    });
  });
  asking.write(body.slice(0, 10));
  // What has come since then has come after its head.
  expect((await app.request(query, {}, ending.bearer)).errors).toBeUndefined();
  await app.reload(parseConfig({ accounts, auth: { tokens: [lasting.settings] } }, {}));
  asking.end(body.slice(10));
  await over;
  expect(text).not.toContain('"main"');
});
