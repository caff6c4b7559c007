import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { z } from 'zod';
import type { OpenOperation } from '../../src/live/group.ts';
import type { Selection } from '../../src/live/selection.ts';
import type { Sink } from '../../src/live/subscriber.ts';
import { createWitness, type Delivery, keyOf, type WantsStep } from './world.ts';

/** The campaigns that there are. */
export const ids = ['a', 'b', 'c', 'd', 'e'];
export const endless = 1_000_000;

/** What is checked of the answer to an event. */
const answer = z.object({
  key: z.string(),
  cursor: z.string(),
  cause: z.string(),
  fromRevision: z.int(),
  revision: z.int(),
  transitions: z.array(z.object({ from: z.string().nullable(), to: z.string() })),
  stats: z.object({ sent: z.int().nullable() }).nullable(),
  campaign: z.looseObject({ revision: z.int() }),
});

export interface Interest {
  readonly selection: Selection;
  /** The same question, asked of the past. */
  readonly wantsStep: WantsStep;
}

function byIds(...externalIds: string[]): Interest {
  const keys = new Set(externalIds.map(keyOf));
  const selection = { accounts: ['main'], keys, filter: null, fields: null };
  return { selection, wantsStep: (key) => keys.has(key) };
}

export const inAll = byIds(...ids);
const inStatusOfAll: Interest = {
  selection: { ...inAll.selection, fields: new Set(['status']) },
  wantsStep: (_key, past, place) => past[place]?.status !== past[place - 1]?.status,
};
const inSending: Interest = {
  selection: { ...inAll.selection, keys: null, filter: { accounts: ['main'], statuses: ['SENDING'] } },
  wantsStep: (_key, past, place) =>
    [past[place - 1], past[place]].some((state) => state?.status === 'SENDING'),
};
export const interests = [inAll, byIds('a'), byIds('b', 'd'), inStatusOfAll, inSending];

/**
 * A client that checks what it is sent, and whose connection takes as much as it is said to.
 * @param sight stands for what its holder sees at the moment. It makes a group another, and all else stays.
 */
export function createClient(
  { live, execute, news, pasts, store }: Delivery,
  { selection, wantsStep }: Interest,
  sight: () => string = () => 'all',
) {
  const witness = createWitness(pasts, wantsStep);
  const campaigns = new Map<string, unknown>();
  const faults: unknown[] = [];
  let cursor: string | null = null;
  let subscription: { readonly close: () => void } | null = null;
  /** Subscriptions whose end has not been told. */
  let open = 0;
  let room = endless;
  let hasRoom = Promise.withResolvers<void>();

  function take(payload: string, sentCursor: string | null): void {
    const event = answer.parse(JSON.parse(payload));
    witness.check(event);
    expect(sentCursor).toBe(event.cursor);
    campaigns.set(event.key, event.campaign);
    cursor = event.cursor;
    room -= 1;
    // One event may have been on its way when the room was used up.
    expect(room).toBeGreaterThanOrEqual(-1);
  }

  return {
    faults,
    isBehind: witness.isBehind,
    open: (): number => open,

    /** Begins, or comes back with its cursor. */
    async subscribe(): Promise<void> {
      if (subscription) return;
      const after = cursor;
      const ask = (): OpenOperation => {
        const feed = live.changes(selection, async () => {}, after);
        return { feed, request: feed.topic, seen: sight(), execute };
      };
      // One that was told nothing has no place to come back to: it begins anew.
      if (cursor === null) witness.begin(selection.keys ? undefined : news.known());
      let isClosed = false;
      const sink: Sink = {
        send(payload, sentCursor) {
          try {
            expect(isClosed).toBe(false);
            take(payload.toString(), sentCursor);
          } catch (fault) {
            faults.push(fault);
          }
        },
        full: () => (room > 0 ? null : hasRoom.promise),
      };
      const opened = ask();
      const start = await opened.feed.open();
      open += 1;
      const onEnd = () => {
        open -= 1;
      };
      const reopen = async () => {
        const reopened = ask();
        // Others have their turn, and what is seen may become another meanwhile.
        await turn();
        return reopened;
      };
      const subscriber = live.subscribe({ ...opened, start, sight, reopen, onEnd }, sink);
      subscriber.done.catch((error) => faults.push(error));
      subscription = {
        close() {
          isClosed = true;
          subscriber.end();
        },
      };
    },

    drop(): void {
      subscription?.close();
      subscription = null;
    },

    /** How many more events its connection takes; 0: it stalls. */
    makeRoom(events: number): void {
      room = events;
      if (events === 0) return;
      hasRoom.resolve();
      hasRoom = Promise.withResolvers();
    },

    /** One that follows campaigns by ids knows them as they are stored. */
    async checkStates(): Promise<void> {
      if (selection.filter || selection.fields) return;
      for (const key of selection.keys ?? []) {
        const stored = await store.get(key);
        expect(campaigns.get(key)).toEqual(stored ? JSON.parse(JSON.stringify(stored)) : undefined);
      }
    },
  };
}
