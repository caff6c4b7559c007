import type { MutationResolvers } from '../../generated/graphql.ts';
import type { Campaign } from '../../model/campaign.ts';
import { ProblemError } from '../../model/problem.ts';
import { type GraphQLContext, visibleAccount } from '../context.ts';
import { toUserError } from '../errors.ts';
import { keyOf, parseCampaignId } from '../ids.ts';

export const Mutation: MutationResolvers = {
  followCampaign(_root, { account, externalId }, context) {
    return payload(null, () => {
      keyOf(account, externalId, 'externalId');
      if (!visibleAccount(context, account)) throw unknownAccount(account);
      return context.services.campaigns.follow(account, externalId);
    });
  },

  async unfollowCampaign(_root, { id }, context) {
    return payload(null, async () => context.services.campaigns.unfollow(await known(id, context)));
  },

  async refreshCampaign(_root, { id }, context) {
    const stored = await payload(null, () => known(id, context));
    const { campaign } = stored;
    if (!campaign) return stored;
    return payload(campaign, () => context.services.campaigns.refresh(campaign));
  },
};

/** @param fallback what is shown when the work fails */
async function payload(fallback: Campaign | null, work: () => Promise<Campaign>) {
  try {
    return { campaign: await work(), errors: [] };
  } catch (error) {
    return { campaign: fallback, errors: [toUserError(error)] };
  }
}

/** @throws ProblemError BAD_INPUT, NOT_FOUND */
async function known(id: string, context: GraphQLContext): Promise<Campaign> {
  const { account, key } = parseCampaignId(id, 'id');
  const campaign = visibleAccount(context, account) ? await context.services.store.get(key) : null;
  if (campaign) return campaign;
  const message = `There is no campaign ${id} here. followCampaign makes one known.`;
  throw new ProblemError('NOT_FOUND', message, { argument: ['id'] });
}

function unknownAccount(name: string): ProblemError {
  return new ProblemError('NOT_FOUND', `There is no account "${name}".`, { argument: ['account'] });
}
