import { z } from 'zod';
import { campaignStatuses } from '../../model/campaign.ts';
import { readEntries, readPages } from '../pages.ts';
import { defineProvider } from '../provider.ts';
import { httpUrl, timeZone } from '../settings.ts';
import { isCampaignId, type Reading, readCampaign, readListEntry } from './campaign.ts';
import { createChanges } from './changes.ts';
import { createClient } from './client.ts';
import { fetchPage, onlyNamed, statusFilters } from './list.ts';

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

/** The documents of Update, Copy and Delete know no error for a campaign in the wrong status. */
const everyStatus = campaignStatuses.filter((status) => status !== 'UNKNOWN');

const recordsPerRequest = 500;
const idsPerRequest = 100;

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
  actions: {
    UPDATE: everyStatus,
    COPY: everyStatus,
    APPROVE: ['DRAFT', 'PENDING_APPROVAL'],
    PAUSE: ['SENDING'],
    RESUME: ['PAUSED'],
    // DRAFT, too: a campaign that is Ready without a schedule reads as one.
    CANCEL: ['DRAFT', 'PENDING_APPROVAL', 'SCHEDULED', 'QUEUED', 'SENDING', 'PAUSED'],
    DELETE: everyStatus,
  },
  // Ours: Octeth documents no limit for these commands, and 100 a minute for some others.
  requestBudgets: [{ limit: 300, windowSeconds: 60 }],
  requestsPerRead: 1,
  settings,
  open({ baseUrl, apiKey, sessionId, timeZone }, connection) {
    const http = connection.http({ baseUrl, secrets: [apiKey ?? sessionId ?? ''] });
    const client = createClient(http, apiKey === undefined ? { sessionId: sessionId ?? '' } : { apiKey });
    const reading = (): Reading => ({ timeZone, now: connection.now(), clean: http.redactJson });
    const readEntry = (entry: unknown) => readListEntry(entry, reading());
    return {
      async read(externalId, call) {
        if (!isCampaignId(externalId)) return null;
        const body = await client.campaignGet(
          { campaignId: externalId, retrieveStatistics: true, retrieveTags: true },
          call,
        );
        return body === null ? null : readCampaign(body, externalId, reading());
      },
      list: {
        covers: 'everything',
        pages: (call) =>
          readPages((recordsFrom) => fetchPage(client, { recordsFrom, recordsPerRequest }, call), readEntry),
        inStatus: {
          statuses: new Set(statusFilters.keys()),
          pageSize: recordsPerRequest,
          pages(status, call) {
            const campaignStatus = statusFilters.get(status) ?? 'All';
            return readPages(
              (recordsFrom) => fetchPage(client, { recordsFrom, recordsPerRequest, campaignStatus }, call),
              readEntry,
            );
          },
        },
        batch: {
          most: idsPerRequest,
          async read(externalIds, call) {
            // An id that is none could be read as several.
            const campaignIds = externalIds.filter(isCampaignId);
            if (campaignIds.length === 0) return [];
            const options = { recordsFrom: 0, recordsPerRequest: idsPerRequest, campaignIds };
            const { entries } = await fetchPage(client, options, call);
            return onlyNamed(readEntries(entries, readEntry), campaignIds);
          },
        },
      },
      changes: createChanges(client, readEntry),
    };
  },
});

/** So that a missing key is told together with whatever else is wrong. */
function isObject({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null;
}
