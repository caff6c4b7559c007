import { z } from 'zod';
import { count, text } from '../read.ts';

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
  created_at: text,
  sent_at: text,
  completed_at: text,
  stats: stats.nullish(),
  rates: rates.nullish(),
});

export type CampaignBody = z.output<typeof campaignBody>;

export const errorBody = z.object({
  success: z.boolean().optional(),
  error: z.string().optional(),
  message: z.string().optional(),
  code: z.string().optional(),
  details: z.object({ retry_after: z.unknown() }).optional().catch(undefined),
});
