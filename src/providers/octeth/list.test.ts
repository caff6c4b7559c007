import { expect, test } from 'vitest';
import { openConnection, readSample, startSampleServer } from '../../../test/support/sample-server.ts';
import { readListEntry } from './campaign.ts';
import { octeth } from './index.ts';

const call = { priority: 'poll' } as const;

function open(baseUrl: string) {
  return octeth.open({ baseUrl, apiKey: 'key-1' }, openConnection());
}

function formOf(received: { body: string } | undefined) {
  return Object.fromEntries(new URLSearchParams(received?.body));
}

async function listFrom(url: string) {
  const { list } = open(url);
  const ids: string[] = [];
  for await (const page of list?.pages(call) ?? []) ids.push(...page.map(({ externalId }) => externalId));
  return ids;
}

test('the list asks for all campaigns with tags and counters, newest first', async () => {
  const sample = await readSample('octeth', 'list-sent');
  const body = { ...Object(sample.body), TotalCampaigns: 1 };
  await using server = await startSampleServer(() => ({ body }));
  const pages = [];
  for await (const page of open(server.url).list?.pages(call) ?? []) pages.push(page);
  expect(pages).toMatchObject([
    [
      {
        externalId: '12345',
        status: 'COMPLETED',
        name: 'Summer Sale 2025',
        scheduledAt: Date.UTC(2025, 5, 15),
        stats: { counters: { recipients: 10_000, sent: 9_950 } },
        raw: Object(sample.body).Campaigns[0],
      },
    ],
  ]);
  expect(server.received.map(formOf)).toEqual([
    {
      APIKey: 'key-1',
      Command: 'Campaigns.Get',
      ResponseFormat: 'JSON',
      RecordsPerRequest: '500',
      RecordsFrom: '0',
      CampaignStatus: 'All',
      OrderField: 'CampaignID',
      OrderType: 'DESC',
      RetrieveTags: 'true',
      RetrieveStatistics: 'true',
    },
  ]);
  expect(server.received[0]).toMatchObject({ method: 'POST', url: '/api.php' });
});

test('a server that gives the same page again is not asked for ever', async () => {
  const sample = await readSample('octeth', 'list');
  await using server = await startSampleServer(() => sample);
  expect(await listFrom(server.url)).toEqual(['123']);
  expect(server.received.map((one) => formOf(one).RecordsFrom)).toEqual(['0', '1']);
});

test.each([
  ['with a total', 1_005, 500, ['0', '500', '1000']],
  ['with a total, from a server that gives fewer than asked', 120, 50, ['0', '50', '100']],
  ['without a total', null, 500, ['0', '500', '1000']],
])('the list is paged %s', async (_, total, perPage, asked) => {
  const count = total ?? 1_005;
  const all = Array.from({ length: count }, (_, index) => ({
    CampaignID: count - index,
    CampaignStatus: 'Draft',
  }));
  await using server = await startSampleServer((one) => {
    const from = Number(formOf(one).RecordsFrom);
    const Campaigns = all.slice(from, from + perPage);
    return {
      body: { Success: true, ErrorCode: 0, Campaigns, ...(total && { TotalCampaigns: String(total) }) },
    };
  });
  const ids = await listFrom(server.url);
  expect(new Set(ids).size).toBe(count);
  expect(ids).toHaveLength(count);
  expect(server.received.map((one) => formOf(one).RecordsFrom)).toEqual(asked);
});

test('an entry that cannot be read does not spoil the page', async () => {
  const Campaigns = [
    'x',
    null,
    { CampaignName: 'no id' },
    { CampaignID: 'abc', CampaignStatus: 'Sent' },
    { CampaignID: '7', CampaignStatus: { odd: true }, Tags: 5, Statistics: 'none' },
    { CampaignID: 8, CampaignStatus: 'Sent' },
  ];
  await using server = await startSampleServer(() => ({
    body: { Success: true, Campaigns, TotalCampaigns: 6 },
  }));
  expect(await listFrom(server.url)).toEqual(['7', '8']);
  expect(
    readListEntry(Campaigns.at(-1), { timeZone: 'UTC', now: Date.now(), clean: (value) => value }),
  ).not.toHaveProperty('stats');
});

test.each([
  ['an empty list', { Success: true, ErrorCode: 0, Campaigns: [], TotalCampaigns: 0 }],
  ['no list', { Success: true, ErrorCode: 0, Campaigns: null }],
  ['a total of 0 alone', { Success: true, ErrorCode: 0, TotalCampaigns: 0 }],
])('an account without campaigns has an empty list: %s', async (_, body) => {
  await using server = await startSampleServer(() => ({ body }));
  expect(await listFrom(server.url)).toEqual([]);
});

test.each([
  [{ Success: true, ErrorCode: 0 }, 'PROVIDER_BAD_RESPONSE'],
  [{ Success: false, ErrorCode: 99_998 }, 'PROVIDER_UNAUTHENTICATED'],
  [{ Success: false, ErrorCode: 1 }, 'PROVIDER_REJECTED'],
])('a list that answers %j fails with %s', async (body, code) => {
  await using server = await startSampleServer(() => ({ body }));
  await expect(listFrom(server.url)).rejects.toMatchObject({ code });
});
