import { z } from 'zod';
import { defineProvider } from '../provider.ts';
import { httpUrl } from '../settings.ts';
import { readCampaign } from './campaign.ts';
import { createClient } from './client.ts';

/** Appizer, push notifications: one call reads one campaign; there is no list and nothing can be done to a campaign. */
export const appizer = defineProvider({
  name: 'appizer',
  title: 'Appizer',
  channels: ['PUSH'],
  capabilities: ['STATS'],
  actions: {},
  // The limits of the push API and of the free plan (docs.appizer.com, "Rate limits").
  requestBudgets: [
    { limit: 500, windowSeconds: 60 },
    { limit: 1_000, windowSeconds: 3_600 },
    { limit: 10_000, windowSeconds: 86_400 },
  ],
  requestsPerRead: 1,
  settings: z.object({
    apiKey: z.string().min(1),
    baseUrl: httpUrl.default('https://api.appizer.com/v1'),
  }),
  open(settings, connection) {
    const http = connection.http({ baseUrl: settings.baseUrl, secrets: [settings.apiKey] });
    const client = createClient(http, settings.apiKey, connection.now);
    return {
      async read(externalId, call) {
        const body = await client.getCampaign(externalId, call);
        return body === null ? null : readCampaign(body, externalId, http.redactJson(body));
      },
    };
  },
});
