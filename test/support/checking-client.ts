import { expect } from 'vitest';
import { openReader } from '../../src/live/changes.ts';
import type { ChangeEvent } from '../../src/live/events.ts';
import type { Reader } from '../../src/live/reader.ts';
import { createWitness, keyOf, type World } from './world.ts';

/**
 * A client that checks everything that it is told against the past: all steps of some campaigns, in order, once.
 * @param world its `parts` are asked for anew whenever the client comes back
 */
export function createCheckingClient(
  world: Pick<World, 'parts' | 'pasts' | 'store'>,
  externalIds: readonly string[],
) {
  const { pasts, store } = world;
  const keys = new Set(externalIds.map(keyOf));
  const selection = { accounts: ['main'], keys, filter: null, fields: null };
  const witness = createWitness(pasts, (key) => keys.has(key));
  const { isBehind } = witness;
  const lastEvents = new Map<string, ChangeEvent>();
  let reader: Reader | null = null;
  let waiting: Promise<ChangeEvent | null> | null = null;
  let isEnded = false;
  let cursor: string | null = null;

  function check(event: ChangeEvent): void {
    witness.check(event);
    lastEvents.set(event.key, event);
    cursor = event.cursor;
  }

  /** What comes next; waits where there is nothing yet. */
  async function next(from: Reader): Promise<ChangeEvent | null> {
    for (;;) {
      const told = await from.poll();
      if (told) return told.event;
      if (isEnded) return null;
      await from.news();
    }
  }

  async function readOne(): Promise<void> {
    reader ??= await openReader(world.parts, selection, cursor);
    const event = await (waiting ?? next(reader));
    waiting = null;
    expect(event).not.toBeNull();
    if (event) check(event);
  }

  async function drop(): Promise<void> {
    const ended = waiting;
    isEnded = true;
    reader?.end();
    const last = await ended;
    // What came in the last moment has been handed over: it is as good as read.
    if (last) check(last);
    isEnded = false;
    reader = null;
    waiting = null;
    // One that was told nothing has no place to come back to: what it gets is the state.
    if (cursor === null) witness.begin();
  }

  return {
    drop,
    async read(count: number) {
      for (let left = count; left > 0 && isBehind(); left -= 1) await readOne();
    },
    /** Asks for the next event while there is none. */
    async wait() {
      reader ??= await openReader(world.parts, selection, cursor);
      if (!isBehind()) waiting ??= next(reader);
    },
    async finish() {
      while (isBehind()) await readOne();
      await drop();
      expect(isBehind()).toBe(false);
      for (const key of keys) {
        const stored = await store.get(key);
        const event = lastEvents.get(key);
        expect(event?.revision).toBe(stored?.revision);
        if (event) expect(event.campaign).toEqual(stored);
      }
    },
  };
}
