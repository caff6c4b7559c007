import { setTimeout as pause } from 'node:timers/promises';

/**
 * Looks again and again until a condition holds: what a test waits for, instead of a while.
 * @returns what `look` gave, once it is neither false, null nor undefined
 * @throws when it has not held within `withinMs`, with what was seen last
 */
export async function until<Seen>(
  look: () => Seen | Promise<Seen>,
  withinMs = 10_000,
): Promise<NonNullable<Exclude<Seen, false>>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (isSeen(seen)) return seen;
    if (Date.now() > deadline)
      throw new Error(`Waited ${withinMs} ms in vain; last seen: ${JSON.stringify(seen)}`);
    await pause(10);
  }
}

function isSeen<Seen>(seen: Seen): seen is NonNullable<Exclude<Seen, false>> {
  return seen !== false && seen !== null && seen !== undefined;
}
