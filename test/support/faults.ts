import type { Fault } from '../../src/simulator/simulator.ts';

/** What every provider is made to do in turn. What is `refused` does not get there: its road is closed (`startRoad`). */
export const faults = [
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
  { kind: 'rateLimited', retryAfterSeconds: 1 },
] as const satisfies readonly (Fault | { readonly kind: 'refused' })[];

export type FaultKind = (typeof faults)[number]['kind'];

/** Where Selzy does not say when to come back, it is left alone for so long. */
export const leftAloneMs = 60_000;

/** An address for an account of which nobody knows where it is. */
export function unresolvable(baseUrl: string): string {
  return baseUrl.replace(/\/\/[^/]+/, '//provider.invalid');
}
