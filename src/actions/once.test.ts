import { describe, expect, test, vi } from 'vitest';
import { problemOf } from '../../test/support/contract.ts';
import { createDatabase, databaseKinds } from '../../test/support/databases.ts';
import { until } from '../../test/support/wait.ts';
import { ProblemError } from '../model/problem.ts';
import { openDatabase } from '../store/database.ts';
import { createMutationStore } from '../store/mutations.ts';
import { createOnce, type Request } from './once.ts';
import type { Result } from './parts.ts';

const hour = 3_600_000;
const longestMs = 60_000;

const pause: Request = {
  idempotencyKey: 'k1',
  operation: 'pauseCampaign',
  input: { id: 'campaign:main:7' },
  dryRun: false,
};
const done: Result = { keys: ['main:7'], problems: [] };

/** A process with a clock that stands still until it is moved, and how many requests it has heard of. */
async function openOnce(url: string, startAt = 1_790_000_000_000) {
  const database = await openDatabase(url, () => {});
  const store = createMutationStore(database);
  const clock = { at: startAt };
  const heard = { begun: 0, looks: 0 };
  const once = createOnce({
    store: {
      ...store,
      begin(row) {
        heard.begun += 1;
        return store.begin(row);
      },
      get(key) {
        heard.looks += 1;
        return store.get(key);
      },
    },
    now: () => clock.at,
    longestMs,
  });
  return { once, store, clock, heard, [Symbol.asyncDispose]: () => database.destroy() };
}

/** Work that counts how often it is done. */
function workOf(result: Result) {
  return vi.fn(async () => result);
}

/** Work that goes on until it is told to end. */
function longWork(result: Result) {
  const { promise, resolve } = Promise.withResolvers<Result>();
  return { work: vi.fn(() => promise), end: () => resolve(result) };
}

const sameInputs: readonly (readonly [what: string, input: unknown, same: unknown])[] = [
  [
    'members in another order',
    { id: '7', name: 'New', settings: { emailId: '1', schedule: { at: { date: 'd', time: 't' } } } },
    { settings: { schedule: { at: { time: 't', date: 'd' } }, emailId: '1' }, name: 'New', id: '7' },
  ],
  ['members in another order within a list', { rules: [{ a: 1, b: 2 }] }, { rules: [{ b: 2, a: 1 }] }],
  ['members that are undefined, or absent', { id: '7', name: undefined }, { id: '7' }],
  [
    'members as GraphQL makes them, without a prototype',
    { __proto__: null, b: 1, a: { __proto__: null, d: 1, c: [1] } },
    { a: { c: [1], d: 1 }, b: 1 },
  ],
];

const otherRequests: readonly (readonly [what: string, first: unknown, other: Partial<Request>])[] = [
  ['another operation', { id: '7' }, { operation: 'resumeCampaign' }],
  ['another campaign', { id: '7' }, { input: { id: '8' } }],
  ['a further member', { id: '7' }, { input: { id: '7', name: 'New' } }],
  ['one member less', { id: '7', name: 'New' }, { input: { id: '7' } }],
  ['a member of another type', { id: '7' }, { input: { id: 7 } }],
  ['a list in another order', { ids: ['7', '8'] }, { input: { ids: ['8', '7'] } }],
  ['something deep within', { a: [{ b: { c: 1 } }] }, { input: { a: [{ b: { c: 2 } }] } }],
  ['an object for a list', { a: ['x'] }, { input: { a: { 0: 'x' } } }],
  ['nothing for null', { a: null }, { input: {} }],
];

