import type { CampaignReading } from '../../model/campaign.ts';
import { ProblemError } from '../../model/problem.ts';
import type { CampaignChanges } from '../provider.ts';
import { parseWire } from '../read.ts';
import { isCampaignId } from './campaign.ts';
import { checkUpdate } from './check.ts';
import type { Client } from './client.ts';
import { fetchPage } from './list.ts';
import { copiedBody, createdBody } from './wire.ts';

/** Enough to find one campaign among others of like names that were made meanwhile. */
const newestRecords = 20;

/**
 * All that Octeth's commands change. An id that is no number names nothing there, and costs no request.
 * @param readEntry reads an entry of Campaigns.Get; null where nothing of it can be kept
 */
export function createChanges(
  client: Client,
  readEntry: (entry: unknown) => CampaignReading | null,
): Required<CampaignChanges> {
  return {
    async create(name, call) {
      const body = await client.campaignCreate(name, call);
      return newId(parseWire(createdBody, body, 'answer').campaignid);
    },
    async update(externalId, update, call) {
      await client.campaignUpdate(known(externalId), update, call);
    },
    async copy(externalId, call) {
      const body = await client.campaignCopy(known(externalId), call);
      return newId(parseWire(copiedBody, body, 'answer').newcampaignid);
    },
    async approve(externalId, call) {
      await client.campaignApprove(known(externalId), call);
    },
    async pause(externalId, call) {
      await client.campaignPause(known(externalId), call);
    },
    async resume(externalId, call) {
      await client.campaignResume(known(externalId), call);
    },
    async cancel(externalId, call) {
      await client.campaignCancel(known(externalId), call);
    },
    async delete(externalIds, call) {
      const odd = externalIds.filter((externalId) => !isCampaignId(externalId));
      if (odd.length > 0) throw noSuchCampaign(odd, 'ids');
      await client.campaignsDelete(externalIds, call);
    },
    check: checkUpdate,
    async newestNamed(text, call) {
      const options = { searchKeyword: text, recordsFrom: 0, recordsPerRequest: newestRecords };
      const { entries } = await fetchPage(client, options, call);
      return entries.flatMap((entry) => readEntry(entry) ?? []);
    },
  };
}

function known(externalId: string): string {
  if (!isCampaignId(externalId)) throw noSuchCampaign([externalId], 'id');
  return externalId;
}

function noSuchCampaign(externalIds: readonly string[], field: 'id' | 'ids'): ProblemError {
  const named = externalIds.map((externalId) => `"${externalId}"`).join(', ');
  const message = `Octeth has no such campaign (${named}): its ids are whole numbers.`;
  return new ProblemError('NOT_FOUND', message, { argument: [field] });
}

function newId(told: string | null): string {
  const externalId = told?.trim() ?? '';
  if (isCampaignId(externalId)) return externalId;
  throw new ProblemError(
    'PROVIDER_BAD_RESPONSE',
    'Octeth says that it made the campaign, but does not tell its id.',
  );
}
