import type { Account, Answer } from '../accounts/account.ts';
import { accountIn, type Campaign, campaignKey, type Throughput } from '../model/campaign.ts';
import type { LoggedCause } from '../model/change.ts';
import { concernsAccount, ProblemError } from '../model/problem.ts';
import type { Stats } from '../model/stats.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import type { LogWriter } from '../store/log-writer.ts';
import type { Observer } from './observe.ts';
import { createUnknown } from './unknown.ts';

export interface Freshness {
  readonly observedAt: number;
  readonly stale: boolean;
  readonly reason: string | null;
  readonly nextPollAt: number | null;
}

/** What is known of a campaign by looks that have written nothing. */
export interface LookElsewhere {
  readonly observedAt: number;
  readonly statsObservedAt: number | null;
  readonly nextPollAt: number | null;
  readonly perSecond: number | null;
  readonly reason: string | null;
}

/** What the poller of an account is asked, and told. */
export interface Polling {
  nextPollAt(key: string): number | null;
  forget(key: string): void;
}

export interface CampaignsParts {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly store: CampaignStore;
  readonly log: Pick<LogWriter, 'setFollowed'>;
  readonly observer: Observer;
  readonly pollers: ReadonlyMap<string, Polling>;
  readonly now: () => number;
  /** What another process knows of a campaign that it takes care of; null: nothing, or it is this process. */
  readonly lookElsewhere: (key: string) => LookElsewhere | null;
  /** Told of a campaign that begins or ceases to be followed. */
  readonly onFollowed: (campaign: Campaign) => void;
}

/** A provider's "not found" is believed for so long, so that asking again and again costs nothing. */
const notFoundMs = 60_000;
const mostRemembered = 10_000;

