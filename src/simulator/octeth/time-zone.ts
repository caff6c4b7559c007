import { parseWireTime } from '../wire-time.ts';

/** Whether it is a zone that times can be told in: "Europe/Berlin", "UTC". */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('sv-SE', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** "YYYY-MM-DD hh:mm:ss", which is how Swedes write it, on the zone's clock. Throws a RangeError for an unknown zone. */
export function wireTimeIn(timeZone: string, ms: number): string {
  return new Date(ms).toLocaleString('sv-SE', { timeZone });
}

/** The same the other way, as `parseWireTime` does it for UTC: in ms since 1970, null where it is no time. */
export function parseTimeIn(timeZone: string, text: string): number | null {
  const asUtc = parseWireTime(text);
  if (asUtc === null) return null;
  // The second look finds the offset in force at the moment itself, near a change to or from summer time.
  const guess = asUtc - offsetMs(timeZone, asUtc);
  return asUtc - offsetMs(timeZone, guess);
}

/** How far the zone's clock is ahead of UTC at a moment of whole seconds. */
function offsetMs(timeZone: string, ms: number): number {
  return (parseWireTime(wireTimeIn(timeZone, ms)) ?? ms) - ms;
}
