import { z } from 'zod';
import type { Call } from '../http.ts';
import { type Page, readPages } from '../pages.ts';
import { defineProvider } from '../provider.ts';
import { httpUrl, timeZone } from '../settings.ts';
import { type Reading, readCampaign, readListEntry, readPage } from './campaign.ts';
import { type Client, createClient } from './client.ts';

const settings = z
  .object({
    baseUrl: httpUrl,
    apiKey: z.string().min(1).optional(),
    sessionId: z.string().min(1).optional(),
    /** The zone of the installation's clock, which its times don't tell. */
    timeZone: timeZone.default('UTC'),
  })
  .refine(({ apiKey, sessionId }) => apiKey !== undefined || sessionId !== undefined, {
    path: ['apiKey'],
    error: 'missing (or give sessionId)',
    when: isObject,
  })
  .refine(({ apiKey, sessionId }) => apiKey === undefined || sessionId === undefined, {
    path: ['apiKey'],
    error: 'given together with sessionId; only one of them is wanted',
    when: isObject,
  });

/** Octeth (Oempro), email, on a server of one's own: every call is a POST to <baseUrl>/api.php. */
export const octeth = defineProvider({
  name: 'octeth',
  title: 'Octeth',
  channels: ['EMAIL'],
  capabilities: [
    'LIST',
    'STATS',
    'TAGS',
    'CREATE',
    'UPDATE',
    'COPY',
    'APPROVE',
    'PAUSE',
    'RESUME',
    'CANCEL',
    'DELETE',
  ],
  // Ours: Octeth documents no limit for these commands, and 100 a minute for some others.
  requestBudgets: [{ limit: 300, windowSeconds: 60 }],
  settings,
  open({ baseUrl, apiKey, sessionId, timeZone }, connection) {
    const http = connection.http({ baseUrl, secrets: [apiKey ?? sessionId ?? ''] });
    const client = createClient(http, apiKey === undefined ? { sessionId: sessionId ?? '' } : { apiKey });
    const reading = (): Reading => ({ timeZone, now: connection.now(), clean: http.redactJson });
    return {
      async read(externalId, call) {
        // 'campaignid' must be numeric (Campaign.Get, code 2): any other id names nothing.
        if (!/^\d+$/.test(externalId)) return null;
        const body = await client.campaignGet(
          { campaignId: externalId, retrieveStatistics: true, retrieveTags: true },
          call,
        );
        return body === null ? null : readCampaign(body, externalId, reading());
      },
      list: {
        covers: 'everything',
        pages: (call) =>
          readPages(
            (recordsFrom) => fetchPage(client, recordsFrom, call),
            (entry) => readListEntry(entry, reading()),
          ),
      },
    };
  },
});

const recordsPerRequest = 500;

/** A page of Campaigns.Get, newest first. */
async function fetchPage(client: Client, recordsFrom: number, call: Call): Promise<Page> {
  const body = await client.campaignsGet(
    {
      recordsPerRequest,
      recordsFrom,
      campaignStatus: 'All',
      orderField: 'CampaignID',
      orderType: 'DESC',
      retrieveTags: true,
      retrieveStatistics: true,
    },
    call,
  );
  return { ...readPage(body), limit: recordsPerRequest };
}

/** So that a missing key is told together with whatever else is wrong. */
function isObject({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null;
}
