import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  type Received,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import type { CampaignReading } from '../../model/campaign.ts';
import type { CampaignSource } from '../provider.ts';
import { parseWire } from '../read.ts';
import { decodeEntities } from './errors.ts';
import { selzy } from './index.ts';
import { envelope, taskResult } from './wire.ts';

const call = { priority: 'poll' } as const;

function open(baseUrl: string, settings: object = {}): CampaignSource {
  return selzy.open({ apiKey: 'key-1', baseUrl: `${baseUrl}/en/api`, ...settings }, openConnection());
}

/** Answers by method name; a method that is not named here is unknown, as with Selzy. */
function startSelzy(methods: Readonly<Record<string, Answer | ((received: Received) => Answer)>>) {
  return startSampleServer((received) => {
    const answer = methods[received.url.replace('/en/api/', '')];
    if (typeof answer === 'function') return answer(received);
    return answer ?? { body: { error: 'Unknown method', code: 'unknown_method', result: '' } };
  });
}

function statusOf(status: string, more: object = {}): Answer {
  return {
    body: {
      result: { status, creation_time: '2024-02-06 12:00:00', start_time: '2024-02-06 13:00:00' },
      ...more,
    },
  };
}

function formOf(received: Received | undefined) {
  return Object.fromEntries(new URLSearchParams(received?.body));
}

async function listAll(source: CampaignSource): Promise<CampaignReading[]> {
  const all: CampaignReading[] = [];
  for await (const page of source.list?.pages(call) ?? []) all.push(...page);
  return all;
}

test('a completed campaign is its documented status and its documented counters', async () => {
  const status = await readSample('selzy', 'status-completed');
  const stats = await readSample('selzy', 'common-stats');
  await using server = await startSelzy({ getCampaignStatus: status, getCampaignCommonStats: stats });
  const reading = await open(server.url).read('1234', call);
  expect(reading).toStrictEqual({
    externalId: '1234',
    channel: 'EMAIL',
    status: 'COMPLETED',
    providerStatus: 'completed',
    statusReason: null,
    createdAt: Date.UTC(2011, 8, 21, 19, 47, 31),
    scheduledAt: Date.UTC(2011, 8, 21, 20),
    startedAt: Date.UTC(2011, 8, 21, 20),
    stats: {
      final: true,
      counters: {
        recipients: 81962,
        messages: null,
        queued: null,
        sent: 81962,
        delivered: 81737,
        undelivered: null,
        failed: null,
        unreported: null,
        opened: 6816,
        openedTotal: 8940,
        clicked: 447,
        clickedTotal: 545,
        hardBounced: null,
        softBounced: null,
        unsubscribed: 184,
        complained: 86,
      },
    },
    raw: { status: Object(status.body).result, stats: Object(stats.body).result },
    warnings: [],
  });
});

test('calls are POSTs to the method with everything in the form and nothing in the query', async () => {
  await using server = await startSelzy({
    getCampaignStatus: await readSample('selzy', 'status-completed'),
    getCampaignCommonStats: await readSample('selzy', 'common-stats'),
    getCampaigns: await readSample('selzy', 'campaigns'),
  });
  const source = open(server.url);
  await source.read('1234', call);
  await listAll(source);
  expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /en/api/getCampaignStatus',
    'POST /en/api/getCampaignCommonStats',
    'POST /en/api/getCampaigns',
  ]);
  const access = { format: 'json', api_key: 'key-1' };
  expect(server.received.map(formOf)).toEqual([
    { ...access, campaign_id: '1234' },
    { ...access, campaign_id: '1234' },
    { ...access, limit: '1000', offset: '0' },
  ]);
  for (const { headers } of server.received) {
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
  }
});

