import type { Account } from '../accounts/account.ts';
import type { Campaigns } from '../campaigns/campaigns.ts';
import type { Observer } from '../campaigns/observe.ts';
import type { Campaign } from '../model/campaign.ts';
import { attempt, ProblemError } from '../model/problem.ts';
import type { CampaignStore } from '../store/campaigns.ts';

export interface ActionsParts {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly campaigns: Pick<Campaigns, 'get' | 'readNow' | 'readBack'>;
  readonly observer: Pick<Observer, 'whileChanging'>;
  readonly store: Pick<CampaignStore, 'getMany'>;
  readonly now: () => number;
  /** Has a campaign polled as soon as may be, known or not. */
  readonly pollSoon: (account: string, externalId: string) => void;
}

/** A campaign as the API names it. */
export interface CampaignRef {
  readonly account: string;
  readonly externalId: string;
}

/** What a mutation has led to. */
export interface Result {
  /** Keys of the campaigns that it concerns: the one, or those that were deleted. */
  readonly keys: readonly string[];
  /** Why nothing was done, or not all; empty when it worked. */
  readonly problems: readonly ProblemError[];
}

/** The campaign as the provider has it after a change; null where it can't be read now, and is polled as soon as it can. */
export async function readBack(
  { campaigns, pollSoon }: ActionsParts,
  account: Account,
  externalId: string,
): Promise<Campaign | null> {
  const seen = await attempt(campaigns.readBack(account, externalId));
  if (seen !== null && !(seen instanceof ProblemError)) return seen;
  pollSoon(account.name, externalId);
  return null;
}
