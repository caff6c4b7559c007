import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openBudget, spend } from '../../test/support/budget.ts';
import { ProblemError } from '../model/problem.ts';
import { restoreAccount, saveAccount } from './handover.ts';
import { createHealth } from './health.ts';

function openAccount(...budgets: Parameters<typeof openBudget>) {
  const budget = openBudget(...budgets);
  const changes: string[] = [];
  const health = createHealth(budget.now, 1_000, () => changes.push(health.get().state));
  return { budget, health, changes };
}

type Account = ReturnType<typeof openAccount>;

function save(account: Account, isLast: boolean) {
  const told = saveAccount(account, isLast);
  if (!told) throw new Error('There is nothing to be saved.');
  return told;
}

const minute = { limit: 100, windowSeconds: 60 };

test('whoever takes over goes on counting, as if all that was set aside had been made', () => {
  const before = openAccount(minute);
  spend(before.budget, 30);
  const { saved, keep } = save(before, false);
  keep();
  const after = openAccount(minute);
  restoreAccount(after, saved, true);
  const { used } = after.budget.state();
  expect(used).toBeGreaterThanOrEqual(30);
  expect(used).toBeLessThanOrEqual(40);
});

test('no more is made than has been set aside, until more is', () => {
  const { budget } = openAccount(minute);
  const first = budget.save();
  expect(budget.spendAll('person')).toBe(0);
  first.keep();
  const made = budget.spendAll('person');
  expect(made).toBe(first.saved.pending);
  expect(budget.isScarce()).toBe(true);
  budget.save().keep();
  expect(budget.spendAll('person')).toBeGreaterThan(0);
});

test('what could not be stored sets nothing aside', () => {
  const { budget } = openAccount(minute);
  budget.save().keep();
  const made = budget.spendAll('person');
  budget.save();
  expect(budget.spendAll('person')).toBe(0);
  expect(made).toBeGreaterThan(0);
});

test('what has not changed is not saved again', () => {
  const account = openAccount(minute);
  save(account, false).keep();
  expect(saveAccount(account, false)).toBeNull();
  spend(account.budget);
  expect(saveAccount(account, false)).toBeNull();
  account.budget.pass(6_000);
  save(account, false).keep();
  account.budget.spendAll('person', 5);
  save(account, false).keep();
  account.health.failed(new ProblemError('PROVIDER_UNAVAILABLE', 'It is away.'), null, account.budget.now());
  save(account, false).keep();
  account.budget.pauseUntil(account.budget.now() + 1_000);
  spend(account.budget);
  expect(saveAccount(account, false)).not.toBeNull();
});

test('after the last word nothing is made, and nothing counts that was not', () => {
  const before = openAccount(minute);
  before.budget.save().keep();
  spend(before.budget, 3);
  const { saved } = save(before, true);
  expect(before.budget.spendAll('person')).toBe(0);
  const after = openAccount(minute);
  restoreAccount(after, saved, true);
  expect(after.budget.state().used).toBe(3);
});

test('a pause that the provider has asked for outlasts its holder, and so does what was learnt', () => {
  const before = openAccount(minute);
  before.budget.pauseUntil(before.budget.now() + 30_000);
  before.budget.limited(before.budget.now());
  const after = openAccount(minute);
  restoreAccount(after, save(before, true).saved, true);
  after.budget.save().keep();
  expect(after.budget.waitMs('person')).toBe(30_000);
  expect(after.budget.pollsAMinute()).toBeCloseTo(before.budget.pollsAMinute(), 0);
});

test('a window that the provider has told goes on', () => {
  const before = openAccount();
  before.budget.told(7, 20_000);
  const after = openAccount();
  restoreAccount(after, save(before, true).saved, true);
  expect(after.budget.state()).toMatchObject({ limit: 100, used: 93 });
});

test('over any number of takeovers no window is passed', () => {
  const turn = fc.record({
    requests: fc.nat(40),
    passMs: fc.nat(20_000),
    isStored: fc.boolean(),
    diesMs: fc.nat(10_000),
  });
  fc.assert(
    fc.property(
      fc.array(turn, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 60 }),
      (turns, limit) => {
        const made: number[] = [];
        let stored: string | null = null;
        let start = Date.parse('2026-03-01T12:00:00Z');
        for (const { requests, passMs, isStored, diesMs } of turns) {
          const account = openAccount({ limit, windowSeconds: 60 });
          account.budget.pass(start - account.budget.now());
          if (stored !== null) restoreAccount(account, stored, true);
          const first = save(account, false);
          stored = first.saved;
          first.keep();
          made.push(...Array<number>(account.budget.spendAll('person', requests)).fill(account.budget.now()));
          account.budget.pass(passMs);
          const second = saveAccount(account, false);
          // Whether its confirmation came back or not, what is stored may be the one or the other.
          if (isStored && second) {
            stored = second.saved;
            second.keep();
          }
          made.push(...Array<number>(account.budget.spendAll('person', requests)).fill(account.budget.now()));
          start = account.budget.now() + diesMs;
        }
        for (const from of made) {
          const inWindow = made.filter((at) => at >= from && at < from + 60_000);
          expect(inWindow.length).toBeLessThanOrEqual(limit);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('health is as the other has found it, and a difference is told', () => {
  const before = openAccount();
  before.health.failed(
    new ProblemError('PROVIDER_UNAUTHENTICATED', 'The key was refused.'),
    null,
    before.budget.now(),
  );
  const after = openAccount();
  const { saved } = save(before, false);
  restoreAccount(after, saved, false);
  restoreAccount(after, saved, false);
  expect(after.health.get()).toEqual(before.health.get());
  expect(after.changes).toEqual(['DOWN']);
  expect(after.health.retryAt()).toBe(before.health.retryAt());
});

test('what another version has saved is left alone', () => {
  const { budget, health, changes } = openAccount(minute);
  restoreAccount({ budget, health }, JSON.stringify({ health: { mood: 'fine' } }), true);
  restoreAccount(undefined, '{}', true);
  expect(budget.state().used).toBe(0);
  expect(changes).toEqual([]);
});
