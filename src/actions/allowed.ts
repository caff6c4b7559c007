import type { Account } from '../accounts/account.ts';
import type { ActionName } from '../model/action.ts';
import type { Campaign } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';

/** "can't be …" */
export const participles: Readonly<Record<ActionName, string>> = {
  UPDATE: 'updated',
  COPY: 'copied',
  APPROVE: 'approved',
  PAUSE: 'paused',
  RESUME: 'resumed',
  CANCEL: 'canceled',
  DELETE: 'deleted',
  REQUEST_DELIVERY_REPORT: 'reported on',
};

const argument = ['id'];

/** Why an action can't be done with any campaign of the account; null: it can. Asks nobody. */
export function unsupported(
  { provider }: Pick<Account, 'provider'>,
  action: ActionName,
): ProblemError | null {
  if (provider.actions[action]) return null;
  const message = `At ${provider.title} a campaign can't be ${participles[action]} through its API.`;
  return new ProblemError('NOT_SUPPORTED', message, { argument });
}

/** Why an action can't be done with the campaign as it is known; null: it can. Asks nobody. */
export function refusalOf(
  account: Pick<Account, 'provider'>,
  campaign: Pick<Campaign, 'status' | 'deletedAt'>,
  action: ActionName,
): ProblemError | null {
  const { title, actions } = account.provider;
  const statuses = actions[action];
  if (!statuses) return unsupported(account, action);
  if (campaign.deletedAt !== null) {
    return new ProblemError('NOT_FOUND', `${title} no longer has the campaign.`, { argument });
  }
  // A word that nobody knows may allow anything: the provider will tell.
  if (campaign.status === 'UNKNOWN' || statuses.includes(campaign.status)) return null;
  const message = `A campaign that is ${campaign.status} can't be ${participles[action]}, only one that is ${statuses.join(' or ')}.`;
  return new ProblemError('INVALID_STATE', message, { argument });
}
