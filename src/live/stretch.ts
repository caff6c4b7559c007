import type { LogEntry } from '../model/change.ts';
import type { ChangeLog } from '../store/log.ts';
import type { Position } from './cursor.ts';

/** A part of the log, as it is told to a reader that stands before it. */
export interface Stretch {
  readonly entries: readonly LogEntry[];
  /** Where the reader stands after it. */
  readonly end: Position;
  /** For positions within it: see `Position`. */
  readonly since?: Position;
}

interface Wanted {
  readonly upTo: number;
  readonly limit: number;
  /** Only these campaigns' entries; null: all. */
  readonly keys: readonly string[] | null;
}

/**
 * Reads on in the log. What is thinned is read apart from what is not: in the one, an entry may stand for steps before
 * the reader's place too.
 * @param start in the middle of merged steps it counts as their beginning
 * @returns null: what the log had there is no longer kept
 */
export async function readStretch(log: ChangeLog, start: Position, wanted: Wanted): Promise<Stretch | null> {
  const { upTo, limit, keys } = wanted;
  const { seq } = start;
  if (!start.since) {
    const entries = await log.between(seq, upTo, limit, keys ?? undefined);
    // Asked for afterwards: then nothing was thinned or taken away before it was read.
    const { pruned, thinned } = await log.state();
    if (seq < pruned) return null;
    if (seq >= thinned) return { entries, end: { seq: endOf(entries, limit, upTo) } };
  }
  const since = start.since ?? { seq };
  const { thinned } = await log.state();
  const end = Math.max(seq, Math.min(upTo, thinned));
  const entries = await log.between(seq, end, limit, keys ?? undefined);
  const { pruned } = await log.state();
  if (seq < pruned) return null;
  const until = endOf(entries, limit, end);
  return {
    entries: entries.flatMap((entry) => untoldOf(entry, since)),
    end: until < thinned ? { seq: until, since } : leave(since, until),
    since,
  };
}

function endOf(entries: readonly LogEntry[], limit: number, upTo: number): number {
  return entries.length < limit ? upTo : (entries.at(-1)?.seq ?? upTo);
}

/** Beyond what is thinned every entry is one step again, but some of them may have been told before. */
function leave({ told }: Position, seq: number): Position {
  return told?.until !== undefined && told.until > seq ? { seq, told } : { seq };
}

/** What an entry says beyond the steps that a reader had been told when it came to what is thinned. Pure. */
export function untoldOf(entry: LogEntry, { seq, told }: Position): LogEntry[] {
  const known = told?.until !== undefined && entry.key <= told.key ? told.until : seq;
  if (entry.seq <= known) return [];
  const { thinned, ...alone } = entry;
  const toldBefore = thinned?.seqs.filter((one) => one <= known).length ?? 0;
  if (!thinned || toldBefore === 0) return [alone];
  const fields = [...thinned.changedBy].filter(([, by]) => by > known).map(([field]) => field);
  return [{ ...alone, fromRevision: entry.fromRevision + toldBefore, fields }];
}
