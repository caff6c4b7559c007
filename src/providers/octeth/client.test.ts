import { expect, test } from 'vitest';
import { openConnection, startSampleServer } from '../../../test/support/sample-server.ts';
import { type CampaignsGetOptions, createClient } from './client.ts';

const call = { priority: 'poll' } as const;

/** The form that a call of the client sends, without what every call has. */
async function formSentBy(send: (client: ReturnType<typeof createClient>) => Promise<unknown>) {
  await using server = await startSampleServer(() => ({ body: { Success: true } }));
  const http = openConnection().http({ baseUrl: server.url, secrets: ['key-1'] });
  await send(createClient(http, { apiKey: 'key-1' }));
  const { APIKey, Command, ResponseFormat, ...parameters } = Object.fromEntries(
    new URLSearchParams(server.received[0]?.body),
  );
  expect({ APIKey, ResponseFormat }).toEqual({ APIKey: 'key-1', ResponseFormat: 'JSON' });
  return { Command, parameters };
}

test.each<[CampaignsGetOptions, object]>([
  [{}, {}],
  [{ recordsPerRequest: 10 }, { RecordsPerRequest: '10' }],
  [{ recordsFrom: 0 }, { RecordsFrom: '0' }],
  [{ campaignStatus: 'Scheduled' }, { CampaignStatus: 'Scheduled' }],
  [{ searchKeyword: 'Summer & Söhne' }, { SearchKeyword: 'Summer & Söhne' }],
  [{ orderField: 'CampaignName' }, { OrderField: 'CampaignName' }],
  [{ orderType: 'ASC' }, { OrderType: 'ASC' }],
  [{ retrieveTags: true }, { RetrieveTags: 'true' }],
  [{ tags: ['1', '2', '3'] }, { Tags: '1,2,3' }],
  [{ retrieveStatistics: false }, { RetrieveStatistics: 'false' }],
  [{ campaignIds: ['4', '5'] }, { CampaignIDs: '4,5' }],
])('Campaigns.Get with %j sends %j', async (options, parameters) => {
  expect(await formSentBy((client) => client.campaignsGet(options, call))).toEqual({
    Command: 'Campaigns.Get',
    parameters,
  });
});

test.each([
  [{ campaignId: '1' }, { campaignid: '1' }],
  [
    { campaignId: '1', retrieveStatistics: true },
    { campaignid: '1', retrievestatistics: 'true' },
  ],
  [
    { campaignId: '1', retrieveTags: false },
    { campaignid: '1', retrievetags: 'false' },
  ],
])('Campaign.Get with %j sends %j', async (options, parameters) => {
  expect(await formSentBy((client) => client.campaignGet(options, call))).toEqual({
    Command: 'Campaign.Get',
    parameters,
  });
});
