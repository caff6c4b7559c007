import type { CampaignReading } from '../model/campaign.ts';

/** When a campaign, and its counters, were last read. */
export interface Look {
  readonly at: number;
  readonly statsAt: number | null;
  /** How many had been sent then, and how many a second since the look before that told it. */
  readonly sent: number | null;
  readonly perSecond: number | null;
}

/** The last look at each campaign: in memory, since equal readings write nothing. Times are ms since 1970. */
export function createLooks() {
  const looks = new Map<string, Look>();

  /** @param stored when the campaign and its counters were read as far as the store tells */
  function note(
    key: string,
    reading: CampaignReading | null,
    at: number,
    stored: Pick<Look, 'at' | 'statsAt'>,
  ): void {
    const last = looks.get(key);
    if (!reading?.stats) {
      const { statsAt, sent, perSecond } = last ?? { ...stored, sent: null, perSecond: null };
      looks.set(key, { at, statsAt, sent, perSecond });
      return;
    }
    const { sent } = reading.stats.counters;
    looks.set(key, { at, statsAt: at, sent, perSecond: paceSince(last, sent, at) });
  }

  return {
    note,

    /** The same where only the counters were looked at. */
    noteCounters(...[key, reading, at, stored]: Parameters<typeof note>): void {
      const before = looks.get(key)?.at ?? stored.at;
      note(key, reading, at, stored);
      const look = looks.get(key);
      if (look) looks.set(key, { ...look, at: before });
    },

    forget(isMeant: (key: string) => boolean): void {
      for (const key of looks.keys()) if (isMeant(key)) looks.delete(key);
    },

    get: (key: string): Look | null => looks.get(key) ?? null,
    at: (key: string): number | null => looks.get(key)?.at ?? null,
    statsAt: (key: string): number | null => looks.get(key)?.statsAt ?? null,
    perSecond: (key: string): number | null => looks.get(key)?.perSecond ?? null,
  };
}

function paceSince(last: Look | undefined, sent: number | null, at: number): number | null {
  if (!last || last.statsAt === null || last.sent === null || sent === null) return null;
  return at <= last.statsAt || sent < last.sent ? null : ((sent - last.sent) * 1000) / (at - last.statsAt);
}
