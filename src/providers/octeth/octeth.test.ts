import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import { readCampaign, readListEntry } from './campaign.ts';
import { type CampaignsGetOptions, createClient } from './client.ts';
import { readEnvelope } from './envelope.ts';
import { octeth } from './index.ts';

const call = { priority: 'poll' } as const;
const now = Date.UTC(2025, 5, 1);
const reading = { timeZone: 'UTC', now, clean: (value: unknown) => value };

function open(baseUrl: string, credential: object = { apiKey: 'key-1' }) {
  return octeth.open({ baseUrl, ...credential }, openConnection({ now: () => now }));
}

function read(campaign: object, rest: object = {}, settings: object = {}) {
  const body = { Success: true, ErrorCode: 0, Campaign: { CampaignID: 1, ...campaign }, ...rest };
  return readCampaign(body, '1', { ...reading, ...settings });
}

function formOf(received: { body: string } | undefined) {
  return Object.fromEntries(new URLSearchParams(received?.body));
}

/** Reads campaign 123 from a server that gives this answer. */
async function readFrom(answer: Answer, externalId = '123') {
  await using server = await startSampleServer(() => answer);
  return await open(server.url).read(externalId, call);
}

async function listFrom(url: string) {
  const { list } = open(url);
  const ids: string[] = [];
  for await (const page of list?.pages(call) ?? []) ids.push(...page.map(({ externalId }) => externalId));
  return ids;
}

