import type { Contract } from './contract.ts';
import { appizer } from './contract-appizer.ts';
import { bsg } from './contract-bsg.ts';
import { octeth } from './contract-octeth.ts';
import { selzy } from './contract-selzy.ts';

const contracts = new Map(Object.entries({ selzy, bsg, octeth, appizer }));

/** @throws for a provider that has no table yet */
export function contractOf(name: string): Contract {
  const contract = contracts.get(name);
  if (!contract) throw new Error(`Write down what ${name} says on the wire, in contract-${name}.ts.`);
  return contract;
}
