import { expect, test } from 'vitest';
import { openConnection, startSampleServer } from '../../../test/support/sample-server.ts';
import type { CampaignUpdate } from '../../model/action.ts';
import { ProblemError } from '../../model/problem.ts';
import type { CampaignSource } from '../provider.ts';
import { getCodes, updateCodes } from './codes.ts';
import { problemOf } from './envelope.ts';
import { octeth } from './index.ts';

const call = { priority: 'person' } as const;

type Ask = (source: CampaignSource) => Promise<unknown> | undefined;

const asks = new Map<string, Ask>([
  ['Campaign.Approve', ({ changes }) => changes?.approve?.('12', call)],
  ['Campaign.Cancel', ({ changes }) => changes?.cancel?.('12', call)],
  ['Campaign.Copy', ({ changes }) => changes?.copy?.('12', call)],
  ['Campaign.Create', ({ changes }) => changes?.create?.('', call)],
  ['Campaign.Get', (source) => source.read('12', call)],
  ['Campaign.Pause', ({ changes }) => changes?.pause?.('12', call)],
  ['Campaign.Resume', ({ changes }) => changes?.resume?.('12', call)],
  ['Campaign.Update', ({ changes }) => changes?.update?.('12', {}, call)],
  ['Campaigns.Delete', ({ changes }) => changes?.delete?.(['12'], call)],
]);

/** The problem in which a call ends, or its result, where the server gives this answer. */
async function outcomeOf(body: object, command: string): Promise<unknown> {
  await using server = await startSampleServer(() => ({ body }));
  const source = octeth.open({ baseUrl: server.url, apiKey: 'key-1' }, openConnection());
  return await Promise.resolve(asks.get(command)?.(source)).catch((error: unknown) => error);
}

/** Every shape in which ErrorCode comes (providers/README.md 3.4). */
function shapesOf(number: number) {
  return [number, String(number), [number], [String(number)], { campaign: number }];
}

const schedule = ['settings', 'schedule'];
const at = [...schedule, 'at'];
const recurring = [...schedule, 'recurring'];

test.each([
  ['Campaign.Approve', 1, 'BAD_INPUT', ['id'], /id of the campaign is missing/],
  ['Campaign.Approve', 2, 'NOT_FOUND', ['id'], /no such campaign/],
  ['Campaign.Cancel', 1, 'BAD_INPUT', ['id'], /id of the campaign is missing/],
  ['Campaign.Cancel', 2, 'NOT_FOUND', ['id'], /no such campaign, or it belongs to another user/],
  ['Campaign.Copy', 1, 'NOT_FOUND', ['id'], /no such campaign to copy/],
  ['Campaign.Create', 1, 'BAD_INPUT', ['name'], /needs a name/],
  ['Campaign.Get', 1, 'BAD_INPUT', ['id'], /id of the campaign is missing/],
  ['Campaign.Pause', 1, 'BAD_INPUT', ['id'], /id of the campaign is missing/],
  ['Campaign.Pause', 2, 'NOT_FOUND', ['id'], /belongs to another user/],
  ['Campaign.Pause', 3, 'INVALID_STATE', ['id'], /being sent can be paused/],
  ['Campaign.Resume', 1, 'BAD_INPUT', ['id'], /id of the campaign is missing/],
  ['Campaign.Resume', 2, 'NOT_FOUND', ['id'], /belongs to another user/],
  ['Campaign.Resume', 3, 'INVALID_STATE', ['id'], /paused can be resumed/],
  ['Campaign.Update', 1, 'BAD_INPUT', ['id'], /id of the campaign is missing/],
  ['Campaign.Update', 2, 'NOT_FOUND', ['id'], /belongs to another user/],
  ['Campaign.Update', 3, 'BAD_INPUT', ['status'], /DRAFT, READY or SENDING/],
  ['Campaign.Update', 4, 'BAD_INPUT', ['settings', 'emailId'], /no such email/],
  ['Campaign.Update', 5, 'BAD_INPUT', schedule, /does not take this schedule/],
  ['Campaign.Update', 6, 'BAD_INPUT', [...at, 'date'], /needs the date/],
  ['Campaign.Update', 7, 'BAD_INPUT', [...at, 'time'], /needs the time at/],
  ['Campaign.Update', 8, 'BAD_INPUT', [...recurring, 'daysOfWeek'], /days of the week or days of the month/],
  ['Campaign.Update', 9, 'BAD_INPUT', [...recurring, 'months'], /months/],
  ['Campaign.Update', 10, 'BAD_INPUT', [...recurring, 'hours'], /hours/],
  ['Campaign.Update', 11, 'BAD_INPUT', [...recurring, 'minutes'], /minutes/],
  ['Campaign.Update', 12, 'BAD_INPUT', [...recurring, 'maxInstances'], /number of times/],
  ['Campaign.Update', 13, 'BAD_INPUT', [...at, 'timeZone'], /time zone, such as/],
  ['Campaign.Update', 27, 'BAD_INPUT', at, /in the past/],
  ['Campaigns.Delete', 1, 'BAD_INPUT', ['ids'], /ids of the campaigns to delete/],
])('%s refused with %i is %s at %j', async (command, number, code, argument, words) => {
  const message = expect.stringMatching(words);
  for (const ErrorCode of shapesOf(number)) {
    const problem = await outcomeOf({ Success: false, ErrorCode }, command);
    expect(problem).toBeInstanceOf(ProblemError);
    expect(problem).toMatchObject({ code, argument, providerCode: String(number), message });
  }
});

