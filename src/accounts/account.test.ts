import { describe, expect, test } from 'vitest';
import { problemOf } from '../../test/support/contract.ts';
import { until } from '../../test/support/wait.ts';
import type { Call } from '../providers/http.ts';
import { providers } from '../providers/index.ts';
import type { RequestBudget } from '../providers/provider.ts';
import { type SimulatedProvider, startSimulator } from '../simulator/simulator.ts';
import { openAccount } from './account.ts';

const person: Call = { priority: 'person' };
const plenty = { limit: 1_000, windowSeconds: 60 };

/** An account at one of the simulated providers, with a clock that stands still until it is moved. */
async function openAt(name: string, budgets: readonly RequestBudget[] = [plenty], settings: object = {}) {
  const simulator = await startSimulator({ campaigns: 0 });
  const simulated = new Map<string, SimulatedProvider>(Object.entries(simulator.providers)).get(name);
  const provider = providers.find((one) => one.name === name);
  if (!simulated || !provider) throw new Error(`There is no ${name}.`);
  let at = Date.now();
  const requests: [account: string, operation: string, outcome: string][] = [];
  const changes: string[] = [];
  const account = openAccount(
    {
      name: 'shop',
      provider,
      settings: { apiKey: simulated.apiKey, baseUrl: simulated.baseUrl, ...settings },
      requestBudgets: budgets,
      polling: { fastestMs: 1_000, slowestMs: 60_000 },
      timeoutMs: 60_000,
    },
    {
      now: () => at,
      onRequest: (...[owner, operation, outcome]) => void requests.push([owner, operation, outcome]),
      onHealth: (owner) => void changes.push(owner),
    },
  );
  return {
    account: {
      ...account,
      /** What the provider says, without when it was asked. */
      async read(externalId: string, call: Call) {
        return (await account.read(externalId, call)).reading;
      },
    },
    simulated,
    octethQuirks: simulator.providers.octeth.quirks,
    requests,
    changes,
    pass(ms: number): void {
      at += ms;
    },
    state: () => account.health.get().state,
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

describe('single flight', () => {
  test('reads of one campaign at the same moment are one request; later ones are not', async () => {
    await using at = await openAt('appizer');
    const [one, other] = [at.simulated.add(), at.simulated.add()];
    const reads = [one, one, other, one].map((id) => at.account.read(id, person));
    const [first, second, third] = await Promise.all(reads);
    expect([first, third]).toMatchObject([{ externalId: one }, { externalId: other }]);
    expect(second).toBe(first);
    expect(at.simulated.requests).toHaveLength(2);
    await at.account.read(one, person);
    expect(at.simulated.requests).toHaveLength(3);
  });

  test('a failure is shared, and not kept', async () => {
    await using at = await openAt('appizer');
    const id = at.simulated.add();
    at.simulated.fault({ kind: 'status', status: 500 }, { times: 1 });
    const problems = await Promise.all([1, 2].map(() => problemOf(at.account.read(id, person))));
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }, { code: 'PROVIDER_UNAVAILABLE' }]);
    expect(at.simulated.requests).toHaveLength(1);
    expect(await at.account.read(id, person)).toMatchObject({ externalId: id });
  });

  test('a person who joins a poll does not lose by the poll being called off', async () => {
    await using at = await openAt('appizer');
    const id = at.simulated.add();
    at.simulated.fault({ kind: 'hang' }, { times: 1 });
    const leaving = new AbortController();
    const poll = problemOf(at.account.read(id, { priority: 'poll', signal: leaving.signal }));
    await until(() => at.simulated.requests.length === 1);
    const asked = at.account.read(id, person);
    leaving.abort();
    expect(await poll).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(await asked).toMatchObject({ externalId: id });
  });

  test('a person does not wait behind a poll that waits for its share of the budget', async () => {
    await using at = await openAt('appizer', [{ limit: 5, windowSeconds: 3_600 }]);
    const id = at.simulated.add();
    for (let count = 0; count < 4; count++) await at.account.read(id, person);
    const leaving = new AbortController();
    const poll = problemOf(at.account.read(id, { priority: 'poll', signal: leaving.signal }));
    const asked = at.account.read(id, person).then(
      (reading) => reading?.externalId,
      (error: unknown) => error,
    );
    try {
      await until(() => at.simulated.requests.length === 5, 1_000);
    } finally {
      leaving.abort();
    }
    expect(await asked).toBe(id);
    await poll;
  });
});

