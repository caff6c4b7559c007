import { accountIn, type Campaign, type CampaignReading, campaignKey } from '../model/campaign.ts';

/** What was read of a campaign, and when the provider was asked, ms since 1970. */
interface Read {
  readonly account: string;
  readonly externalId: string;
  readonly reading: CampaignReading | null;
  readonly askedAt: number;
  readonly countersAlone?: boolean;
}

/** What of a reading is news: an answer can be overtaken by one that was asked for later. */
export interface Sighted {
  readonly news: 'all' | 'all but counters' | 'counters' | 'nothing';
}

/** When the answers that are stored were asked for: of all, and of the counters. */
interface Asked {
  readonly at: number;
  readonly statsAt: number;
}

/** Tells by when campaigns were asked for what of each answer is news. */
export function createSightings() {
  const asked = new Map<string, Asked>();

  return {
    /** Notes when it was asked for, and tells what of it is still news. */
    sight<One extends Read>(one: One): One & Sighted {
      const key = campaignKey(one.account, one.externalId);
      const last = asked.get(key) ?? { at: 0, statsAt: 0 };
      const tellsStats = one.reading?.stats !== undefined;
      const tellsAll = !one.countersAlone && one.askedAt >= last.at;
      const statsAreNews = tellsStats && one.askedAt >= last.statsAt;
      asked.set(key, {
        at: tellsAll ? one.askedAt : last.at,
        statsAt: statsAreNews ? one.askedAt : last.statsAt,
      });
      if (tellsAll) return { ...one, news: tellsStats && !statsAreNews ? 'all but counters' : 'all' };
      return { ...one, news: statsAreNews ? 'counters' : 'nothing' };
    },

    forget: (key: string): void => void asked.delete(key),

    forgetAccounts(names: ReadonlySet<string>): void {
      for (const key of asked.keys()) if (names.has(accountIn(key))) asked.delete(key);
    },
  };
}

/** What a newer answer did not tell: an older one may still tell the counters, or all the rest. */
export function newsOf(
  { reading, news }: Pick<Read, 'reading'> & Sighted,
  campaign: Campaign | null,
): CampaignReading | null {
  if (!reading || !campaign || news === 'all') return reading;
  const { stats, ...rest } = reading;
  if (news === 'all but counters') return rest;
  const { externalId, status, providerStatus } = campaign;
  // That they move no more may have been told of another status.
  const isFinal = stats?.final === true && reading.status === status;
  return {
    externalId,
    status,
    providerStatus,
    ...(stats !== undefined && { stats: stats && { ...stats, final: isFinal } }),
  };
}
