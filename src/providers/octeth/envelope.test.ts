import { expect, test } from 'vitest';
import { readSample } from '../../../test/support/sample-server.ts';
import { readEnvelope } from './envelope.ts';

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
