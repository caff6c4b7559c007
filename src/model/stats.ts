/** The counters of a campaign, in the order in which the schema lists them. */
export const counterNames = [
  'recipients',
  'messages',
  'queued',
  'sent',
  'delivered',
  'undelivered',
  'failed',
  'unreported',
  'opened',
  'openedTotal',
  'clicked',
  'clickedTotal',
  'hardBounced',
  'softBounced',
  'unsubscribed',
  'complained',
] as const;

export type CounterName = (typeof counterNames)[number];

/** null: the provider does not tell; 0: it told zero. */
export type Counters = Readonly<Record<CounterName, number | null>>;

export type StatsSource = 'PROVIDER' | 'DELIVERY_REPORT';

export interface Stats extends Counters {
  readonly source: StatsSource;
  /** False while the provider is still counting. */
  readonly final: boolean;
  /** When the counters were read, ms since 1970. */
  readonly asOf: number;
}

export interface Rates {
  readonly delivery: number | null;
  readonly open: number | null;
  readonly click: number | null;
  readonly bounce: number | null;
  readonly failure: number | null;
  readonly unsubscribe: number | null;
}

/** All counters, those not named in `known` as null. */
export function countersOf(known: Partial<Counters>): Counters {
  return {
    recipients: known.recipients ?? null,
    messages: known.messages ?? null,
    queued: known.queued ?? null,
    sent: known.sent ?? null,
    delivered: known.delivered ?? null,
    undelivered: known.undelivered ?? null,
    failed: known.failed ?? null,
    unreported: known.unreported ?? null,
    opened: known.opened ?? null,
    openedTotal: known.openedTotal ?? null,
    clicked: known.clicked ?? null,
    clickedTotal: known.clickedTotal ?? null,
    hardBounced: known.hardBounced ?? null,
    softBounced: known.softBounced ?? null,
    unsubscribed: known.unsubscribed ?? null,
    complained: known.complained ?? null,
  };
}

/** Fractions from 0 to 1, the same way for every provider; null where a counter is missing or the denominator is 0. */
export function ratesOf(counters: Counters): Rates {
  const { sent, delivered, recipients, hardBounced, softBounced } = counters;
  const bounced =
    hardBounced === null && softBounced === null ? null : (hardBounced ?? 0) + (softBounced ?? 0);
  return {
    delivery: fraction(delivered, sent),
    open: fraction(counters.opened, delivered),
    click: fraction(counters.clicked, delivered),
    bounce: fraction(bounced, sent),
    failure: fraction(counters.failed, recipients),
    unsubscribe: fraction(counters.unsubscribed, delivered),
  };
}

/**
 * Share of the recipients dealt with, 0 to 1; null while their number is unknown or 0. Where a provider counts messages
 * rather than people (one recipient can get several), messages are the whole.
 */
export function progressOf(counters: Counters): number | null {
  const total = counters.messages ?? counters.recipients;
  if (total === null || total === 0) return null;
  const done = dealtWith(counters, total);
  return done === null ? null : Math.min(1, Math.max(0, done / total));
}

/** Messages that still have to go out; null where that can't be told. */
export function remainingOf(counters: Counters): number | null {
  const total = counters.messages ?? counters.recipients;
  if (total === null) return null;
  const done = dealtWith(counters, total);
  return done === null ? null : Math.max(0, total - done);
}

function dealtWith(counters: Counters, total: number): number | null {
  if (counters.queued !== null) return total - counters.queued;
  if (counters.sent === null) return null;
  return counters.sent + (counters.failed ?? 0);
}

function fraction(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

/** Whether the provider told any counter at all. */
export function hasAnyCounter(counters: Counters): boolean {
  return counterNames.some((name) => counters[name] !== null);
}
