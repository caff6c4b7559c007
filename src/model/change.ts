import type { Campaign, CampaignStatus } from './campaign.ts';
import type { Stats } from './stats.ts';

export type ChangeCause = 'SNAPSHOT' | 'POLL' | 'QUERY' | 'MUTATION' | 'WEBHOOK' | 'RESET';

/** The causes that an entry of the log can have; SNAPSHOT and RESET exist only on the way to a subscriber. */
export type LoggedCause = Exclude<ChangeCause, 'SNAPSHOT' | 'RESET'>;

export type ChangeKind = 'FOLLOWED' | 'STATUS' | 'STATS' | 'DETAILS' | 'DELETED' | 'RESTORED';

export interface StatusTransition {
  readonly from: CampaignStatus | null;
  readonly to: CampaignStatus;
  readonly providerStatus: string;
  readonly at: number;
}

/** What a filter can ask of a campaign, as it was at one revision. */
export type Facets = Pick<Campaign, 'channel' | 'name' | 'status' | 'tags' | 'createdAt' | 'deletedAt'>;

/** Steps that moved only counters, and that an entry of the change log has taken the place of, beside its own. */
export interface Thinned {
  /** Where they were in the log, oldest first. */
  readonly seqs: readonly number[];
  /** The entry's fields, each with the seq of the newest of all these steps that changed it. */
  readonly changedBy: ReadonlyMap<string, number>;
}

/**
 * One entry of the change log: the step of a campaign to `revision` from the one before. It holds what a filter needs
 * to know of both sides, so that deciding who is told needs no look at any other row.
 */
export interface LogEntry {
  readonly seq: number;
  readonly key: string;
  readonly account: string;
  readonly fromRevision: number;
  readonly revision: number;
  readonly at: number;
  readonly cause: LoggedCause;
  readonly kinds: readonly ChangeKind[];
  readonly transitions: readonly StatusTransition[];
  /** Names of the Campaign and Stats fields that differ, as "status" or "stats.delivered". */
  readonly fields: readonly string[];
  readonly providerStatus: string;
  readonly stats: Stats | null;
  readonly after: Facets;
  /** null with the first entry of a campaign. */
  readonly before: Facets | null;
  /** Absent: it tells of its own step alone. */
  readonly thinned?: Thinned;
}
