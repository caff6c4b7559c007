import type { Account } from '../accounts/account.ts';
import { campaignKey } from '../model/campaign.ts';
import { attempt, ProblemError } from '../model/problem.ts';
import type { CampaignStore } from '../store/campaigns.ts';

/** How a campaign is recognised whose making was never answered. */
export interface Likeness {
  /** Stands in its name. */
  readonly text: string;
  readonly isLike: (name: string) => boolean;
  /** What it means that no such campaign is there. */
  readonly ifNone: 'not made' | 'unknown';
}

export type Found =
  | { readonly outcome: 'found'; readonly externalId: string }
  | { readonly outcome: Likeness['ifNone'] };

/** How far the provider's clock may be from ours. */
const clocksDifferMs = 15 * 60_000;

/**
 * Looks for what was made by a request that was not answered: the one draft of that name that nobody knew and that was
 * created just then. Anything less certain is unknown.
 * @param askedAt when it was asked for, ms since 1970
 */
export async function findLost(
  store: Pick<CampaignStore, 'getMany'>,
  account: Account,
  { text, isLike, ifNone }: Likeness,
  askedAt: number,
): Promise<Found> {
  const { newestNamed } = account.changes;
  const listed =
    newestNamed && text !== '' ? await attempt(account.ask(null, (call) => newestNamed(text, call))) : null;
  if (listed === null || listed instanceof ProblemError) return { outcome: 'unknown' };
  const known = await store.getMany(listed.map(({ externalId }) => campaignKey(account.name, externalId)));
  const fresh = listed.filter(
    ({ externalId, name, status }) =>
      status === 'DRAFT' && name && isLike(name) && !known.has(campaignKey(account.name, externalId)),
  );
  const isOfThen = (at: number | null | undefined) => at != null && Math.abs(at - askedAt) <= clocksDifferMs;
  const perhaps = fresh.filter(({ createdAt }) => createdAt == null || isOfThen(createdAt));
  const [only, ...others] = perhaps;
  if (!only) return { outcome: ifNone };
  const isOne = others.length === 0 && isOfThen(only.createdAt);
  return isOne ? { outcome: 'found', externalId: only.externalId } : { outcome: 'unknown' };
}
