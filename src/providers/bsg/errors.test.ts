import { expect, test } from 'vitest';
import { openConnection, readSample, startSampleServer } from '../../../test/support/sample-server.ts';
import { problemOf } from './client.ts';
import { bsg } from './index.ts';

const call = { priority: 'poll' } as const;
const words = { redactText: (text: string) => text };

function open(baseUrl: string) {
  return bsg.open({ apiKey: 'live_1', baseUrl }, openConnection());
}

test.each([
  ['invalid-data', 'BAD_INPUT', '422', /invalid\. messages0phone: This value is too long/],
  ['stop-refused', 'INVALID_STATE', '422', /^Invalid campaign status$/],
  ['stop-refused-schema', 'INVALID_STATE', '422', /^Invalid campaign status$/],
  ['authentication-not-found', 'NOT_FOUND', '404', /^TwoFA Service error\. Authentication not found$/],
  ['duplicate-request', 'PROVIDER_RATE_LIMITED', '429', /^Too many duplicate request detected$/],
  ['message-not-found', 'NOT_FOUND', '40', /^Message not found$/],
])('the documented error %s is %s', async (name, code, providerCode, message) => {
  const { status, body } = await readSample('bsg', name);
  expect(problemOf({ status, headers: {}, body }, words)).toMatchObject({
    code,
    providerCode,
    message: expect.stringMatching(message),
  });
});

test('error 0 is none', async () => {
  const { status, body } = await readSample('bsg', 'no-errors');
  expect(problemOf({ status, headers: {}, body }, words)).toBeNull();
  expect(problemOf({ status, headers: {}, body: { error: '0' } }, words)).toBeNull();
});

test.each([
  [200, { error: 1, errorDescription: 'invalid key' }, 'PROVIDER_UNAUTHENTICATED', '1'],
  [400, { error: '7' }, 'BAD_INPUT', '7'],
  [200, { error: 8, errorDescription: 'not enough funds' }, 'PROVIDER_REJECTED', '8'],
  [403, { message: 'No.', errors: [] }, 'PROVIDER_FORBIDDEN', '403'],
  [409, { message: 'No.', errors: ['Busy.'] }, 'INVALID_STATE', '409'],
  [400, undefined, 'PROVIDER_REJECTED', '400'],
  [503, '<html>', 'PROVIDER_UNAVAILABLE', '503'],
])('HTTP %s with %j is %s', (status, body, code, providerCode) => {
  expect(problemOf({ status, headers: {}, body }, words)).toMatchObject({ code, providerCode });
});

test.each([[{ message: 'Not Found', errors: [] }], ['<html></html>']])(
  'a log-in that answers 404 with %j blames neither the key nor a campaign',
  async (body) => {
    await using server = await startSampleServer(() => ({ status: 404, body }));
    await expect(open(server.url).read('1', call)).rejects.toMatchObject({ code: 'PROVIDER_BAD_RESPONSE' });
  },
);
