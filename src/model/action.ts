/** What can be done with a campaign that exists. */
export const actionNames = [
  'UPDATE',
  'COPY',
  'APPROVE',
  'PAUSE',
  'RESUME',
  'CANCEL',
  'DELETE',
  'REQUEST_DELIVERY_REPORT',
] as const;

export type ActionName = (typeof actionNames)[number];

/** What a campaign is to become; what is absent stays as it is. */
export interface CampaignUpdate {
  readonly name?: string;
  readonly status?: 'DRAFT' | 'READY' | 'SENDING';
  readonly settings?: CampaignSettings;
}

/** Members have the names and the nesting of the API's input, so that an error's `argument` names both. */
export interface CampaignSettings {
  readonly emailId?: string;
  readonly schedule?: Schedule;
  readonly approvalExplanation?: string;
  readonly googleAnalyticsDomains?: readonly string[];
  readonly publishOnRss?: boolean;
  readonly audience?: Audience;
  readonly sendToSend?: boolean;
}

/** Exactly one of them is told. */
export interface Schedule {
  readonly notScheduled?: boolean;
  readonly immediate?: boolean;
  readonly at?: ScheduledTime;
  readonly recurring?: Recurrence;
}

/** "2026-12-24", "08:30" or "08:30:00", "Europe/Berlin" */
export interface ScheduledTime {
  readonly date: string;
  readonly time: string;
  readonly timeZone: string;
}

export interface Recurrence {
  /** 0 to 7; which day is which is the provider's convention. */
  readonly daysOfWeek?: readonly number[];
  readonly daysOfMonth?: readonly number[];
  readonly months: readonly number[];
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  readonly maxInstances: number;
  readonly timeZone: string;
}

/** Exactly one of them is told. */
export interface Audience {
  readonly lists?: ListAudience;
  readonly rules?: RulesAudience;
}

/** Ids of lists and segments. */
export interface ListAudience {
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
}

/** Whoever fits the rules of any of the lists. */
export interface RulesAudience {
  readonly lists: readonly ListRules[];
}

export interface ListRules {
  readonly listId: number;
  readonly operator: 'AND' | 'OR';
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly type: string;
  readonly fieldId: string;
  readonly operator: string;
  readonly value: string;
}
