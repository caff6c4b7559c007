import { describe, expect, test } from 'vitest';
import { type ProblemCode, ProblemError } from '../model/problem.ts';
import { createHealth, type HealthState } from './health.ts';

const start = Date.parse('2026-03-01T12:00:00Z');

function openHealth(firstPauseMs = 1_000) {
  let at = start;
  let changes = 0;
  const health = createHealth(
    () => at,
    firstPauseMs,
    () => {
      changes += 1;
    },
  );
  return {
    ...health,
    changes: () => changes,
    pass(ms: number): void {
      at += ms;
    },
    fail: (code: ProblemCode, about: string | null = null) =>
      health.failed(new ProblemError(code, `It failed: ${code}.`), about, at),
    pauseMs: () => health.retryAt() - at,
  };
}

test('an account begins well, and nothing is said of it', () => {
  const health = openHealth();
  expect(health.get()).toEqual({ state: 'UP', since: start, lastSuccessAt: null, problem: null });
  expect(health.pauseMs()).toBeLessThanOrEqual(0);
});

const failures: [ProblemCode, ...HealthState[]][] = [
  ['PROVIDER_UNAVAILABLE', 'DEGRADED', 'DEGRADED', 'DOWN', 'DOWN'],
  ['PROVIDER_UNAUTHENTICATED', 'DOWN', 'DOWN'],
  ['PROVIDER_RATE_LIMITED', 'DEGRADED', 'DEGRADED', 'DEGRADED', 'DEGRADED'],
  ['PROVIDER_BAD_RESPONSE', 'DEGRADED', 'DEGRADED', 'DOWN', 'DOWN'],
  ['PROVIDER_FORBIDDEN', 'DEGRADED', 'DEGRADED', 'DOWN', 'DOWN'],
];

test.each(failures)('%s, one after the other: %s', (code, ...states) => {
  const health = openHealth();
  for (const [place, state] of states.entries()) {
    health.fail(code);
    expect([place, health.get().state]).toEqual([place, state]);
  }
});

test.each(['PROVIDER_BAD_RESPONSE', 'PROVIDER_FORBIDDEN'] as const)(
  '%s can be one campaign’s trouble: the account is down when several have it',
  (code) => {
    const alone = openHealth();
    const statesAlone = [1, 2, 3, 4, 5, 6].map(() => {
      alone.fail(code, 'camp_1');
      return alone.get().state;
    });
    expect(statesAlone).toEqual(['UP', 'UP', 'DEGRADED', 'DEGRADED', 'DEGRADED', 'DOWN']);
    const many = openHealth();
    const statesOfMany = [1, 2, 3].map((id) => {
      many.fail(code, `camp_${id}`);
      return many.get().state;
    });
    expect(statesOfMany).toEqual(['UP', 'DEGRADED', 'DOWN']);
    expect(openHealth().get().problem).toBeNull();
  },
);

test('one limit among failures is a sign of life', () => {
  const health = openHealth();
  for (let count = 0; count < 3; count++) health.fail('PROVIDER_UNAVAILABLE');
  health.fail('PROVIDER_RATE_LIMITED');
  expect(health.get().state).toBe('DEGRADED');
});

test('one unreadable answer leaves a degraded account as it is', () => {
  const health = openHealth();
  health.fail('PROVIDER_UNAVAILABLE');
  health.fail('PROVIDER_BAD_RESPONSE');
  expect(health.get().state).toBe('DEGRADED');
});

describe('a success', () => {
  test('makes an account well at once, whatever was before', () => {
    const health = openHealth();
    for (const [code] of failures) {
      for (let count = 0; count < 5; count++) health.fail(code);
      health.pass(10);
      health.succeeded();
      expect(health.get()).toMatchObject({ state: 'UP', problem: null });
      expect(health.pauseMs()).toBeLessThanOrEqual(0);
    }
    expect(health.get().lastSuccessAt).toBe(start + 10 * failures.length);
  });

  test('lets the count of failures begin again', () => {
    const health = openHealth();
    for (let round = 0; round < 4; round++) {
      health.fail('PROVIDER_UNAVAILABLE');
      health.fail('PROVIDER_UNAVAILABLE');
      expect(health.get().state).toBe('DEGRADED');
      health.succeeded();
    }
  });
});

test('the problem is the last one, with the provider’s own code and its moment', () => {
  const health = openHealth();
  health.pass(500);
  health.failed(
    new ProblemError('PROVIDER_UNAVAILABLE', 'Away.', { providerCode: '503' }),
    null,
    start + 500,
  );
  const problem = { code: 'PROVIDER_UNAVAILABLE', message: 'Away.', providerCode: '503', at: start + 500 };
  expect(health.get()).toEqual({ state: 'DEGRADED', since: start + 500, lastSuccessAt: null, problem });
});

test('`since` is when the state began, not when it was last confirmed', () => {
  const health = openHealth();
  for (let count = 0; count < 2; count++) {
    health.pass(100);
    health.fail('PROVIDER_UNAVAILABLE');
  }
  expect(health.get().since).toBe(start + 100);
  health.pass(100);
  health.fail('PROVIDER_UNAVAILABLE');
  expect(health.get().since).toBe(start + 300);
  for (let count = 0; count < 2; count++) {
    health.pass(100);
    health.succeeded();
  }
  expect(health.get()).toMatchObject({ since: start + 400, lastSuccessAt: start + 500 });
});

test('a change is told when the state or the kind of problem is another, and only then', () => {
  const health = openHealth();
  const told: [string, number][] = [];
  const step = (code: ProblemCode | null) => {
    if (code) health.fail(code);
    else health.succeeded();
    told.push([health.get().state, health.changes()]);
  };
  for (const code of [null, null, 'PROVIDER_UNAVAILABLE', 'PROVIDER_UNAVAILABLE'] as const) step(code);
  for (const code of ['PROVIDER_UNAVAILABLE', 'PROVIDER_UNAUTHENTICATED', null, null] as const) step(code);
  expect(told).toEqual([
    ['UP', 0],
    ['UP', 0],
    ['DEGRADED', 1],
    ['DEGRADED', 1],
    ['DOWN', 2],
    ['DOWN', 3],
    ['UP', 4],
    ['UP', 4],
  ]);
});

test('a provider that stays away is left alone ever longer, up to 15 s', () => {
  const health = openHealth(1_000);
  const pauses: number[] = [];
  for (let count = 0; count < 9; count++) {
    health.fail('PROVIDER_UNAVAILABLE');
    pauses.push(health.pauseMs());
  }
  expect(pauses).toEqual([1_000, 1_000, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
});

test('a thousand failures still end in a finite pause', () => {
  const health = openHealth(1_000);
  for (let count = 0; count < 2_000; count++) health.fail('PROVIDER_UNAVAILABLE');
  expect(health.pauseMs()).toBe(15_000);
});

test('requests that were under way together and all fail are one failure', () => {
  const health = openHealth();
  const problem = new ProblemError('PROVIDER_UNAVAILABLE', 'Away.');
  health.pass(10_000);
  for (const id of ['camp_1', 'camp_2', 'camp_3', 'camp_4']) health.failed(problem, id, start);
  expect(health.get().state).toBe('DEGRADED');
});
