import type { CampaignUpdate } from '../../model/action.ts';
import type { Call, Http, HttpReply } from '../http.ts';
import {
  approveCodes,
  type Codes,
  cancelCodes,
  copyCodes,
  createCodes,
  deleteCodes,
  getCodes,
  listCodes,
  pauseCodes,
  resumeCodes,
  updateCodes,
} from './codes.ts';
import { problemOf } from './envelope.ts';
import { updateParameters } from './update.ts';

/** An API key of the user, or a session that was opened elsewhere. */
export type Credential = { readonly apiKey: string } | { readonly sessionId: string };

export interface CampaignGetOptions {
  readonly campaignId: string;
  readonly retrieveStatistics?: boolean;
  readonly retrieveTags?: boolean;
}

export interface CampaignsGetOptions {
  readonly recordsPerRequest?: number;
  /** How many to leave out at the beginning. */
  readonly recordsFrom?: number;
  readonly campaignStatus?: StatusFilter;
  /** Part of the name. */
  readonly searchKeyword?: string;
  /** A field of the campaign, as "CampaignName". */
  readonly orderField?: string;
  readonly orderType?: 'ASC' | 'DESC';
  readonly retrieveTags?: boolean;
  /** Ids of tags, though campaigns come with the names of theirs. */
  readonly tags?: readonly string[];
  readonly retrieveStatistics?: boolean;
  /** Not in our document, but in those of later versions (providers/README.md 3.2). */
  readonly campaignIds?: readonly string[];
}

export type StatusFilter =
  | 'All'
  | 'Sent'
  | 'Draft'
  | 'Ready'
  | 'Sending'
  | 'Pending'
  | 'Failed'
  | 'Scheduled';

export type Client = ReturnType<typeof createClient>;

type Parameters = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** The commands of Octeth's API. Source: providers/octeth-email-campaigns.txt. */
export function createClient(http: Http, credential: Credential) {
  // The documents call both parameters required, and then say "either": exactly one is sent.
  const identity =
    'apiKey' in credential ? { APIKey: credential.apiKey } : { SessionID: credential.sessionId };

  function send(command: string, parameters: Parameters, call: Call): Promise<HttpReply> {
    const form = new URLSearchParams({ ...identity, Command: command, ResponseFormat: 'JSON' });
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) form.set(name, String(value));
    }
    return http.request({ operation: command, path: 'api.php', method: 'POST', form }, call);
  }

  /** Sends a command and gives the body of the answer, or throws what the answer tells of. */
  async function ask(command: string, parameters: Parameters, codes: Codes, call: Call): Promise<unknown> {
    const reply = await send(command, parameters, call);
    const problem = problemOf(reply, codes, http.redactText);
    if (problem) throw problem;
    return reply.body;
  }

  return {
    /**
     * Campaign.Get ("Retrieve Campaign Details"), whose parameters alone are written in lower case.
     * @returns the body; null where Octeth says that there is no such campaign
     * @throws ProblemError
     */
    async campaignGet(options: CampaignGetOptions, call: Call): Promise<unknown> {
      const parameters = {
        campaignid: options.campaignId,
        retrievestatistics: options.retrieveStatistics,
        retrievetags: options.retrieveTags,
      };
      const reply = await send('Campaign.Get', parameters, call);
      const problem = problemOf(reply, getCodes, http.redactText);
      if (problem?.code === 'NOT_FOUND') return null;
      if (problem) throw problem;
      return reply.body;
    },

    /**
     * Campaigns.Get ("Retrieve Campaigns"): the campaigns that match, or a page of them.
     * @returns the body
     * @throws ProblemError
     */
    async campaignsGet(options: CampaignsGetOptions, call: Call): Promise<unknown> {
      const parameters = {
        RecordsPerRequest: options.recordsPerRequest,
        RecordsFrom: options.recordsFrom,
        CampaignStatus: options.campaignStatus,
        SearchKeyword: options.searchKeyword,
        OrderField: options.orderField,
        OrderType: options.orderType,
        RetrieveTags: options.retrieveTags,
        Tags: options.tags,
        RetrieveStatistics: options.retrieveStatistics,
        CampaignIDs: options.campaignIds,
      };
      return ask('Campaigns.Get', parameters, listCodes, call);
    },

    /**
     * Campaign.Create ("Create a New Campaign").
     * @returns the body, with CampaignID
     * @throws ProblemError
     */
    async campaignCreate(name: string, call: Call): Promise<unknown> {
      return ask('Campaign.Create', { CampaignName: name }, createCodes, call);
    },

    /**
     * Campaign.Copy ("Copy Campaign").
     * @returns the body, with NewCampaignID
     * @throws ProblemError
     */
    async campaignCopy(campaignId: string, call: Call): Promise<unknown> {
      return ask('Campaign.Copy', { CampaignID: campaignId }, copyCodes, call);
    },

    /** Campaign.Update ("Update Campaign Details"). @throws ProblemError */
    async campaignUpdate(campaignId: string, update: CampaignUpdate, call: Call): Promise<void> {
      const parameters = { CampaignID: campaignId, ...updateParameters(update) };
      await ask('Campaign.Update', parameters, updateCodes(update), call);
    },

    /** Campaign.Approve ("Campaign Approval"). @throws ProblemError */
    async campaignApprove(campaignId: string, call: Call): Promise<void> {
      await ask('Campaign.Approve', { CampaignID: campaignId }, approveCodes, call);
    },

    /** Campaign.Pause ("Pause a Campaign"). @throws ProblemError */
    async campaignPause(campaignId: string, call: Call): Promise<void> {
      await ask('Campaign.Pause', { CampaignID: campaignId }, pauseCodes, call);
    },

    /** Campaign.Resume ("Resume a Campaign"). @throws ProblemError */
    async campaignResume(campaignId: string, call: Call): Promise<void> {
      await ask('Campaign.Resume', { CampaignID: campaignId }, resumeCodes, call);
    },

    /** Campaign.Cancel ("Cancel a Campaign"). @throws ProblemError */
    async campaignCancel(campaignId: string, call: Call): Promise<void> {
      await ask('Campaign.Cancel', { CampaignID: campaignId }, cancelCodes, call);
    },

    /** Campaigns.Delete ("Delete Campaigns"). @throws ProblemError */
    async campaignsDelete(campaignIds: readonly string[], call: Call): Promise<void> {
      await ask('Campaigns.Delete', { Campaigns: campaignIds }, deleteCodes, call);
    },
  };
}
