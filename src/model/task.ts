import type { Problem } from './problem.ts';

export const taskStatuses = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED'] as const;

export type TaskStatus = (typeof taskStatuses)[number];

/** Work that a provider does for us and finishes later. */
export interface Task {
  /** "<account>:<uuid>" */
  readonly key: string;
  readonly account: string;
  /** As the provider named it. */
  readonly uuid: string;
  readonly campaignKey: string;
  readonly kind: 'DELIVERY_REPORT';
  readonly status: TaskStatus;
  readonly providerStatus: string;
  /** Times are ms since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly completedAt: number | null;
  /** Why it failed, or what is in its way. */
  readonly problem: Problem | null;
  readonly fileUrl: string | null;
  readonly order: ReportOrder;
}

/** What a delivery report was asked for. */
export interface ReportOrder {
  /** Only recipients of whom something is new since then, ms since 1970; null: all. */
  readonly changedSince: number | null;
  /** The provider's ids of additional fields. */
  readonly fieldIds: readonly number[];
}

/** What the provider says of a task. */
export interface TaskReading {
  readonly uuid: string;
  /** null: a word that nobody knows. */
  readonly status: TaskStatus | null;
  readonly providerStatus: string;
  readonly fileUrl: string | null;
}

/** What became of a message to one recipient, in the order of a message's life. */
export const deliveryOutcomes = [
  'PENDING',
  'SENT',
  'DELIVERED',
  'OPENED',
  'CLICKED',
  'UNSUBSCRIBED',
  'COMPLAINED',
  'SOFT_BOUNCED',
  'HARD_BOUNCED',
  'SUPPRESSED',
  'FAILED',
  'UNKNOWN',
] as const;

export type DeliveryOutcome = (typeof deliveryOutcomes)[number];

/** One line of a delivery report. */
export interface DeliveryRow {
  readonly recipient: string;
  readonly outcome: DeliveryOutcome;
  /** The provider's own word. */
  readonly providerResult: string;
  /** Since when it is so, ms since 1970. */
  readonly updatedAt: number | null;
  /** Additional fields by their ids; null: none were asked for. */
  readonly fields: Readonly<Record<string, string>> | null;
}