test.each(shapesOf(2))('Campaign.Get refused with 2, as %j, names no campaign', async (ErrorCode) => {
  const body = { Success: false, ErrorCode };
  expect(await outcomeOf(body, 'Campaign.Get')).toBeNull();
  expect(problemOf({ status: 200, headers: {}, body }, getCodes, String)).toMatchObject({
    code: 'NOT_FOUND',
    argument: ['id'],
    providerCode: '2',
    message: expect.stringContaining('whole numbers'),
  });
});

test.each<[CampaignUpdate, string]>([
  [{}, 'at'],
  [{ settings: { schedule: { immediate: true } } }, 'at'],
  [{ settings: { schedule: { at: { date: '', time: '', timeZone: '' } } } }, 'at'],
  [
    {
      settings: {
        schedule: { recurring: { months: [], hours: [], minutes: [], maxInstances: 0, timeZone: '' } },
      },
    },
    'recurring',
  ],
])('a time zone that is missing in %j is blamed on %s', (update, kind) => {
  expect(updateCodes(update)[13].argument).toEqual(['settings', 'schedule', kind, 'timeZone']);
});

test.each([
  [{ ErrorText: 'Geht nicht' }],
  [{ ErrorText: ['Geht nicht'] }],
  [{ ErrorMessage: 'Geht nicht' }],
  [{ Errors: [{ Code: 3, Message: 'Geht nicht' }] }],
])("Octeth's own words %j are told, with the field that its number names", async (words) => {
  const body = { Success: false, ErrorCode: 3, ...words };
  expect(await outcomeOf(body, 'Campaign.Pause')).toMatchObject({
    code: 'INVALID_STATE',
    message: 'Geht nicht',
    providerCode: '3',
    argument: ['id'],
  });
});

test.each([...asks.keys()])('%s: a number that is in no table is a refusal of no field', async (command) => {
  expect(await outcomeOf({ Success: false, ErrorCode: 77 }, command)).toMatchObject({
    code: 'PROVIDER_REJECTED',
    providerCode: '77',
    argument: null,
  });
});

test.each([...asks.keys()])('%s: what is wrong with the account is said as ever', async (command) => {
  const unauthenticated = await outcomeOf({ Success: false, ErrorCode: 99_998 }, command);
  expect(unauthenticated).toMatchObject({ code: 'PROVIDER_UNAUTHENTICATED', argument: null });
  const limited = await outcomeOf({ Success: false, ErrorCode: [429] }, command);
  expect(limited).toMatchObject({ code: 'PROVIDER_RATE_LIMITED', argument: null });
});
