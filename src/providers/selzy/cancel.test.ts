import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import { selzy } from './index.ts';

/** Somebody cancels campaign 1234 at a server that gives this answer; with what came of it, and what was sent. */
async function cancel(answer: Answer, id = '1234') {
  await using server = await startSampleServer(() => answer);
  const source = selzy.open({ apiKey: 'key-1', baseUrl: `${server.url}/en/api` }, openConnection());
  const canceling = source.changes?.cancel?.(id, { priority: 'person' });
  const outcome = await canceling?.catch((error: unknown) => error);
  return { outcome, received: server.received };
}

test.each(['cancel-done', 'cancel-done-empty'])('the documented answer %s is a success', async (name) => {
  const { outcome, received } = await cancel(await readSample('selzy', name));
  expect(outcome).toBeUndefined();
  expect(received.map(({ method, url }) => [method, url])).toEqual([['POST', '/en/api/cancelCampaign']]);
  expect(Object.fromEntries(new URLSearchParams(received[0]?.body))).toEqual({
    format: 'json',
    api_key: 'key-1',
    campaign_id: '1234',
  });
});

test.each([
  [{ result: null }],
  [{ result: [], error: '', code: null }],
  [{ result: {}, warnings: [{ warning: 'It took a while.' }] }],
])('%j has a result and no error, which is a success too', async (body) => {
  expect((await cancel({ body })).outcome).toBeUndefined();
});

test.each([
  ['cancel-refused', 'INVALID_STATE', `SF161129-03 [Campaign in status "canceled" can't be cancelled]`],
  ['not-found', 'NOT_FOUND', 'SB140212-01. [Burst not found. Provided Id: 1111]'],
  ['invalid-arg', 'BAD_INPUT', 'invalid list_id'],
])('the documented error %s is %s and blames the id', async (name, code, message) => {
  const { outcome, received } = await cancel(await readSample('selzy', name));
  expect(outcome).toMatchObject({ code, message, argument: ['id'] });
  expect(received).toHaveLength(1);
});

test('the words are told apart though they come as HTML', async () => {
  const body = { error: 'Campaign &quot;x&quot; can&#039;t be cancelled', code: 'unspecified', result: '' };
  expect((await cancel({ body })).outcome).toMatchObject({
    code: 'INVALID_STATE',
    message: `Campaign "x" can't be cancelled`,
    argument: ['id'],
    providerCode: 'unspecified',
  });
});

test.each([
  ['invalid_api_key', 'PROVIDER_UNAUTHENTICATED', null],
  ['access_denied', 'PROVIDER_FORBIDDEN', null],
  ['unknown_method', 'NOT_SUPPORTED', null],
  ['not_enough_money', 'PROVIDER_REJECTED', null],
  ['retry_later', 'PROVIDER_UNAVAILABLE', null],
  ['api_call_limit_exceeded_for_api_key', 'PROVIDER_RATE_LIMITED', 60_000],
  ['unspecified', 'PROVIDER_REJECTED', null],
])('error code %s is %s, blames no input, and is not tried again', async (word, code, retryAfterMs) => {
  const { outcome, received } = await cancel({ body: { error: 'Not with key-1', code: word, result: '' } });
  const message = 'Not with [redacted]';
  expect(outcome).toMatchObject({ code, message, providerCode: word, retryAfterMs, argument: null });
  expect(received).toHaveLength(1);
});

test('somebody else’s campaign is not the account’s to cancel', async () => {
  const { outcome } = await cancel(await readSample('selzy', 'access-denied'));
  expect(outcome).toMatchObject({ code: 'PROVIDER_FORBIDDEN', argument: null });
});

test.each([
  ['neither result nor error', 200, {}, 'PROVIDER_BAD_RESPONSE'],
  ['no object', 200, [], 'PROVIDER_BAD_RESPONSE'],
  ['a page', 200, '<html></html>', 'PROVIDER_BAD_RESPONSE'],
  ['nothing', 200, '', 'PROVIDER_BAD_RESPONSE'],
  ['an HTTP status alone', 503, 'Bad gateway', 'PROVIDER_UNAVAILABLE'],
  ['a 404 for the URL, which speaks of no campaign', 404, '<html></html>', 'NOT_SUPPORTED'],
])('an answer that is %s', async (_, status, body, code) => {
  const { outcome, received } = await cancel({ status, body });
  expect(outcome).toMatchObject({ code, argument: null });
  expect(received).toHaveLength(1);
});

test.each([['abc'], ['12x'], ['-1'], ['1.5'], [' 1'], ['']])(
  'the id %j is no number, and is not asked for',
  async (id) => {
    const { outcome, received } = await cancel({ body: { result: [] } }, id);
    expect(outcome).toMatchObject({ code: 'NOT_FOUND', argument: ['id'] });
    expect(received).toEqual([]);
  },
);
