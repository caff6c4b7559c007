import type { ProblemError } from './problem.ts';
import type { Counters, Stats, StatsSource } from './stats.ts';

export const campaignStatuses = [
  'DRAFT',
  'PENDING_APPROVAL',
  'REJECTED',
  'SCHEDULED',
  'QUEUED',
  'SENDING',
  'PAUSED',
  'COMPLETED',
  'CANCELED',
  'FAILED',
  'UNKNOWN',
] as const;

export type CampaignStatus = (typeof campaignStatuses)[number];

export const channels = ['EMAIL', 'SMS', 'PUSH'] as const;

export type Channel = (typeof channels)[number];

/** An exact decimal amount as a string ("35.0987645"), and an ISO 4217 code where the provider tells it. */
export interface Money {
  readonly amount: string;
  readonly currency: string | null;
}

/** Messages per second, as the provider reports it or measured here between two observations. */
export interface Throughput {
  readonly perSecond: number;
  readonly reported: boolean;
}

/** A campaign as it is stored: its readings, merged. Times are ms since 1970, UTC. */
export interface Campaign {
  /** `<account>:<externalId>`; with "campaign:" before it, the id of the API. */
  readonly key: string;
  readonly account: string;
  readonly externalId: string;
  readonly channel: Channel;
  readonly name: string | null;
  readonly sender: string | null;
  readonly status: CampaignStatus;
  /** The provider's own word, untouched. */
  readonly providerStatus: string;
  readonly statusReason: string | null;
  readonly createdAt: number | null;
  readonly scheduledAt: number | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly stats: Stats | null;
  readonly throughput: Throughput | null;
  readonly cost: Money | null;
  readonly tags: readonly string[];
  /** Counts the changes seen; grows by one with each. */
  readonly revision: number;
  /** Where in the change log its last change stands. */
  readonly seq: number;
  readonly changedAt: number;
  readonly observedAt: number;
  /** Set once the provider no longer knows the campaign. */
  readonly deletedAt: number | null;
  /** Whether it is polled. */
  readonly followed: boolean;
}

/** Counters as one answer of a provider gives them. */
export interface StatsReading {
  readonly counters: Counters;
  /** PROVIDER unless said. */
  readonly source?: StatsSource;
  /** False while the provider is still counting. */
  readonly final: boolean;
}

/**
 * What one answer of a provider says about a campaign, in our terms. A member that is absent was not part of the
 * answer, so what is known stays; null means that the provider says there is none.
 */
export interface CampaignReading {
  readonly externalId: string;
  readonly status: CampaignStatus;
  readonly providerStatus: string;
  readonly channel?: Channel;
  readonly name?: string | null;
  readonly sender?: string | null;
  readonly statusReason?: string | null;
  readonly createdAt?: number | null;
  readonly scheduledAt?: number | null;
  readonly startedAt?: number | null;
  readonly finishedAt?: number | null;
  readonly stats?: StatsReading | null;
  /** Messages per second, where the provider reports it. */
  readonly throughputPerSecond?: number | null;
  readonly cost?: Money | null;
  readonly tags?: readonly string[];
  /** The answer itself, as JSON, with secrets removed; absent: the one that is kept stays. */
  readonly raw?: unknown;
  /** What was odd about the answer, a sentence each. */
  readonly warnings?: readonly string[];
  /** Why a part of the reading is missing, when a second call for it failed. */
  readonly incomplete?: ProblemError;
}

/** What is known of a campaign's status. */
export type KnownStatus = Pick<CampaignReading, 'status' | 'providerStatus'>;

const activeStatuses: ReadonlySet<CampaignStatus> = new Set([
  'PENDING_APPROVAL',
  'SCHEDULED',
  'QUEUED',
  'SENDING',
  'UNKNOWN',
]);

const statusesBeforeStart: ReadonlySet<CampaignStatus> = new Set([
  'DRAFT',
  'PENDING_APPROVAL',
  'SCHEDULED',
  'QUEUED',
]);

const endedStatuses: ReadonlySet<CampaignStatus> = new Set(['REJECTED', 'COMPLETED', 'CANCELED', 'FAILED']);

/** True while the provider may still change the status by itself; an unknown status counts as such. */
export function isActive(campaign: Pick<Campaign, 'status' | 'deletedAt'>): boolean {
  return campaign.deletedAt === null && activeStatuses.has(campaign.status);
}

/** True once the campaign has run its course, though its counters may still move. */
export function hasEnded(status: CampaignStatus): boolean {
  return endedStatuses.has(status);
}

/** True while nothing can have been sent, so that there is nothing to count. */
export function isBeforeStart(status: CampaignStatus): boolean {
  return statusesBeforeStart.has(status);
}

export function campaignKey(account: string, externalId: string): string {
  return `${account}:${externalId}`;
}

/** The account in the key of a campaign or a task. */
export function accountIn(key: string): string {
  return key.slice(0, key.indexOf(':'));
}
