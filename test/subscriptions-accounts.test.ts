import { describe, expect, test } from 'vitest';
import { accountAt, startTestApp } from './support/app.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';

const health = `subscription ($names: [String!]) {
  accountUpdated(names: $names) { name health { state since lastSuccessAt problem { code message at } } }
}`;

/** States as they were told, without those that repeat the one before. */
function statesOf(events: readonly { readonly health: { readonly state: string } }[]): string[] {
  const states = events.map((event) => event.health.state);
  return states.filter((state, place) => state !== states[place - 1]);
}

describe.each([
  ['WebSocket', overWebSocket],
  ['SSE', overSse],
])('over %s', (_name, subscribe) => {
  test('an account is told as it is, and again whenever its health is another', async () => {
    await using simulator = await startGenerousSimulator();
    const { appizer } = simulator.providers;
    appizer.add({ externalId: 'camp_1', status: 'sending' });
    await using app = await startTestApp({
      accounts: [accountAt(simulator, 'appizer')],
      follow: [{ account: 'appizer-main', externalId: 'camp_1' }],
    });
    using told = subscribe(app.url, health, { names: ['appizer-main'] });
    await told.atLeast(1);
    expect(told.events[0]).toMatchObject({ name: 'appizer-main', health: { state: 'UP', problem: null } });

    appizer.fault({ kind: 'status', status: 503 });
    await told.atLeast(3);
    expect(statesOf(told.events)).toEqual(['UP', 'DEGRADED', 'DOWN']);
    expect(told.events[2].health.problem).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      message: expect.stringMatching(/unavailable/i),
    });

    appizer.clearFaults();
    await told.atLeast(4);
    expect(statesOf(told.events)).toEqual(['UP', 'DEGRADED', 'DOWN', 'UP']);
    const { since, lastSuccessAt, problem } = told.events[3].health;
    expect(problem).toBeNull();
    expect(Date.parse(lastSuccessAt)).toBeGreaterThanOrEqual(Date.parse(since));
  });

  test('a refused key is DOWN at once, and told without the key', async () => {
    await using simulator = await startGenerousSimulator();
    const { appizer } = simulator.providers;
    appizer.add({ externalId: 'camp_1', status: 'sending' });
    await using app = await startTestApp({
      accounts: [accountAt(simulator, 'appizer')],
      follow: [{ account: 'appizer-main', externalId: 'camp_1' }],
    });
    using told = subscribe(app.url, health);
    await told.atLeast(1);
    appizer.fault({ kind: 'unauthorized' });
    await told.atLeast(2);
    expect(told.events[1].health).toMatchObject({
      state: 'DOWN',
      problem: { code: 'PROVIDER_UNAUTHENTICATED' },
    });
    expect(JSON.stringify(told.events)).not.toContain(appizer.apiKey);
  });

  test('all accounts unless some are named; an unknown name is told nothing', async () => {
    await using simulator = await startGenerousSimulator();
    await using app = await startTestApp({
      accounts: [accountAt(simulator, 'appizer'), accountAt(simulator, 'octeth')],
    });
    using all = subscribe(app.url, health);
    using one = subscribe(app.url, health, { names: ['nobody', 'octeth-main'] });
    await all.atLeast(2);
    await one.atLeast(1);
    expect(new Set(all.events.map(({ name }) => name))).toEqual(new Set(['appizer-main', 'octeth-main']));
    simulator.providers.octeth.fault({ kind: 'unauthorized' });
    simulator.providers.appizer.fault({ kind: 'unauthorized' });
    await one.atLeast(2);
    expect(new Set(one.events.map(({ name }) => name))).toEqual(new Set(['octeth-main']));
  });
});
