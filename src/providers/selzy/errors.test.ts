import { expect, test } from 'vitest';
import { openConnection, readSample, startSampleServer } from '../../../test/support/sample-server.ts';
import type { CampaignSource } from '../provider.ts';
import { decodeEntities } from './errors.ts';
import { selzy } from './index.ts';

const call = { priority: 'poll' } as const;

function open(baseUrl: string): CampaignSource {
  return selzy.open({ apiKey: 'key-1', baseUrl: `${baseUrl}/en/api` }, openConnection());
}

test('an unknown campaign is null', async () => {
  const sample = await readSample('selzy', 'not-found');
  await using server = await startSampleServer(() => sample);
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
  const sample = await readSample('selzy', name);
  await using server = await startSampleServer(() => sample);
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
  await using server = await startSampleServer(() => ({
    status,
    body: { error: 'Key key-1: &quot;no&quot;', code: word, result: '' },
  }));
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
  await using server = await startSampleServer(() => ({ status, body }));
  await expect(open(server.url).read('1', call)).rejects.toMatchObject({ code });
});

test('an empty error beside a result is none', async () => {
  const body = { result: { status: 'scheduled' }, error: '', code: null, warnings: [] };
  await using server = await startSampleServer(() => ({ body }));
  expect(await open(server.url).read('1', call)).toMatchObject({ status: 'SCHEDULED', warnings: [] });
});

test.each([
  ['can&#039;t', "can't"],
  ['&lt;a href=&quot;x&quot;&gt; &amp;amp; &#x27;', '<a href="x"> &amp; \''],
  ['AT&T; &unknown; &#9999999;', 'AT&T; &unknown; &#9999999;'],
])('%s in a message is %s', (encoded, decoded) => {
  expect(decodeEntities(encoded)).toBe(decoded);
});
