import { z } from 'zod';
import type { CampaignReading } from '../../model/campaign.ts';
import type { Call } from '../http.ts';
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
      list: { covers: 'everything', pages: (call) => readPages(client, reading, call) },
    };
  },
});

const recordsPerRequest = 100;

/**
 * Pages through Campaigns.Get, newest first. A campaign that moves to the next page meanwhile is told once; a server
 * that gives the same page again, whatever is asked, ends the list.
 */
async function* readPages(
  client: Client,
  reading: () => Reading,
  call: Call,
): AsyncGenerator<readonly CampaignReading[]> {
  const seen = new Set<string>();
  let recordsFrom = 0;
  while (true) {
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
    const { entries, total } = readPage(body);
    const fresh: CampaignReading[] = [];
    for (const entry of entries) {
      const campaign = readListEntry(entry, reading());
      if (campaign === null || seen.has(campaign.externalId)) continue;
      seen.add(campaign.externalId);
      fresh.push(campaign);
    }
    if (fresh.length === 0) return;
    yield fresh;
    recordsFrom += entries.length;
    // A server may give fewer than asked: only without a total does a short page mean the last one.
    if (total === null ? entries.length < recordsPerRequest : recordsFrom >= total) return;
  }
}

/** So that a missing key is told together with whatever else is wrong. */
function isObject({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null;
}