test.each([
  ['waits_censor', 'PENDING_APPROVAL', null, false],
  ['censor_hold', 'PENDING_APPROVAL', 'Held for further check', false],
  ['declined', 'REJECTED', null, false],
  ['waits_schedule', 'QUEUED', null, false],
  ['scheduled', 'SCHEDULED', null, false],
  ['in_progress', 'SENDING', null, true],
  ['analysed', 'COMPLETED', null, true],
  ['completed', 'COMPLETED', null, true],
  ['stopped', 'PAUSED', null, true],
])('status %s is %s', async (word, status, statusReason, begun) => {
  await using server = await startSelzy({
    getCampaignStatus: statusOf(word),
    getCampaignCommonStats: await readSample('selzy', 'common-stats'),
  });
  const reading = await open(server.url).read('1', call);
  const start = Date.UTC(2024, 1, 6, 13);
  expect(reading).toMatchObject({ status, providerStatus: word, statusReason, warnings: [] });
  expect(reading).toMatchObject({ scheduledAt: start, startedAt: begun ? start : null });
  expect(reading?.stats?.final).toBe(begun ? word === 'completed' : undefined);
  expect(server.received).toHaveLength(begun ? 2 : 1);
});

test.each([
  ['canceled', 'CANCELED', []],
  ['cancelled', 'CANCELED', []],
  ['on_fire', 'UNKNOWN', ["The status on_fire is not in Selzy's documents."]],
])(
  'status %s does not tell when sending began, but there may be counters',
  async (word, status, warnings) => {
    await using server = await startSelzy({
      getCampaignStatus: statusOf(word),
      getCampaignCommonStats: { body: { result: { total: '1 200', sent: '7', spam: null } } },
    });
    const reading = await open(server.url).read('1', call);
    expect(reading).toMatchObject({ status, providerStatus: word, warnings });
    expect(reading?.stats?.counters).toMatchObject({
      recipients: 1200,
      sent: 7,
      complained: null,
      delivered: null,
    });
    expect(reading).not.toHaveProperty('startedAt');
  },
);

test('an unknown campaign is null', async () => {
  await using server = await startSelzy({ getCampaignStatus: await readSample('selzy', 'not-found') });
  expect(await open(server.url).read('1111', call)).toBeNull();
});

test.each([
  ['access-denied', 'PROVIDER_FORBIDDEN', 'unspecified', 'Access denied to this resource'],
  ['invalid-arg', 'BAD_INPUT', 'invalid_arg', 'invalid list_id'],
  [
    'cancel-refused',
    'INVALID_STATE',
    'unspecified',
    `SF161129-03 [Campaign in status "canceled" can't be cancelled]`,
  ],
])('the documented error %s is %s', async (name, code, providerCode, message) => {
  await using server = await startSelzy({ getCampaignStatus: await readSample('selzy', name) });
  await expect(open(server.url).read('1', call)).rejects.toMatchObject({ code, providerCode, message });
});

test.each([
  ['invalid_api_key', 'PROVIDER_UNAUTHENTICATED', null],
  ['access_denied', 'PROVIDER_FORBIDDEN', null],
  ['unknown_method', 'NOT_SUPPORTED', null],
  ['invalid_arg', 'BAD_INPUT', null],
  ['not_enough_money', 'PROVIDER_REJECTED', null],
  ['retry_later', 'PROVIDER_UNAVAILABLE', null],
  ['api_call_limit_exceeded_for_api_key', 'PROVIDER_RATE_LIMITED', 60_000],
  ['api_call_limit_exceeded_for_ip', 'PROVIDER_RATE_LIMITED', 60_000],
  ['unspecified', 'PROVIDER_REJECTED', null],
  ['something_new', 'PROVIDER_REJECTED', null],
])('error code %s is %s, with HTTP 200 or without', async (word, code, retryAfterMs) => {
  let status = 200;
  await using server = await startSelzy({
    getCampaignStatus: () => ({
      status,
      body: { error: 'Key key-1: &quot;no&quot;', code: word, result: '' },
    }),
  });
  const expected = { code, providerCode: word, retryAfterMs, message: 'Key [redacted]: "no"' };
  await expect(open(server.url).read('1', call)).rejects.toMatchObject(expected);
  status = 400;
  await expect(open(server.url).read('1', call)).rejects.toMatchObject(expected);
});

