import { expect, test } from 'vitest';
import { accountAt, providerNames } from './support/app.ts';
import { createDatabase } from './support/databases.ts';
import { configFile, runScript } from './support/process.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { until } from './support/wait.ts';

// What a real process writes, all of it: also what no logger is asked for (faults-secrets.test.ts).

test('no key is in what a process writes, from its start to its end', { timeout: 60_000 }, async () => {
  await using simulator = await startGenerousSimulator();
  const keys = providerNames.map((name) => simulator.providers[name].apiKey);
  const path = configFile({
    server: { port: 0 },
    database: await createDatabase('sqlite'),
    polling: { fastest: 0.05, slowest: 0.2 },
    accounts: providerNames.map((name) => accountAt(simulator, name, { timeoutSeconds: 0.5 })),
  });
  await using service = runScript('src/main.ts', ['--config', path], { LOG_LEVEL: 'trace' });
  const url = await service.ready();
  /** Has each provider asked for a campaign that nobody knows. @returns what is told */
  const ask = async (externalId: number): Promise<string> => {
    const asked = providerNames.map(
      (name) => `${name}: campaign(id: "campaign:${name}-main:${externalId}") { id }`,
    );
    const response = await fetch(`${url}/graphql?query=${encodeURIComponent(`{ ${asked.join(' ')} }`)}`);
    return response.text();
  };
  expect(await ask(1)).not.toContain('[redacted]');
  for (const name of providerNames) {
    const { apiKey, fault } = simulator.providers[name];
    fault({ kind: 'error', code: '99', message: `The key ${apiKey} may not do that.` });
  }
  expect(await ask(2)).toContain('[redacted]');
  for (const name of providerNames) {
    simulator.providers[name].clearFaults();
    simulator.providers[name].fault({ kind: 'drop' });
  }
  await ask(3);
  service.send('SIGHUP');
  await until(() => service.errors.includes('has been read again'));
  service.send('SIGTERM');
  expect(await service.ended).toBe(0);

  const written = service.output + service.errors;
  for (const name of providerNames) expect(written).toContain(`${name}-main`);
  expect(keys.filter((key) => written.includes(key) || written.includes(encodeURIComponent(key)))).toEqual(
    [],
  );
  expect(written, 'a token of a session').not.toMatch(/eyJ[\w-]{20,}\./);
});
