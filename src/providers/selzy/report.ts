import {
  type DeliveryOutcome,
  type DeliveryRow,
  deliveryOutcomes,
  type ReportOrder,
  type TaskReading,
  type TaskStatus,
} from '../../model/task.ts';
import { parseWire, readTime, statusWord } from '../read.ts';
import { taskResult } from './wire.ts';

/** Source: providers/README.md 1.5. A completed task without a file has failed. */
const taskStatuses = new Map<string, TaskStatus>([
  ['new', 'QUEUED'],
  ['queued', 'QUEUED'],
  ['processing', 'RUNNING'],
  ['completed', 'COMPLETED'],
  ['error', 'FAILED'],
  ['failed', 'FAILED'],
  ['expired', 'FAILED'],
]);

/**
 * From the result of async/getCampaignDeliveryStats or of async/getTaskResult.
 * @throws ProblemError PROVIDER_BAD_RESPONSE
 */
export function readTask(result: unknown): TaskReading {
  const wire = parseWire(taskResult, result, 'task');
  return {
    uuid: wire.task_uuid,
    status: taskStatuses.get(statusWord(wire.status)) ?? null,
    providerStatus: wire.status,
    fileUrl: wire.file_to_download,
  };
}

/** Source: providers/README.md 1.4. */
const words: Readonly<Partial<Record<DeliveryOutcome, readonly string[]>>> = {
  PENDING: ['not_sent', 'delayed', 'err_will_retry', 'err_resend'],
  SENT: ['ok_sent'],
  DELIVERED: ['ok_delivered', 'ok_spam_folder', 'err_spam_folder'],
  OPENED: ['ok_read'],
  CLICKED: ['ok_link_visited'],
  UNSUBSCRIBED: ['ok_unsubscribed'],
  COMPLAINED: ['ok_fbl'],
  HARD_BOUNCED: [
    'err_user_unknown',
    'err_user_inactive',
    'err_mailbox_discarded',
    'err_domain_inactive',
    'err_no_dns',
    'err_no_smtp',
    'err_dest_invalid',
    'err_unreachable',
  ],
  SOFT_BOUNCED: [
    'err_mailbox_full',
    'err_too_large',
    'err_destination_misconfigured',
    'err_giveup',
    'err_delivery_failed',
  ],
  // Rejected as spam, or lost inside.
  FAILED: [
    'err_spam_rejected',
    'err_blacklisted',
    'err_spam_skipped',
    'err_spam_removed',
    'err_spam_may_retry',
    'err_spam_retry',
    'err_lost',
    'err_internal',
  ],
  SUPPRESSED: [
    'err_unsubscribed',
    'err_skip_letter',
    'err_not_available',
    'err_not_allowed',
    'err_over_quota',
    'err_src_invalid',
    'skip_dup_unreachable',
    'skip_dup_temp_unreachable',
    'skip_dup_mailbox_full',
  ],
};

const outcomes = new Map<string, DeliveryOutcome>();
for (const outcome of deliveryOutcomes) {
  for (const word of words[outcome] ?? []) outcomes.set(word, outcome);
}

/** New words may appear: "ok_*" is under way or delivered, "err_*" failed, "skip_*" was left out. */
const prefixes: readonly (readonly [prefix: string, outcome: DeliveryOutcome])[] = [
  ['ok_', 'SENT'],
  ['err_', 'FAILED'],
  ['skip_', 'SUPPRESSED'],
];

export function outcomeOf(sendResult: string): DeliveryOutcome {
  const word = sendResult.toLowerCase();
  const known = outcomes.get(word);
  if (known) return known;
  return prefixes.find(([prefix]) => word.startsWith(prefix))?.[1] ?? 'UNKNOWN';
}

const recipientColumns = ['email', 'phone'];
const resultColumn = 'send_result';
const timeColumn = 'last_update';

/**
 * Reads the lines of a report by the names in its first line; columns of other names are the additional fields, in the
 * order in which they were asked for. Times are UTC. Source: providers/README.md 1.2.
 */
export function rowReader(
  header: readonly string[],
  { fieldIds }: ReportOrder,
): ((cells: readonly string[]) => DeliveryRow | null) | null {
  const names = header.map((name) => name.trim().toLowerCase());
  const recipientAt = names.findIndex((name) => recipientColumns.includes(name));
  const resultAt = names.indexOf(resultColumn);
  const timeAt = names.indexOf(timeColumn);
  if (recipientAt === -1 || resultAt === -1) return null;
  const others = names.keys().filter((place) => ![recipientAt, resultAt, timeAt].includes(place));
  const fieldsAt = [...others].slice(0, fieldIds.length);
  return (cells) => {
    const recipient = cells[recipientAt]?.trim() ?? '';
    const providerResult = cells[resultAt]?.trim() ?? '';
    if (recipient === '' || providerResult === '') return null;
    const updatedAt = timeAt === -1 ? null : readTime(cells[timeAt] ?? null);
    const fields = fieldsAt.length === 0 ? null : fieldsOf(cells, fieldsAt, fieldIds);
    return { recipient, outcome: outcomeOf(providerResult), providerResult, updatedAt, fields };
  };
}

function fieldsOf(cells: readonly string[], places: readonly number[], ids: readonly number[]) {
  return Object.fromEntries(places.map((at, place) => [String(ids[place]), cells[at] ?? '']));
}
