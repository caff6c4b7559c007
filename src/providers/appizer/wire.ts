import { z } from 'zod';
import { count, optionalTime, text } from '../read.ts';

const stats = z.object({
  total_recipients: count,
  sent: count,
  delivered: count,
  opened: count,
  clicked: count,
  failed: count,
});

const rates = z.object({
  delivery_rate: z.unknown().optional(),
  open_rate: z.unknown().optional(),
  click_rate: z.unknown().optional(),
});

/** The body of GET /notifications/campaigns/:campaign_id. */
export const campaignBody = z.object({
  campaign_id: text,
  status: z.string().min(1),
  created_at: optionalTime,
  sent_at: optionalTime,
  completed_at: optionalTime,
  stats: stats.nullish(),
  rates: rates.nullish(),
});

export type CampaignBody = z.output<typeof campaignBody>;

export const errorBody = z.object({
  success: z.boolean().nullable().catch(null).default(null),
  error: text,
  message: text,
  code: text,
  details: z.object({ retry_after: z.unknown() }).optional().catch(undefined),
});

export type ErrorBody = z.output<typeof errorBody>;
