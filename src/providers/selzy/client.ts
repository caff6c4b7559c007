import { ProblemError } from '../../model/problem.ts';
import type { Call, Http } from '../http.ts';
import { parseWire } from '../read.ts';
import { blamingId, decodeEntities, problemOf } from './errors.ts';
import { envelope } from './wire.ts';

/** What a method gave back: its result, still to be parsed, and what Selzy remarked. */
export interface Answer {
  readonly result: unknown;
  readonly warnings: readonly string[];
}

/** Source: providers/selzy-getCampaignDeliveryStats.txt, "Arguments". */
export interface DeliveryStatsOrder {
  readonly campaignId: string;
  readonly notifyUrl: string | null;
  /** ms since 1970 */
  readonly changedSince: number | null;
  readonly fieldIds: readonly number[];
}

/**
 * The calls of Selzy's API. Sources: providers/selzy-getCampaignStatus.txt for the first; providers/README.md 1.2 for
 * the others, and for sending everything in the body of a POST: it keeps the key out of proxies' logs, and Selzy
 * takes no mixture of query and body.
 */
export function createClient(http: Http, apiKey: string) {
  async function invoke(
    method: string,
    parameters: Readonly<Record<string, string | readonly string[]>>,
    call: Call,
  ): Promise<Answer> {
    const form = new URLSearchParams({ format: 'json', api_key: apiKey });
    for (const [name, value] of Object.entries(parameters)) {
      for (const one of [value].flat()) form.append(name, one);
    }
    const reply = await http.request({ operation: method, path: method, method: 'POST', form }, call);
    const problem = problemOf(reply, http.redactText);
    if (problem) throw problem;
    const { result, warnings } = parseWire(envelope, reply.body, 'answer');
    if (result === undefined) {
      throw new ProblemError('PROVIDER_BAD_RESPONSE', 'The answer of the provider holds no result.');
    }
    return { result, warnings: warnings.map((words) => http.redactText(decodeEntities(words))) };
  }

  return {
    /**
     * getCampaignStatus; null when Selzy knows no such campaign.
     * @throws ProblemError
     */
    async getCampaignStatus(campaignId: string, call: Call): Promise<Answer | null> {
      try {
        return await invoke('getCampaignStatus', { campaign_id: campaignId }, call);
      } catch (error) {
        if (error instanceof ProblemError && error.code === 'NOT_FOUND') return null;
        throw error;
      }
    },

    /**
     * getCampaignCommonStats: the counters of a campaign.
     * @throws ProblemError
     */
    getCampaignCommonStats(campaignId: string, call: Call): Promise<Answer> {
      return invoke('getCampaignCommonStats', { campaign_id: campaignId }, call);
    },

    /**
     * getCampaigns: `limit` campaigns (10,000 at most) after the first `offset`.
     * @throws ProblemError
     */
    getCampaigns(page: { limit: number; offset: number }, call: Call): Promise<Answer> {
      return invoke('getCampaigns', { limit: String(page.limit), offset: String(page.offset) }, call);
    },

    /**
     * cancelCampaign, for good. Its result says nothing (`[]` or `""`): that there is one says that it is done.
     * @throws ProblemError INVALID_STATE once sending has begun; NOT_FOUND
     */
    async cancelCampaign(campaignId: string, call: Call): Promise<void> {
      try {
        await invoke('cancelCampaign', { campaign_id: campaignId }, call);
      } catch (error) {
        throw error instanceof ProblemError ? blamingId(error) : error;
      }
    },

    /**
     * async/getCampaignDeliveryStats: has a report prepared, and gives the task.
     * @throws ProblemError
     */
    async getCampaignDeliveryStats(order: DeliveryStatsOrder, call: Call): Promise<Answer> {
      const { campaignId, notifyUrl, changedSince, fieldIds } = order;
      const parameters = {
        campaign_id: campaignId,
        ...(notifyUrl !== null && { notify_url: notifyUrl }),
        ...(changedSince !== null && { changed_since: wireTime(changedSince) }),
        'field_ids[]': fieldIds.map(String),
      };
      return invoke('async/getCampaignDeliveryStats', parameters, call);
    },

    /**
     * async/getTaskResult: how far a task is.
     * @throws ProblemError NOT_FOUND
     */
    getTaskResult(taskUuid: string, call: Call): Promise<Answer> {
      return invoke('async/getTaskResult', { task_uuid: taskUuid }, call);
    },
  };
}

/** "YYYY-MM-DD hh:mm:ss", UTC. */
function wireTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
