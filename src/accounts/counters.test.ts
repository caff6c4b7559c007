import { describe, expect, test } from 'vitest';
import { problemOf } from '../../test/support/contract.ts';
import { until } from '../../test/support/wait.ts';
import type { Call } from '../providers/http.ts';
import { providers } from '../providers/index.ts';
import { type SimulatedProvider, startSimulator } from '../simulator/simulator.ts';
import { openAccount } from './account.ts';

const poll: Call = { priority: 'poll' };
const counters = { recipients: 9, sent: 4 };

/** An account at one of the simulated providers, with a clock that stands still until it is moved. */
async function openAt(name: string) {
  const simulator = await startSimulator({ campaigns: 0 });
  const simulated = new Map<string, SimulatedProvider>(Object.entries(simulator.providers)).get(name);
  const provider = providers.find((one) => one.name === name);
  if (!simulated || !provider) throw new Error(`There is no ${name}.`);
  let at = Date.now();
  const account = openAccount(
    {
      name: 'shop',
      provider,
      settings: { apiKey: simulated.apiKey, baseUrl: simulated.baseUrl },
      requestBudgets: [{ limit: 1_000, windowSeconds: 60 }],
      polling: { fastestMs: 1_000, slowestMs: 60_000 },
      timeoutMs: 60_000,
    },
    { now: () => at, onRequest: () => {}, onHealth: () => {} },
  );
  return {
    account,
    simulated,
    now: () => at,
    pass(ms: number): void {
      at += ms;
    },
    state: () => account.health.get().state,
    /** The counters alone of a campaign that is known to be sending. */
    read(externalId: string, call = poll) {
      const known = { status: 'SENDING', providerStatus: 'in_progress' } as const;
      return account.readCounters?.(externalId, known, call) ?? Promise.reject(new Error('It can’t.'));
    },
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

describe('the counters alone', () => {
  test.each([
    ['selzy', true],
    ['bsg', false],
    ['octeth', false],
    ['appizer', false],
  ])('are to be had where they are a call of their own: %s %s', async (name, can) => {
    await using at = await openAt(name);
    expect(at.account.readCounters !== null).toBe(can);
  });

  test('are one request, that counts, and come with the moment at which it was made', async () => {
    await using at = await openAt('selzy');
    const id = at.simulated.add({ status: 'in_progress', counters });
    const askedAt = at.now();
    const reading = at.read(id);
    at.pass(300);
    expect(await reading).toMatchObject({
      askedAt,
      reading: { externalId: id, status: 'SENDING', stats: { counters } },
    });
    expect(at.simulated.requests.map(({ operation }) => operation)).toEqual(['getCampaignCommonStats']);
    expect(at.account.budget.state().used).toBe(1);
  });

  test('tell by every answer and every failure how the account does', async () => {
    await using at = await openAt('selzy');
    const id = at.simulated.add({ status: 'in_progress', counters });
    at.simulated.fault({ kind: 'status', status: 500 }, { times: 1 });
    expect(await problemOf(at.read(id))).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(at.state()).toBe('DEGRADED');
    await at.read(id);
    expect(at.state()).toBe('UP');
    at.simulated.fault({ kind: 'unauthorized' }, { times: 1 });
    expect(await problemOf(at.read(id))).toMatchObject({ code: 'PROVIDER_UNAUTHENTICATED' });
    expect(at.state()).toBe('DOWN');
    await at.read(id);
    expect(at.state()).toBe('UP');
  });

  test('that are not there say that the account is well', async () => {
    await using at = await openAt('selzy');
    at.simulated.fault({ kind: 'status', status: 500 }, { times: 1 });
    await problemOf(at.read('1'));
    expect(at.state()).toBe('DEGRADED');
    expect(await at.read('1')).toMatchObject({ reading: null });
    expect(at.state()).toBe('UP');
  });

  test('pause polls where they meet a limit', async () => {
    await using at = await openAt('selzy');
    const id = at.simulated.add({ status: 'in_progress', counters });
    at.simulated.fault({ kind: 'rateLimited' }, { times: 1 });
    expect(await problemOf(at.read(id))).toMatchObject({ code: 'PROVIDER_RATE_LIMITED' });
    expect(at.account.budget.waitMs('poll')).toBe(60_000);
    expect(at.state()).toBe('DEGRADED');
  });

  test('say nothing of the account when they were called off', async () => {
    await using at = await openAt('selzy');
    const id = at.simulated.add({ status: 'in_progress', counters });
    at.simulated.fault({ kind: 'hang' });
    const leaving = new AbortController();
    const reading = problemOf(at.read(id, { ...poll, signal: leaving.signal }));
    await until(() => at.simulated.requests.length === 1);
    leaving.abort();
    expect(await reading).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(at.account.health.get()).toMatchObject({ state: 'UP', problem: null });
  });
});
