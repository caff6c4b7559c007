import { expect, test } from 'vitest';
import { openConnection, readSample, startSampleServer } from '../../../test/support/sample-server.ts';
import { attempt } from '../../model/problem.ts';
import { createHttp, type RateLimit } from '../http.ts';
import { readCampaign } from './campaign.ts';
import { appizer } from './index.ts';

const call = { priority: 'poll' } as const;

function open(baseUrl: string) {
  return appizer.open({ apiKey: 'key-1', baseUrl: `${baseUrl}/v1` }, openConnection());
}

test('the documented answer is read whole, with the key in the Authorization header', async () => {
  const sample = await readSample('appizer', 'campaign');
  await using server = await startSampleServer(() => sample);
  const reading = await open(server.url).read('camp_123', call);
  expect(reading).toMatchObject({
    externalId: 'camp_123',
    status: 'COMPLETED',
    providerStatus: 'completed',
    createdAt: Date.UTC(2024, 0, 15, 10, 30),
    startedAt: Date.UTC(2024, 0, 15, 10, 35),
    finishedAt: Date.UTC(2024, 0, 15, 10, 45),
    stats: {
      final: false,
      counters: {
        recipients: 1250,
        queued: 0,
        sent: 1245,
        delivered: 1200,
        failed: 5,
        unreported: 45,
        opened: 450,
        openedTotal: null,
        clicked: 120,
      },
    },
    raw: sample.body,
    warnings: [],
  });
  expect(server.received[0]).toMatchObject({ method: 'GET', url: '/v1/notifications/campaigns/camp_123' });
  expect(server.received[0]?.headers.authorization).toBe('Bearer key-1');
});

test.each([
  ['unauthorized', 'PROVIDER_UNAUTHENTICATED', 'INVALID_API_KEY', null],
  ['forbidden', 'PROVIDER_FORBIDDEN', 'INSUFFICIENT_PERMISSIONS', null],
  ['rate-limited', 'PROVIDER_RATE_LIMITED', 'RATE_LIMIT_EXCEEDED', 45_000],
])('the documented error %s becomes %s', async (name, code, providerCode, retryAfterMs) => {
  const sample = await readSample('appizer', name);
  await using server = await startSampleServer(() => sample);
  await expect(open(server.url).read('camp_123', call)).rejects.toMatchObject({
    code,
    providerCode,
    retryAfterMs,
  });
});

test('404 is a campaign that does not exist; 500 is a provider that is away', async () => {
  let status = 404;
  await using server = await startSampleServer(() => ({
    status,
    body: { error: 'x', message: 'gone wrong' },
  }));
  expect(await open(server.url).read('camp_123', call)).toBeNull();
  status = 500;
  await expect(open(server.url).read('camp_123', call)).rejects.toMatchObject({
    code: 'PROVIDER_UNAVAILABLE',
    message: 'gone wrong',
  });
});

test.each([
  [{ error: 'Not Found' }],
  [{ message: 'Campaign not found' }],
  [{ code: 'NOT_FOUND' }],
  [{ code: 404 }],
  [{ success: false, error: { deep: true } }],
])('a 404 with %j is no such campaign', async (body) => {
  await using server = await startSampleServer(() => ({ status: 404, body }));
  expect(await open(server.url).read('camp_123', call)).toBeNull();
});

test.each([['<html><h1>404 Not Found</h1></html>'], [''], ['null'], [[]], [{}], [{ status: 404 }]])(
  'a 404 with %j is not of the API: the campaign may well be there',
  async (body) => {
    await using server = await startSampleServer(() => ({ status: 404, body }));
    await expect(open(server.url).read('camp_123', call)).rejects.toMatchObject({
      code: 'PROVIDER_BAD_RESPONSE',
    });
  },
);

test.each([[''], ['.'], ['..']])('the id %j would be another path, and is not asked for', async (id) => {
  await using server = await startSampleServer(() => ({ body: {} }));
  expect(await open(server.url).read(id, call)).toBeNull();
  expect(server.received).toEqual([]);
});

test('success: false in a 200 is an error', async () => {
  await using server = await startSampleServer(() => ({ body: { success: false, message: 'No.' } }));
  await expect(open(server.url).read('camp_123', call)).rejects.toMatchObject({ code: 'PROVIDER_REJECTED' });
});

