import { type Counters, countersOf } from '../model/stats.ts';
import type { DeliveryOutcome } from '../model/task.ts';

/** What was handed over for delivery, whatever became of it. */
const sent: readonly DeliveryOutcome[] = [
  'SENT',
  'DELIVERED',
  'OPENED',
  'CLICKED',
  'UNSUBSCRIBED',
  'COMPLAINED',
  'SOFT_BOUNCED',
  'HARD_BOUNCED',
];
const delivered: readonly DeliveryOutcome[] = [
  'DELIVERED',
  'OPENED',
  'CLICKED',
  'UNSUBSCRIBED',
  'COMPLAINED',
];
const opened: readonly DeliveryOutcome[] = ['OPENED', 'CLICKED'];

/**
 * The counters that a report amounts to. A recipient has one outcome, the latest, so what it implies is added up: who
 * clicked has opened, and got it. Source: providers/README.md 1.4.
 */
export function rollUp(counts: ReadonlyMap<DeliveryOutcome, number>): Counters {
  const sum = (outcomes: Iterable<DeliveryOutcome>) =>
    [...outcomes].reduce((total, outcome) => total + (counts.get(outcome) ?? 0), 0);
  return countersOf({
    recipients: sum(counts.keys()),
    queued: sum(['PENDING']),
    sent: sum(sent),
    delivered: sum(delivered),
    failed: sum(['FAILED']),
    unreported: sum(['SENT']),
    opened: sum(opened),
    clicked: sum(['CLICKED']),
    hardBounced: sum(['HARD_BOUNCED']),
    softBounced: sum(['SOFT_BOUNCED']),
    unsubscribed: sum(['UNSUBSCRIBED']),
    complained: sum(['COMPLAINED']),
  });
}

/** Whether nothing of it can change any more: every message has arrived somewhere, or nowhere. */
export function isSettled(counts: ReadonlyMap<DeliveryOutcome, number>): boolean {
  return !counts.get('PENDING') && !counts.get('SENT') && !counts.get('UNKNOWN');
}