/** What people ask for and do: reading a campaign, following it, and how fresh what is known of it is. */
export function createCampaigns({
  accounts,
  store,
  log,
  observer,
  pollers,
  now,
  lookElsewhere,
  onFollowed,
}: CampaignsParts) {
  const notFoundUntil = new Map<string, number>();
  /** Why the last look at a campaign failed, until one succeeds. */
  const failures = new Map<string, ProblemError>();

  function readNow(account: Account, externalId: string, cause: LoggedCause): Promise<Campaign | null> {
    return take(account, externalId, cause, account.read(externalId, { priority: 'person' }));
  }

  const { makeKnown } = createUnknown({
    accounts,
    store,
    isMissing,
    read: (account, externalId, call) => take(account, externalId, 'QUERY', account.read(externalId, call)),
  });

  async function take(
    account: Account,
    externalId: string,
    cause: LoggedCause,
    reading: Promise<Answer>,
  ): Promise<Campaign | null> {
    const key = campaignKey(account.name, externalId);
    const { name, channel } = account;
    try {
      const answer = await reading;
      const [campaign] = await observer.observe([{ account: name, channel, externalId, ...answer, cause }]);
      if (!campaign) rememberNotFound(key);
      return campaign ?? null;
    } catch (error) {
      if (error instanceof ProblemError) rememberFailure(key, error);
      throw error;
    }
  }

  function isMissing(key: string): boolean {
    return (notFoundUntil.get(key) ?? 0) > now();
  }

  function rememberNotFound(key: string): void {
    makeRoom(notFoundUntil);
    notFoundUntil.set(key, now() + notFoundMs);
  }

  function rememberFailure(key: string, error: ProblemError): void {
    makeRoom(failures);
    failures.set(key, error);
  }

  function accountOf(campaign: Campaign): Account {
    const account = accounts.get(campaign.account);
    if (!account) throw new ProblemError('NOT_FOUND', `There is no account ${campaign.account}.`);
    return account;
  }

  function isYoung(known: Campaign, maxAgeMs: number | null): boolean {
    return maxAgeMs === null || now() - observedAt(known) <= maxAgeMs;
  }

  function observedAt(campaign: Campaign): number {
    return Math.max(observer.observedAt(campaign), lookElsewhere(campaign.key)?.observedAt ?? 0);
  }

  /** What is stored is shown as stale when the look that should have renewed it failed. */
  async function renew(account: Account, known: Campaign, maxAgeMs: number): Promise<Campaign> {
    if (isYoung(known, maxAgeMs)) return known;
    // A provider that is down is asked by the poller; people need not wait for it to fail once more.
    if (account.health.get().state === 'DOWN' && now() < account.health.retryAt()) return known;
    try {
      return (await readNow(account, known.externalId, 'QUERY')) ?? known;
    } catch (error) {
      if (error instanceof ProblemError) return known;
      throw error;
    }
  }

  async function setFollowed(campaign: Campaign, followed: boolean): Promise<Campaign> {
    const changed = await log.setFollowed(campaign.key, followed);
    if (changed) onFollowed(changed);
    return changed ?? { ...campaign, followed };
  }

  return {
    /**
     * Reads a campaign from its provider, now. null: there is no such campaign.
     * @throws ProblemError the provider's problem
     */
    readNow,

    /** The same after a change of ours: nobody's earlier question will do. */
    readBack: (account: Account, externalId: string): Promise<Campaign | null> =>
      take(account, externalId, 'MUTATION', account.readAnew(externalId)),

    /**
     * A campaign as it is known, read from its provider first where nothing is known or where what is known is older
     * than `maxAgeMs`. One that was unknown is followed from then on.
     * @returns null: no such campaign
     * @throws ProblemError the provider's problem, only where nothing is known
     */
    async get(accountName: string, externalId: string, maxAgeMs: number | null): Promise<Campaign | null> {
      const account = accounts.get(accountName);
      if (!account) return null;
      const key = campaignKey(accountName, externalId);
      const known = await store.get(key);
      if (known) return maxAgeMs === null ? known : renew(account, known, maxAgeMs);
      if (isMissing(key)) return null;
      return readNow(account, externalId, 'QUERY');
    },

    makeKnown,

    /**
     * Reads the campaign and polls it from then on.
     * @throws ProblemError NOT_FOUND, or the provider's problem; then it is not followed
     */
    async follow(accountName: string, externalId: string): Promise<Campaign> {
      const account = accounts.get(accountName);
      if (!account)
        throw new ProblemError('NOT_FOUND', `There is no account ${accountName}.`, { argument: ['account'] });
      const stored = await store.get(campaignKey(accountName, externalId));
      if (stored && !stored.followed) await setFollowed(stored, true);
      try {
        const campaign = await readNow(account, externalId, 'MUTATION');
        if (campaign?.deletedAt === null) return campaign;
        const message = `${account.provider.title} knows no campaign ${externalId}.`;
        throw new ProblemError('NOT_FOUND', message, { argument: ['externalId'] });
      } catch (error) {
        if (stored && !stored.followed) await setFollowed(stored, false);
        throw error;
      }
    },

    /** Ends the polling; what is known stays. */
    async unfollow(campaign: Campaign): Promise<Campaign> {
      const unfollowed = await setFollowed(campaign, false);
      pollers.get(campaign.account)?.forget(campaign.key);
      return unfollowed;
    },

    /**
     * Reads a known campaign now.
     * @throws ProblemError the provider's problem
     */
    async refresh(campaign: Campaign): Promise<Campaign> {
      return (await readNow(accountOf(campaign), campaign.externalId, 'MUTATION')) ?? campaign;
    },

    /** Whether what is known of a campaign is as young as is asked for. */
    isYoung,

    /** Another process takes care of these accounts: why looks at their campaigns failed here says nothing any more. */
    forgetFailures(accounts: readonly string[]): void {
      const names = new Set(accounts);
      for (const key of failures.keys()) if (names.has(accountIn(key))) failures.delete(key);
    },

    /** Notes why a look at a campaign failed, or (null) that it did not. */
    noteFailure(key: string, error: ProblemError | null): void {
      if (error) rememberFailure(key, error);
      else failures.delete(key);
    },

    /** As the provider reports it, else as last measured, which need not have been a change. */
    throughputOf(campaign: Campaign): Throughput | null {
      const { throughput, status } = campaign;
      if (throughput?.reported || status !== 'SENDING') return throughput;
      const perSecond = lookElsewhere(campaign.key)?.perSecond ?? observer.measuredPace(campaign);
      return perSecond === null ? throughput : { perSecond, reported: false };
    },

    /** The counters, as of when they were last read, whether they had moved or not. */
    statsOf(campaign: Campaign): Stats | null {
      const { stats } = campaign;
      const seenAt = Math.max(
        observer.statsObservedAt(campaign) ?? 0,
        lookElsewhere(campaign.key)?.statsObservedAt ?? 0,
      );
      return stats && { ...stats, asOf: seenAt || stats.asOf };
    },

    freshnessOf(campaign: Campaign): Freshness {
      const elsewhere = lookElsewhere(campaign.key);
      const seenAt = observedAt(campaign);
      const reason = elsewhere ? elsewhere.reason : staleReason(campaign, seenAt);
      const told = elsewhere ?? {
        nextPollAt: pollers.get(campaign.account)?.nextPollAt(campaign.key) ?? null,
      };
      // What has been told elsewhere may be over by now.
      const nextPollAt = told.nextPollAt && Math.max(told.nextPollAt, now());
      return { observedAt: seenAt, stale: reason !== null, reason, nextPollAt };
    },

    /** What is known here of a campaign by looks that have written nothing; null: there were none. */
    lookOf(key: string): LookElsewhere | null {
      const look = observer.look(key);
      if (!look) return null;
      const { at, statsAt, perSecond } = look;
      const account = accountIn(key);
      const nextPollAt = pollers.get(account)?.nextPollAt(key) ?? null;
      return {
        observedAt: at,
        statsObservedAt: statsAt,
        nextPollAt,
        perSecond,
        reason: troubleOf(key, accounts.get(account), at),
      };
    },
  };

  function staleReason(campaign: Campaign, observedAt: number): string | null {
    if (!campaign.followed) return 'The campaign is not followed, so it is not read by itself.';
    return troubleOf(campaign.key, accountOf(campaign), observedAt);
  }

  /** Why the last look at a campaign failed, or would have; null: it did not. */
  function troubleOf(key: string, account: Account | undefined, observedAt: number): string | null {
    const failure = failures.get(key);
    if (failure) return failure.message;
    const problem = account?.health.get().problem;
    return problem && problem.at >= observedAt && concernsAccount(problem.code) ? problem.message : null;
  }
}

export type Campaigns = ReturnType<typeof createCampaigns>;

/** Ids that anybody makes up must not fill the memory: the oldest give way. */
function makeRoom(remembered: Map<string, unknown>): void {
  const [oldest] = remembered.keys();
  if (remembered.size >= mostRemembered && oldest !== undefined) remembered.delete(oldest);
}
