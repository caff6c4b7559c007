import type { LogEntry } from '../model/change.ts';

/** One or several steps of one campaign, told as one. */
export interface MergedStep
  extends Omit<LogEntry, 'before' | 'after' | 'account' | 'providerStatus' | 'thinned'> {
  /** The seq of the first of them. */
  readonly first: number;
  /** How many they are. */
  readonly steps: number;
}

export function asStep(entry: LogEntry): MergedStep {
  return { ...entry, first: entry.seq, steps: 1 };
}

/** Merges the steps of each campaign into one, in the order of the campaigns' keys. Pure. */
export function mergeByCampaign(entries: readonly LogEntry[]): MergedStep[] {
  const steps = new Map<string, MergedStep>();
  for (const entry of entries) {
    const earlier = steps.get(entry.key);
    steps.set(entry.key, earlier ? mergeTwo(earlier, entry) : asStep(entry));
  }
  return [...steps.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
}

function mergeTwo(earlier: MergedStep, later: LogEntry): MergedStep {
  return {
    ...later,
    first: earlier.first,
    steps: earlier.steps + 1,
    fromRevision: earlier.fromRevision,
    kinds: [...new Set([...earlier.kinds, ...later.kinds])],
    transitions: [...earlier.transitions, ...later.transitions],
    fields: [...new Set([...earlier.fields, ...later.fields])],
  };
}
