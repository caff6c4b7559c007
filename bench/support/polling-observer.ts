import type { Observed, Observer } from '../../src/campaigns/observe.ts';
import { type Campaign, type CampaignReading, campaignKey } from '../../src/model/campaign.ts';

export interface ObserverHooks {
  readonly now: () => number;
  /** Told for every campaign that was read, as the real one does. */
  readonly onObserved: (campaign: Campaign, observed: Observed) => void;
  /** Told of every answer, also those that say what the last one said. */
  readonly onAnswer: (reading: CampaignReading, observed: Observed) => void;
}

interface Known {
  readonly campaign: Campaign;
  /** When what is known was asked for: all of it, and the counters. */
  readonly askedAt: number;
  readonly statsAskedAt: number;
  readonly stats: CampaignReading['stats'];
}

/** Stands for the one write path: keeps the newest state of each campaign in memory, and counts its revisions. */
export function createFakeObserver({ now, onObserved, onAnswer }: ObserverHooks) {
  const known = new Map<string, Known>();

  function take(observed: Observed): Campaign | null {
    const { reading } = observed;
    if (!reading) return null;
    const key = campaignKey(observed.account, observed.externalId);
    const next = stepOf(known.get(key), observed, reading);
    known.set(key, next);
    onAnswer(reading, observed);
    onObserved(next.campaign, observed);
    return next.campaign;
  }

  /** What was overtaken by an answer that was asked for later is no news. */
  function stepOf(before: Known | undefined, observed: Observed, reading: CampaignReading): Known {
    const { askedAt } = observed;
    if (!before) return knownOf(observed, reading, 1, now());
    const tellsAll = !observed.countersAlone && askedAt >= before.askedAt;
    const tellsStats = reading.stats !== undefined && askedAt >= before.statsAskedAt;
    const stats = tellsStats ? reading.stats : before.stats;
    const { status, providerStatus, scheduledAt } = tellsAll ? reading : before.campaign;
    const asked = {
      askedAt: tellsAll ? askedAt : before.askedAt,
      statsAskedAt: tellsStats ? askedAt : before.statsAskedAt,
    };
    // Sources give the same object for the same counters.
    if (before.campaign.status === status && before.stats === stats) return { ...before, ...asked };
    const news = { ...reading, status, providerStatus, scheduledAt: scheduledAt ?? null, stats };
    return { ...knownOf(observed, news, before.campaign.revision + 1, now()), ...asked };
  }

  const observer: Observer = {
    observe: async (observed) => observed.map(take),
    saw: (observed) => void (observed.reading && onAnswer(observed.reading, observed)),
    whileChanging: (_account, _externalIds, change) => change(),
    observedAt: ({ observedAt }) => observedAt,
    look: () => null,
    forgetLooks() {},
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
      const first = knownOf(observed, reading, 1, changedAt);
      known.set(first.campaign.key, first);
      return first.campaign;
    },
  };
}

type Told = Omit<CampaignReading, 'stats'> & { readonly stats?: CampaignReading['stats'] | undefined };

function knownOf(observed: Observed, reading: Told, revision: number, at: number): Known {
  const { stats } = reading;
  const campaign = { ...campaignOf(observed, reading, revision, at), stats: statsOf(stats, at) };
  return { campaign, askedAt: observed.askedAt, statsAskedAt: observed.askedAt, stats };
}

function statsOf(stats: CampaignReading['stats'], asOf: number): Campaign['stats'] {
  return stats ? { ...stats.counters, source: 'PROVIDER', final: stats.final, asOf } : null;
}

function campaignOf(
  { account, channel, externalId }: Observed,
  { status, providerStatus, scheduledAt = null }: Told,
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
