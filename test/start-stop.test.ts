import { describe, expect, test } from 'vitest';
import { accountAt } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { configFile, runScript } from './support/process.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

/** Every request is told of at `info`. */
const quiet = { LOG_LEVEL: 'warn' };
/** What ends too late runs into this: nothing that is open may hold the process up. */
const timeout = 15_000;

describe('the service ends in good order', { timeout }, () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('on %s', async (signal) => {
    await using service = runScript('src/main.ts', ['--port', '0'], quiet);
    await service.ready();
    service.send(signal);
    expect(await service.ended).toBe(0);
    expect(service.errors).toBe('');
  });

  test('when it is told twice', async () => {
    await using service = runScript('src/main.ts', ['--port', '0'], quiet);
    await service.ready();
    service.send('SIGINT');
    service.send('SIGTERM');
    expect(await service.ended).toBe(0);
  });

  test.each([
    ['WebSocket', overWebSocket],
    ['SSE', overSse],
  ])('with a subscription open over %s', async (_name, subscribe) => {
    await using service = runScript('src/main.ts', ['--port', '0'], quiet);
    using told = subscribe(await service.ready(), 'subscription { campaignUpdated { cursor } }');
    await told.atLeast(1);
    service.send('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.errors).toBe('');
    await until(() => told.ended);
  });

  test.each(databaseKinds)('with a provider that hangs, a query that waits for it, on %s', async (kind) => {
    await using simulator = await startGenerousSimulator();
    const { appizer, bsg } = simulator.providers;
    appizer.fault({ kind: 'hang' });
    bsg.fault({ kind: 'hang' });
    const path = configFile({
      server: { port: 0 },
      database: await createDatabase(kind),
      // Far longer than the test may take.
      accounts: [
        accountAt(simulator, 'appizer', { timeoutSeconds: 120 }),
        accountAt(simulator, 'bsg', { timeoutSeconds: 120 }),
      ],
      follow: [{ account: 'appizer-main', externalId: 'camp_1' }],
    });
    await using service = runScript('src/main.ts', ['--config', path], quiet);
    const url = await service.ready();
    const query = encodeURIComponent('{ campaign(id: "campaign:appizer-main:camp_2") { status } }');
    const waiting = fetch(`${url}/graphql?query=${query}`).then(
      () => 'answered',
      () => 'cut off',
    );
    await until(() => appizer.requests.length === 2 && bsg.requests.length > 0);
    service.send('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.errors).toBe('');
    expect(await waiting).toBe('cut off');
  });
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'the simulators alone say where they are, answer, and end on %s',
  { timeout },
  async (signal) => {
    await using simulators = runScript('src/simulator/main.ts', ['--port', '0', '--campaigns', '3']);
    const url = await simulators.ready();
    const overview: Record<string, { campaigns: unknown[] }> = await (await fetch(`${url}/control`)).json();
    expect(Object.keys(overview)).toEqual(['selzy', 'bsg', 'octeth', 'appizer']);
    for (const { campaigns } of Object.values(overview)) expect(campaigns.length).toBeGreaterThanOrEqual(3);
    simulators.send(signal);
    expect(await simulators.ended).toBe(0);
    expect(simulators.errors).toBe('');
  },
);
