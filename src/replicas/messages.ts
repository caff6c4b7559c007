import { z } from 'zod';
import { looksSchema } from './shared-looks.ts';

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

/** null: it is none that is known. */
export function messageOf(payload: string): Message | null {
  try {
    return messageSchema.safeParse(JSON.parse(payload)).data ?? null;
  } catch {
    return null;
  }
}
