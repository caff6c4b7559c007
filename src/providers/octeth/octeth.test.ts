import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import { octeth } from './index.ts';

const call = { priority: 'poll' } as const;

function open(baseUrl: string, credential: object = { apiKey: 'key-1' }) {
  return octeth.open({ baseUrl, ...credential }, openConnection());
}

function formOf(received: { body: string } | undefined) {
  return Object.fromEntries(new URLSearchParams(received?.body));
}

/** Reads campaign 123 from a server that gives this answer. */
async function readFrom(answer: Answer, externalId = '123') {
  await using server = await startSampleServer(() => answer);
  return await open(server.url).read(externalId, call);
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
