import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  type Received,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import type { CampaignReading } from '../../model/campaign.ts';
import { type Reading, readDetail, readEntry } from './campaign.ts';
import { problemOf } from './client.ts';
import { bsg } from './index.ts';
import { campaignsBody, dataOf } from './wire.ts';

const call = { priority: 'poll' } as const;
const utc: Reading = { timeZone: 'UTC', channel: 'SMS' };
const words = { redactText: (text: string) => text };

function open(baseUrl: string, settings: object = {}, now: () => number = Date.now) {
  return bsg.open({ apiKey: 'live_1', baseUrl, ...settings }, openConnection({ now }));
}

/** A server that gives a token to who logs in, and `answer` to who asks for campaigns. */
function startBsg(answer: (received: Received) => Answer | Promise<Answer>) {
  return startSampleServer((received) =>
    received.url === '/api/auth/login' ? { body: { bearer: 'token-1' } } : answer(received),
  );
}

/** The detail of a campaign as the server would give it, with some members changed. */
async function readWith(changes: object, settings = utc): Promise<CampaignReading> {
  const body = { data: { ...Object(dataOf((await readSample('bsg', 'detail')).body)), ...changes } };
  return readDetail(body, '53651994', body, settings);
}

async function all(pages: AsyncIterable<readonly CampaignReading[]> | undefined) {
  const got: (readonly CampaignReading[])[] = [];
  for await (const page of pages ?? []) got.push(page);
  return got;
}

test('the documented answer is read whole, after a log-in with the key', async () => {
  const sample = await readSample('bsg', 'detail-seed');
  await using server = await startBsg(() => sample);
  expect(await open(server.url).read('12345', call)).toEqual({
    externalId: '12345',
    name: 'string',
    sender: 'testsms',
    channel: 'SMS',
    status: 'COMPLETED',
    providerStatus: 'done',
    createdAt: Date.UTC(2022, 0, 1, 0, 0, 1),
    scheduledAt: Date.UTC(2022, 0, 1, 0, 1, 2),
    startedAt: Date.UTC(2022, 0, 1, 0, 1, 3),
    finishedAt: Date.UTC(2022, 0, 1, 0, 10, 3),
    stats: {
      final: false,
      counters: {
        recipients: 120,
        messages: 120,
        queued: 20,
        sent: 100,
        delivered: 0,
        undelivered: 0,
        failed: 0,
        unreported: 0,
        opened: null,
        openedTotal: null,
        clicked: null,
        clickedTotal: null,
        hardBounced: null,
        softBounced: null,
        unsubscribed: null,
        complained: null,
      },
    },
    cost: { amount: '35.0987645', currency: 'USD' },
    raw: sample.body,
    warnings: [],
  });
  const [logIn, detail] = server.received;
  expect(logIn).toMatchObject({ method: 'POST', url: '/api/auth/login', body: '{"api_key":"live_1"}' });
  expect(logIn?.headers['content-type']).toBe('application/json');
  expect(logIn?.headers.authorization).toBeUndefined();
  expect(detail).toMatchObject({ method: 'GET', url: '/api/campaigns/12345/detail', body: '' });
  expect(detail?.headers.authorization).toBe('Bearer token-1');
});

test('the example of the OpenAPI file is final, with its failures apart', async () => {
  const sample = await readSample('bsg', 'detail');
  await using server = await startBsg(() => sample);
  expect(await open(server.url).read('53651994', call)).toMatchObject({
    status: 'COMPLETED',
    scheduledAt: Date.UTC(2024, 3, 3, 12, 14, 49),
    startedAt: Date.UTC(2024, 3, 3, 12, 15, 6),
    stats: {
      final: true,
      counters: { messages: 10, queued: 0, sent: 10, delivered: 7, undelivered: 3, opened: null },
    },
    cost: { amount: '0.16', currency: 'USD' },
    warnings: [],
  });
});