test.each([
  ['a code alone is an error', 200, { code: 'retry_later', result: '' }, 'PROVIDER_UNAVAILABLE'],
  ['an error alone is one', 200, { error: 'No.' }, 'PROVIDER_REJECTED'],
  ['an HTTP status alone is one', 503, 'Bad gateway', 'PROVIDER_UNAVAILABLE'],
  ['the HTTP status decides where the code does not', 401, { error: 'No.' }, 'PROVIDER_UNAUTHENTICATED'],
  ['a 404 for the URL is no deleted campaign', 404, { error: 'Not Found' }, 'NOT_SUPPORTED'],
  ['a 404 without words is none either', 404, '<html></html>', 'NOT_SUPPORTED'],
  ['neither result nor error', 200, {}, 'PROVIDER_BAD_RESPONSE'],
  ['a result without a status', 200, { result: '' }, 'PROVIDER_BAD_RESPONSE'],
])('%s', async (_, status, body, code) => {
  await using server = await startSelzy({ getCampaignStatus: { status, body } });
  await expect(open(server.url).read('1', call)).rejects.toMatchObject({ code });
});

test('an empty error beside a result is none', async () => {
  const blank = statusOf('scheduled', { error: '', code: null, warnings: [] });
  await using server = await startSelzy({ getCampaignStatus: blank });
  expect(await open(server.url).read('1', call)).toMatchObject({ status: 'SCHEDULED', warnings: [] });
});

test("Selzy's warnings go with the reading", async () => {
  const { body } = await readSample('selzy', 'message-warning');
  await using server = await startSelzy({
    getCampaignStatus: statusOf('in_progress', { warnings: Object(body).warnings }),
    getCampaignCommonStats: { body: { result: { total: 1, sent: 2, delivered: 3 }, warnings: ['a &lt; b'] } },
  });
  const reading = await open(server.url).read('1', call);
  expect(reading?.warnings).toEqual([
    'probably not a mobile phone',
    'a < b',
    'sent is 2, more than the total of 1.',
    'delivered is 3, more than the 2 sent.',
  ]);
});

test('an answer with more and with less than documented is read for what it tells', async () => {
  await using server = await startSelzy({ getCampaignStatus: await readSample('selzy', 'campaign-created') });
  const reading = await open(server.url, { channel: 'SMS' }).read('1', call);
  expect(reading).toMatchObject({ externalId: '1', channel: 'SMS', status: 'SCHEDULED' });
  expect(reading).not.toHaveProperty('createdAt');
  expect(reading).not.toHaveProperty('scheduledAt');
});

test('a time that is empty is none', async () => {
  const result = { status: 'scheduled', creation_time: null, start_time: '' };
  await using server = await startSelzy({ getCampaignStatus: { body: { result } } });
  expect(await open(server.url).read('1', call)).toMatchObject({ createdAt: null, scheduledAt: null });
});

test('counters that come as an empty list are none', async () => {
  await using server = await startSelzy({
    getCampaignStatus: statusOf('in_progress'),
    getCampaignCommonStats: { body: { result: [] } },
  });
  expect(await open(server.url).read('1', call)).toMatchObject({ stats: null, warnings: [] });
});

test.each([['not-found'], ['invalid-arg'], [null]])(
  'without counters (%s) the reading has no stats, and that is no fault',
  async (name) => {
    const statusOnly = { getCampaignStatus: statusOf('in_progress') };
    await using server = await startSelzy(
      name === null ? statusOnly : { ...statusOnly, getCampaignCommonStats: await readSample('selzy', name) },
    );
    const reading = await open(server.url).read('1', call);
    expect(reading).toMatchObject({ status: 'SENDING' });
    expect(reading).not.toHaveProperty('stats');
    expect(reading).not.toHaveProperty('incomplete');
  },
);

test.each([
  [{ body: { error: 'Later.', code: 'retry_later', result: '' } }, 'PROVIDER_UNAVAILABLE'],
  [{ status: 502, body: 'Bad gateway' }, 'PROVIDER_UNAVAILABLE'],
  [{ body: { result: 'ok' } }, 'PROVIDER_BAD_RESPONSE'],
])('counters that could not be had leave the reading incomplete', async (answer, code) => {
  await using server = await startSelzy({
    getCampaignStatus: statusOf('in_progress'),
    getCampaignCommonStats: answer,
  });
  const reading = await open(server.url).read('1', call);
  expect(reading).toMatchObject({ status: 'SENDING', incomplete: { code } });
  expect(reading).not.toHaveProperty('stats');
});

