import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { CampaignState } from '../campaign.ts';
import type { WireObject } from '../overlay.ts';
import { notify } from './notify.ts';
import { type Report, type ReportView, reportCsv, reportOf } from './report.ts';
import { completedTaskWire, processingTaskWire } from './wire.ts';

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
  /** The file of a completed task. */
  file(uuid: string): string | null;
}

export interface TasksOptions {
  /** How long a task takes. */
  taskMs: number;
  now: () => number;
  fileUrl(uuid: string): string;
  stopped: AbortSignal;
}

/** Older ones are forgotten, and their files with them. */
const tasksKept = 200;
/** How often a clock that may jump is looked at. */
const glanceMs = 50;

export function createTasks({ taskMs, now, fileUrl, stopped }: TasksOptions): Tasks {
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
    if (!task) return null;
    return now() < task.endsAt ? processingTaskWire(uuid) : completedTaskWire(uuid, fileUrl(uuid));
  }

  async function announce({ uuid, endsAt }: Task, notifyUrl: string): Promise<void> {
    while (!stopped.aborted && now() < endsAt) {
      await wait(Math.min(glanceMs, endsAt - now()), undefined, { ref: false });
    }
    await notify(notifyUrl, { result: completedTaskWire(uuid, fileUrl(uuid)) }, stopped);
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
    file(uuid) {
      const task = tasks.get(uuid);
      return task && now() >= task.endsAt ? reportCsv(task.report, task.order) : null;
    },
  };
}
