import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  type Received,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import type { CampaignSource } from '../provider.ts';
import { selzy } from './index.ts';

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
    cancelCampaign: await readSample('selzy', 'cancel-done'),
  });
  const source = open(server.url);
  await source.read('1234', call);
  await Array.fromAsync(source.list?.pages(call) ?? []);
  await source.changes?.cancel?.('1234', call);
  expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /en/api/getCampaignStatus',
    'POST /en/api/getCampaignCommonStats',
    'POST /en/api/getCampaigns',
    'POST /en/api/cancelCampaign',
  ]);
  const access = { format: 'json', api_key: 'key-1' };
  expect(server.received.map(formOf)).toEqual([
    { ...access, campaign_id: '1234' },
    { ...access, campaign_id: '1234' },
    { ...access, limit: '1000', offset: '0' },
    { ...access, campaign_id: '1234' },
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

test('settings have the documented defaults', () => {
  expect(selzy.settings.parse({ apiKey: 'k' })).toEqual({
    apiKey: 'k',
    baseUrl: 'https://api.selzy.com/en/api',
    channel: 'EMAIL',
    reportHosts: [],
  });
  expect(selzy.settings.safeParse({ apiKey: 'k', channel: 'PUSH' }).success).toBe(false);
});
