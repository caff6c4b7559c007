import { describe, expect, test } from 'vitest';
import { type ProblemCode, ProblemError } from '../model/problem.ts';
import type { Task, TaskReading } from '../model/task.ts';
import { afterDownload, type Course, freshCourse, longestMs, nextOf, waitBefore } from './next.ts';

const createdAt = Date.UTC(2026, 0, 1);
const now = createdAt + 5_000;
const link = 'https://files.example.com/report.csv?signature=1';

const queued: Task = {
  key: 'selzy-main:u1',
  account: 'selzy-main',
  uuid: 'u1',
  campaignKey: 'selzy-main:1',
  kind: 'DELIVERY_REPORT',
  status: 'QUEUED',
  providerStatus: 'new',
  createdAt,
  updatedAt: createdAt,
  completedAt: null,
  problem: null,
  fileUrl: null,
  order: { changedSince: null, fieldIds: [] },
};
const away = new ProblemError('PROVIDER_UNAVAILABLE', 'It is away.', { providerCode: '503' });
const troubled: Task = {
  ...queued,
  problem: { code: 'PROVIDER_UNAVAILABLE', message: 'It is away.', providerCode: '503', at: now - 1_000 },
};

function said(told: Partial<TaskReading>): TaskReading {
  return { uuid: 'u1', status: 'RUNNING', providerStatus: 'processing', fileUrl: null, ...told };
}

const completed = said({ status: 'COMPLETED', providerStatus: 'completed', fileUrl: link });
const noFile = said({ status: 'COMPLETED', providerStatus: 'completed' });
const failed = said({ status: 'FAILED', providerStatus: 'error' });
const oddWord = said({ status: null, providerStatus: 'defrosting' });
const unknown = new ProblemError('NOT_FOUND', 'Task not found.');

/** What becomes of a task that the provider says these things of, one after another, until it is over. */
function following(...readings: readonly (TaskReading | ProblemError)[]) {
  let task = queued;
  let course: Course = freshCourse;
  for (const [place, reading] of readings.entries()) {
    const next = nextOf(task, reading, course, now);
    if (next.kind === 'failed') return { kind: next.kind, look: place, code: next.problem.code };
    ({ task, course } = next);
  }
  return { kind: 'goes on', task, course };
}

describe('a look at a task', () => {
  test.each([
    ['queued', said({ status: 'QUEUED', providerStatus: 'queued' }), { status: 'QUEUED' }],
    ['under way', said({}), { status: 'RUNNING', providerStatus: 'processing' }],
    ['under way, with a link', said({ fileUrl: link }), { status: 'RUNNING', fileUrl: link }],
  ] as const)('that finds it %s waits', (_what, reading, task) => {
    const next = nextOf(troubled, reading, { failures: 2, downloads: 1 }, now);
    // What was in its way is past; how often its file could not be had is not.
    expect(next).toMatchObject({ kind: 'wait', task: { ...task, problem: null } });
    expect(next).toMatchObject({ course: { failures: 0, downloads: 1 } });
  });

  test('that finds it done has its file fetched, and it is not done yet', () => {
    const next = nextOf(queued, completed, freshCourse, now);
    const task = { ...queued, status: 'RUNNING', providerStatus: 'completed', fileUrl: link };
    expect(next).toEqual({ kind: 'download', task, url: link, course: freshCourse });
  });

  test('takes the newest link, and keeps one that is not told again', () => {
    const earlier = { ...queued, fileUrl: 'https://files.example.com/old' };
    expect(nextOf(earlier, completed, freshCourse, now)).toMatchObject({
      url: link,
      task: { fileUrl: link },
    });
    expect(nextOf(earlier, said({}), freshCourse, now)).toMatchObject({ task: { fileUrl: earlier.fileUrl } });
  });

  test('does not change what it was given', () => {
    const [task, course] = [Object.freeze({ ...queued }), Object.freeze({ ...freshCourse })];
    for (const reading of [completed, failed, away]) nextOf(task, reading, course, now);
    expect(task).toEqual(queued);
  });

  test.each<[ProblemCode]>([
    ['PROVIDER_UNAVAILABLE'],
    ['PROVIDER_RATE_LIMITED'],
    ['PROVIDER_UNAUTHENTICATED'],
    ['PROVIDER_FORBIDDEN'],
    ['PROVIDER_BAD_RESPONSE'],
    ['PROVIDER_REJECTED'],
    ['BAD_INPUT'],
  ])('that could not be made (%s) is told with the task, however often', (code) => {
    const problem = new ProblemError(code, 'No.', { providerCode: '7' });
    const end = following(...Array.from({ length: 50 }, () => problem));
    const told = { code, message: 'No.', providerCode: '7', at: now };
    expect(end).toEqual({ kind: 'goes on', task: { ...queued, problem: told }, course: freshCourse });
  });

  test('that meets the same trouble again is no news; other trouble is', () => {
    expect(nextOf(troubled, away, freshCourse, now)).toMatchObject({ task: { problem: troubled.problem } });
    const next = nextOf(troubled, away, freshCourse, now);
    expect(next.kind === 'wait' && next.task).toBe(troubled);
    const other = new ProblemError('PROVIDER_UNAVAILABLE', 'It is away for long.');
    expect(nextOf(troubled, other, freshCourse, now)).toMatchObject({
      task: { problem: { message: 'It is away for long.', providerCode: null, at: now } },
    });
  });
});

