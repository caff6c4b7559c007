import type { Campaign } from '../model/campaign.ts';
import type { LogEntry } from '../model/change.ts';
import { ProblemError } from '../model/problem.ts';
import type { Tables } from './schema.ts';

/** One campaign's new state. */
export interface Write {
  readonly campaign: Campaign;
  /** The answer that it was read from, as JSON text; null leaves the one that is kept. */
  readonly raw: string | null;
  /** The steps that led there, oldest first, at least one. */
  readonly entries: readonly LogEntry[];
}

/**
 * Decides what to write. Pure: it may be called again.
 * @param known the campaigns among the keys that are stored
 * @param head entries take the numbers that follow
 */
export type Decide = (known: ReadonlyMap<string, Campaign>, head: number) => readonly Write[];

/** What a write has led to. */
export interface Written {
  /** Those of the keys that are stored, as they are now. */
  readonly campaigns: ReadonlyMap<string, Campaign>;
  readonly writes: readonly Write[];
}

/**
 * The one way in which campaigns get into the database. The log's one row puts all who add entries in line, also those of
 * other processes: it is touched before that, and stays locked until they are committed. So a reader that sees seq N has
 * seen all before it.
 */
export interface LogWriter {
  /**
   * Reads those of `keys` that are known, lets `decide` say what follows, and writes campaigns and log entries, all or
   * none. Where nothing follows, the log is not touched.
   */
  write(keys: readonly string[], decide: Decide): Promise<Written>;
  /** Nobody is told of it. @returns the campaign as it is then; null where nothing had to be done */
  setFollowed(key: string, followed: boolean): Promise<Campaign | null>;
}

/** Somebody else takes care of the account by now: what was read of it is not stored, and is read again there. */
export class NotOursError extends ProblemError {
  constructor() {
    super('PROVIDER_UNAVAILABLE', 'Another replica takes care of the account by now. Try again.');
  }
}

/** What is known, with what was written of it. */
export function writtenOver(known: ReadonlyMap<string, Campaign>, writes: readonly Write[]): Written {
  return {
    campaigns: new Map([...known, ...writes.map(({ campaign }) => [campaign.key, campaign] as const)]),
    writes,
  };
}

/** The answers that are to be kept. */
export function rawRowsOf(writes: readonly Write[]): Tables['campaignRaw'][] {
  return writes.flatMap(({ campaign, raw }) => (raw === null ? [] : [{ key: campaign.key, raw }]));
}
