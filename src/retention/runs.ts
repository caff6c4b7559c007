import type { LoggedStep, Marks, MergedStep } from '../store/retention.ts';

const hourMs = 3_600_000;

/** Steps of one campaign that become one. */
interface Run {
  readonly key: string;
  readonly fromRevision: number;
  readonly seqs: number[];
  readonly changedBy: Map<string, number>;
  last: LoggedStep;
}

/** The hour of a moment, counted from 1970. */
export function hourOf(at: number): number {
  return Math.floor(at / hourMs);
}

/**
 * Finds which steps become one: those of a campaign that moved only counters, of one hour, with no other step of the
 * campaign between them. The last of them stays. Pure: steps go in in the order of the log, marks come out.
 */
export function createRuns() {
  const open = new Map<string, Run>();
  let merged: MergedStep[] = [];
  let alone: number[] = [];
  let unmarked: number[] = [];

  function close({ key, fromRevision, seqs, changedBy, last }: Run): void {
    open.delete(key);
    if (seqs.length === 0) alone.push(last.seq);
    else merged.push({ seq: last.seq, fromRevision, thinned: { seqs, changedBy } });
  }

  function extend(run: Run, step: LoggedStep): void {
    run.seqs.push(run.last.seq);
    if (run.last.isMarked) unmarked.push(run.last.seq);
    run.last = step;
    for (const field of step.fields) run.changedBy.set(field, step.seq);
  }

  function begin(step: LoggedStep): void {
    open.set(step.key, {
      key: step.key,
      fromRevision: step.revision - 1,
      seqs: [],
      changedBy: new Map(step.fields.map((field) => [field, step.seq])),
      last: step,
    });
  }

  function take(): Marks {
    const marks = { merged, alone, unmarked };
    [merged, alone, unmarked] = [[], [], []];
    return marks;
  }

  return {
    add(step: LoggedStep): void {
      const run = open.get(step.key);
      if (run && continues(run.last, step)) {
        extend(run, step);
        return;
      }
      if (run) close(run);
      if (step.isCountersOnly) begin(step);
    },

    /** What has been decided since the last time. */
    take,

    /** Nothing is added any more: what is left to decide. */
    end(): Marks {
      for (const run of open.values()) close(run);
      return take();
    },
  };
}

function continues(last: LoggedStep, step: LoggedStep): boolean {
  return step.isCountersOnly && step.revision === last.revision + 1 && hourOf(step.at) === hourOf(last.at);
}
