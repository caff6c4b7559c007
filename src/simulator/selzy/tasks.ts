import { randomUUID } from 'node:crypto';
import type { CampaignState } from '../campaign.ts';
import type { WireObject } from '../overlay.ts';
import { clockReaches } from './clock.ts';
import { notify } from './notify.ts';
import type { SelzyQuirks } from './quirks.ts';
import { type Report, type ReportView, reportOf, tableOf } from './report.ts';
import type { ReportTable } from './table.ts';
import { endedTaskWire, runningTaskWire } from './wire.ts';

/** A delivery report that was asked for. */
export interface ReportOrder extends ReportView {
  notifyUrl: string | null;
}

interface Task {
  uuid: string;
  externalId: string;
  order: ReportOrder;
  report: Report;
  /** On the simulator's clock, in ms since 1970. */
  endsAt: number;
}

export interface Tasks {
  /** Begins a report on the campaign as it is now, and gives the task's uuid. */
  start(state: CampaignState, order: ReportOrder): string;
  /** What getTaskResult and the notification tell of a task; null when there is none. */
  result(uuid: string): WireObject | null;
  /** What the file of a task that has ended holds. */
  table(uuid: string): ReportTable | null;
}

export interface TasksOptions {
  /** How long a task takes. */
  taskMs: number;
  quirks: SelzyQuirks;
  now: () => number;
  /** A fresh link to the task's file. */
  fileUrl(uuid: string): string;
  stopped: AbortSignal;
}

/** Older ones are forgotten, and their files with them. */
const tasksKept = 200;

const notificationsAtEnd = { once: 1, late: 1, twice: 2, never: 0, forged: 0, forgedThenTrue: 1 };

export function createTasks({ taskMs, quirks, now, fileUrl, stopped }: TasksOptions): Tasks {
  const tasks = new Map<string, Task>();

  function keep(task: Task): void {
    tasks.set(task.uuid, task);
    for (const uuid of tasks.keys()) {
      if (tasks.size <= tasksKept) return;
      tasks.delete(uuid);
    }
  }

  function result(uuid: string): WireObject | null {
    const task = tasks.get(uuid);
    if (!task || quirks.forgotten) return null;
    if (now() < task.endsAt) return runningTaskWire(uuid, quirks.runningStatus);
    const hasFile = quirks.endStatus === 'completed' && !quirks.withoutFile;
    return endedTaskWire(uuid, quirks.endStatus, hasFile ? fileUrl(uuid) : null);
  }

  async function announce({ uuid, endsAt }: Task, notifyUrl: string): Promise<void> {
    const tell = (told: WireObject) => notify(notifyUrl, { result: told }, stopped);
    if (quirks.notification === 'forged' || quirks.notification === 'forgedThenTrue') {
      await tell(endedTaskWire(uuid, 'completed', quirks.forgedLink));
    }
    const dueAt = () => endsAt + (quirks.notification === 'late' ? quirks.lateMs : 0);
    await clockReaches(dueAt, now, stopped);
    const told = result(uuid);
    for (let left = notificationsAtEnd[quirks.notification]; left > 0 && told; left--) await tell(told);
  }

  return {
    result,
    start(state, order) {
      const { externalId } = state;
      const previous = [...tasks.values()].findLast((task) => task.externalId === externalId);
      const report = reportOf(state, previous?.report ?? null, now());
      const task = { uuid: randomUUID(), externalId, order, report, endsAt: now() + taskMs };
      keep(task);
      if (order.notifyUrl !== null) void announce(task, order.notifyUrl);
      return task.uuid;
    },
    table(uuid) {
      const task = tasks.get(uuid);
      if (!task || now() < task.endsAt) return null;
      return quirks.table ?? tableOf(task.report, task.order);
    },
  };
}
