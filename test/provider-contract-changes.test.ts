import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { providers } from '../src/providers/index.ts';
import type { Fault } from '../src/simulator/simulator.ts';
import { changeNames, faults, openAtSimulator, problemOf } from './support/contract.ts';
import { contractOf } from './support/contract-wire.ts';
import { until } from './support/wait.ts';

/** The changes of one campaign that ask for its id and nothing else, and the actions that they are. */
const simpleChanges = [
  ['copy', 'COPY'],
  ['approve', 'APPROVE'],
  ['pause', 'PAUSE'],
  ['resume', 'RESUME'],
  ['cancel', 'CANCEL'],
] as const;

describe.each(providers)('$name says what it can change:', (provider) => {
  const offered = changeNames.filter((name) => contractOf(provider.name).changes[name]);

  test('capabilities, actions and members are of the same things', async () => {
    await using at = await openAtSimulator(provider);
    const members = changeNames.filter((name) => at.changes?.[name] !== undefined);
    const capable = changeNames.filter((name) => isAmong(name, provider.capabilities));
    const possible = changeNames.filter((name) => isAmong(name, Object.keys(provider.actions)));
    expect({ members, capable }).toEqual({ members: offered, capable: offered });
    // Making a campaign is no action on one that is there.
    expect(possible).toEqual(offered.filter((name) => name !== 'create'));
  });

  test('an action is possible in some status, each named once, and never in UNKNOWN', () => {
    const known = contractOf(provider.name).statuses.map(([, status]) => status);
    for (const [name, statuses] of Object.entries(provider.actions)) {
      expect([name, statuses]).toEqual([name, [...new Set(statuses)]]);
      expect([name, statuses]).not.toEqual([name, expect.arrayContaining(['UNKNOWN'])]);
      expect([name, known.some((status) => statuses.includes(status))]).toEqual([name, true]);
    }
  });
});

/** After these the provider has done what was asked for, and only its answer was lost. */
const lostAnswers = [
  [{ kind: 'dropMidBody' }, 'PROVIDER_UNAVAILABLE'],
  [{ kind: 'dropAnswer' }, 'PROVIDER_UNAVAILABLE'],
  [{ kind: 'hangAnswer' }, 'PROVIDER_UNAVAILABLE'],
] as const satisfies typeof faults;

const failures = [...faults.filter(([{ kind }]) => kind !== 'dropMidBody'), ...lostAnswers];

const refused = expect.objectContaining({ code: 'INVALID_STATE', argument: ['id'] });

const offers = providers.flatMap((provider) =>
  simpleChanges
    .filter(([change]) => contractOf(provider.name).changes[change])
    .map(([change, action]) => ({ name: provider.name, provider, change, action })),
);

