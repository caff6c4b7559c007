import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';

/** All replicas on one database talk on it. */
export const channel = 'campaign_graph';

const lookSchema = z.tuple([
  z.string(),
  z.number(),
  z.number().nullable(),
  z.number().nullable(),
  z.number().nullable(),
  z.string().nullable(),
]);

/** Looks of an account, as replicas tell them to one another: external ids with what is known of each. */
export const looksSchema = z.object({ from: z.string(), seen: z.string(), looks: z.array(lookSchema) });

/** What is known of a campaign by looks that have written nothing, its external id first. */
export type ToldLook = z.output<typeof lookSchema>;

/**
 * What replicas tell one another, at once and to all. It may be lost, so it only ever says where to look sooner than one
 * would have looked anyway; what counts stands in tables. A newer version may say more: what is not known is left alone.
 */
const messageSchema = z.union([
  /** The log goes as far as this. */
  z.object({ from: z.string(), log: z.number() }),
  /** Leases have been given up. */
  z.object({ from: z.string(), leases: z.literal(true) }),
  /** A job waits for the replica `to`. */
  z.object({ from: z.string(), job: z.string(), to: z.string() }),
  /** It has been done for the replica `to`. */
  z.object({ from: z.string(), done: z.string(), to: z.string() }),
  /** What is known of an account's state is another. */
  z.object({ from: z.string(), account: z.string() }),
  /** A task has come further. */
  z.object({ from: z.string(), task: z.string() }),
  /** What people look at over the replica is another; of these accounts, or of any. */
  z.object({ from: z.string(), watched: z.literal(true), accounts: z.array(z.string()).exactOptional() }),
  /** A campaign is known or followed otherwise than before, though the log says nothing of it. */
  z.object({ from: z.string(), campaign: z.string() }),
  looksSchema,
]);

export type Message = z.output<typeof messageSchema>;

/** The same without who says it. */
export type News<One = Message> = One extends Message ? Omit<One, 'from'> : never;

/** Tells the others, as a part of a statement: they hear of it once that is committed. */
export function telling(from: string, news: News): RawBuilder<unknown> {
  return sql`pg_notify(${channel}, ${JSON.stringify({ from, ...news })})`;
}

/** null: it is none that is known. */
export function messageOf(payload: string): Message | null {
  try {
    return messageSchema.safeParse(JSON.parse(payload)).data ?? null;
  } catch {
    return null;
  }
}
