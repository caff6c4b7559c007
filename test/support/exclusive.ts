import { expect } from 'vitest';
import type { RecordedRequest } from '../../src/simulator/simulator.ts';
import type { ManyAccounts, SimulatedAccount } from './many-accounts.ts';

const windowMs = 60_000;

/**
 * Says, by what the providers have recorded, that no account was read by two replicas at once, and that none has had more
 * requests than its budget in any minute.
 * @param takings how often each account was taken by a replica
 */
export function expectExclusive({ accounts }: ManyAccounts, takings: ReadonlyMap<string, number>): void {
  for (const one of accounts) {
    // Files have addresses of their own, which the provider gives, and no budget.
    const account = { ...one, requests: one.requests.filter(({ operation }) => operation !== 'file') };
    expectOneAtATime(account);
    const askers = runsOf(account.requests);
    expect(askers.length, `${account.name} was asked by ${askers}`).toBeLessThanOrEqual(
      takings.get(account.name) ?? 0,
    );
    expectWithinBudget(account);
  }
}

/** The addresses that requests came to, one for each stretch of requests to the same. */
export function runsOf(requests: readonly RecordedRequest[]): string[] {
  return requests.map(({ to }) => to).filter((to, place) => to !== requests[place - 1]?.to);
}

/** The replica that asks a provider, as far as the last request tells. */
export function askerOf({ requests }: SimulatedAccount): string | undefined {
  return requests.at(-1)?.to;
}

/** How long each of these accounts, which a replica asked for before, then waited for another to ask, in ms. */
export function takeoverTimes(
  accounts: readonly SimulatedAccount[],
  former: string,
  since: number,
): readonly number[] {
  return accounts.map(({ requests }) => {
    const next = requests.find(({ at, to }) => at >= since && to !== former);
    return (next?.at ?? Number.POSITIVE_INFINITY) - since;
  });
}

function expectOneAtATime({ name, requests }: SimulatedAccount): void {
  /** When the last request of anybody before ended. */
  let endedBefore = 0;
  let latest = 0;
  let last: RecordedRequest | undefined;
  for (const request of requests) {
    if (last && last.to !== request.to) endedBefore = latest;
    const about = `${name}: ${request.operation} at ${request.to}, ${endedBefore - request.at} ms too early`;
    expect(request.at >= endedBefore, about).toBe(true);
    latest = Math.max(latest, request.endedAt ?? Number.POSITIVE_INFINITY);
    last = request;
  }
}

function expectWithinBudget({ name, perMinute, requests }: SimulatedAccount): void {
  for (const [place, { at }] of requests.entries()) {
    const later = requests[place + perMinute];
    if (later) expect(later.at - at, `${perMinute + 1} requests of ${name}`).toBeGreaterThanOrEqual(windowMs);
  }
}