test('the example of the detail schema: every bucket counts, and a sum that does not fit is told', async () => {
  const sample = await readSample('bsg', 'detail-schema');
  expect(readDetail(sample.body, '53651994', sample.body, utc)).toMatchObject({
    status: 'QUEUED',
    createdAt: Date.UTC(2000, 0, 23, 4, 56, 7),
    stats: {
      final: false,
      counters: {
        recipients: 1,
        messages: 1,
        queued: 1 + 5 + 5 + 2,
        delivered: 0 + 4,
        undelivered: 3 + 7 + 7 + 1,
        failed: 9,
        unreported: 2,
        sent: 6 + 4 + 18 + 2,
        opened: 4,
      },
    },
    cost: { amount: '0.3000000', currency: 'USD' },
    raw: sample.body,
    warnings: ['The statistics add up to 52, while total_messages is 1.'],
  });
});

test.each([
  ['campaign', 'COMPLETED', 'done', Date.UTC(2024, 3, 3, 12, 14, 49)],
  ['campaign-schema', 'QUEUED', 'creation', Date.UTC(2000, 0, 23, 4, 56, 7)],
  ['stopped', 'CANCELED', 'stopped', Date.UTC(2025, 3, 1)],
  ['stopped-abridged', 'CANCELED', 'stopped', Date.UTC(2025, 3, 1)],
  ['stopped-schema', 'QUEUED', 'creation', Date.UTC(2000, 0, 23, 4, 56, 7)],
])('the short form %s tells the status, but no counters and no cost', async (name, status, word, at) => {
  const entry = dataOf((await readSample('bsg', name)).body);
  const reading = readEntry(entry, entry, utc);
  expect(reading).toMatchObject({ status, providerStatus: word, scheduledAt: at, channel: 'SMS' });
  expect(reading).not.toHaveProperty('stats');
  expect(reading).not.toHaveProperty('cost');
});

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

test.each([
  ['invalid-data', 'BAD_INPUT', '422', /invalid\. messages0phone: This value is too long/],
  ['stop-refused', 'INVALID_STATE', '422', /^Invalid campaign status$/],
  ['stop-refused-schema', 'INVALID_STATE', '422', /^Invalid campaign status$/],
  ['authentication-not-found', 'NOT_FOUND', '404', /^TwoFA Service error\. Authentication not found$/],
  ['duplicate-request', 'PROVIDER_RATE_LIMITED', '429', /^Too many duplicate request detected$/],
  ['message-not-found', 'NOT_FOUND', '40', /^Message not found$/],
])('the documented error %s is %s', async (name, code, providerCode, message) => {
  const { status, body } = await readSample('bsg', name);
  expect(problemOf({ status, headers: {}, body }, words)).toMatchObject({
    code,
    providerCode,
    message: expect.stringMatching(message),
  });
});

test('error 0 is none', async () => {
  const { status, body } = await readSample('bsg', 'no-errors');
  expect(problemOf({ status, headers: {}, body }, words)).toBeNull();
  expect(problemOf({ status, headers: {}, body: { error: '0' } }, words)).toBeNull();
});

test.each([
  [200, { error: 1, errorDescription: 'invalid key' }, 'PROVIDER_UNAUTHENTICATED', '1'],
  [400, { error: '7' }, 'BAD_INPUT', '7'],
  [200, { error: 8, errorDescription: 'not enough funds' }, 'PROVIDER_REJECTED', '8'],
  [403, { message: 'No.', errors: [] }, 'PROVIDER_FORBIDDEN', '403'],
  [409, { message: 'No.', errors: ['Busy.'] }, 'INVALID_STATE', '409'],
  [400, undefined, 'PROVIDER_REJECTED', '400'],
  [503, '<html>', 'PROVIDER_UNAVAILABLE', '503'],
])('HTTP %s with %j is %s', (status, body, code, providerCode) => {
  expect(problemOf({ status, headers: {}, body }, words)).toMatchObject({ code, providerCode });
});