describe('no good is believed when it was said three times in a row', () => {
  test.each([
    ['a failure', failed, 'PROVIDER_REJECTED'],
    ['a word that nobody knows', oddWord, 'PROVIDER_REJECTED'],
    ['an end without a file', noFile, 'PROVIDER_REJECTED'],
    ['no such task', unknown, 'NOT_FOUND'],
  ] as const)('%s', (_what, reading, code) => {
    expect(following(reading, reading)).toMatchObject({ kind: 'goes on', task: { status: 'QUEUED' } });
    expect(following(reading, reading, reading)).toEqual({ kind: 'failed', look: 2, code });
  });

  test('of whatever kind', () => {
    expect(following(oddWord, unknown, failed)).toMatchObject({ kind: 'failed', look: 2 });
  });

  test('while it goes on, its problem says what was said, and its word is the newest', () => {
    const message = expect.stringContaining('"defrosting"');
    expect(following(oddWord)).toMatchObject({
      task: { providerStatus: 'defrosting', problem: { code: 'PROVIDER_REJECTED', message, at: now } },
    });
  });

  test('anything good in between, and it is counted anew', () => {
    expect(following(failed, failed, said({}), failed, failed)).toMatchObject({ kind: 'goes on' });
    expect(following(failed, failed, said({}), failed, failed, failed)).toMatchObject({ look: 5 });
  });

  test('a file in between is good too', () => {
    expect(following(failed, failed, completed, failed)).toMatchObject({ kind: 'goes on' });
  });

  test('what is said when nobody answers counts for nothing', () => {
    expect(following(failed, away, failed, away, away)).toMatchObject({ kind: 'goes on' });
  });
});

describe('a day', () => {
  test('is no limit for what is done, however late it is seen', () => {
    expect(nextOf(queued, completed, freshCourse, createdAt + 2 * longestMs).kind).toBe('download');
  });

  test.each([
    ['under way', said({})],
    ['a failure', failed],
    ['nothing', away],
  ] as const)('is how long it is followed, even if %s is all that is said', (_what, reading) => {
    expect(nextOf(queued, reading, freshCourse, createdAt + longestMs).kind).toBe('wait');
    expect(nextOf(queued, reading, freshCourse, createdAt + longestMs + 1)).toMatchObject({
      kind: 'failed',
      problem: { code: 'PROVIDER_UNAVAILABLE', message: expect.stringMatching(/within a day/) },
    });
  });

  test('is 24 hours', () => expect(longestMs).toBe(86_400_000));
});

describe('a file that could not be had', () => {
  const late = new ProblemError('PROVIDER_UNAVAILABLE', 'The download broke off.');
  const expired = new ProblemError('NOT_FOUND', 'The link has expired.', { providerCode: '403' });

  test.each([late, expired])('is asked for anew ($code), five times in all', (problem) => {
    let course = freshCourse;
    for (let downloads = 1; downloads < 5; downloads += 1) {
      const next = afterDownload(queued, problem, course, now);
      if (next.kind !== 'wait') throw new Error(`It was given up after ${downloads}.`);
      expect(next.task.problem).toEqual({
        code: problem.code,
        message: problem.message,
        providerCode: problem.providerCode,
        at: now,
      });
      expect(next.course).toEqual({ failures: 0, downloads });
      ({ course } = next);
    }
    expect(afterDownload(queued, problem, course, now)).toEqual({ kind: 'failed', problem });
  });

  test('and never will be is given up at once', () => {
    const refused = new ProblemError('PROVIDER_BAD_RESPONSE', "The report's file is refused: it is no file.");
    expect(afterDownload(queued, refused, freshCourse, now)).toEqual({ kind: 'failed', problem: refused });
  });

  test('leaves what is known of the failures as it is', () => {
    expect(afterDownload(queued, late, { failures: 2, downloads: 3 }, now)).toMatchObject({
      course: { failures: 2, downloads: 4 },
    });
  });
});

describe('the wait before a look', () => {
  test('is 2 s at first, and then ever longer', () => {
    expect([0, 1, 2, 3, 4].map(waitBefore)).toEqual([2_000, 3_000, 4_500, 6_750, 10_125]);
    const waits = Array.from({ length: 40 }, (_, look) => waitBefore(look));
    expect(waits).toEqual(waits.toSorted((one, other) => one - other));
  });

  test('is a minute at most, however many looks there were', () => {
    expect([8, 9, 20, 1_000, 1e9].map(waitBefore)).toEqual([51_257.812_5, 60_000, 60_000, 60_000, 60_000]);
  });
});
