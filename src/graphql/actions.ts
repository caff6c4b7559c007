import type { Account } from '../accounts/account.ts';
import { refusalOf } from '../actions/allowed.ts';
import type { CampaignAction } from '../generated/graphql.ts';
import { actionNames } from '../model/action.ts';
import type { Campaign } from '../model/campaign.ts';
import type { Viewer } from './context.ts';
import { forbidden, mayChange } from './operators.ts';

/** What can be done with a campaign as it is known, and why not the rest: what the mutations would say. */
export function actionsOf(account: Account, campaign: Campaign, viewer: Viewer): CampaignAction[] {
  return actionNames.map((name) => {
    const refusal = mayChange(viewer) ? refusalOf(account, campaign, name) : forbidden;
    return { name, allowed: refusal === null, reason: refusal?.message ?? null };
  });
}
