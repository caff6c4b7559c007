import { describe, expect, test } from 'vitest';
import { problemOf } from '../../../test/support/contract.ts';
import { openConnection, readSample, startSampleServer } from '../../../test/support/sample-server.ts';
import { startSimulator } from '../../simulator/simulator.ts';
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
    { CampaignID: '6', CampaignStatus: { odd: true } },
    { CampaignID: '7', CampaignStatus: 'Sent', Tags: 5, Statistics: 'none' },
    { CampaignID: 8, CampaignStatus: 'Sent' },
  ];
  await using server = await startSampleServer(() => ({
    body: { Success: true, Campaigns, TotalCampaigns: 7 },
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

describe('several campaigns by one request', () => {
  /** A simulated server with three campaigns, and what reads several of them. */
  async function openBatch(knowsCampaignIds = true) {
    const simulator = await startSimulator({ campaigns: 0, octethQuirks: { campaignIds: knowsCampaignIds } });
    const { octeth: simulated } = simulator.providers;
    const { baseUrl, apiKey } = simulated;
    const batch = octeth.open({ baseUrl, apiKey }, openConnection()).list?.batch;
    if (!batch) throw new Error('It reads campaigns one by one.');
    const ids = [
      simulated.add({ status: 'Sending', name: 'One', tags: ['a'], counters: { sent: 5 } }),
      simulated.add({ status: 'Draft' }),
      simulated.add({ status: 'Paused' }),
    ];
    return {
      simulated,
      ids,
      most: batch.most,
      read: async (...asked: readonly (string | undefined)[]) => {
        const readings = await batch.read(
          asked.flatMap((id) => id ?? []),
          call,
        );
        return readings.toSorted((one, other) => Number(one.externalId) - Number(other.externalId));
      },
      [Symbol.asyncDispose]: () => simulator.stop(),
    };
  }

  test('tells of each as much as a single read', async () => {
    await using at = await openBatch();
    const [one, two] = at.ids;
    expect(await at.read(two, one)).toMatchObject([
      { externalId: one, status: 'SENDING', name: 'One', tags: ['a'], stats: { counters: { sent: 5 } } },
      { externalId: two, status: 'DRAFT' },
    ]);
    expect(at.simulated.requests).toMatchObject([
      {
        operation: 'Campaigns.Get',
        parameters: { CampaignIDs: `${two},${one}`, RecordsFrom: '0' },
        status: 200,
      },
    ]);
  });

  test('is one request for as many as it can be', async () => {
    await using at = await openBatch();
    const all = Array.from({ length: at.most }, () => at.simulated.add({ status: 'Draft' }));
    expect((await at.read(...all)).map(({ externalId }) => externalId)).toEqual(all);
    expect(at.simulated.requests).toHaveLength(1);
  });

  test('leaves out what is not there, and what is somebody else’s', async () => {
    await using at = await openBatch();
    const [one, two, three] = at.ids;
    at.simulated.remove(one ?? '');
    const foreign = at.simulated.add({ foreign: true });
    const readings = await at.read(one, two, three, foreign, '999999');
    expect(readings.map(({ externalId }) => externalId)).toEqual([two, three]);
    expect(await at.read('999999')).toEqual([]);
  });

  test('is NOT_SUPPORTED where the server pays no heed to ids', async () => {
    await using at = await openBatch(false);
    const problem = await problemOf(at.read(at.ids[0]));
    expect(problem).toMatchObject({ code: 'NOT_SUPPORTED', message: expect.stringMatching(/by their ids/) });
    // Nobody is told of what was not asked for.
    expect(await at.read(...at.ids)).toHaveLength(3);
  });

  test.each([
    ['unauthorized', 'PROVIDER_UNAUTHENTICATED'],
    ['rateLimited', 'PROVIDER_RATE_LIMITED'],
    ['garbage', 'PROVIDER_BAD_RESPONSE'],
  ] as const)('fails as the list does: %s is %s', async (kind, code) => {
    await using at = await openBatch();
    at.simulated.fault({ kind });
    expect(await problemOf(at.read(...at.ids))).toMatchObject({ code });
  });

  test('a name that is no id does no harm to the others', async () => {
    await using at = await openBatch();
    const [one] = at.ids;
    expect(await at.read('no-id', one)).toMatchObject([{ externalId: one }]);
  });

  // They go into the list of ids as they are, where they stand for other campaigns than those that are asked for.
  test.each(['2,3', ' 3'])('nor does "%s", which is none either', async (odd) => {
    await using at = await openBatch();
    for (const externalId of ['2', '3']) at.simulated.add({ externalId });
    const [one] = at.ids;
    expect(await at.read(one, odd)).toMatchObject([{ externalId: one }]);
  });
});
