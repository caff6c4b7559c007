import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Request } from '../src/actions/once.ts';
import type { Result } from '../src/actions/parts.ts';
import { ProblemError } from '../src/model/problem.ts';
import { done, longWork, openOnce, pause, startedAt, workOf } from './support/actions.ts';
import { problemOf } from './support/contract.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const hour = 3_600_000;
/** A request that is being worked on says so this often. */
const heartbeatMs = 3_000;
/** After so long without a word from it, a request was cut off. */
const silentMs = 15_000;

describe.each(databaseKinds)('a dry run with a key on %s', (kind) => {
  const dry: Request = { ...pause, dryRun: true };

  test('does not take it', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const work = workOf(done);
    await at.once(dry, work);
    await at.once({ ...dry, input: 8 }, work);
    await at.once(dry, work);
    expect(work).toHaveBeenCalledTimes(3);
    expect(at.heard.begun).toBe(0);
    expect(await at.store.get('k1')).toBeNull();
  });

  test('that is taken for the same input runs, and leaves the first answer alone', async () => {
    await using at = await openOnce(await createDatabase(kind));
    await at.once(pause, workOf(done));
    const rehearsed: Result = { keys: [], problems: [new ProblemError('INVALID_STATE', 'No.')] };
    expect(await at.once(dry, workOf(rehearsed))).toBe(rehearsed);
    expect(await at.once(pause, workOf(rehearsed))).toEqual(done);
  });

  test('that is taken for something else is a CONFLICT', async () => {
    await using at = await openOnce(await createDatabase(kind));
    await at.once(pause, workOf(done));
    const work = workOf(done);
    for (const other of [{ input: 8 }, { operation: 'resumeCampaign' }]) {
      expect(await problemOf(at.once({ ...dry, ...other }, work))).toMatchObject({ code: 'CONFLICT' });
    }
    expect(work).not.toHaveBeenCalled();
  });

  test('does not wait for a request that is under way', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const { work, end } = longWork(done);
    const first = at.once(pause, work);
    await until(() => work.mock.calls.length > 0);
    expect(await at.once(dry, workOf(done))).toEqual(done);
    end();
    await first;
  });
});

describe.each(databaseKinds)('a first request that is being worked on, on %s', (kind) => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('says so every 3 s until it is answered, and is waited for however long it takes', async () => {
    await using at = await openOnce(await createDatabase(kind));
    // Only the heartbeat: the database keeps its time.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { work, end } = longWork(done);
    const first = at.once(pause, work);
    await until(() => work.mock.calls.length > 0);
    const aliveAt = async () => (await at.store.get('k1'))?.aliveAt;
    expect(await aliveAt()).toBe(startedAt);
    at.clock.at += 2 * silentMs;
    vi.advanceTimersByTime(heartbeatMs);
    await until(async () => (await aliveAt()) === at.clock.at);
    const before = at.heard.looks;
    const again = at.once(pause, workOf({ keys: [], problems: [] }));
    await until(() => at.heard.looks >= before + 2);
    end();
    expect(await Promise.all([first, again])).toEqual([done, done]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is what stopping waits for', async () => {
    await using at = await openOnce(await createDatabase(kind));
    await at.idle();
    const { work, end } = longWork(done);
    const order: string[] = [];
    const first = at.once(pause, work).then(() => order.push('answered'));
    const failing = at.once({ ...pause, idempotencyKey: null }, () => Promise.reject(new TypeError('No.')));
    await expect(failing).rejects.toThrow('No.');
    const idle = at.idle().then(() => order.push('idle'));
    await until(() => work.mock.calls.length > 0);
    end();
    await Promise.all([first, idle]);
    expect(order).toEqual(['answered', 'idle']);
    expect(await at.store.get('k1')).toMatchObject({ answer: JSON.stringify(done) });
  });
});

describe.each(databaseKinds)('a first request that was cut off, on %s', (kind) => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A process that takes the key, and is never heard of again. */
  async function cutOff(url: string) {
    // Its heartbeat stands still, and the database keeps its time.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const at = await openOnce(url);
    void at.once(pause, () => new Promise<Result>(() => {}));
    await until(() => at.store.get('k1'));
    return at;
  }

  test('is PROVIDER_UNAVAILABLE after 15 s of silence, and nothing is done', async () => {
    await using at = await cutOff(await createDatabase(kind));
    at.clock.at += silentMs + 1;
    const work = workOf(done);
    for (let count = 0; count < 2; count += 1) {
      const problem = await problemOf(at.once(pause, work));
      expect(problem).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', argument: ['idempotencyKey'] });
      expect(problem.message).toMatch(/cut off.*new key/);
    }
    expect(await problemOf(at.once({ ...pause, input: 8 }, work))).toMatchObject({ code: 'CONFLICT' });
    expect(work).not.toHaveBeenCalled();
  });

  test('is waited for until then', async () => {
    await using at = await cutOff(await createDatabase(kind));
    at.clock.at += silentMs;
    const work = workOf(done);
    const before = at.heard.looks;
    const waiting = problemOf(at.once(pause, work));
    // It has looked again, so it did wait.
    await until(() => at.heard.looks >= before + 2);
    at.clock.at += 1;
    expect(await waiting).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(work).not.toHaveBeenCalled();
  });

  test('and is answered after all is told as answered', async () => {
    await using at = await cutOff(await createDatabase(kind));
    const before = at.heard.looks;
    const waiting = at.once(pause, workOf({ keys: [], problems: [] }));
    await until(() => at.heard.looks >= before + 2);
    await at.store.finish('k1', JSON.stringify(done));
    expect(await waiting).toEqual(done);
  });

  test('by a failure of our own is told at once, and leaves the key taken', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const failing = at.once(pause, () => Promise.reject(new TypeError('Our own fault.')));
    await expect(failing).rejects.toThrow('Our own fault.');
    const work = workOf(done);
    const { keys, problems } = await at.once(pause, work);
    expect(keys).toEqual([]);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE', argument: ['idempotencyKey'] }]);
    expect(problems[0]?.message).toMatch(/cut off.*new key/);
    expect(work).not.toHaveBeenCalled();
  });

  test('leaves the key free after 24 hours', async () => {
    await using at = await cutOff(await createDatabase(kind));
    at.clock.at += 24 * hour + 1;
    expect(await at.once(pause, workOf(done))).toEqual(done);
  });
});
