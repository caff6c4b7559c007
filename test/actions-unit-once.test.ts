import { describe, expect, test } from 'vitest';
import type { Request } from '../src/actions/once.ts';
import type { Result } from '../src/actions/parts.ts';
import { ProblemError } from '../src/model/problem.ts';
import { done, longWork, openOnce, pause, workOf } from './support/actions.ts';
import { problemOf } from './support/contract.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const hour = 3_600_000;

const sameInputs: readonly (readonly [what: string, input: unknown, same: unknown])[] = [
  ['null for what is left out', { id: '7', name: null }, { id: '7' }],
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

  test('that is blank, longer than 200 characters or no text that can be stored is BAD_INPUT', async () => {
    await using at = await openOnce(await createDatabase(kind));
    const work = workOf(done);
    // PostgreSQL stores no NUL, and half a character is not the same text everywhere.
    const unfit = ['a\u{0}b', '\ud83d', 'a\ude00b', '\ude00\ud83d'];
    for (const idempotencyKey of ['', ' ', '\t\n\u{a0}', 'x'.repeat(201), ' '.repeat(201), ...unfit]) {
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
