import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  type Received,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import type { CampaignReading } from '../../model/campaign.ts';
import { bsg } from './index.ts';
import { campaignsBody } from './wire.ts';

const call = { priority: 'poll' } as const;

function open(baseUrl: string) {
  return bsg.open({ apiKey: 'live_1', baseUrl }, openConnection());
}

/** A server that gives a token to who logs in, and `answer` to who asks for campaigns. */
function startBsg(answer: (received: Received) => Answer | Promise<Answer>) {
  return startSampleServer((received) =>
    received.url === '/api/auth/login' ? { body: { bearer: 'token-1' } } : answer(received),
  );
}

async function all(pages: AsyncIterable<readonly CampaignReading[]> | undefined) {
  const got: (readonly CampaignReading[])[] = [];
  for await (const page of pages ?? []) got.push(page);
  return got;
}

test('the list asks for the newest first, page by page, until the total is reached', async () => {
  const sample = await readSample('bsg', 'campaigns');
  const entries = campaignsBody.parse(sample.body).data.map((entry, i) => ({ ...Object(entry), id: i + 1 }));
  await using server = await startBsg(({ url }) => {
    const offset = Number(new URL(url, 'http://x').searchParams.get('page[offset]'));
    const page = { total: 3, offset, limit: 2 };
    return { body: { data: offset === 0 ? entries : [{ ...entries[0], id: '3' }], meta: { page } } };
  });
  const { list } = open(server.url);
  expect(list?.covers).toBe('status');
  const [first, second, ...others] = await all(list?.pages(call));
  expect(others).toEqual([]);
  expect(first?.map((reading) => reading.externalId)).toEqual(['1', '2']);
  expect(second?.[0]).toEqual({
    externalId: '3',
    name: 'SMS api campaign / 2024-04-03 12:14:49',
    sender: 'testsms',
    channel: 'SMS',
    status: 'QUEUED',
    providerStatus: 'creation',
    createdAt: Date.UTC(2000, 0, 23, 4, 56, 7),
    scheduledAt: Date.UTC(2000, 0, 23, 4, 56, 7),
    startedAt: Date.UTC(2000, 0, 23, 4, 56, 7),
    finishedAt: Date.UTC(2000, 0, 23, 4, 56, 7),
    raw: { ...entries[0], id: '3' },
    warnings: [],
  });
  const asked = server.received.slice(1).map(({ method, url }) => {
    const { pathname, searchParams } = new URL(url, 'http://x');
    return [method, pathname, Object.fromEntries(searchParams)];
  });
  const query = { 'page[limit]': '500', sort: 'id', way: 'desc' };
  expect(asked).toEqual([
    ['GET', '/api/campaigns', { ...query, 'page[offset]': '0' }],
    ['GET', '/api/campaigns', { ...query, 'page[offset]': '2' }],
  ]);
});

test('the documented list is one page, with a campaign that is in it twice', async () => {
  const sample = await readSample('bsg', 'campaigns');
  await using server = await startBsg(() => sample);
  expect((await all(open(server.url).list?.pages(call))).map((page) => page.length)).toEqual([1]);
});

test.each([
  ['without meta', undefined],
  ['with a total beyond the page', { page: { total: 900, limit: 500 } }],
])('a server that pays no heed to the offset is not asked for ever, %s', async (_, meta) => {
  const data = Array.from({ length: 500 }, (_, id) => ({ id, status: 'done' }));
  await using server = await startBsg(() => ({ body: { data, meta } }));
  expect((await all(open(server.url).list?.pages(call))).map((page) => page.length)).toEqual([500]);
  expect(server.received.filter(({ method }) => method === 'GET')).toHaveLength(2);
});

test('a campaign that moves to the next page meanwhile is told once', async () => {
  const ids = Array.from({ length: 600 }, (_, id) => id + 1);
  await using server = await startBsg(({ url }) => {
    const offset = Number(new URL(url, 'http://x').searchParams.get('page[offset]'));
    const shifted = offset === 0 ? ids : [0, ...ids];
    return { body: { data: shifted.slice(offset, offset + 500).map((id) => ({ id, status: 'done' })) } };
  });
  const told = (await all(open(server.url).list?.pages(call))).flat().map(({ externalId }) => externalId);
  expect(told).toEqual(ids.map(String));
});

test.each([[{ message: 'Not Found', errors: [] }], ['<html></html>'], ['']])(
  'a list that answers 404 with %j is not offered',
  async (body) => {
    await using server = await startBsg(() => ({ status: 404, body }));
    await expect(all(open(server.url).list?.pages(call))).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  },
);

test.each([
  ['a page shorter than the limit, with no meta', [{ id: 1, status: 'done' }], 1],
  ['entries without id or status', [{ status: 'done' }, null, 'x', { id: 2 }, { id: 3, status: 'done' }], 1],
  ['an object of entries', { a: { id: 1, status: 'done' } }, 1],
])('a list may be %s', async (_, data, count) => {
  await using server = await startBsg(() => ({ body: { data } }));
  expect((await all(open(server.url).list?.pages(call))).map((page) => page.length)).toEqual([count]);
});

test('a list may be empty', async () => {
  await using server = await startBsg(() => ({ body: { data: [] } }));
  expect(await all(open(server.url).list?.pages(call))).toEqual([]);
});

test('a list that is none is a bad answer', async () => {
  await using server = await startBsg(() => ({ body: { message: 'hello' } }));
  await expect(all(open(server.url).list?.pages(call))).rejects.toMatchObject({
    code: 'PROVIDER_BAD_RESPONSE',
  });
});