describe.each(databaseKinds)('an idempotency key on %s', (kind) => {
  test('gives the first answer again, and does the work once', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const work = workOf(done);
    const later = workOf({ keys: ['main:8'], problems: [] });
    expect(await at.once(pause, work)).toEqual(done);
    for (let count = 0; count < 3; count += 1) expect(await at.once(pause, later)).toEqual(done);
    expect(work).toHaveBeenCalledTimes(1);
    expect(later).not.toHaveBeenCalled();
  });

  test('is another with each other text; without one all is done each time', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const work = workOf(done);
    await at.once(pause, work);
    await at.once({ ...pause, idempotencyKey: 'k2' }, work);
    await at.once({ ...pause, idempotencyKey: 'K1' }, work);
    for (let count = 0; count < 2; count += 1) await at.once({ ...pause, idempotencyKey: null }, work);
    expect(work).toHaveBeenCalledTimes(5);
    expect(at.heard.begun).toBe(3);
  });

  test('takes an input for the same, however its members are written', async () => {
    await using at = await openOnce(await createDatabase(kind));
    for (const [what, input, same] of sameInputs) {
      const again = workOf(done);
      const request = { ...pause, idempotencyKey: what };
      await at.once({ ...request, input }, workOf(done));
      expect([what, await at.once({ ...request, input: same }, again)]).toEqual([what, done]);
      expect(again).not.toHaveBeenCalled();
    }
  });

  test('is a CONFLICT with something else, and nothing is done', async () => {
    await using at = await openOnce(await createDatabase(kind));
    for (const [what, input, other] of otherRequests) {
      const work = workOf(done);
      const request = { ...pause, idempotencyKey: what, input };
      await at.once(request, workOf(done));
      const { code, argument } = await problemOf(at.once({ ...request, ...other }, work));
      expect([what, code, argument]).toEqual([what, 'CONFLICT', ['idempotencyKey']]);
      // The first request's answer is still there.
      expect(await at.once(request, work)).toEqual(done);
      expect(work).not.toHaveBeenCalled();
    }
  });

  test.each([2, 10])(
    '%i requests at the same moment do the work once, and get the same answer',
    async (count) => {
      const url = await createDatabase(kind);
      await using one = await openOnce(url);
      // SQLite is one process's own; PostgreSQL is where replicas meet.
      await using other = kind === 'postgres' ? await openOnce(url) : one;
      const { work, end } = longWork(done);
      const asked = Array.from({ length: count }, (_, place) => (place % 2 ? other : one).once(pause, work));
      const begun = () => (one === other ? one.heard.begun : one.heard.begun + other.heard.begun);
      await until(() => begun() === count && work.mock.calls.length > 0);
      end();
      expect(await Promise.all(asked)).toEqual(asked.map(() => done));
      expect(work).toHaveBeenCalledTimes(1);
    },
  );

  test('at the same moment with another input is a CONFLICT at once', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const { work, end } = longWork(done);
    const first = at.once(pause, work);
    await until(() => work.mock.calls.length > 0);
    const other = workOf(done);
    expect(await problemOf(at.once({ ...pause, input: 8 }, other))).toMatchObject({ code: 'CONFLICT' });
    expect(other).not.toHaveBeenCalled();
    end();
    expect(await first).toEqual(done);
  });

  test('holds over a restart', async () => {
    const url = await createDatabase(kind);
    {
      await using before = await openOnce(url);
      await before.once(pause, workOf(done));
    }
    await using after = await openOnce(url);
    const work = workOf(done);
    expect(await after.once(pause, work)).toEqual(done);
    expect(await problemOf(after.once({ ...pause, input: 8 }, work))).toMatchObject({ code: 'CONFLICT' });
    expect(work).not.toHaveBeenCalled();
  });

  test('gives problems back as they were', async () => {
    const url = await createDatabase(kind);
    const refused: Result = {
      keys: ['main:7'],
      problems: [
        new ProblemError('PROVIDER_REJECTED', 'Sample: „nicht jetzt" \u{0}', {
          providerCode: '3',
          argument: ['settings', 'schedule', 'at', 'date'],
        }),
        new ProblemError('INVALID_STATE', 'No.', { argument: [] }),
        new ProblemError('PROVIDER_UNAVAILABLE', 'Nobody knows.'),
      ],
    };
    {
      await using before = await openOnce(url);
      expect(await before.once(pause, workOf(refused))).toBe(refused);
    }
    await using after = await openOnce(url);
    const { keys, problems } = await after.once(pause, workOf(done));
    expect(keys).toEqual(['main:7']);
    const told = (all: readonly ProblemError[]) =>
      all.map(({ code, message, providerCode, argument }) => ({ code, message, providerCode, argument }));
    expect(told(problems)).toEqual(told(refused.problems));
    for (const problem of problems) expect(problem).toBeInstanceOf(ProblemError);
  });

  test('that is blank or longer than 200 characters is BAD_INPUT, and nothing is done', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const work = workOf(done);
    for (const idempotencyKey of ['', ' ', '\t\n\u{a0}', 'x'.repeat(201), ' '.repeat(201)]) {
      for (const dryRun of [false, true]) {
        const problem = await problemOf(at.once({ ...pause, idempotencyKey, dryRun }, work));
        expect(problem).toMatchObject({ code: 'BAD_INPUT', argument: ['idempotencyKey'] });
      }
    }
    expect(work).not.toHaveBeenCalled();
    expect(at.heard.begun).toBe(0);
  });

  test('is otherwise any text', async () => {
    await using at = await openOnce(await createDatabase(kind));
    for (const idempotencyKey of ['x', 'x'.repeat(200), ' x', 'Ключ 鍵 😀', `'"; drop table mutations; --`]) {
      const work = workOf(done);
      for (let count = 0; count < 2; count += 1)
        expect(await at.once({ ...pause, idempotencyKey }, work)).toEqual(done);
      expect(work).toHaveBeenCalledTimes(1);
    }
  });

  test('that holds the character NUL works, or is refused as BAD_INPUT', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const request = { ...pause, idempotencyKey: 'a\u{0}b' };
    const attempt = async () => {
      try {
        return await at.once(request, workOf(done));
      } catch (error) {
        return error instanceof ProblemError ? error.code : error;
      }
    };
    const first = await attempt();
    expect([done, 'BAD_INPUT']).toContainEqual(first);
    expect(await attempt()).toEqual(first);
  });

  test('is kept for 24 hours, counted from the first request, and free after them', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const again = workOf({ keys: ['main:8'], problems: [] });
    await at.once(pause, workOf(done));
    at.clock.at += 23 * hour;
    expect(await at.once(pause, again)).toEqual(done);
    at.clock.at += hour;
    expect(await at.once(pause, again)).toEqual(done);
    expect(again).not.toHaveBeenCalled();
    at.clock.at += 1;
    expect(await at.once(pause, again)).toEqual({ keys: ['main:8'], problems: [] });
    expect(await at.once(pause, again)).toEqual({ keys: ['main:8'], problems: [] });
    expect(again).toHaveBeenCalledTimes(1);
  });

  test('is free for another input too after 24 hours, also to a dry run', async () => {
    await using at = await openOnce(await createDatabase(kind));
    await at.once(pause, workOf(done));
    at.clock.at += 24 * hour + 1;
    const work = workOf({ keys: [], problems: [] });
    expect(await at.once({ ...pause, input: 8, dryRun: true }, work)).toEqual({ keys: [], problems: [] });
    expect(await at.once({ ...pause, input: 8 }, work)).toEqual({ keys: [], problems: [] });
    expect(work).toHaveBeenCalledTimes(2);
  });
});

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

describe.each(databaseKinds)('a first request that was cut off, on %s', (kind) => {
  /** A process that takes the key, and never tells what came of it. */
  async function cutOff(url: string) {
    const at = await openOnce(url);
    void at.once(pause, () => new Promise<Result>(() => {}));
    await until(() => at.store.get('k1'));
    return at;
  }

  test('is PROVIDER_UNAVAILABLE once no mutation takes so long, and nothing is done', async () => {
    await using at = await cutOff(await createDatabase(kind));
    at.clock.at += longestMs + 1;
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
    at.clock.at += longestMs;
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

  test('by a failure of our own leaves the key taken', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const failing = at.once(pause, () => Promise.reject(new TypeError('Our own fault.')));
    await expect(failing).rejects.toThrow('Our own fault.');
    at.clock.at += longestMs + 1;
    const work = workOf(done);
    expect(await problemOf(at.once(pause, work))).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(work).not.toHaveBeenCalled();
  });

  test('leaves the key free after 24 hours', async () => {
    await using at = await cutOff(await createDatabase(kind));
    at.clock.at += 24 * hour + 1;
    expect(await at.once(pause, workOf(done))).toEqual(done);
  });
});
