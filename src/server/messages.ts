import { MessageType } from 'graphql-ws';
import { z } from 'zod';

/** So many messages may wait for one operation's id to be free. */
const mostHeld = 100;

const headSchema = z.object({ type: z.string(), id: z.string().nullable().default(null) });

/** What only a server says. */
const serversOwn: ReadonlySet<string> = new Set([
  MessageType.ConnectionAck,
  MessageType.Next,
  MessageType.Error,
]);

/**
 * Hands a connection's messages on, those of an id that is used anew only once the operation that had it before is over:
 * graphql-ws knows operations by their ids, and would take the one for the other.
 * @param handle resolves when what the message began is over
 * @param refuse called with what is wrong, when a client floods an id that is not free, or speaks as a server would
 * @param failed called with what a message that had to wait has failed for
 */
export function inTurn(
  handle: (message: string) => Promise<void>,
  refuse: (why: string) => void,
  failed: (error: unknown) => void,
) {
  /** Operations that are not over; true: the client has completed it. */
  const running = new Map<string, boolean>();
  const held = new Map<string, string[]>();

  async function run(id: string, message: string): Promise<void> {
    running.set(id, false);
    try {
      await handle(message);
    } finally {
      running.delete(id);
      const waiting = held.get(id) ?? [];
      held.delete(id);
      for (const next of waiting) void dispatch(next).catch(failed);
    }
  }

  async function dispatch(message: string): Promise<void> {
    const { type, id } = headOf(message);
    if (serversOwn.has(type)) return refuse('Unexpected message type');
    if (id === null) return handle(message);
    const waiting = held.get(id);
    if (waiting || (type === MessageType.Subscribe && running.get(id))) {
      if ((waiting?.length ?? 0) >= mostHeld) return refuse('Too many messages at once');
      held.set(id, [...(waiting ?? []), message]);
      return;
    }
    if (type === MessageType.Subscribe && !running.has(id)) return run(id, message);
    if (type === MessageType.Complete && running.has(id)) running.set(id, true);
    return handle(message);
  }

  return dispatch;
}

/** What is malformed is graphql-ws' business. */
function headOf(message: string): { readonly type: string; readonly id: string | null } {
  try {
    return headSchema.parse(JSON.parse(message));
  } catch {
    return { type: '', id: null };
  }
}