test('a rate limit without details ends when the headers say so', async () => {
  const reset = String(Math.ceil(Date.now() / 1000) + 30);
  await using server = await startSampleServer(() => ({
    status: 429,
    headers: { 'x-ratelimit-reset': reset },
    body: { error: 'Too Many Requests' },
  }));
  const problem = await open(server.url)
    .read('camp_123', call)
    .catch((error: unknown) => error);
  expect(problem).toMatchObject({ code: 'PROVIDER_RATE_LIMITED', retryAfterMs: expect.closeTo(30_000, -4) });
});

test.each<[string, Record<string, string | undefined>, number, number, readonly object[]]>([
  ['tells all', { limit: '500', remaining: '12' }, 30, 200, [{ limit: 500, remaining: 12 }]],
  ['is the last of its window', { limit: '500', remaining: '0' }, 30, 200, [{ limit: 500, remaining: 0 }]],
  ['is of no campaign', { limit: '500', remaining: '7' }, 30, 404, [{ limit: 500, remaining: 7 }]],
  ['is of a provider that fails', { limit: '500', remaining: '7' }, 30, 500, [{ limit: 500, remaining: 7 }]],
  ['does not tell the limit', { remaining: '12' }, 30, 200, [{ limit: 0, remaining: 12 }]],
  ['does not tell what is left', { limit: '500' }, 30, 200, []],
  ['tells what is no number', { limit: '500', remaining: 'many' }, 30, 200, []],
  ['is of a window that is over', { limit: '500', remaining: '0' }, -5, 200, []],
  ['has a reset that is no second', { limit: '500', remaining: '0' }, 40 * 365 * 86_400, 200, []],
  ['is a limit, which says by itself for how long', { limit: '500', remaining: '0' }, 30, 429, []],
])('an answer that %s: %j, reset in %s s, with status %d', async (_, told, seconds, status, expected) => {
  const sample = await readSample('appizer', 'campaign');
  const resetAt = Math.ceil(Date.now() / 1_000 + seconds) * 1_000;
  const headers = Object.entries({ ...told, reset: String(resetAt / 1_000) }).flatMap(([name, value]) =>
    value === undefined ? [] : [[`x-ratelimit-${name}`, value]],
  );
  await using server = await startSampleServer(() => ({
    status,
    headers: Object.fromEntries(headers),
    body: status === 200 ? sample.body : { error: 'Not now' },
  }));
  const heard: RateLimit[] = [];
  const gate = {
    admit: async () => {},
    finished: () => {},
    hearLimit: (limit: RateLimit) => void heard.push(limit),
  };
  const source = appizer.open(
    { apiKey: 'key-1', baseUrl: server.url },
    { ...openConnection(), http: (options) => createHttp(options, { gate, timeoutMs: 5_000 }) },
  );
  await attempt(source.read('camp_123', call));
  expect(heard).toMatchObject(expected);
  expect(heard).toHaveLength(expected.length);
  for (const limit of heard) expect(Math.abs(limit.resetAt - resetAt)).toBeLessThan(100);
});

test('what is empty is null; what is not there is absent', () => {
  const empty = { created_at: null, sent_at: '', completed_at: null, stats: null };
  expect(readCampaign({ status: 'pending', ...empty }, 'camp_1', null)).toMatchObject({
    createdAt: null,
    startedAt: null,
    finishedAt: null,
    stats: null,
  });
  expect(readCampaign({ status: 'pending' }, 'camp_1', null)).toStrictEqual({
    externalId: 'camp_1',
    status: 'QUEUED',
    providerStatus: 'pending',
    raw: null,
    warnings: [],
  });
});

test('rates that do not fit the counters, and another id, are told as warnings', async () => {
  const { body } = await readSample('appizer', 'campaign');
  const odd = { ...Object(body), campaign_id: 'camp_9', rates: { delivery_rate: 96.4, open_rate: 0.2 } };
  expect(readCampaign(odd, 'camp_123', odd).warnings).toEqual([
    'The answer is headed with the id camp_9.',
    'delivery_rate is 96.4, which reads as a percentage.',
    'open_rate is 0.2, while the counters give 0.375.',
  ]);
});

test.each([
  ['pending', 'QUEUED'],
  ['sending', 'SENDING'],
  ['completed', 'COMPLETED'],
  ['failed', 'FAILED'],
  ['cancelled', 'CANCELED'],
  ['canceled', 'CANCELED'],
  ['on_fire', 'UNKNOWN'],
])('status %s is %s', (word, status) => {
  expect(readCampaign({ status: word }, 'camp_1', null)).toMatchObject({ status, providerStatus: word });
});
