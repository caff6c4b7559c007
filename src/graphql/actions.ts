import type { Account } from '../accounts/account.ts';
import { refusalOf } from '../actions/allowed.ts';
import type { CampaignAction } from '../generated/graphql.ts';
import { actionNames } from '../model/action.ts';
import type { Campaign } from '../model/campaign.ts';

/** What can be done with a campaign as it is known, and why not the rest: what the mutations would say. */
export function actionsOf(account: Account, campaign: Campaign): CampaignAction[] {
  return actionNames.map((name) => {
    const refusal = refusalOf(account, campaign, name);
    return { name, allowed: refusal === null, reason: refusal?.message ?? null };
  });
}