test('the documented campaign is read whole, with a form that holds the key and nothing in the URL', async () => {
  const sample = await readSample('octeth', 'get');
  await using server = await startSampleServer(() => sample);
  expect(await open(`${server.url}/oempro`).read('123', call)).toMatchObject({
    externalId: '123',
    status: 'SENDING',
    providerStatus: 'Active',
    name: 'Summer Sale',
    tags: ['Summer', 'Sale'],
    throughputPerSecond: 5,
    stats: {
      final: false,
      counters: {
        recipients: null,
        sent: 10_000,
        delivered: 9_850,
        undelivered: null,
        failed: null,
        hardBounced: 100,
        softBounced: 50,
        opened: null,
      },
    },
    raw: sample.body,
    warnings: [
      expect.stringMatching(/^UNDOCUMENTED_STATUS: "Active"/),
      expect.stringMatching(/^delivered is estimated/),
    ],
  });
  expect(server.received).toHaveLength(1);
  expect(server.received[0]).toMatchObject({ method: 'POST', url: '/oempro/api.php' });
  expect(server.received[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  expect(formOf(server.received[0])).toEqual({
    APIKey: 'key-1',
    Command: 'Campaign.Get',
    ResponseFormat: 'JSON',
    campaignid: '123',
    retrievestatistics: 'true',
    retrievetags: 'true',
  });
});

test('the campaign of later versions is read whole; what it does not tell is absent', async () => {
  const campaign = await readFrom(await readSample('octeth', 'get-sent'), '12345');
  expect(campaign).toMatchObject({
    status: 'COMPLETED',
    name: 'Summer Sale 2025',
    throughputPerSecond: 125.5,
    stats: {
      final: false,
      counters: {
        recipients: 10_000,
        sent: 9_950,
        delivered: null,
        opened: 2_100,
        openedTotal: 3_500,
        clicked: 650,
        clickedTotal: 850,
      },
    },
    warnings: [],
  });
  for (const member of ['tags', 'createdAt', 'scheduledAt', 'startedAt', 'finishedAt', 'statusReason']) {
    expect(campaign).not.toHaveProperty(member);
  }
});

test('a session is sent instead of a key', async () => {
  const sample = await readSample('octeth', 'get');
  await using server = await startSampleServer(() => sample);
  await open(server.url, { sessionId: 'session-1' }).read('123', call);
  expect(formOf(server.received[0])).toMatchObject({ SessionID: 'session-1', Command: 'Campaign.Get' });
  expect(formOf(server.received[0])).not.toHaveProperty('APIKey');
});

test.each([
  [{ apiKey: 'a' }, []],
  [{ sessionId: 'b', timeZone: 'Europe/Berlin' }, []],
  [{}, ['apiKey: missing (or give sessionId)']],
  [{ apiKey: 'a', sessionId: 'b' }, ['apiKey: given together with sessionId; only one of them is wanted']],
  [{ apiKey: 'a', timeZone: 'Mars' }, ['timeZone: must be an IANA time zone, such as Europe/Berlin']],
])('settings %j have the problems %j', (settings, problems) => {
  const { error } = octeth.settings.safeParse({ baseUrl: 'https://mail.example.com', ...settings });
  expect((error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual(problems);
});

test('a missing baseUrl and a missing key are told together', () => {
  const { error } = octeth.settings.safeParse({});
  expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['baseUrl', 'apiKey']);
});

test.each(['', 'abc', '12a', '-1', '1.5'])('the id "%s" names nothing, without a request', async (id) => {
  await using server = await startSampleServer(() => ({ body: {} }));
  expect(await open(server.url).read(id, call)).toBeNull();
  expect(server.received).toEqual([]);
});

test.each([
  ['an empty list', (await readSample('octeth', 'get-nothing')).body],
  ['code 2', { Success: false, ErrorCode: 2 }],
  ['code 3', { Success: false, ErrorCode: ['3'], ErrorText: ['Campaign not found'] }],
  ['an empty object', { Success: true, ErrorCode: 0, Campaign: {} }],
])('a campaign that does not exist is null: %s', async (_, body) => {
  expect(await readFrom({ body })).toBeNull();
});

test.each([
  ['unauthenticated', 'PROVIDER_UNAUTHENTICATED', '99998', expect.stringMatching(/session has expired/)],
  ['forbidden', 'PROVIDER_FORBIDDEN', '99999', 'Not enough privileges'],
  ['get-refused', 'BAD_INPUT', '1', "Required parameter 'campaignid' is missing."],
  ['errors-alone', 'BAD_INPUT', '1', '..'],
  ['unknown-command', 'NOT_SUPPORTED', '100003', 'Invalid API command: "nope" not found.'],
  ['recipients-refused', 'PROVIDER_REJECTED', '4', 'This endpoint only works for unsent campaigns'],
])('the documented error %s becomes %s', async (name, code, providerCode, message) => {
  const problem = await readFrom(await readSample('octeth', name)).catch((error: unknown) => error);
  expect(problem).toMatchObject({ code, providerCode, message });
});

test.each<[string, Answer, object]>([
  [
    'false without a number',
    { body: { Success: false, ErrorCode: [] } },
    { code: 'PROVIDER_REJECTED', providerCode: null },
  ],
  [
    'a rate limit',
    { headers: { 'retry-after': '7' }, body: { Success: false, ErrorCode: 429 } },
    { code: 'PROVIDER_RATE_LIMITED', retryAfterMs: 7_000 },
  ],
  ['status 429', { status: 429, body: 'slow down' }, { code: 'PROVIDER_RATE_LIMITED' }],
  [
    'status 401',
    { status: 401, body: { Success: false, ErrorCode: 2 } },
    { code: 'PROVIDER_UNAUTHENTICATED' },
  ],
  [
    'status 500',
    { status: 500, body: { Success: false, ErrorCode: 100_009 } },
    { code: 'PROVIDER_UNAVAILABLE', providerCode: '100009' },
  ],
  [
    'status 500 with a number of the command',
    { status: 500, body: { Success: false, ErrorCode: 2 } },
    { code: 'PROVIDER_UNAVAILABLE' },
  ],
  [
    'a failure on the server with status 200',
    { body: { Success: false, ErrorCode: 100_005 } },
    { code: 'PROVIDER_UNAVAILABLE' },
  ],
  ['no api.php', { status: 404, body: '<h1>Not Found</h1>' }, { code: 'PROVIDER_BAD_RESPONSE' }],
  ['a page of HTML', { body: '<html>Fatal error</html>' }, { code: 'PROVIDER_BAD_RESPONSE' }],
  ['JSON that is no object', { body: ['x'] }, { code: 'PROVIDER_BAD_RESPONSE' }],
  ['no Campaign', { body: { Success: true, ErrorCode: 0 } }, { code: 'PROVIDER_BAD_RESPONSE' }],
  [
    'words that hold the key',
    { body: { Success: false, ErrorText: 'Bad key key-1' } },
    { message: 'Bad key [redacted]' },
  ],
])('%s', async (_, answer, problem) => {
  await expect(readFrom(answer)).rejects.toMatchObject(problem);
});

test('Success decides, whatever the error number says', async () => {
  const sample = await readSample('octeth', 'get');
  const body = { ...Object(sample.body), ErrorCode: 5 };
  expect(await readFrom({ body })).toMatchObject({ name: 'Summer Sale' });
});

const worked = { success: true, codes: [], message: null };
const refused = { success: false, codes: [1], message: null };

test.each([
  ['approve', worked],
  ['approve-refused', refused],
  ['cancel', worked],
  ['cancel-refused', refused],
  ['copy', worked],
  ['copy-refused', { ...refused, message: 'Invalid source campaign' }],
  ['create', worked],
  ['create-refused', refused],
  ['delete', worked],
  ['delete-refused', refused],
  ['get', worked],
  ['get-refused', { ...refused, message: "Required parameter 'campaignid' is missing." }],
  ['get-sent', worked],
  ['get-nothing', worked],
  ['list', worked],
  ['list-sent', worked],
  ['pause', worked],
  ['pause-refused', refused],
  ['resume', worked],
  ['resume-refused', refused],
  ['update', worked],
  ['update-refused', refused],
  ['unauthenticated', { success: false, codes: [99_998], message: null }],
  ['login-refused', { success: false, codes: [3], message: 'Invalid login information' }],
  [
    'recipients-refused',
    { success: false, codes: [4], message: 'This endpoint only works for unsent campaigns' },
  ],
  [
    'unknown-command',
    { success: false, codes: [100_003], message: 'Invalid API command: "nope" not found.' },
  ],
  ['forbidden', { success: false, codes: [99_999], message: 'Not enough privileges' }],
  ['errors-alone', { success: false, codes: [1], message: '..' }],
])('the envelope of the sample %s is understood', async (name, envelope) => {
  expect(readEnvelope((await readSample('octeth', name)).body)).toEqual(envelope);
});

test.each([
  [{ ErrorCode: 0 }, worked],
  [{ success: 'true', errorcode: '0' }, worked],
  [
    { Success: false, ErrorCode: '12' },
    { success: false, codes: [12], message: null },
  ],
  [
    { Success: false, ErrorCode: [1, '2', 0] },
    { success: false, codes: [1, 2], message: null },
  ],
  [
    { Success: false, ErrorCode: [] },
    { success: false, codes: [], message: null },
  ],
  [
    { Success: false, ErrorText: ['a', 'b'], ErrorMessage: 'a' },
    { success: false, codes: [], message: 'a b' },
  ],
  [
    { Success: false, Errors: ['x'] },
    { success: false, codes: [], message: 'x' },
  ],
  ['no object', { success: false, codes: [], message: null }],
])('the envelope of %j is understood', (body, envelope) => {
  expect(readEnvelope(body)).toEqual(envelope);
});

test.each([
  ['Draft', null, 'DRAFT'],
  ['Draft', 'Future', 'DRAFT'],
  ['Ready', 'Not Scheduled', 'DRAFT'],
  ['Ready', 'Immediate', 'QUEUED'],
  ['Ready', 'Future', 'SCHEDULED'],
  ['Ready', 'Recursive', 'SCHEDULED'],
  ['Pending Approval', null, 'PENDING_APPROVAL'],
  ['PendingApproval', null, 'PENDING_APPROVAL'],
  ['Pending', null, 'PENDING_APPROVAL'],
  ['Scheduled', null, 'SCHEDULED'],
  ['Sending', null, 'SENDING'],
  ['Paused', null, 'PAUSED'],
  ['Sent', null, 'COMPLETED'],
  ['Completed', null, 'COMPLETED'],
  ['Failed', null, 'FAILED'],
])('status %s with ScheduleType %s is %s', (word, scheduleType, status) => {
  const campaign = read({ CampaignStatus: word, ScheduleType: scheduleType });
  expect(campaign).toMatchObject({ status, providerStatus: word, warnings: [] });
});

test('Ready without ScheduleType waits for its time, or for its turn', () => {
  expect(read({ Status: 'Ready', SendDate: '2025-06-01', SendTime: '00:00:01' })?.status).toBe('SCHEDULED');
  expect(read({ Status: 'Ready', SendDate: '2025-05-31', SendTime: '23:59:59' })?.status).toBe('QUEUED');
  expect(read({ Status: 'Ready' })?.status).toBe('QUEUED');
  expect(read({ Status: 'Ready', ScheduleType: 'Lunar' })).toMatchObject({
    status: 'QUEUED',
    warnings: ['The ScheduleType "Lunar" is in no document.'],
  });
});

test('an unknown status, and none at all, are UNKNOWN and told as warnings', () => {
  expect(read({ CampaignStatus: 'On Fire' })).toMatchObject({
    status: 'UNKNOWN',
    providerStatus: 'On Fire',
    warnings: [`UNDOCUMENTED_STATUS: "On Fire" is in no list of Octeth's statuses.`],
  });
  expect(read({})).toMatchObject({ status: 'UNKNOWN', warnings: ['The answer tells no status.'] });
});

test('times are local to the account; the schedule has its own zone; the zero date is none', () => {
  const settings = { timeZone: 'Europe/Berlin' };
  const campaign = {
    Status: 'Sending',
    CreateDateTime: '2025-01-10 09:00:00',
    SendDate: '2025-06-15',
    SendTime: '08:30:00',
    SendTimeZone: 'America/New_York',
    SendProcessStartedOn: '2025-06-15 14:30:05',
    SendProcessFinishedOn: '0000-00-00 00:00:00',
    CampaignStatusReason: '',
  };
  expect(read(campaign, {}, settings)).toMatchObject({
    createdAt: Date.UTC(2025, 0, 10, 8),
    scheduledAt: Date.UTC(2025, 5, 15, 12, 30),
    startedAt: Date.UTC(2025, 5, 15, 12, 30, 5),
    finishedAt: null,
    statusReason: null,
    warnings: [],
  });
  expect(read({ ...campaign, SendTimeZone: '(GMT+02:00) Athens' }, {}, settings)).toMatchObject({
    scheduledAt: Date.UTC(2025, 5, 15, 6, 30),
    warnings: [`The SendTimeZone "(GMT+02:00) Athens" is not known here; the account's zone is used.`],
  });
  expect(read({ Status: 'Draft', SendDate: '0000-00-00', SendTime: '00:00:00' })?.scheduledAt).toBeNull();
});

test('an unreadable time is null and told as a warning', () => {
  expect(read({ Status: 'Draft', CreateDateTime: 'yesterday', SendDate: 'soon' })).toMatchObject({
    createdAt: null,
    scheduledAt: null,
    warnings: ["CreateDateTime can't be read as a time.", "SendDate can't be read as a time."],
  });
});

test('keys are read in any case, numbers also as strings, and a pause has its reason', () => {
  const body = {
    success: true,
    campaign: [
      {
        campaignid: '1',
        CAMPAIGNNAME: 'X',
        campaignStatus: 'Paused',
        campaignstatusreason: 'Credits',
        totalSent: '1 000',
      },
    ],
    campaignthroughput: { emailspersecond: '12.5' },
  };
  expect(readCampaign(body, '1', reading)).toMatchObject({
    name: 'X',
    status: 'PAUSED',
    statusReason: 'Credits',
    throughputPerSecond: 12.5,
    stats: { counters: { sent: 1_000 } },
  });
});

test.each([
  [{ TotalDelivered: 7, TotalSent: 10, TotalHardBounces: 1, TotalSoftBounces: 1 }, { delivered: 7 }],
  [
    { TotalSent: 10, TotalHardBounces: 1 },
    { delivered: null, hardBounced: 1, softBounced: null },
  ],
  [
    { TotalOpened: 5, TotalClicked: 2 },
    { openedTotal: 5, clickedTotal: 2 },
  ],
  [
    { TotalUnsubscriptions: '3', TotalFailed: 4, TotalRecipients: 14 },
    { unsubscribed: 3, failed: 4, recipients: 14 },
  ],
  [{ OpenStatistics: { TotalOpens: 9, UniqueOpens: 8 } }, { openedTotal: 9, opened: 8 }],
  [
    { Statistics: { ClickStatistics: { totalclicks: 6, UniqueClicks: '5' } } },
    { clickedTotal: 6, clicked: 5 },
  ],
  [{ Statistics: { TotalSent: 3, BounceStatistics: { TotalHardBounces: 1 } } }, { sent: 3, hardBounced: 1 }],
  [
    { Statistics: [], OpenStatistics: { '2025-06-15': { Total: 1 } }, TotalSent: 0 },
    { sent: 0, openedTotal: null },
  ],
])('the counters of %j are %j', (campaign, counters) => {
  expect(read({ Status: 'Sending', ...campaign })?.stats?.counters).toMatchObject(counters);
});

test.each([
  ['Sent', { TotalRecipients: 10, TotalSent: 9, TotalFailed: 1 }, true],
  ['Sent', { TotalRecipients: 10, TotalSent: 9 }, false],
  ['Sent', { TotalSent: 9 }, true],
  ['Failed', { TotalRecipients: 10, TotalFailed: 10 }, true],
  ['Sending', { TotalRecipients: 10, TotalSent: 10 }, false],
])('counters of a campaign that is %s with %j are final: %s', (status, counters, final) => {
  expect(read({ Status: status, ...counters })?.stats?.final).toBe(final);
});

test.each([
  [
    ['a', ' b ', 3, ''],
    ['a', 'b', '3'],
  ],
  [
    [{ TagID: 1, Tag: 'a' }, { TagName: 'b' }, { Name: 'c' }, {}],
    ['a', 'b', 'c'],
  ],
  [{ '1': 'a', '2': { Tag: 'b' } }, ['a', 'b']],
  [{ TagID: 1, Tag: 'a' }, ['a']],
  ['a, b', ['a', 'b']],
  ['', []],
  [null, []],
])('tags %j are %j', (tags, names) => {
  expect(read({ Status: 'Draft', Tags: tags })?.tags).toEqual(names);
});

test('an empty name is none, and one that is not told stays as it was', () => {
  expect(read({ Status: 'Draft', CampaignName: null })?.name).toBeNull();
  expect(read({ Status: 'Draft', CampaignName: '', Name: 'Summer Sale' })?.name).toBe('Summer Sale');
  expect(read({ Status: 'Draft' })).not.toHaveProperty('name');
});

test('an id that differs from the one asked for is told as a warning', () => {
  expect(read({ CampaignID: 9, Status: 'Draft' })).toMatchObject({
    externalId: '1',
    warnings: ['The answer is headed with the id 9.'],
  });
});

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
  expect(readListEntry(Campaigns.at(-1), reading)).not.toHaveProperty('stats');
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

/** The form that a call of the client sends, without what every call has. */
async function formSentBy(send: (client: ReturnType<typeof createClient>) => Promise<unknown>) {
  await using server = await startSampleServer(() => ({ body: { Success: true } }));
  const http = openConnection().http({ baseUrl: server.url, secrets: ['key-1'] });
  await send(createClient(http, { apiKey: 'key-1' }));
  const { APIKey, Command, ResponseFormat, ...parameters } = formOf(server.received[0]);
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
