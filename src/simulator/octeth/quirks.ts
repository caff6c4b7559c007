/** How servers of different ages and settings differ. May be changed while the simulator runs. */
export interface OctethQuirks {
  /** `Campaign.Get` calls them CampaignName and CampaignStatus since v5.7.2, Name and Status before. */
  names: 'v5.7.2' | 'v5.5';
  /** What ErrorCode is: as each command's page shows it, or one shape for all. */
  errorCodes: 'documented' | 'scalar' | 'array' | 'object';
  /** A missing campaign is ErrorCode 3 rather than `Campaign: []`; a request can ask for it itself. */
  failOnNotFound: boolean;
  /** Older servers send every number as a string. */
  numbersAsStrings: boolean;
  /** Draft to Ready silently becomes Pending Approval, as for accounts that are not trusted. */
  approvalNeeded: boolean;
  /** Pause is also allowed from Ready, as since v5.7.2. */
  pauseFromReady: boolean;
  /** What Resume leads to. From Ready, a campaign that has a script goes on to Sending by itself. */
  resumedStatus: 'Ready' | 'Sending';
  /** `Campaigns.Get` knows `CampaignIDs`; a server that doesn't ignores it. */
  campaignIds: boolean;
  /** Where the detailed statistics are: under `Statistics`, or among the campaign's own fields. */
  statistics: 'nested' | 'flat';
  /** Unknown commands and the like: an envelope with HTTP 400, or before v5.9.3 an HTML page with HTTP 200. */
  hardFailures: 'envelope' | 'html';
}

export const usualQuirks: OctethQuirks = {
  names: 'v5.7.2',
  errorCodes: 'documented',
  failOnNotFound: false,
  numbersAsStrings: false,
  approvalNeeded: false,
  pauseFromReady: false,
  resumedStatus: 'Ready',
  campaignIds: true,
  statistics: 'nested',
  hardFailures: 'envelope',
};
