import type { Account } from '../accounts/account.ts';
import type { ActionName } from '../model/action.ts';
import type { Campaign } from '../model/campaign.ts';
import { attempt, ProblemError } from '../model/problem.ts';
import { refusalOf, unsupported } from './allowed.ts';
import type { ActionsParts, CampaignRef, Result } from './parts.ts';

/** A campaign that an action may be tried on. */
export interface Target {
  readonly account: Account;
  /** As it was known before the action. */
  readonly campaign: Campaign;
}

/**
 * Finds the campaign, and checks all that can be checked of the action without asking the provider; only a campaign
 * that is not known yet is read.
 * @throws ProblemError NOT_FOUND, NOT_SUPPORTED, INVALID_STATE, or why an unknown campaign can't be read
 */
export async function findTarget(
  { accounts, campaigns }: ActionsParts,
  ref: CampaignRef,
  action: ActionName,
): Promise<Target> {
  const { account: name, externalId } = ref;
  const account = accounts.get(name);
  if (!account) throw notHere(ref);
  const impossible = unsupported(account, action);
  if (impossible) throw impossible;
  const known = await campaigns.get(name, externalId, null);
  // What is not followed is known as it once was.
  const campaign = known?.followed === false ? await campaigns.readNow(account, externalId, 'QUERY') : known;
  if (!campaign) throw notHere(ref);
  const refusal = refusalOf(account, campaign, action);
  if (refusal) throw refusal;
  return { account, campaign };
}

/** Looks at the provider, without changing anything, whether the action would be possible there too. */
export async function rehearse(
  { campaigns }: ActionsParts,
  { account, campaign }: Target,
  action: ActionName,
): Promise<Result> {
  const seen = await attempt(campaigns.readNow(account, campaign.externalId, 'QUERY'));
  const problem = seen instanceof ProblemError ? seen : seen && refusalOf(account, seen, action);
  return { keys: [campaign.key], problems: problem ? [problem] : [] };
}

export function notHere({ account, externalId }: CampaignRef): ProblemError {
  const message = `There is no campaign campaign:${account}:${externalId}.`;
  return new ProblemError('NOT_FOUND', message, { argument: ['id'] });
}
