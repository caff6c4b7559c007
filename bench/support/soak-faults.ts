import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, Simulator } from '../../src/simulator/simulator.ts';

const faults: readonly Fault[] = [
  { kind: 'drop' },
  { kind: 'dropMidBody' },
  { kind: 'reset' },
  { kind: 'hang' },
  { kind: 'drip' },
  { kind: 'delay', ms: 2_000 },
  { kind: 'status', status: 500 },
  { kind: 'html' },
  { kind: 'garbage' },
  { kind: 'halfJson' },
  { kind: 'empty' },
  { kind: 'wrongTypes' },
  { kind: 'wrongValues' },
  { kind: 'unauthorized' },
];

const everyMs = 4_000;

/**
 * Lets one provider after the other fail for a few requests, in one way after the other, until the signal.
 * @returns how many times so far
 */
export function startFaults({ providers }: Simulator, signal: AbortSignal) {
  const told = { times: 0 };
  const done = (async () => {
    const names = Object.values(providers);
    while (!signal.aborted) {
      await delay(everyMs, undefined, { signal }).catch(() => {});
      const fault = faults[told.times % faults.length];
      // The two lengths have no common divisor but 2: in time, all meet all.
      const provider = names[(told.times + Math.floor(told.times / faults.length)) % names.length];
      if (fault) provider?.fault(fault, { times: 5 });
      told.times += 1;
    }
    for (const provider of names) provider.clearFaults();
  })();
  return { told, done };
}
