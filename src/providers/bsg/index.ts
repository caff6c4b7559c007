import { z } from 'zod';
import { channels } from '../../model/campaign.ts';
import { readPages } from '../pages.ts';
import { defineProvider } from '../provider.ts';
import { httpUrl, timeZone } from '../settings.ts';
import { readDetail, readEntry } from './campaign.ts';
import { createClient } from './client.ts';

/** BSG, messages to phones: `/detail` reads one campaign whole, the list tells the status of many. */
export const bsg = defineProvider({
  name: 'bsg',
  title: 'BSG',
  channels: ['SMS'],
  capabilities: ['LIST', 'STATS', 'COST', 'CANCEL'],
  // bsg-openapi.yaml, PATCH /api/campaigns/{id}/stop, "Invalid campaign status".
  actions: { CANCEL: ['PENDING_APPROVAL', 'SCHEDULED', 'SENDING', 'PAUSED'] },
  // BSG publishes no limit; this is a careful guess.
  requestBudgets: [{ limit: 300, windowSeconds: 60 }],
  requestsPerRead: 1,
  settings: z.object({
    apiKey: z.string().min(1),
    baseUrl: httpUrl.default('https://one-api.bsg.world'),
    timeZone: timeZone.default('UTC'),
    channel: z.enum(channels).default('SMS'),
  }),
  open(settings, connection) {
    const http = connection.http({ baseUrl: settings.baseUrl, secrets: [settings.apiKey] });
    const client = createClient(http, settings.apiKey, connection.now);
    return {
      async read(externalId, call) {
        const body = await client.getDetail(externalId, call);
        return body === null ? null : readDetail(body, externalId, http.redactJson(body), settings);
      },
      list: {
        covers: 'status',
        pages: (call) =>
          readPages(
            (offset) => client.getCampaigns(offset, call),
            (entry) => readEntry(entry, http.redactJson(entry), settings),
          ),
      },
      changes: { cancel: client.stopCampaign },
    };
  },
});
