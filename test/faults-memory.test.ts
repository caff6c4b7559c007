import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'vitest';
import type { Fault } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp } from './support/app.ts';
import { startRoad } from './support/road.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { until } from './support/wait.ts';

// In a file, and so in a process, of its own: nothing else moves the memory that is measured.

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const words = { selzy: 'in_progress', bsg: 'sending', octeth: 'Sending', appizer: 'sending' } as const;

const faults: readonly (Fault | { readonly kind: 'refused' })[] = [
  { kind: 'refused' },
  { kind: 'drop' },
  { kind: 'dropMidBody' },
  { kind: 'reset' },
  { kind: 'hang' },
  { kind: 'drip' },
  { kind: 'status', status: 500 },
  { kind: 'html' },
  { kind: 'garbage' },
  { kind: 'halfJson' },
  { kind: 'empty' },
  { kind: 'huge' },
  { kind: 'wrongTypes' },
  { kind: 'unauthorized' },
];

/** Bytes that are held, on the heap and beside it. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

test('what providers do wrong leaves neither memory nor connections behind', {
  timeout: 90_000,
}, async () => {
  await using simulator = await startGenerousSimulator();
  const providers = providerNames.map((name) => simulator.providers[name]);
  for (const name of providerNames) {
    for (const externalId of ['501', '502', '503'])
      simulator.providers[name].add({ externalId, status: words[name] });
  }
  await using road = await startRoad(Number(new URL(simulator.url).port));
  await using app = await startTestApp({
    accounts: providerNames.map((name) =>
      accountAt(simulator, name, {
        baseUrl: simulator.providers[name].baseUrl.replace(simulator.url, `http://127.0.0.1:${road.port}`),
        timeoutSeconds: 0.5,
      }),
    ),
    // What nobody looks at waits 24 times the floor, and ever longer.
    polling: { fastest: 0.02, slowest: 0.5 },
    follow: providerNames.flatMap((name) =>
      ['501', '502', '503'].map((externalId) => ({ account: `${name}-main`, externalId })),
    ),
  });
  const states = async (): Promise<string[]> => {
    const { data } = await app.request('{ accounts { health { state } } }');
    return data.accounts.map(({ health }: { health: { state: string } }) => health.state);
  };
  const unknown = `{ ${providerNames.map((name) => `${name}: campaign(id: "campaign:${name}-main:999") { id }`).join(' ')} }`;

  async function goThrough(fault: (typeof faults)[number]): Promise<void> {
    if (fault.kind === 'refused') await road.close();
    else for (const { fault: add } of providers) add(fault);
    simulator.providers.bsg.expireTokens();
    await until(async () => (await states()).every((state) => state === 'DOWN'), 20_000);
    await app.request(unknown);
    if (fault.kind === 'refused') await road.reopen();
    else for (const { clearFaults } of providers) clearFaults();
    await until(async () => (await states()).every((state) => state === 'UP'), 20_000);
  }

  await until(
    async () => (await app.request('{ campaigns { totalCount } }')).data.campaigns.totalCount === 12,
  );
  // Once for all that is made once: compiled code, prepared statements, connections.
  for (const fault of faults) await goThrough(fault);
  const [bytes, sockets] = [heldBytes(), openSockets()];

  for (const fault of faults) await goThrough(fault);
  await until(() => heldBytes() < bytes + 5_000_000);
  await until(() => openSockets() <= sockets + 8);
  await until(async () => (await states()).every((state) => state === 'UP'));
});