/** What every change owes the rest of the service: above all, that it is asked for once. */
describe.each(offers)('$name $change', ({ provider, change, action }) => {
  const contract = contractOf(provider.name);
  const { operation, becomes } = contract.changes[change] ?? noChange();
  const allowed = provider.actions[action] ?? [];
  const allowedOnes = contract.statuses.filter(([, status]) => allowed.includes(status));
  const otherOnes = contract.statuses.filter(([, status]) => !allowed.includes(status));
  const [start] = allowedOnes.find(([, status]) => status !== becomes) ?? noChange();
  const changing = new Set(Object.values(contract.changes).map((one) => one.operation));

  /** The adapter, a campaign that may be changed so, and how often the provider was asked to change something. */
  async function openScene(options: Parameters<typeof openAtSimulator>[1] = {}) {
    const at = await openAtSimulator(provider, options);
    return {
      at,
      id: at.simulated.add(start),
      doIt: async (id: string, signal?: AbortSignal): Promise<unknown> =>
        at.changes?.[change]?.(id, { priority: 'person', ...(signal && { signal }) }),
      asked: () => at.simulated.requests.map((one) => one.operation).filter((one) => changing.has(one)),
      campaigns: () => [...at.simulated.campaigns.values()],
      [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
    };
  }

  test('is done by one request, and the provider says so when it is read', async () => {
    await using scene = await openScene();
    const answer = await scene.doIt(scene.id);
    expect(scene.asked()).toEqual([operation]);
    const id = change === 'copy' ? String(answer) : scene.id;
    expect((await scene.at.known(id)).status).toBe(becomes);
    expect(scene.campaigns()).toHaveLength(change === 'copy' ? 2 : 1);
    expect(answer).toBe(change === 'copy' ? id : undefined);
    expect(id !== scene.id).toBe(change === 'copy');
  });

  test('is done in every status that allows it', async () => {
    await using scene = await openScene();
    // Of several words for a status, the first is the usual one.
    const usual = new Map(allowedOnes.toReversed().map(([state, status]) => [status, state]));
    for (const state of usual.values()) await scene.doIt(scene.at.simulated.add(state));
    expect(scene.asked()).toEqual(Array(usual.size).fill(operation));
  });

  test('in any other status is refused and blames the id, if the provider minds', async () => {
    await using scene = await openScene();
    for (const [state, status] of otherOnes) {
      const doing = scene.doIt(scene.at.simulated.add(state));
      const problem = await doing.then(
        () => null,
        (error: unknown) => error,
      );
      expect([status, problem]).toEqual([status, expect.toBeOneOf([null, refused])]);
    }
    expect(scene.asked()).toEqual(otherOnes.map(() => operation));
  });

  test('of a campaign that is gone, or of somebody else, is refused and blames the id', async () => {
    await using scene = await openScene();
    const foreign = scene.at.simulated.add({ ...start, foreign: true });
    expect(await problemOf(scene.doIt(foreign))).toMatchObject(
      contract.foreign ? { code: contract.foreign } : { code: 'NOT_FOUND', argument: ['id'] },
    );
    scene.at.simulated.remove(scene.id);
    expect(await problemOf(scene.doIt(scene.id))).toMatchObject({ code: 'NOT_FOUND', argument: ['id'] });
    expect(scene.asked()).toEqual([operation, operation]);
  });

  test.each(['../campaigns', 'x/y?z=1#w', 'no such campaign', '0', 'ключ', '%2e%2e', "1' or '1'='1", ''])(
    'of the id %j, which names nothing, touches nothing',
    async (id) => {
      await using scene = await openScene();
      const before = scene.campaigns();
      expect(await problemOf(scene.doIt(id))).toMatchObject({ code: 'NOT_FOUND', argument: ['id'] });
      expect(scene.campaigns()).toEqual(before);
    },
  );

  describe('that fails is told as what it is, and never asked for again', () => {
    test.each(failures)('%j is %s', async (fault, code) => {
      await using scene = await openScene({ timeoutMs: fault.kind.startsWith('hang') ? 200 : 5_000 });
      await scene.at.known(scene.id);
      const before = scene.campaigns();
      scene.at.simulated.fault(fault, { operation });
      const problem = await problemOf(scene.doIt(scene.id));
      expect(problem).toMatchObject({ code });
      expect(problem.message).toMatch(/^\S.*\S$/);
      expect(inspect(problem, { depth: 9 })).not.toContain(scene.at.simulated.apiKey);
      scene.at.simulated.clearFaults();
      await scene.at.known(scene.id);
      const times = fault.kind === 'unauthorized' ? contract.sentAfterRefusal : 1;
      expect(scene.asked()).toEqual(Array(times).fill(operation));
      const isDone = lostAnswers.some(([{ kind }]) => kind === fault.kind);
      if (isDone) expect(scene.campaigns()).not.toEqual(before);
      else expect(scene.campaigns()).toEqual(before);
    });

    test.each<[Fault, 'told' | 'untold']>([
      [{ kind: 'rateLimited', retryAfterSeconds: 7 }, 'told'],
      [{ kind: 'rateLimited' }, 'untold'],
    ])('%j: its end is %s', async (fault, told) => {
      await using scene = await openScene();
      scene.at.simulated.fault(fault, { operation });
      expect(await problemOf(scene.doIt(scene.id))).toMatchObject({
        code: 'PROVIDER_RATE_LIMITED',
        retryAfterMs: contract.limitedForMs[told],
      });
      expect(scene.asked()).toEqual([operation]);
    });

    test('a wrong key, and one that may not', async () => {
      await using wrong = await openScene({ apiKey: 'wrong-key-5f3a' });
      const problem = await problemOf(wrong.doIt(wrong.id));
      expect(problem).toMatchObject({ code: 'PROVIDER_UNAUTHENTICATED' });
      expect(inspect(problem, { depth: 9 })).not.toContain('wrong-key-5f3a');
      expect(wrong.asked().length).toBeLessThanOrEqual(1);
      await using restricted = await openScene({ restricted: true });
      expect(await problemOf(restricted.doIt(restricted.id))).toMatchObject({ code: 'PROVIDER_FORBIDDEN' });
      expect(restricted.asked()).toEqual([operation]);
    });

    test('an error that quotes the key does not give it away', async () => {
      await using scene = await openScene();
      const message = `The key ${scene.at.simulated.apiKey} is odd.`;
      scene.at.simulated.fault({ kind: 'error', code: 77, message }, { operation });
      const problem = await problemOf(scene.doIt(scene.id));
      expect(problem).toMatchObject({ code: 'PROVIDER_REJECTED', providerCode: '77' });
      expect(problem.message).toContain('is odd.');
      expect(inspect(problem, { depth: 9 })).not.toContain(scene.at.simulated.apiKey);
      expect(scene.asked()).toEqual([operation]);
    });

    test('one that is called off', async () => {
      await using scene = await openScene({ timeoutMs: 600_000 });
      scene.at.simulated.fault({ kind: 'hang' }, { operation });
      const leaving = new AbortController();
      const outcome = problemOf(scene.doIt(scene.id, leaving.signal));
      await until(() => scene.asked().length > 0);
      leaving.abort();
      expect(await outcome).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
      expect(scene.asked()).toEqual([operation]);
    });
  });
});

function isAmong(change: string, names: readonly string[]): boolean {
  return names.includes(change.toUpperCase());
}

function noChange(): never {
  throw new Error('The provider does not offer the change.');
}