test('the documented list is read, its times as UTC', async () => {
  const sample = await readSample('selzy', 'campaigns');
  await using server = await startSelzy({ getCampaigns: sample });
  const source = open(server.url);
  expect(source.list?.covers).toBe('status');
  expect(await listAll(source)).toStrictEqual([
    {
      externalId: '6626556',
      channel: 'EMAIL',
      name: ', special offers ...',
      sender: 'test',
      status: 'QUEUED',
      providerStatus: 'waits_schedule',
      statusReason: null,
      scheduledAt: Date.UTC(2015, 8, 28, 10, 3, 59),
      startedAt: null,
      raw: Object(sample.body).result[0],
      warnings: [],
    },
  ]);
});

test('one unreadable entry does not spoil the list', async () => {
  const entries = [
    null,
    'x',
    { status: 'completed' },
    { id: 5 },
    { id: '7', status: 'in_progress', sender_name: 'A', sender_email: 'a@b.c', subject: '' },
    { id: '8', status: 'in_progress', sender_email: 'a@b.c', start_time: null },
  ];
  await using server = await startSelzy({ getCampaigns: { body: { result: entries } } });
  expect(await listAll(open(server.url))).toMatchObject([
    { externalId: '7', status: 'SENDING', sender: 'A <a@b.c>', name: null },
    { externalId: '8', status: 'SENDING', sender: 'a@b.c', startedAt: null },
  ]);
});

test('a list longer than a page is read page by page, up to a short one', async () => {
  const all = Array.from({ length: 2_500 }, (_, id) => ({ id, status: 'scheduled' }));
  await using server = await startSelzy({
    getCampaigns: (received) => {
      const { limit, offset } = formOf(received);
      return { body: { result: all.slice(Number(offset), Number(offset) + Number(limit)) } };
    },
  });
  const readings = await listAll(open(server.url));
  expect(readings.map(({ externalId }) => externalId)).toEqual(all.map(({ id }) => String(id)));
  expect(server.received.map((received) => formOf(received).offset)).toEqual(['0', '1000', '2000']);
});

test('a server that pays no heed to the offset is not asked for ever', async () => {
  const all = Array.from({ length: 1_000 }, (_, id) => ({ id, status: 'scheduled' }));
  await using server = await startSelzy({ getCampaigns: { body: { result: all } } });
  expect(await listAll(open(server.url))).toHaveLength(1_000);
  expect(server.received).toHaveLength(2);
});

test('an account without campaigns, and one without the method', async () => {
  await using empty = await startSelzy({ getCampaigns: { body: { result: '' } } });
  expect(await listAll(open(empty.url))).toEqual([]);
  await using without = await startSelzy({});
  await expect(listAll(open(without.url))).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
});

test.each([
  ['task-new', 'ff719cf2-4ed9-11e9-8647-d663bd873d93', 'new', null, null],
  ['task-processing', 'ff719cf2-4ed9-11e9-8647-d663bd873d93', 'processing', 'getCampaignDeliveryStats', null],
  ['task-completed', 'ff719cf2-4ed9-11e9-8647-d663bd873d93', 'completed', 'exportContacts', '[URL to AWS]'],
  [
    'task-notification',
    'ff719cf2-4ed9-11e9-8647-d663bd873d93',
    'completed',
    'exportContacts',
    '[URL to AWS]',
  ],
  ['task-new-other', '027cde16-372f-11ed-ae48-8a164c4ce964', 'new', null, null],
])('the documented task of %s is read', async (name, task_uuid, status, task_type, file_to_download) => {
  const { result } = parseWire(envelope, (await readSample('selzy', name)).body, 'answer');
  expect(parseWire(taskResult, result, 'task')).toEqual({ task_uuid, task_type, status, file_to_download });
});

test.each([
  ['can&#039;t', "can't"],
  ['&lt;a href=&quot;x&quot;&gt; &amp;amp; &#x27;', '<a href="x"> &amp; \''],
  ['AT&T; &unknown; &#9999999;', 'AT&T; &unknown; &#9999999;'],
])('%s in a message is %s', (encoded, decoded) => {
  expect(decodeEntities(encoded)).toBe(decoded);
});

test('settings have the documented defaults', () => {
  expect(selzy.settings.parse({ apiKey: 'k' })).toEqual({
    apiKey: 'k',
    baseUrl: 'https://api.selzy.com/en/api',
    channel: 'EMAIL',
    reportHosts: [],
  });
  expect(selzy.settings.safeParse({ apiKey: 'k', channel: 'PUSH' }).success).toBe(false);
});
