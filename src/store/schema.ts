import type { CampaignStatus, Channel } from '../model/campaign.ts';
import type { LoggedCause } from '../model/change.ts';
import type { Counters, StatsSource } from '../model/stats.ts';

/**
 * The tables, as both databases hold them: times as ms since 1970, booleans as 0 and 1, lists and objects as JSON text.
 * Columns bear the names of the domain's fields, so that a row needs little translation.
 */
export interface Tables {
  campaigns: CampaignRow;
  campaignRaw: { key: string; raw: string };
  changes: ChangeRow;
  log: LogRow;
  mutations: MutationRow;
}

export interface CampaignRow extends Counters {
  key: string;
  account: string;
  externalId: string;
  channel: Channel;
  name: string | null;
  /** The name as `foldName` makes it, "" for none: what is searched and sorted. */
  foldedName: string;
  sender: string | null;
  status: CampaignStatus;
  /** The status's place in the life of a campaign, for sorting. */
  statusRank: number;
  providerStatus: string;
  statusReason: string | null;
  active: 0 | 1;
  createdAt: number | null;
  scheduledAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
  /** null: no counters are known, and the counters' columns are null. */
  statsAsOf: number | null;
  statsSource: StatsSource | null;
  statsFinal: 0 | 1;
  perSecond: number | null;
  perSecondReported: 0 | 1;
  costAmount: string | null;
  costCurrency: string | null;
  tags: string;
  revision: number;
  seq: number;
  changedAt: number;
  observedAt: number;
  deletedAt: number | null;
  followed: 0 | 1;
}

export interface ChangeRow {
  seq: number;
  key: string;
  account: string;
  revision: number;
  at: number;
  cause: LoggedCause;
  kinds: string;
  transitions: string;
  fields: string;
  providerStatus: string;
  stats: string | null;
  /** Facets after the step. */
  after: string;
  /** The facets that were different before it; null with the first entry of a campaign. */
  before: string | null;
}

/** One row. Updating it is also the lock that puts all writers of the log in line. */
export interface LogRow {
  id: 1;
  /** Made with the database: cursors of another epoch are of another log. */
  epoch: string;
  /** The newest seq. */
  head: number;
  /** Entries up to this seq are no longer kept. */
  pruned: number;
}

/** A mutation that was asked for with an idempotency key. */
export interface MutationRow {
  key: string;
  /** Its name in the API: "pauseCampaign". */
  operation: string;
  /** A hash of its input. */
  input: string;
  startedAt: number;
  /** JSON; null until it is known. */
  answer: string | null;
}
