import { z } from 'zod';
import { count, listOf, objectOrFirst, optionalText, optionalTime, readText, text } from '../read.ts';

/** What stands around every result, whatever the method; a result beside an error is to be ignored. */
export const envelope = z.object({
  result: z.unknown().optional(),
  error: text,
  code: text,
  warnings: z
    .unknown()
    .optional()
    .transform((value) => listOf(value).flatMap(readWarning)),
});

/** `{"warning": "text"}`, or the text alone. */
function readWarning(value: unknown): string[] {
  const told = typeof value === 'object' && value !== null && 'warning' in value ? value.warning : value;
  const words = readText(told);
  return words === null ? [] : [words];
}

/** The result of getCampaignStatus. */
export const statusResult = z.preprocess(
  objectOrFirst,
  z.object({
    status: z.string().min(1),
    creation_time: optionalTime,
    start_time: optionalTime,
  }),
);

/** The result of getCampaignCommonStats; null where it comes as an empty list. */
export const statsResult = z.preprocess(
  objectOrFirst,
  z
    .object({
      total: count,
      sent: count,
      delivered: count,
      read_unique: count,
      read_all: count,
      clicked_unique: count,
      clicked_all: count,
      unsubscribed: count,
      spam: count,
    })
    .nullable(),
);

export type StatsResult = z.output<typeof statsResult>;

/** The result of getCampaigns: its entries, each still to be read by itself. */
export const listResult = z
  .union([z.array(z.unknown()), z.record(z.string(), z.unknown()), z.literal(''), z.null()])
  .transform(listOf);

/** One entry of getCampaigns. */
export const listEntry = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  status: z.string().min(1),
  start_time: optionalTime,
  subject: optionalText,
  sender_name: optionalText,
  sender_email: optionalText,
});

export type ListEntry = z.output<typeof listEntry>;

/**
 * The result of async/getCampaignDeliveryStats and of async/getTaskResult, and of the notification to notify_url.
 * `task_type` is no help in telling tasks apart: the documents print that of another method.
 */
export const taskResult = z.object({
  task_uuid: z.string().min(1),
  task_type: text,
  status: z.string().min(1),
  file_to_download: text,
});
