import type { CampaignReading, CampaignStatus } from '../../model/campaign.ts';
import { ProblemError } from '../../model/problem.ts';
import type { Call } from '../http.ts';
import type { Page } from '../pages.ts';
import { readPage } from './campaign.ts';
import type { CampaignsGetOptions, Client, StatusFilter } from './client.ts';

/**
 * What Campaigns.Get calls the statuses of campaigns that may change by themselves ("Retrieve Campaigns", CampaignStatus).
 * A campaign that is Ready may be scheduled, or on its way.
 */
export const statusFilters: ReadonlyMap<CampaignStatus, StatusFilter> = new Map<CampaignStatus, StatusFilter>(
  [
    ['PENDING_APPROVAL', 'Pending'],
    ['SCHEDULED', 'Scheduled'],
    ['QUEUED', 'Ready'],
    ['SENDING', 'Sending'],
  ],
);

type PageOptions = Pick<CampaignsGetOptions, 'searchKeyword' | 'campaignIds' | 'campaignStatus'> & {
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
      campaignStatus: 'All',
      ...options,
      orderField: 'CampaignID',
      orderType: 'DESC',
      retrieveTags: true,
      retrieveStatistics: true,
    },
    call,
  );
  return { ...readPage(body), limit: options.recordsPerRequest };
}

/**
 * The readings of a list that was asked for by ids. An installation that does not know that parameter pays no heed to it
 * (providers/README.md 3.2), and lists any campaigns.
 * @throws ProblemError NOT_SUPPORTED
 */
export function onlyNamed(
  readings: readonly CampaignReading[],
  campaignIds: readonly string[],
): readonly CampaignReading[] {
  const named = new Set(campaignIds);
  if (readings.every(({ externalId }) => named.has(externalId))) return readings;
  throw new ProblemError('NOT_SUPPORTED', 'This Octeth does not list campaigns by their ids.');
}
