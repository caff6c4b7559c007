import type { CampaignStatus, Channel } from '../model/campaign.ts';
import type { LoggedCause } from '../model/change.ts';
import type { Counters, StatsSource } from '../model/stats.ts';
import type { TaskStatus } from '../model/task.ts';

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
  tasks: TaskRow;
  reports: ReportRow;
  deliveryRows: DeliveryRowRow;
  staging: StagingRow;
  replicas: ReplicaRow;
  leases: LeaseRow;
  jobs: JobRow;
  watched: WatchedRow;
  retention: RetentionRow;
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
  /**
   * Where the log is thinned, a step that moved only counters stays if this is set: the revision that it leads from.
   * Elsewhere it says nothing, and each step leads from the revision before its own.
   */
  fromRevision: number | null;
  /** The steps that such a one has taken the place of, as JSON text; null: none. */
  merged: string | null;
}

/** One row. Updating it is also the lock that puts all writers of the log in line. */
export interface LogRow {
  id: 1;
  /** Made with the database, and anew where the log has gone back: cursors of another epoch are of another log. */
  epoch: string;
  /** The newest seq. */
  head: number;
  /** Entries up to this seq are no longer kept. */
  pruned: number;
  /** Up to this seq the log is thinned. */
  thinned: number;
}

/** One row: how far the log is tidied up, and who is at it. */
export interface RetentionRow {
  id: 1;
  /** null: nobody. */
  owner: string | null;
  /** When the owner was last known to be at work. */
  aliveAt: number;
  /** Up to this seq, the steps that others have taken the place of are deleted. */
  swept: number;
  /** Up to this seq, steps were old enough to be dropped. */
  dropped: number;
}

/** A mutation that was asked for with an idempotency key. */
export interface MutationRow {
  key: string;
  /** Its name in the API: "pauseCampaign". */
  operation: string;
  /** A hash of its input. */
  input: string;
  startedAt: number;
  /** When it was last known to be worked on. */
  aliveAt: number;
  /** JSON; null until it is known. */
  answer: string | null;
}

export interface TaskRow {
  key: string;
  account: string;
  uuid: string;
  campaignKey: string;
  kind: 'DELIVERY_REPORT';
  status: TaskStatus;
  providerStatus: string;
  createdAt: number;
  updatedAt: number;
  completedAt: number | null;
  problem: string | null;
  fileUrl: string | null;
  changedSince: number | null;
  fieldIds: string;
  /** SHA-256 of what its notifications have in their path. */
  secretHash: string;
}

/** What is known of a campaign's recipients: the newest report, with what those before it told of the others. */
export interface ReportRow {
  campaignKey: string;
  /** Which of `deliveryRows` are the report's. Others of the campaign are being written, or being deleted. */
  generation: number;
  at: number;
  rowCount: number;
  /** Lines of the newest file that could not be read. */
  badLines: number;
  /** How many recipients have each outcome. */
  counts: string;
}

export interface DeliveryRowRow {
  generation: number;
  recipient: string;
  /** The place in `deliveryOutcomes`. */
  outcome: number;
  providerResult: string;
  updatedAt: number | null;
  fields: string | null;
}

/** Rows of reports that are being written, so that what a crash leaves behind is found and deleted. */
export interface StagingRow {
  generation: number;
  taskKey: string;
}

/** A process on this database (PostgreSQL); times are the database's. */
export interface ReplicaRow {
  id: string;
  aliveAt: number;
  /** 1: it takes nothing more, and gives up what it holds. */
  isLeaving: number;
}

/** Which replica reads an account. */
export interface LeaseRow {
  account: string;
  /** null: none. */
  holder: string | null;
  /** Grows whenever it is taken, so that who has lost it is found out. */
  fence: number;
  /** JSON: what the next holder goes on with, and others show. */
  saved: string | null;
}

/** What the holder of an account is to do for another replica. */
export interface JobRow {
  id: string;
  account: string;
  asker: string;
  holder: string;
  /** JSON, as is the answer; null until it is known. */
  job: string;
  /** 1 once its holder has begun it: it is not begun again, whatever becomes of its answer. */
  begun: 0 | 1;
  answer: string | null;
  askedAt: number;
}

/** What people look at of an account over a replica. */
export interface WatchedRow {
  replica: string;
  account: string;
  /** JSON */
  watched: string;
}
