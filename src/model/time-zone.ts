/** Whether a text names a time zone that times can be read in: "Europe/Berlin", "UTC". */
export function isTimeZone(name: string): boolean {
  return formatOf(name) !== null;
}

/**
 * The moment at which a zone's clock shows a time, in ms since 1970.
 * @param asUtc when a clock in UTC would show it
 */
export function fromLocal(asUtc: number, timeZone: string): number {
  if (timeZone === 'UTC') return asUtc;
  // The second look finds the offset in force at the moment itself, near a change to or from summer time.
  const guess = asUtc - zoneOffsetMs(asUtc, timeZone);
  return asUtc - zoneOffsetMs(guess, timeZone);
}

/** "+02:00" or "+0200" in ms. */
export function offsetMs(zone: string): number {
  const sign = zone.startsWith('-') ? -1 : 1;
  const digits = zone.replaceAll(/\D/g, '');
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
}

/** null: there is no such zone. A provider's zones are free text, so there is a limit to what is kept. */
const formats = new Map<string, Intl.DateTimeFormat | null>();
const mostFormats = 200;

/** A format takes long to make, and kilobytes that the JavaScript heap does not show: each zone's is made once. */
function formatOf(timeZone: string): Intl.DateTimeFormat | null {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  if (formats.size >= mostFormats) formats.clear();
  const made = makeFormat(timeZone);
  formats.set(timeZone, made);
  return made;
}

function makeFormat(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    return null;
  }
}

/** How far the zone's clock is ahead of UTC at that moment. */
function zoneOffsetMs(at: number, timeZone: string): number {
  const parts = formatOf(timeZone)?.formatToParts(at) ?? [];
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  return name === 'GMT' ? 0 : offsetMs(name.slice(3));
}
