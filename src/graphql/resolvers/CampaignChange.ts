import type { CampaignChangeResolvers } from '../../generated/graphql.ts';

export const CampaignChange: CampaignChangeResolvers = {
  changedFields: ({ fields }) => [...fields],
  kinds: ({ kinds }) => [...kinds],
  transitions: ({ transitions }) => [...transitions],
};
