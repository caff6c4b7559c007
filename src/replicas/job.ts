import { z } from 'zod';
import type { CampaignSettings, CampaignUpdate } from '../model/action.ts';

const text = z.string();
const texts = z.array(text).readonly();
const numbers = z.array(z.number()).readonly();
const flag = z.boolean();

const schedule = z.object({
  notScheduled: flag.exactOptional(),
  immediate: flag.exactOptional(),
  at: z.object({ date: text, time: text, timeZone: text }).exactOptional(),
  recurring: z
    .object({
      daysOfWeek: numbers.exactOptional(),
      daysOfMonth: numbers.exactOptional(),
      months: numbers,
      hours: numbers,
      minutes: numbers,
      maxInstances: z.number(),
      timeZone: text,
    })
    .exactOptional(),
});

const rule = z.object({ type: text, fieldId: text, operator: text, value: text });

const audience = z.object({
  lists: z.object({ include: texts, exclude: texts.exactOptional() }).exactOptional(),
  rules: z
    .object({
      lists: z
        .array(
          z.object({ listId: z.number(), operator: z.enum(['AND', 'OR']), rules: z.array(rule).readonly() }),
        )
        .readonly(),
    })
    .exactOptional(),
});

const settings = z.object({
  emailId: text.exactOptional(),
  schedule: schedule.exactOptional(),
  approvalExplanation: text.exactOptional(),
  googleAnalyticsDomains: texts.exactOptional(),
  publishOnRss: flag.exactOptional(),
  audience: audience.exactOptional(),
  sendToSend: flag.exactOptional(),
}) satisfies z.ZodType<CampaignSettings>;

const update = z.object({
  name: text.exactOptional(),
  status: z.enum(['DRAFT', 'READY', 'SENDING']).exactOptional(),
  settings: settings.exactOptional(),
}) satisfies z.ZodType<CampaignUpdate>;

const one = { externalId: text };
const dry = { dryRun: flag };

/** What the holder of an account does for people who have come to another replica. */
export const jobSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('look'), ...one, maxAgeMs: z.number().nullable() }),
  z.object({ kind: z.literal('makeKnown'), externalIds: texts }),
  z.object({ kind: z.literal('follow'), ...one }),
  z.object({ kind: z.literal('unfollow'), ...one }),
  z.object({ kind: z.literal('refresh'), ...one }),
  z.object({
    kind: z.literal('act'),
    action: z.enum(['APPROVE', 'PAUSE', 'RESUME', 'CANCEL']),
    ...one,
    ...dry,
  }),
  z.object({ kind: z.literal('update'), ...one, update, ...dry }),
  z.object({ kind: z.literal('create'), name: text, settings: settings.exactOptional(), ...dry }),
  z.object({ kind: z.literal('copy'), ...one, ...dry }),
  z.object({ kind: z.literal('remove'), externalIds: texts, ...dry }),
  z.object({
    kind: z.literal('report'),
    ...one,
    order: z.object({ changedSince: z.number().nullable(), fieldIds: numbers }),
  }),
  z.object({ kind: z.literal('wake'), notice: text }),
]);

export type Job = z.output<typeof jobSchema>;

/** Whether it only looks, so that it may be done again by another holder. */
export function isLook(job: Job): boolean {
  return (
    ['look', 'refresh', 'follow', 'unfollow', 'wake'].includes(job.kind) || ('dryRun' in job && job.dryRun)
  );
}
