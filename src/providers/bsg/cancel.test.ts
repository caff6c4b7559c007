import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import { bsg } from './index.ts';

const refusedToken: Answer = { status: 401, body: { message: 'Expired JWT Token' } };

/**
 * Somebody cancels a campaign at a server that gives these answers, and a token to who logs in as long as it has some;
 * with what came of it, and what was sent besides the log-ins.
 */
async function cancel(answers: readonly Answer[], { id = '53703420', tokens = ['token-a', 'token-b'] } = {}) {
  const [answersLeft, tokensLeft] = [[...answers], [...tokens]];
  await using server = await startSampleServer(({ url }) => {
    if (url !== '/api/auth/login') return answersLeft.shift() ?? { status: 500, body: {} };
    const bearer = tokensLeft.shift();
    return bearer ? { body: { bearer } } : { status: 503, body: {} };
  });
  const source = bsg.open({ apiKey: 'live_1', baseUrl: server.url }, openConnection());
  const canceling = source.changes?.cancel?.(id, { priority: 'person' });
  const outcome = await canceling?.catch((error: unknown) => error);
  return { outcome, sent: server.received.filter(({ url }) => url !== '/api/auth/login') };
}

test.each(['stopped', 'stopped-abridged', 'stopped-schema'])(
  'the documented answer %s is a success',
  async (name) => {
    const { outcome, sent } = await cancel([await readSample('bsg', name)]);
    expect(outcome).toBeUndefined();
    expect(sent).toMatchObject([{ method: 'PATCH', url: '/api/campaigns/53703420/stop', body: '' }]);
    expect(sent[0]?.headers.authorization).toBe('Bearer token-a');
  },
);

test.each([
  ['stop-refused', 'INVALID_STATE', /^Invalid campaign status$/],
  ['stop-refused-schema', 'INVALID_STATE', /^Invalid campaign status$/],
  ['invalid-data', 'BAD_INPUT', /^The given data was invalid\./],
  ['message-not-found', 'NOT_FOUND', /^Message not found$/],
])('the documented error %s is %s and blames the id', async (name, code, message) => {
  const { outcome, sent } = await cancel([await readSample('bsg', name)]);
  expect(outcome).toMatchObject({ code, message: expect.stringMatching(message), argument: ['id'] });
  expect(sent).toHaveLength(1);
});

test.each([
  [404, { message: 'Campaign not found', errors: [] }, 'NOT_FOUND', ['id']],
  [409, { message: 'No.', errors: ['Busy.'] }, 'INVALID_STATE', ['id']],
  [404, '<html></html>', 'PROVIDER_BAD_RESPONSE', null],
  [403, { message: 'Forbidden', errors: [] }, 'PROVIDER_FORBIDDEN', null],
  [405, { message: 'Method Not Allowed' }, 'PROVIDER_REJECTED', null],
  [429, { message: 'Too many duplicate request detected' }, 'PROVIDER_RATE_LIMITED', null],
  [500, {}, 'PROVIDER_UNAVAILABLE', null],
  [503, '<html></html>', 'PROVIDER_UNAVAILABLE', null],
  [200, { error: 8, errorDescription: 'not enough funds' }, 'PROVIDER_REJECTED', null],
])('HTTP %s with %j is %s, and is not tried again', async (status, body, code, argument) => {
  const { outcome, sent } = await cancel([{ status, body }]);
  expect(outcome).toMatchObject({ code, argument });
  expect(sent).toHaveLength(1);
});

test.each([
  [{}],
  [[]],
  ['null'],
  [{ data: null }],
  [{ data: [] }],
  [{ data: { id: 1 } }],
  ['<html></html>'],
  [''],
])('a success that holds %j and no campaign is doubted', async (body) => {
  const { outcome, sent } = await cancel([{ body }]);
  expect(outcome).toMatchObject({ code: 'PROVIDER_BAD_RESPONSE', argument: null });
  expect(sent).toHaveLength(1);
});

test('a refused token is replaced, and the request sent once more: nothing had been done', async () => {
  const { outcome, sent } = await cancel([refusedToken, await readSample('bsg', 'stopped')]);
  expect(outcome).toBeUndefined();
  expect(sent.map(({ method, headers }) => [method, headers.authorization])).toEqual([
    ['PATCH', 'Bearer token-a'],
    ['PATCH', 'Bearer token-b'],
  ]);
});

test.each([
  ['refused', refusedToken, 'PROVIDER_UNAUTHENTICATED'],
  ['a fault', { status: 502, body: 'Bad gateway' }, 'PROVIDER_UNAVAILABLE'],
  ['a limit', { status: 429, body: {} }, 'PROVIDER_RATE_LIMITED'],
])('with the new token the answer stands: %s', async (_, answer, code) => {
  const { outcome, sent } = await cancel([refusedToken, answer, refusedToken]);
  expect(outcome).toMatchObject({ code });
  expect(sent).toHaveLength(2);
});

test.each([
  [['token-a'], 1],
  [[], 0],
])('with the tokens %j alone it is sent %s times', async (tokens, times) => {
  const { outcome, sent } = await cancel([refusedToken], { tokens });
  expect(outcome).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  expect(sent).toHaveLength(times);
});

test('neither key nor token is told', async () => {
  const body = { message: 'live_1 with token-a may not', errors: ['token-a'] };
  const { outcome } = await cancel([{ status: 403, body }]);
  expect(outcome).toMatchObject({ message: '[redacted] with [redacted] may not [redacted]' });
});

test.each([['../messages'], ['1/detail'], ['1?x=y'], ['a b'], ['%2e%2e'], ['']])(
  'the id %j is not one word, and is not asked for',
  async (id) => {
    const { outcome, sent } = await cancel([], { id });
    expect(outcome).toMatchObject({ code: 'NOT_FOUND', argument: ['id'] });
    expect(sent).toEqual([]);
  },
);
