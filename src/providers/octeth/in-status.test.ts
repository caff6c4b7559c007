import { expect, test } from 'vitest';
import { problemOf } from '../../../test/support/contract.ts';
import { openConnection, readSample, startSampleServer } from '../../../test/support/sample-server.ts';
import { campaignStatuses } from '../../model/campaign.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import { octeth } from './index.ts';

const call = { priority: 'poll' } as const;

function open(baseUrl: string, apiKey = 'key-1') {
  const inStatus = octeth.open({ baseUrl, apiKey }, openConnection()).list?.inStatus;
  if (!inStatus) throw new Error('Its list can’t be narrowed.');
  return inStatus;
}

function formOf(received: { body: string } | undefined) {
  return Object.fromEntries(new URLSearchParams(received?.body));
}

/** A server with so many campaigns, that tells how many there are or does not. */
function startServer(count: number, tellsTotal = true) {
  const all = Array.from({ length: count }, (_, index) => ({
    CampaignID: count - index,
    CampaignStatus: 'Sending',
  }));
  return startSampleServer((received) => {
    const { RecordsFrom, RecordsPerRequest } = formOf(received);
    const Campaigns = all.slice(Number(RecordsFrom), Number(RecordsFrom) + Number(RecordsPerRequest));
    const total = tellsTotal ? { TotalCampaigns: String(count) } : {};
    return { body: { Success: true, ErrorCode: 0, Campaigns, ...total } };
  });
}

test.each([
  ['PENDING_APPROVAL', 'Pending'],
  ['SCHEDULED', 'Scheduled'],
  ['QUEUED', 'Ready'],
  ['SENDING', 'Sending'],
] as const)('those that are %s are asked for as %s', async (status, word) => {
  await using server = await startServer(1);
  await Array.fromAsync(open(server.url).pages(status, call));
  expect(server.received.map(formOf)).toEqual([
    {
      APIKey: 'key-1',
      Command: 'Campaigns.Get',
      ResponseFormat: 'JSON',
      RecordsPerRequest: '500',
      RecordsFrom: '0',
      CampaignStatus: word,
      OrderField: 'CampaignID',
      OrderType: 'DESC',
      RetrieveTags: 'true',
      RetrieveStatistics: 'true',
    },
  ]);
});

test('no other status is one that the list can be narrowed to', () => {
  const { statuses } = open('http://127.0.0.1');
  expect(campaignStatuses.filter((status) => statuses.has(status)).toSorted()).toEqual([
    'PENDING_APPROVAL',
    'QUEUED',
    'SCHEDULED',
    'SENDING',
  ]);
});

test('an entry tells as much as a single read', async () => {
  const sample = await readSample('octeth', 'list-sent');
  const body = { ...Object(sample.body), TotalCampaigns: 1 };
  await using server = await startSampleServer(() => ({ body }));
  expect(await Array.fromAsync(open(server.url).pages('SENDING', call))).toMatchObject([
    [
      {
        externalId: '12345',
        status: 'COMPLETED',
        name: 'Summer Sale 2025',
        stats: { counters: { recipients: 10_000, sent: 9_950 } },
        raw: Object(sample.body).Campaigns[0],
      },
    ],
  ]);
});

test.each([
  ['with a total', true, 1_000, ['0', '500']],
  ['without one', false, 1_000, ['0', '500', '1000']],
  ['without one, when a page is not full', false, 999, ['0', '500']],
])(
  'the pages are asked for one after the other %s, until there are no more',
  async (_, told, count, from) => {
    await using server = await startServer(count, told);
    const inStatus = open(server.url);
    const pages = await Array.fromAsync(inStatus.pages('SENDING', call));
    expect(pages.map(({ length }) => length)).toEqual([inStatus.pageSize, count - inStatus.pageSize]);
    expect(new Set(pages.flat().map(({ externalId }) => externalId)).size).toBe(count);
    expect(server.received.map((one) => formOf(one).RecordsFrom)).toEqual(from);
    expect(new Set(server.received.map((one) => formOf(one).CampaignStatus))).toEqual(new Set(['Sending']));
  },
);

test('whoever needs no more pages has no more asked for', async () => {
  await using server = await startServer(1_500);
  for await (const page of open(server.url).pages('SENDING', call)) {
    expect(page).toHaveLength(500);
    break;
  }
  expect(server.received).toHaveLength(1);
});

test('where none is in that status there are no pages', async () => {
  await using server = await startServer(0);
  expect(await Array.fromAsync(open(server.url).pages('QUEUED', call))).toEqual([]);
});

test('of the simulated campaigns those in the status are told of, and no others', async () => {
  await using simulator = await startSimulator({ campaigns: 0 });
  const { octeth: simulated } = simulator.providers;
  const sending = [1, 2].map((sent) =>
    simulated.add({ status: 'Sending', counters: { recipients: 9, sent } }),
  );
  for (const status of ['Sent', 'Draft', 'Paused', 'Scheduled']) simulated.add({ status });
  const pages = await Array.fromAsync(open(simulated.baseUrl, simulated.apiKey).pages('SENDING', call));
  expect(
    pages.flat().toSorted((one, other) => Number(one.externalId) - Number(other.externalId)),
  ).toMatchObject(
    sending.map((externalId, index) => ({
      externalId,
      status: 'SENDING',
      stats: { counters: { recipients: 9, sent: index + 1 } },
    })),
  );
});

test.each([
  ['unauthorized', 'PROVIDER_UNAUTHENTICATED'],
  ['rateLimited', 'PROVIDER_RATE_LIMITED'],
  ['garbage', 'PROVIDER_BAD_RESPONSE'],
] as const)('it fails as the list does: %s is %s', async (kind, code) => {
  await using simulator = await startSimulator({ campaigns: 0 });
  const { octeth: simulated } = simulator.providers;
  simulated.add({ status: 'Sending' });
  simulated.fault({ kind });
  const pages = open(simulated.baseUrl, simulated.apiKey).pages('SENDING', call);
  expect(await problemOf(Array.fromAsync(pages))).toMatchObject({ code });
});
