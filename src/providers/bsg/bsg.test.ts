import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  type Received,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import { bsg } from './index.ts';
import { dataOf } from './wire.ts';

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

test('the settings have defaults, and time zones must exist', () => {
  expect(bsg.settings.parse({ apiKey: 'k' })).toEqual({
    apiKey: 'k',
    baseUrl: 'https://one-api.bsg.world',
    timeZone: 'UTC',
    channel: 'SMS',
  });
  expect(bsg.settings.safeParse({ apiKey: 'k', timeZone: 'Mars/Olympus' }).success).toBe(false);
});
