import type { Call } from '../http.ts';
import type { Page } from '../pages.ts';
import { readPage } from './campaign.ts';
import type { CampaignsGetOptions, Client } from './client.ts';

type PageOptions = Pick<CampaignsGetOptions, 'searchKeyword'> & {
  readonly recordsFrom: number;
  readonly recordsPerRequest: number;
};

/**
 * A page of Campaigns.Get, newest first, whose entries tell as much as Campaign.Get.
 * @throws ProblemError
 */
export async function fetchPage(client: Client, options: PageOptions, call: Call): Promise<Page> {
  const body = await client.campaignsGet(
    {
      ...options,
      campaignStatus: 'All',
      orderField: 'CampaignID',
      orderType: 'DESC',
      retrieveTags: true,
      retrieveStatistics: true,
    },
    call,
  );
  return { ...readPage(body), limit: options.recordsPerRequest };
}