describe('the budget', () => {
  test('refuses a person who would wait long, without asking the provider or blaming it', async () => {
    await using at = await openAt('appizer', [{ limit: 1, windowSeconds: 3_600 }]);
    const id = at.simulated.add();
    await at.account.read(id, person);
    const problem = await problemOf(at.account.read(id, person));
    expect(problem).toMatchObject({ code: 'PROVIDER_RATE_LIMITED' });
    expect(problem.retryAfterMs).toBeGreaterThanOrEqual(3_600_000);
    expect(problem.message).toMatch(/^The account's request budget is used up for 36\d\d s more\.$/);
    expect(at.simulated.requests).toHaveLength(1);
    expect(at.account.health.get()).toMatchObject({ state: 'UP', problem: null });
    expect(at.changes).toEqual([]);
    at.pass(problem.retryAfterMs ?? 0);
    expect(await at.account.read(id, person)).toMatchObject({ externalId: id });
  });

  test('that ends between the two calls of a reading leaves the account well, and the reading incomplete', async () => {
    await using at = await openAt('selzy', [{ limit: 1, windowSeconds: 3_600 }]);
    const id = at.simulated.add({ status: 'in_progress' });
    const reading = await at.account.read(id, person);
    expect(reading).toMatchObject({ status: 'SENDING', incomplete: { code: 'PROVIDER_RATE_LIMITED' } });
    expect(reading).not.toHaveProperty('stats');
    expect(at.account.health.get()).toMatchObject({ state: 'UP', problem: null });
  });

  test('a poll waits, until it is called off, which says nothing of the account', async () => {
    await using at = await openAt('appizer', [{ limit: 1, windowSeconds: 3_600 }]);
    const id = at.simulated.add();
    await at.account.read(id, person);
    const leaving = new AbortController();
    const poll = problemOf(at.account.read(id, { priority: 'poll', signal: leaving.signal }));
    leaving.abort();
    expect(await poll).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(at.simulated.requests).toHaveLength(1);
    expect(at.account.health.get()).toMatchObject({ state: 'UP', problem: null });
  });

  test('counts every request that goes out, log-ins too', async () => {
    await using at = await openAt('bsg');
    await at.account.read(at.simulated.add(), person);
    expect(at.account.budget.state().used).toBe(2);
    expect(at.requests).toEqual([
      ['shop', 'login', '200'],
      ['shop', 'campaign_details', '200'],
    ]);
  });
});

describe('what the provider says', () => {
  test.each([
    [7, 7_000],
    [undefined, 30_000],
  ])('a limit with Retry-After %j s pauses polls for %d ms', async (seconds, pauseMs) => {
    await using at = await openAt('octeth');
    const id = at.simulated.add();
    const retryAfter = seconds === undefined ? {} : { retryAfterSeconds: seconds };
    at.simulated.fault({ kind: 'rateLimited', ...retryAfter }, { times: 1 });
    expect(await problemOf(at.account.read(id, person))).toMatchObject({ code: 'PROVIDER_RATE_LIMITED' });
    expect(at.account.budget.waitMs('poll')).toBe(pauseMs);
    expect(at.account.budget.state().exhaustedUntil).not.toBeNull();
    expect(at.state()).toBe('DEGRADED');
    expect(await problemOf(at.account.read(id, person))).toMatchObject({ retryAfterMs: pauseMs });
    expect(at.simulated.requests).toHaveLength(1);
    at.pass(pauseMs);
    expect(await at.account.read(id, person)).toMatchObject({ externalId: id });
    expect(at.state()).toBe('UP');
  });

  test('Retry-After of a provider that is away pauses polls as well', async () => {
    await using at = await openAt('bsg');
    at.simulated.fault({ kind: 'status', status: 503, retryAfterSeconds: 20 }, { times: 1 });
    await problemOf(at.account.read(at.simulated.add(), person));
    expect(at.account.budget.waitMs('poll')).toBe(20_000);
  });

  test('a limit met by the second call of a reading pauses polls, though the reading stands', async () => {
    await using at = await openAt('selzy');
    const id = at.simulated.add({ status: 'in_progress' });
    at.simulated.fault({ kind: 'rateLimited' }, { operation: 'getCampaignCommonStats' });
    expect(await at.account.read(id, person)).toMatchObject({ status: 'SENDING' });
    expect(at.account.budget.waitMs('poll')).toBe(60_000);
    expect(at.state()).toBe('DEGRADED');
  });

  test('a campaign that is not there says that the account is well', async () => {
    await using at = await openAt('appizer');
    at.simulated.fault({ kind: 'status', status: 500 }, { times: 1 });
    await problemOf(at.account.read('camp_none', person));
    expect([at.state(), at.changes]).toEqual(['DEGRADED', ['shop']]);
    expect(await at.account.read('camp_none', person)).toBeNull();
    expect([at.state(), at.changes]).toEqual(['UP', ['shop', 'shop']]);
  });

  test('an error about one campaign says nothing of the account', async () => {
    await using at = await openAt('octeth');
    const id = at.simulated.add();
    at.simulated.fault({ kind: 'error', code: 77 });
    for (let count = 0; count < 4; count++) {
      expect(await problemOf(at.account.read(id, person))).toMatchObject({ code: 'PROVIDER_REJECTED' });
    }
    expect(at.account.health.get()).toMatchObject({ state: 'UP', problem: null });
  });

  test('a call that was called off says nothing of the account', async () => {
    await using at = await openAt('appizer');
    const id = at.simulated.add();
    at.simulated.fault({ kind: 'hang' });
    const leaving = new AbortController();
    const poll = problemOf(at.account.read(id, { priority: 'poll', signal: leaving.signal }));
    await until(() => at.simulated.requests.length === 1);
    leaving.abort();
    await poll;
    expect(at.account.health.get()).toMatchObject({ state: 'UP', problem: null });
    expect(at.requests).toEqual([['shop', 'getCampaign', 'aborted']]);
  });
});

describe('the list', () => {
  const listed = async (at: Awaited<ReturnType<typeof openAt>>) =>
    Array.fromAsync(at.account.list?.pages(person) ?? []);

  test('is there for those who can, and tells how the account does', async () => {
    await using none = await openAt('appizer');
    expect(none.account.list).toBeNull();
    await using at = await openAt('octeth');
    at.simulated.fault({ kind: 'unauthorized' }, { times: 1 });
    expect(await problemOf(listed(at))).toMatchObject({ code: 'PROVIDER_UNAUTHENTICATED' });
    expect(at.state()).toBe('DOWN');
    expect(await listed(at)).toEqual([]);
    expect(at.state()).toBe('UP');
  });

  const batchOf = (at: Awaited<ReturnType<typeof openAt>>, ...ids: string[]) =>
    at.account.list?.batch?.read(ids, person) ?? Promise.reject(new Error('It reads one by one.'));

  test('of several campaigns tells how the account does', async () => {
    await using none = await openAt('bsg');
    expect(none.account.list?.batch).toBeNull();
    await using at = await openAt('octeth');
    const id = at.simulated.add();
    at.simulated.fault({ kind: 'status', status: 500 }, { times: 1 });
    expect(await problemOf(batchOf(at, id))).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(at.state()).toBe('DEGRADED');
    expect(await batchOf(at, id)).toMatchObject({ readings: [{ externalId: id }] });
    expect(at.state()).toBe('UP');
    expect(at.account.budget.state().used).toBe(2);
  });

  test('of several, where the provider can’t, says nothing of the account', async () => {
    await using at = await openAt('octeth');
    at.simulated.fault({ kind: 'unauthorized' }, { times: 1 });
    await problemOf(listed(at));
    const [before, told] = [at.account.health.get(), at.changes.length];
    at.octethQuirks.campaignIds = false;
    const [id] = [at.simulated.add(), at.simulated.add()];
    expect(await problemOf(batchOf(at, id))).toMatchObject({ code: 'NOT_SUPPORTED' });
    expect([at.account.health.get(), at.changes.length]).toEqual([before, told]);
  });

  // As at a change: of those, a refusal says nothing. Of reads it does, by list or one by one.
  test('of several, that is forbidden, is heard as one campaign’s would be', async () => {
    await using at = await openAt('octeth');
    at.simulated.fault({ kind: 'error', code: 99_999 });
    expect(await problemOf(batchOf(at, '1'))).toMatchObject({ code: 'PROVIDER_FORBIDDEN' });
    expect(at.state()).toBe('DEGRADED');
  });

  test.each([listed, batchOf])('that is limited, or a part of it, pauses polls: %o', async (ask) => {
    await using at = await openAt('octeth');
    at.simulated.fault({ kind: 'rateLimited', retryAfterSeconds: 9 });
    await problemOf(ask(at, '1'));
    expect(at.account.budget.waitMs('poll')).toBe(9_000);
  });
});

test.each([
  ['selzy', {}, 'EMAIL'],
  ['selzy', { channel: 'SMS' }, 'SMS'],
  ['bsg', {}, 'SMS'],
  ['octeth', {}, 'EMAIL'],
  ['appizer', {}, 'PUSH'],
])('%s with %j has the channel %s', async (name, settings, channel) => {
  await using at = await openAt(name, [plenty], settings);
  expect(at.account.channel).toBe(channel);
});
