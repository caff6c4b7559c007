/**
 * Counts as they grow over a campaign's life, all cumulative: whoever was delivered also counts as sent, whoever
 * opened also as delivered. Each provider turns them into its own wire shape.
 */
export interface Counters {
  recipients: number;
  /** Messages for those recipients; a long SMS takes several. */
  messages: number;
  sent: number;
  delivered: number;
  opened: number;
  openedTotal: number;
  clicked: number;
  clickedTotal: number;
  unsubscribed: number;
  complained: number;
  /** Could not be sent at all; not part of `sent`. */
  failed: number;
  hardBounced: number;
  softBounced: number;
  undelivered: number;
  expired: number;
  /** Sent, and no report will ever come. */
  unknown: number;
  /** Sent to someone who does not use the messenger (Viber, RCS). */
  notOnService: number;
}

/** A campaign at one moment, with `status` in its provider's own words. Times are milliseconds since 1970. */
export interface CampaignState {
  externalId: string;
  name: string;
  subject: string;
  sender: string;
  senderAddress: string;
  /** What BSG calls the message type; the other providers do not tell. */
  channel: string;
  status: string;
  /** Octeth's ScheduleType; null elsewhere. */
  scheduleType: string | null;
  /** Octeth's SendTimeZone: the zone it tells `scheduledAt` in; null: UTC. */
  sendTimeZone: string | null;
  statusReason: string | null;
  createdAt: number;
  scheduledAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
  tags: readonly string[];
  price: number;
  currency: string | null;
  /** Selzy's `warnings`, beside the result. */
  warnings: readonly string[];
  /** Belongs to somebody else's account: exists, but not for this key. */
  foreign: boolean;
  counters: Counters;
  /**
   * Laid over the campaign's object in every answer: objects are merged, everything else replaced, and a field
   * that is `undefined` is left out of the answer.
   */
  extra: Readonly<Record<string, unknown>>;
}

export interface CampaignChange extends Partial<Omit<CampaignState, 'externalId' | 'counters'>> {
  counters?: Partial<Counters>;
}

/** The id can be chosen once, when a campaign is added; without one it is given. */
export interface NewCampaign extends CampaignChange {
  externalId?: string;
}

export const noCounters: Counters = {
  recipients: 0,
  messages: 0,
  sent: 0,
  delivered: 0,
  opened: 0,
  openedTotal: 0,
  clicked: 0,
  clickedTotal: 0,
  unsubscribed: 0,
  complained: 0,
  failed: 0,
  hardBounced: 0,
  softBounced: 0,
  undelivered: 0,
  expired: 0,
  unknown: 0,
  notOnService: 0,
};

/** The state with the change laid over it. `messages` follows `recipients` unless it is given or was set apart. */
export function changed(state: CampaignState, change: CampaignChange): CampaignState {
  const counters = { ...state.counters, ...change.counters };
  const followed = state.counters.messages === state.counters.recipients;
  if (followed && change.counters?.messages === undefined) counters.messages = counters.recipients;
  return { ...state, ...change, externalId: state.externalId, counters };
}
