import { expect, test } from 'vitest';
import { providers } from '../providers/index.ts';
import type { Provider, RequestBudget } from '../providers/provider.ts';
import type { AccountSettings } from './account.ts';
import type { Budget } from './budget.ts';
import { createSharedBudgets } from './shared-budgets.ts';

const perMinute: RequestBudget = { limit: 3, windowSeconds: 60 };
const perHour: RequestBudget = { limit: 5, windowSeconds: 3_600 };
const [someProvider, otherProvider] = providers;

interface Settings extends Partial<Omit<AccountSettings, 'settings'>> {
  readonly settings?: Readonly<Record<string, unknown>>;
}

function account(
  name: string,
  { provider, settings, requestBudgets = [perMinute] }: Settings = {},
): AccountSettings {
  return {
    name,
    provider: known(provider ?? someProvider),
    settings: { baseUrl: 'https://mail.example.com/api', apiKey: 'key-1', ...settings },
    requestBudgets,
    polling: { fastestMs: 1_000, slowestMs: 60_000 },
    timeoutMs: 1_000,
  };
}

function known(provider: Provider | undefined): Provider {
  if (!provider) throw new Error('There is no such provider.');
  return provider;
}

/** The budgets of accounts on a clock that stands still until it is moved. */
function share(...accounts: AccountSettings[]) {
  let at = Date.parse('2026-03-01T12:00:00Z');
  const budgets = createSharedBudgets(() => at);
  budgets.share(accounts);
  const of = (name: string): Budget => {
    const budget = budgets.of(name);
    if (!budget) throw new Error(`${name} has no budget.`);
    return budget;
  };
  return {
    of,
    pass(ms: number): void {
      at += ms;
    },
    /** Makes so many requests for people as may be made now. */
    spendAll(name: string): number {
      for (let made = 0; ; made++) {
        if (of(name).waitMs('person') > 0) return made;
        of(name).begin();
        of(name).end();
      }
    },
  };
}

test('accounts with the same key at the same place share a budget', () => {
  const at = share(account('email'), account('sms', { settings: { channel: 'SMS' } }));
  expect(at.spendAll('email')).toBe(3);
  expect(at.of('sms').waitMs('person')).toBeGreaterThanOrEqual(60_000);
  expect(at.of('sms').state()).toEqual(at.of('email').state());
  at.of('sms').pauseUntil(Number.MAX_SAFE_INTEGER);
  expect(at.of('email').waitMs('poll')).toBeGreaterThan(60_000);
});

test.each<[string, Settings]>([
  ['another key', { settings: { apiKey: 'key-2' } }],
  ['another place', { settings: { baseUrl: 'https://other.example.com/api' } }],
  ['a session instead of the key', { settings: { apiKey: undefined, sessionId: 'key-1' } }],
  ['another provider', { provider: known(otherProvider) }],
])('accounts with %s do not', (_name, settings) => {
  const at = share(account('one'), account('other', settings));
  expect(at.spendAll('one')).toBe(3);
  expect(at.spendAll('other')).toBe(3);
});

// The same place may be written in several ways; requests go to the same paths either way.
test.each(['https://mail.example.com/api/', 'https://MAIL.example.com/api'])(
  'the place may be written as %s',
  (baseUrl) => {
    const at = share(account('one'), account('other', { settings: { baseUrl } }));
    at.spendAll('one');
    expect(at.spendAll('other')).toBe(0);
  },
);

test('the limits of all of them hold for each', () => {
  const at = share(account('one'), account('other', { requestBudgets: [perHour] }));
  expect(at.spendAll('other')).toBe(3);
  at.pass(at.of('one').waitMs('person'));
  expect(at.spendAll('one')).toBe(2);
  expect(at.of('other').waitMs('person')).toBeGreaterThan(3_500_000);
});

test('a limit that both have counts once, and the tighter of two for the same window holds', () => {
  const tighter: RequestBudget = { limit: 2, windowSeconds: 60 };
  const at = share(
    account('one'),
    account('same'),
    account('other', { requestBudgets: [tighter, perMinute] }),
  );
  expect(at.spendAll('one')).toBe(2);
});

test('accounts that share nothing have each their own limits', () => {
  const at = share(
    account('one'),
    account('other', { settings: { apiKey: 'key-2' }, requestBudgets: [perHour] }),
  );
  expect([at.spendAll('one'), at.spendAll('other')]).toEqual([3, 5]);
});