test('a campaign that BSG does not know is null; an id that would be another path is not asked for', async () => {
  await using server = await startBsg(() => ({ status: 404, body: { message: 'Not found', errors: [] } }));
  const source = open(server.url);
  expect(await source.read('1', call)).toBeNull();
  expect(server.received).toHaveLength(2);
  expect(await source.read('../messages', call)).toBeNull();
  expect(server.received).toHaveLength(2);
});

test.each([['<html><h1>404 Not Found</h1></html>'], [''], ['null'], [[]], [{}], [{ status: 404 }]])(
  'a 404 with %j is not of the API: the campaign may well be there',
  async (body) => {
    await using server = await startBsg(() => ({ status: 404, body }));
    await expect(open(server.url).read('1', call)).rejects.toMatchObject({ code: 'PROVIDER_BAD_RESPONSE' });
  },
);

test.each([[{ message: 'Not found' }], [{ errors: [] }], [{ error: 40, errorDescription: 'Not found' }]])(
  'a 404 with %j is no such campaign',
  async (body) => {
    await using server = await startBsg(() => ({ status: 404, body }));
    expect(await open(server.url).read('1', call)).toBeNull();
  },
);

test.each([[{ message: 'Not Found', errors: [] }], ['<html></html>']])(
  'a log-in that answers 404 with %j blames neither the key nor a campaign',
  async (body) => {
    await using server = await startSampleServer(() => ({ status: 404, body }));
    await expect(open(server.url).read('1', call)).rejects.toMatchObject({ code: 'PROVIDER_BAD_RESPONSE' });
  },
);

test('the errors of a read say what BSG says, without the key', async () => {
  await using server = await startBsg(() => ({
    status: 403,
    body: { message: 'live_1 may not', errors: [] },
  }));
  await expect(open(server.url).read('1', call)).rejects.toMatchObject({
    code: 'PROVIDER_FORBIDDEN',
    message: '[redacted] may not',
  });
});

test('the token is kept out of raw', async () => {
  const { body } = await readSample('bsg', 'detail');
  await using server = await startBsg(() => ({
    body: { data: { ...Object(dataOf(body)), name: 'of token-1' } },
  }));
  const reading = await open(server.url).read('53651994', call);
  expect(JSON.stringify(reading?.raw)).not.toContain('token-1');
});

test.each([
  ['creation', 'QUEUED'],
  ['moderation', 'PENDING_APPROVAL'],
  ['spam', 'REJECTED'],
  ['scheduled', 'SCHEDULED'],
  ['sending', 'SENDING'],
  ['paused', 'PAUSED'],
  ['stopped', 'CANCELED'],
  ['Done', 'COMPLETED'],
])('status %s is %s', async (word, status) => {
  expect(await readWith({ status: word })).toMatchObject({ status, providerStatus: word, warnings: [] });
});

test('an unknown status stays readable', async () => {
  expect(await readWith({ status: 'on_fire' })).toMatchObject({
    status: 'UNKNOWN',
    providerStatus: 'on_fire',
    warnings: ['The status "on_fire" is not documented.'],
  });
});

test.each([
  ['sms', 'SMS'],
  ['viber', 'SMS'],
  ['RCS', 'SMS'],
  ['whatsapp', 'SMS'],
  ['hlr', 'SMS'],
  ['instant', 'PUSH'],
  [null, 'PUSH'],
])('type %s is sent by %s where the account says PUSH', async (type, channel) => {
  expect(await readWith({ type }, { timeZone: 'UTC', channel: 'PUSH' })).toMatchObject({ channel });
});

test.each([
  ['viber', { read: 4 }, 4],
  ['viber', { read: 0 }, 0],
  ['rcs', {}, null],
  ['sms', { read: 0 }, null],
  ['sms', { read: 2 }, 2],
])('%s with %j: %s opened', async (type, statistics, opened) => {
  expect(await readWith({ type, statistics })).toMatchObject({ stats: { counters: { opened } } });
});

