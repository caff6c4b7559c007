import { z } from 'zod';
import { type ProblemCode, ProblemError } from '../../model/problem.ts';
import { readPages } from '../pages.ts';
import { defineProvider } from '../provider.ts';
import { parseWire } from '../read.ts';
import { httpUrl } from '../settings.ts';
import { addStats, mayHaveStats, readCampaign, readListed } from './campaign.ts';
import { createClient } from './client.ts';
import { readTask, rowReader } from './report.ts';
import { listResult } from './wire.ts';

/** Selzy allows 10,000 campaigns a page. */
const pageSize = 1_000;

/** With these Selzy says that it has no counters for us, which is no fault: sending may not have begun. */
const noStats: ReadonlySet<ProblemCode> = new Set([
  'NOT_FOUND',
  'NOT_SUPPORTED',
  'BAD_INPUT',
  'PROVIDER_REJECTED',
]);

/** Selzy (the same API as UniSender), email and text messages: status and counters are two calls. */
export const selzy = defineProvider({
  name: 'selzy',
  title: 'Selzy',
  channels: ['EMAIL', 'SMS'],
  capabilities: ['LIST', 'STATS', 'CANCEL', 'DELIVERY_REPORT'],
  actions: {
    // Until sending begins (providers/README.md 1.2, cancelCampaign).
    CANCEL: ['PENDING_APPROVAL', 'QUEUED', 'SCHEDULED'],
    // Before sending begins there is nothing to report.
    REQUEST_DELIVERY_REPORT: ['SENDING', 'PAUSED', 'COMPLETED', 'CANCELED'],
  },
  // Per key and per IP (providers/README.md 1.2).
  requestBudgets: [{ limit: 1_200, windowSeconds: 60 }],
  // The status and the counters are two.
  requestsPerRead: 2,
  settings: z.object({
    apiKey: z.string().min(1),
    baseUrl: httpUrl.default('https://api.selzy.com/en/api'),
    /** No answer tells the channel. */
    channel: z.enum(['EMAIL', 'SMS']).default('EMAIL'),
    /** Hosts that a delivery report may be fetched from though they are not public or not https. */
    reportHosts: z.array(z.string().min(1)).default([]),
  }),
  open({ apiKey, baseUrl, channel, reportHosts }, connection) {
    const http = connection.http({ baseUrl, secrets: [apiKey] });
    const client = createClient(http, apiKey);
    return {
      async read(externalId, call) {
        if (!isCampaignId(externalId)) return null;
        const answer = await client.getCampaignStatus(externalId, call);
        if (!answer) return null;
        const status = http.redactJson(answer.result);
        const reading = readCampaign(answer, { externalId, channel, raw: status });
        if (!mayHaveStats(reading.status)) return reading;
        try {
          const counted = await client.getCampaignCommonStats(externalId, call);
          return addStats(reading, counted, { status, stats: http.redactJson(counted.result) });
        } catch (error) {
          if (!(error instanceof ProblemError)) throw error;
          return noStats.has(error.code) ? reading : { ...reading, incomplete: error };
        }
      },
      async readCounters(externalId, { status, providerStatus }, call) {
        try {
          const counted = await client.getCampaignCommonStats(externalId, call);
          return addStats({ externalId, status, providerStatus }, counted, {
            stats: http.redactJson(counted.result),
          });
        } catch (error) {
          if (error instanceof ProblemError && noStats.has(error.code)) return null;
          throw error;
        }
      },
      list: {
        covers: 'status',
        pages: (call) =>
          readPages(
            async (offset) => {
              const { result } = await client.getCampaigns({ limit: pageSize, offset }, call);
              const entries = parseWire(listResult, result, 'list of campaigns');
              return { entries, total: null, limit: pageSize };
            },
            (entry) => readListed(entry, channel, http.redactJson(entry)),
          ),
      },
      changes: {
        async cancel(externalId, call) {
          if (!isCampaignId(externalId)) throw noSuchCampaign();
          await client.cancelCampaign(externalId, call);
        },
      },
      reports: {
        async request(externalId, { changedSince, fieldIds }, notifyUrl, call) {
          if (!isCampaignId(externalId)) throw noSuchCampaign();
          const order = { campaignId: externalId, notifyUrl, changedSince, fieldIds };
          return readTask((await client.getCampaignDeliveryStats(order, call)).result);
        },
        async result(uuid, call) {
          return readTask(http.redactJson((await client.getTaskResult(uuid, call)).result));
        },
        rowReader,
        fileHosts: reportHosts,
      },
    };
  },
});

/** Ids are whole numbers: any other names nothing. */
function isCampaignId(externalId: string): boolean {
  return /^\d+$/.test(externalId);
}

function noSuchCampaign(): ProblemError {
  return new ProblemError('NOT_FOUND', 'Selzy has no such campaign: its ids are whole numbers.', {
    argument: ['id'],
  });
}
