import { z } from 'zod';
import { firstTold, listOf, optionalText, statusWord, text } from '../read.ts';

const record = z.record(z.string(), z.unknown());

/** One object of counters, or several in an array; unreadable ones count for nothing. */
const statistics = z
  .union([z.array(record.catch({})), record.transform((one) => [one])])
  .nullish()
  .catch(null);

/** The moments of a campaign, in every spelling that BSG's documents and answers have. */
const moments = {
  started_at: optionalText,
  start_date: optionalText,
  start_at: optionalText,
  actual_start_at: optionalText,
  real_start_at: optionalText,
  finished_at: optionalText,
  created_at: optionalText,
  creation_at: optionalText,
};

export type MomentName = keyof typeof moments;

export const momentNames = Object.freeze(z.object(moments).keyof().options);

const totals = {
  total_messages: z.unknown().optional(),
  total_phones: z.unknown().optional(),
  total_price: z.unknown().optional(),
  currency: z.unknown().optional(),
};

/**
 * The `data` of GET /api/campaigns/{id}/detail, and an entry of the list, which tells less. The totals stand beside the
 * statistics in the document's response and inside them in its table; here they are beside them. `kind` is the type of
 * the messages as a plain word, "" where none is told; `tellsStatistics` whether they are there, be they empty.
 */
export const campaignData = z
  .object({
    id: text,
    name: optionalText,
    sender: optionalText,
    status: z.string().min(1),
    type: text,
    message_type: text,
    ...moments,
    statistics,
    ...totals,
  })
  .transform(({ type, message_type, ...data }) => {
    const parts = data.statistics ?? [];
    const total = (name: keyof typeof totals) => firstTold(data[name], ...parts.map((part) => part[name]));
    return {
      ...data,
      statistics: parts,
      tellsStatistics: data.statistics !== undefined,
      kind: statusWord(type ?? message_type ?? ''),
      total_messages: total('total_messages'),
      total_phones: total('total_phones'),
      total_price: total('total_price'),
      currency: total('currency'),
    };
  });

export type CampaignData = z.output<typeof campaignData>;

/** The body of GET /api/campaigns. */
export const campaignsBody = z.object({
  data: z.union([z.array(z.unknown()), record, z.null()]).transform(listOf),
  meta: z
    .object({ page: z.object({ total: z.unknown(), limit: z.unknown() }).partial() })
    .nullish()
    .catch(null),
});

/** The body of POST /api/auth/login and of POST /api/auth/refresh. */
export const tokenBody = z.object({ bearer: z.string().trim().min(1) });

/** What a JWT says about its life: seconds since 1970. */
export const tokenClaims = z.object({ iat: z.unknown(), exp: z.unknown() }).partial();

/** An error of the API's second version (message, errors) or of its first (error, errorDescription). */
export const errorBody = z.object({
  message: text,
  errors: z.unknown().optional(),
  error: text,
  errorDescription: text,
});

export type ErrorBody = z.output<typeof errorBody>;

/** Answers stand in `data`, where they do. */
export function dataOf(body: unknown): unknown {
  return z.object({ data: z.unknown() }).safeParse(body).data?.data ?? body;
}
