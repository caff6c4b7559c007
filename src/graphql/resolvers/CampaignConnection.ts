import type { CampaignConnectionResolvers } from '../../generated/graphql.ts';
import { encodePlace } from '../pages.ts';

export const CampaignConnection: CampaignConnectionResolvers = {
  edges: ({ campaigns, order }) => campaigns.map((node) => ({ cursor: encodePlace(node, order), node })),
  nodes: ({ campaigns }) => [...campaigns],
  totalCount: ({ filter }, _args, { services }) => services.store.count(filter),

  pageInfo({ campaigns, order, hasNextPage, hasPreviousPage }) {
    const [first] = campaigns;
    const last = campaigns.at(-1);
    return {
      hasNextPage,
      hasPreviousPage,
      startCursor: first ? encodePlace(first, order) : null,
      endCursor: last ? encodePlace(last, order) : null,
    };
  },
};
