import { ProblemError } from '../model/problem.ts';
import type { Task, TaskReading } from '../model/task.ts';

const firstWaitMs = 2_000;
const longestWaitMs = 60_000;
const growth = 1.5;
/** After this a task that is not done is given up. */
export const longestMs = 24 * 3_600_000;
/** A word that means no good is believed when it was said so often in a row. */
const timesBelieved = 3;
/** A file that can't be had is asked for anew so often. */
const mostDownloads = 5;

/** How long to wait before a task is looked at for the n-th time (from 0), ms. */
export function waitBefore(look: number): number {
  return Math.min(longestWaitMs, firstWaitMs * growth ** Math.min(look, 20));
}

/** How following a task has gone so far. */
export interface Course {
  /** Times in a row that the provider said it failed, or said what nobody knows. */
  readonly failures: number;
  /** Times that its file could not be had. */
  readonly downloads: number;
}

export const freshCourse: Course = { failures: 0, downloads: 0 };

/** The task goes on, or is over. */
export type Further =
  | { readonly kind: 'wait'; readonly task: Task; readonly course: Course }
  | { readonly kind: 'failed'; readonly problem: ProblemError };

/** What follows from a look at a task. */
export type Next =
  | Further
  | { readonly kind: 'download'; readonly task: Task; readonly url: string; readonly course: Course };

/**
 * @param reading what the provider says, or why it can't be asked
 * @param now ms since 1970
 */
export function nextOf(task: Task, reading: TaskReading | ProblemError, course: Course, now: number): Next {
  const next = look(task, reading, course, now);
  // What is done by then is done, however late we came to see it.
  if (next.kind !== 'wait' || now - task.createdAt <= longestMs) return next;
  return failed('PROVIDER_UNAVAILABLE', 'The provider has not finished the task within a day.');
}

function look(task: Task, reading: TaskReading | ProblemError, course: Course, now: number): Next {
  if (reading instanceof ProblemError) {
    if (reading.code !== 'NOT_FOUND') return { kind: 'wait', task: withProblem(task, reading, now), course };
    return unwell(task, course, reading, now);
  }
  const seen: Task = {
    ...task,
    providerStatus: reading.providerStatus,
    fileUrl: reading.fileUrl ?? task.fileUrl,
  };
  if (reading.status === 'COMPLETED' && reading.fileUrl !== null) {
    const calm = { ...course, failures: 0 };
    return { kind: 'download', task: { ...seen, status: 'RUNNING' }, url: reading.fileUrl, course: calm };
  }
  if (reading.status === 'QUEUED' || reading.status === 'RUNNING') {
    const calm = { ...seen, status: reading.status, problem: null };
    return { kind: 'wait', task: calm, course: { ...course, failures: 0 } };
  }
  const message = `The provider says "${reading.providerStatus}" of the task, and offers no file.`;
  return unwell(seen, course, new ProblemError('PROVIDER_REJECTED', message), now);
}

/** What follows from a download that failed. */
export function afterDownload(task: Task, problem: ProblemError, course: Course, now: number): Further {
  const downloads = course.downloads + 1;
  // What the provider itself may mend is worth another try, with a fresh link: the old one may have expired.
  const isWorthIt = problem.code === 'PROVIDER_UNAVAILABLE' || problem.code === 'NOT_FOUND';
  if (!isWorthIt || downloads >= mostDownloads) return { kind: 'failed', problem };
  return { kind: 'wait', task: withProblem(task, problem, now), course: { ...course, downloads } };
}

function unwell(task: Task, course: Course, problem: ProblemError, now: number): Further {
  const failures = course.failures + 1;
  if (failures >= timesBelieved) return { kind: 'failed', problem };
  return { kind: 'wait', task: withProblem(task, problem, now), course: { ...course, failures } };
}

/** The same trouble again is no news. */
function withProblem(task: Task, { code, message, providerCode }: ProblemError, now: number): Task {
  const isSame = task.problem?.code === code && task.problem.message === message;
  return isSame ? task : { ...task, problem: { code, message, providerCode, at: now } };
}

function failed(code: ProblemError['code'], message: string): Further {
  return { kind: 'failed', problem: new ProblemError(code, message) };
}