test.each([
  [{ started_at: null, start_date: '2024-07-01 10:00:00' }, 'scheduledAt', Date.UTC(2024, 6, 1, 7)],
  [{ started_at: null, start_at: '2024-12-01T10:00:00' }, 'scheduledAt', Date.UTC(2024, 11, 1, 8)],
  [{ started_at: '2024-07-01T10:00:00.000+00:00' }, 'scheduledAt', Date.UTC(2024, 6, 1, 10)],
  [{ actual_start_at: null, real_start_at: '2024-07-01 10:00:00' }, 'startedAt', Date.UTC(2024, 6, 1, 7)],
  [{ created_at: undefined, creation_at: '2024-07-01 10:00:00' }, 'createdAt', Date.UTC(2024, 6, 1, 7)],
  [{ finished_at: '0000-00-00 00:00:00' }, 'finishedAt', null],
])('%j, in Riga: %s', async (changes, name, at) => {
  const reading = await readWith(changes, { timeZone: 'Europe/Riga', channel: 'SMS' });
  expect(reading).toMatchObject({ [name]: at, warnings: [] });
});

test('what can not be read is null and told', async () => {
  const statistics = [
    { delivered: 7, sent: -1 },
    { undelivered: '3', not_service_user: 1 },
  ];
  expect(await readWith({ id: 7, finished_at: 'soon', statistics, total_price: 'a lot' })).toMatchObject({
    finishedAt: null,
    cost: null,
    stats: {
      final: false,
      counters: { queued: null, sent: 11, delivered: 7, undelivered: 4, failed: null, unreported: null },
    },
    warnings: [
      "finished_at can't be read as a time.",
      'The answer is headed with the id 7.',
      'The statistics come in 2 parts, which were added up.',
      "statistics.sent can't be read as a count.",
      'The statistics add up to 11, while total_messages is 10.',
      "total_price can't be read as an amount.",
    ],
  });
});

test('totals may stand inside the statistics, and the data without a wrapper', () => {
  const totals = { total_messages: '2', total_phones: 2, total_price: 0.5, currency: null };
  const body = { id: 1, status: 'stopped', statistics: { ...totals, delivered: 2, scheduled: 0, sent: 0 } };
  expect(readDetail(body, '1', body, utc)).toMatchObject({
    stats: { final: true, counters: { recipients: 2, messages: 2 } },
    cost: { amount: '0.5', currency: null },
    warnings: [],
  });
});

test('what is empty is null, never 0; what is not there is absent', () => {
  const empty = { statistics: [], total_price: null, name: '', actual_start_at: null };
  const body = { data: { id: 1, status: 'scheduled', ...empty } };
  const { raw, ...reading } = readDetail(body, '1', body, utc);
  expect(reading).toStrictEqual({
    externalId: '1',
    channel: 'SMS',
    status: 'SCHEDULED',
    providerStatus: 'scheduled',
    name: null,
    startedAt: null,
    stats: null,
    cost: null,
    warnings: [],
  });
});

test.each([
  [{ start_at: null }, null],
  [{ started_at: null, start_date: '2024-07-01 10:00:00' }, Date.UTC(2024, 6, 1, 10)],
  [{}, undefined],
])('of a moment with several spellings, %j tells %s', (moments, scheduledAt) => {
  expect(readDetail({ status: 'done', ...moments }, '1', null, utc).scheduledAt).toBe(scheduledAt);
});

test('a price inside the statistics that is empty is none', () => {
  const body = { status: 'done', statistics: { total_price: null, delivered: 1 } };
  expect(readDetail(body, '1', body, utc).cost).toBeNull();
});

test('the settings have defaults, and time zones must exist', () => {
  expect(bsg.settings.parse({ apiKey: 'k' })).toEqual({
    apiKey: 'k',
    baseUrl: 'https://one-api.bsg.world',
    timeZone: 'UTC',
    channel: 'SMS',
  });
  expect(bsg.settings.safeParse({ apiKey: 'k', timeZone: 'Mars/Olympus' }).success).toBe(false);
});
