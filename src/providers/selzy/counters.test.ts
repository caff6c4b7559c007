import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import type { KnownStatus } from '../../model/campaign.ts';
import { selzy } from './index.ts';

const sending = { status: 'SENDING', providerStatus: 'in_progress' } as const;

/** The counters of a campaign, from a server that answers all that is asked of it with this. */
async function countersFrom(answer: Answer, known: KnownStatus = sending) {
  await using server = await startSampleServer(() => answer);
  const source = selzy.open({ apiKey: 'key-1', baseUrl: `${server.url}/en/api` }, openConnection());
  if (!source.readCounters) throw new Error('It reads the whole of a campaign.');
  const reading = await source.readCounters('1234', known, { priority: 'poll' });
  return { reading, received: server.received };
}

/** Counters and nothing else. */
function result(counters: unknown, more: object = {}): Answer {
  return { body: { result: counters, ...more } };
}

test('the documented counters are read by one request, and stand with the status that was given', async () => {
  const sample = await readSample('selzy', 'common-stats');
  const { reading, received } = await countersFrom(sample);
  expect(reading).toStrictEqual({
    externalId: '1234',
    status: 'SENDING',
    providerStatus: 'in_progress',
    stats: {
      final: false,
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
    raw: { stats: Object(sample.body).result },
    warnings: [],
  });
  expect(received.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /en/api/getCampaignCommonStats',
  ]);
  expect(Object.fromEntries(new URLSearchParams(received[0]?.body))).toEqual({
    format: 'json',
    api_key: 'key-1',
    campaign_id: '1234',
  });
});

test.each([
  ['SENDING', 'in_progress', false],
  ['PAUSED', 'stopped', false],
  ['COMPLETED', 'analysed', false],
  ['COMPLETED', 'completed', true],
  ['CANCELED', 'canceled', true],
] as const)('of a campaign that is %s (%s) they are final: %s', async (status, providerStatus, final) => {
  const { reading } = await countersFrom(result({ total: 9, sent: 9 }), { status, providerStatus });
  expect(reading).toMatchObject({ status, providerStatus, stats: { final } });
});

test('what is odd about the counters, and what Selzy warns of, is told with them', async () => {
  const { reading } = await countersFrom(
    result({ total: 1, sent: 2, delivered: 3 }, { warnings: ['a &lt; b'] }),
  );
  expect(reading?.warnings).toEqual([
    'a < b',
    'sent is 2, more than the total of 1.',
    'delivered is 3, more than the 2 sent.',
  ]);
});

test('the answer is kept without the key', async () => {
  const { reading } = await countersFrom(result({ total: '12', sent: 7, link: 'https://x.test/?k=key-1' }));
  expect(reading).toMatchObject({
    stats: { counters: { recipients: 12, sent: 7 } },
    raw: { stats: { total: '12', sent: 7, link: 'https://x.test/?k=[redacted]' } },
  });
});

test('counters that come as an empty list are none', async () => {
  const { reading } = await countersFrom(result([]));
  expect(reading).toMatchObject({ ...sending, stats: null, warnings: [] });
});

test('an answer without any counter says nothing of them', async () => {
  const { reading } = await countersFrom(result({ other: 1 }));
  expect(reading).toMatchObject(sending);
  expect(reading).not.toHaveProperty('stats');
});

/** An answer as Selzy gives it where something is wrong. */
function refusal(code: string, error: string): Answer {
  return { body: { error, code, result: '' } };
}

test.each([
  refusal('unspecified', 'SB140212-01. [Burst not found. Provided Id: 1234]'),
  refusal('unknown_method', 'Unknown method'),
  refusal('invalid_arg', 'invalid arg campaign_id'),
  refusal('unspecified', 'No statistics yet'),
])('where Selzy has none there is no reading, and that is no fault: %j', async (answer) => {
  expect((await countersFrom(answer)).reading).toBeNull();
});

test.each([
  [refusal('invalid_api_key', 'Invalid API key'), 'PROVIDER_UNAUTHENTICATED', null],
  [refusal('access_denied', 'Access denied'), 'PROVIDER_FORBIDDEN', null],
  [refusal('api_call_limit_exceeded_for_api_key', 'Too many'), 'PROVIDER_RATE_LIMITED', 60_000],
  [refusal('retry_later', 'Later'), 'PROVIDER_UNAVAILABLE', null],
  [{ status: 503, body: 'Away' }, 'PROVIDER_UNAVAILABLE', null],
  [{ body: 'no JSON' }, 'PROVIDER_BAD_RESPONSE', null],
  [result('ok'), 'PROVIDER_BAD_RESPONSE', null],
])('any other failure is told: %j is %s', async (answer, code, retryAfterMs) => {
  await expect(countersFrom(answer)).rejects.toMatchObject({ code, retryAfterMs });
});
