import { type Account, openAccount } from '../accounts/account.ts';
import { createSharedBudgets } from '../accounts/shared-budgets.ts';
import type { Config } from '../config.ts';
import type { Campaign } from '../model/campaign.ts';
import { nextStep } from '../polling/planner.ts';
import type { Tracked } from '../polling/queue.ts';
import { createTracking } from '../polling/tracking.ts';
import { createWatching } from '../polling/watching.ts';
import type { Stored } from './stored.ts';

/** One campaign's turn. */
export interface Read {
  readonly externalId: string;
  /** ms from now. */
  readonly inMs: number;
  readonly why: string;
  /** How many other campaigns the same request reads. */
  readonly others: number;
}

/** What one account's poller would do. */
export interface AccountForecast {
  readonly account: Account;
  readonly followed: number;
  readonly active: number;
  /** In order of time. */
  readonly reads: readonly Read[];
  /** When rounds of the list begin, ms from now. */
  readonly rounds: readonly number[];
  readonly requests: number;
  /** How many times longer campaigns wait than they would if there were requests enough. */
  readonly stretch: number;
}

const noHooks = { onRequest: () => {}, onHealth: () => {} };

/**
 * What the service would read if it started now, in a time that is only reckoned: each answer comes at once and says what
 * is known already, nobody looks, and a list has one page that names all that is followed.
 * @param stored null: nothing is known yet
 */
export async function forecast(
  config: Config,
  stored: Stored | null,
  span: { readonly startAt: number; readonly forMs: number },
): Promise<readonly AccountForecast[]> {
  let at = span.startAt;
  const now = () => at;
  const endAt = span.startAt + span.forMs;
  const budgets = createSharedBudgets(now);
  budgets.share(config.accounts);
  const pollers = config.accounts.map((settings) => {
    const account = openAccount(settings, { ...noHooks, now }, budgets.of(settings.name));
    return reckonPoller(account, stored, now);
  });
  for (const [place, { name }] of config.accounts.entries()) {
    const configured = config.follow.filter(({ account }) => account === name);
    await pollers[place]?.start(configured.map(({ externalId }) => externalId));
  }
  while (at < endAt) {
    let nextAt = endAt;
    for (const poller of pollers) nextAt = Math.min(nextAt, await poller.runDue());
    at = Math.max(nextAt, at + 1);
  }
  return pollers.map((poller) => poller.result());
}

/** What the poller does with the same parts, save that nobody is asked and no time passes. */
function reckonPoller(account: Account, stored: Stored | null, now: () => number) {
  const { provider, budget, list } = account;
  const startAt = now();
  const batchSize = list?.batch?.most ?? 1;
  const tracking = createTracking({
    account,
    watching: createWatching(now),
    now,
    together: () => batchSize,
    jitter: 0.2,
    onMoved: () => {},
  });
  const campaigns = new Map<string, Campaign>();
  const reads: Read[] = [];
  const rounds: number[] = [];
  let counts = { followed: 0, active: 0 };
  let requests = 0;
  let listDueAt = list ? 0 : Number.POSITIVE_INFINITY;
  let listWasLast = false;

  function spend(count: number): void {
    requests += count;
    for (let left = count; left > 0; left--) {
      budget.begin();
      budget.end();
    }
  }

  function readList(): void {
    spend(1);
    rounds.push(now() - startAt);
    for (const { externalId, facts } of tracking.all()) {
      if (!facts?.deleted) tracking.listed(externalId, '', false, now());
    }
    listDueAt = now() + tracking.endRound(1);
  }

  async function readCampaigns(): Promise<void> {
    const taken = tracking.take(batchSize);
    const [one] = taken;
    spend(taken.length > 1 || (one && tracking.knownStatus(one)) ? 1 : provider.requestsPerRead);
    const inMs = now() - startAt;
    for (const { externalId, why } of taken) {
      reads.push({ externalId, inMs, why, others: taken.length - 1 });
    }
    await learn(taken);
    tracking.release(taken);
    for (const one of taken) {
      const campaign = campaigns.get(one.key);
      // What nobody has seen yet can't be told of further than that it is looked at.
      if (campaign)
        tracking.observed(campaign, { ...campaign, reading: null, askedAt: now(), cause: 'POLL' });
      else tracking.forget(one.key);
    }
  }

  async function learn(taken: readonly Tracked[]): Promise<void> {
    const keys = taken.map(({ key }) => key).filter((key) => !campaigns.has(key));
    for (const [key, campaign] of (await stored?.getMany(keys)) ?? []) campaigns.set(key, campaign);
  }

  return {
    async start(configured: readonly string[]): Promise<void> {
      tracking.resume((await stored?.followed(account.name)) ?? []);
      for (const externalId of configured) tracking.add(externalId);
      counts = { followed: tracking.count(), active: tracking.activeCount() };
    },

    /** Does what is due now, and says when more is, ms since 1970. */
    async runDue(): Promise<number> {
      for (;;) {
        const step = nextStep({
          now: now(),
          budgetFreeAt: now() + budget.waitMs('poll'),
          retryAt: null,
          underWay: 0,
          listDueAt,
          listWasLast,
          campaignDueAt: tracking.nextDueAt(),
        });
        if (step.kind === 'wait') return step.until;
        listWasLast = step.kind === 'list';
        if (step.kind === 'list') readList();
        else await readCampaigns();
      }
    },

    result: (): AccountForecast => ({
      account,
      ...counts,
      reads,
      rounds,
      requests,
      stretch: tracking.stretch().others,
    }),
  };
}
