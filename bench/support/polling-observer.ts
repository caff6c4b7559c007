import type { Observed, Observer } from '../../src/campaigns/observe.ts';
import { type Campaign, type CampaignReading, campaignKey } from '../../src/model/campaign.ts';

export interface ObserverHooks {
  readonly now: () => number;
  /** Told for every campaign that was read, as the real one does. */
  readonly onObserved: (campaign: Campaign, observed: Observed) => void;
  /** Told of every answer, also those that say what the last one said. */
  readonly onAnswer: (reading: CampaignReading) => void;
}

interface Known {
  readonly campaign: Campaign;
  readonly askedAt: number;
  readonly stats: CampaignReading['stats'];
}

/** Stands for the one write path: keeps the newest state of each campaign in memory, and counts its revisions. */
export function createFakeObserver({ now, onObserved, onAnswer }: ObserverHooks) {
  const known = new Map<string, Known>();

  function take(observed: Observed): Campaign | null {
    const { reading, askedAt } = observed;
    if (!reading) return null;
    const key = campaignKey(observed.account, observed.externalId);
    const before = known.get(key);
    const next = before && askedAt < before.askedAt ? before : stepOf(before, observed, reading);
    if (next !== before) known.set(key, next);
    onAnswer(reading);
    onObserved(next.campaign, observed);
    return next.campaign;
  }

  function stepOf(before: Known | undefined, observed: Observed, reading: CampaignReading): Known {
    const { status, stats = before?.stats } = reading;
    // Sources give the same object for the same counters.
    if (before && before.campaign.status === status && before.stats === stats) return before;
    const campaign = campaignOf(observed, reading, (before?.campaign.revision ?? 0) + 1, now());
    return { campaign: { ...campaign, stats: statsOf(stats, now()) }, askedAt: observed.askedAt, stats };
  }

  const observer: Observer = {
    observe: async (observed) => observed.map(take),
    saw: ({ reading }) => void (reading && onAnswer(reading)),
    whileChanging: (_account, _externalIds, change) => change(),
    observedAt: ({ observedAt }) => observedAt,
    measuredPace: () => null,
    statsObservedAt: () => null,
    stop: async () => {},
  };

  return {
    observer,
    /** What is stored already, before anything is read. */
    put(observed: Observed, changedAt: number): Campaign | null {
      const { reading } = observed;
      if (!reading) return null;
      const stats = statsOf(reading.stats, changedAt);
      const campaign = { ...campaignOf(observed, reading, 1, changedAt), stats };
      known.set(campaign.key, { campaign, askedAt: observed.askedAt, stats: reading.stats });
      return campaign;
    },
  };
}

function statsOf(stats: CampaignReading['stats'], asOf: number): Campaign['stats'] {
  return stats ? { ...stats.counters, source: 'PROVIDER', final: stats.final, asOf } : null;
}

function campaignOf(
  { account, channel, externalId }: Observed,
  { status, providerStatus, scheduledAt = null }: CampaignReading,
  revision: number,
  at: number,
): Campaign {
  return {
    key: campaignKey(account, externalId),
    account,
    externalId,
    channel,
    name: null,
    sender: null,
    status,
    providerStatus,
    statusReason: null,
    createdAt: null,
    scheduledAt,
    startedAt: null,
    finishedAt: null,
    stats: null,
    throughput: null,
    cost: null,
    tags: [],
    revision,
    seq: revision,
    changedAt: at,
    observedAt: at,
    deletedAt: null,
    followed: true,
  };
}
