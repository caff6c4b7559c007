import type { CampaignSummaryResolvers } from '../../generated/graphql.ts';
import { campaignStatuses } from '../../model/campaign.ts';

export const CampaignSummary: CampaignSummaryResolvers = {
  total: ({ byStatus }) => [...byStatus.values()].reduce((sum, count) => sum + count, 0),
  byStatus: ({ byStatus }) =>
    campaignStatuses.flatMap((status) => {
      const count = byStatus.get(status) ?? 0;
      return count > 0 ? [{ status, count }] : [];
    }),
};
