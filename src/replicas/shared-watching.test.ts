import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createWatching, type Watched } from '../polling/watching.ts';
import { createSharedWatching } from './shared-watching.ts';
import type { WatchedRow } from './watch-table.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const byKey = (...keys: string[]): Watched => ({ keys: new Set(keys), filter: null, fields: null });
const textOf = (...everything: string[]) =>
  JSON.stringify({ everything, status: [], filters: [], listed: false });

/** A replica that holds `ours`, with a table that is made up. */
function openShared() {
  const rows = new Map<string, WatchedRow>();
  const mine = new Map<string, string>();
  const tellings: [told: string[], gone: readonly string[]][] = [];
  const read: string[][] = [];
  const watching = createWatching(Date.now);
  const here = vi.fn(watching.here);
  const state = { isBroken: false, isDeaf: false };
  const among = (accounts: readonly string[]) =>
    [...rows.values()].filter((row) => accounts.includes(row.account));
  const shared = createSharedWatching({
    watching: { ...watching, here },
    logger: pino({ level: 'silent' }),
    isOurs: (account) => account.startsWith('ours'),
    ours: () => ['ours', 'ours-2'],
    table: {
      async tell(changed, gone) {
        if (state.isDeaf) throw new Error('deaf');
        tellings.push([changed.map(({ account }) => account), gone]);
        for (const { account, watched } of changed) mine.set(account, watched);
        for (const account of gone) mine.delete(account);
      },
      async versions(accounts) {
        if (state.isBroken) throw new Error('broken');
        return among(accounts).map(({ watched, ...row }) => row);
      },
      async of(accounts) {
        read.push([...accounts]);
        return among(accounts);
      },
      sweep: async () => new Set(mine.keys()),
      leave: async () => mine.clear(),
    },
  });
  return {
    ...{ watching, here, shared, mine, state },
    tellings: () => tellings.splice(0),
    read: () => read.splice(0).filter((accounts) => accounts.length > 0),
    put(account: string, version: string, watched: string): void {
      rows.set(account, { replica: 'another', account, version, watched });
    },
    drop: (account: string) => rows.delete(account),
    [Symbol.asyncDispose]: () => shared.stop(),
  };
}

describe('the others', () => {
  test('are told of what begins and ends of their accounts, what comes together in one', async () => {
    await using at = openShared();
    const end = at.watching.begin(byKey('theirs:1', 'ours:1'));
    at.watching.begin(byKey('far:1'));
    await pass(200);
    expect(at.tellings()).toEqual([[['theirs', 'far'], []]]);
    end();
    await pass(200);
    expect(at.tellings()).toEqual([[[], ['theirs']]]);
    await pass(20_000);
    expect(at.tellings()).toEqual([]);
  });

  test('are told again what they could not be told', async () => {
    await using at = openShared();
    at.state.isDeaf = true;
    at.watching.begin(byKey('theirs:1'));
    await pass(1_000);
    at.state.isDeaf = false;
    await pass(1_000);
    expect(at.tellings()).toEqual([[['theirs'], []]]);
  });

  test('are told the more seldom, the longer it takes to find out what', async () => {
    await using at = openShared();
    const { here } = at.watching;
    at.here.mockImplementation(() => {
      vi.advanceTimersByTime(240);
      return here();
    });
    const until = Date.now() + 60_000;
    while (Date.now() < until) {
      at.watching.begin(byKey(`theirs:${Date.now()}`));
      await pass(100);
    }
    expect(at.here.mock.calls.length).toBeGreaterThan(8);
    expect(at.here.mock.calls.length).toBeLessThan(13);
  });

  test('are told again what one of them has swept, and all is taken away in the end', async () => {
    const at = openShared();
    at.watching.begin(byKey('theirs:1'));
    await pass(200);
    at.mine.clear();
    at.tellings();
    at.shared.look();
    await pass(1_000);
    expect(at.tellings()).toEqual([]);
    await pass(60_000);
    at.shared.look();
    at.shared.look();
    await pass(1_000);
    expect(at.tellings()).toEqual([[['theirs'], []]]);
    expect([...at.mine.keys()]).toEqual(['theirs']);
    await at.shared.stop();
    expect(at.mine.size).toBe(0);
  });
});

describe('what is told by others', () => {
  test('is read of the accounts that are named, where it is another', async () => {
    await using at = openShared();
    at.put('ours', '1', textOf('1'));
    at.put('ours-2', '1', textOf('1'));
    await at.shared.hear(['ours', 'theirs']);
    expect(at.read()).toEqual([['ours']]);
    await at.shared.hear(null);
    expect(at.read()).toEqual([['ours-2']]);
    at.put('ours', '2', textOf('1', '2'));
    at.drop('ours-2');
    await at.shared.hear(['ours']);
    expect(at.read()).toEqual([['ours']]);
    const named = () => [...at.shared.named()].map(([account, ids]) => [account, [...ids]]);
    expect(named()).toEqual([
      ['ours', ['1', '2']],
      ['ours-2', ['1']],
    ]);
    await at.shared.hear(['ours-2']);
    expect(named()).toEqual([['ours', ['1', '2']]]);
    expect(at.read()).toEqual([]);
  });

  test('while it is being read is read once more, of all that are named meanwhile', async () => {
    await using at = openShared();
    at.put('ours', '1', textOf('1'));
    at.put('ours-2', '1', textOf('1'));
    const first = at.shared.hear([]);
    await Promise.all([first, at.shared.hear(['ours']), at.shared.hear(['ours-2'])]);
    expect(at.read()).toEqual([['ours', 'ours-2']]);
  });

  test('that could not be read is read the next time', async () => {
    await using at = openShared();
    at.put('ours', '1', textOf('1'));
    at.state.isBroken = true;
    await at.shared.hear(null);
    at.state.isBroken = false;
    await at.shared.hear(null);
    expect(at.read()).toEqual([['ours']]);
  });
});
