import { expect, test } from 'vitest';
import {
  type Answer,
  openConnection,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import type { CampaignChanges } from '../provider.ts';
import { octeth } from './index.ts';

const call = { priority: 'person' } as const;

function open(baseUrl: string, credential: object = { apiKey: 'key-1' }): CampaignChanges {
  return octeth.open({ baseUrl, ...credential }, openConnection()).changes ?? {};
}

function formOf(received: { body: string } | undefined) {
  return Object.fromEntries(new URLSearchParams(received?.body));
}

type Ask = (changes: CampaignChanges) => Promise<unknown> | undefined;

/** Asks once of a server that gives this answer, and gives what came of it. */
async function answered(answer: Answer, ask: Ask) {
  await using server = await startSampleServer(() => answer);
  const outcome = await Promise.resolve(ask(open(server.url))).then(
    (result) => ({ result }),
    (problem: unknown) => ({ problem }),
  );
  expect(server.received).toHaveLength(1);
  return outcome;
}

/** Each command, how it is asked for, its documented parameters, and what its documented answer gives. */
const commands: readonly [name: string, ask: Ask, command: string, parameters: object, result?: string][] = [
  [
    'create',
    (changes) => changes.create?.('Summer & Söhne', call),
    'Campaign.Create',
    { CampaignName: 'Summer & Söhne' },
    '12345',
  ],
  [
    'update',
    (changes) => changes.update?.('123', { name: 'New Campaign Name', status: 'READY' }, call),
    'Campaign.Update',
    { CampaignID: '123', CampaignStatus: 'Ready', CampaignName: 'New Campaign Name' },
  ],
  ['copy', (changes) => changes.copy?.('123', call), 'Campaign.Copy', { CampaignID: '123' }, '456'],
  ['approve', (changes) => changes.approve?.('123', call), 'Campaign.Approve', { CampaignID: '123' }],
  ['pause', (changes) => changes.pause?.('123', call), 'Campaign.Pause', { CampaignID: '123' }],
  ['resume', (changes) => changes.resume?.('123', call), 'Campaign.Resume', { CampaignID: '123' }],
  ['cancel', (changes) => changes.cancel?.('123', call), 'Campaign.Cancel', { CampaignID: '123' }],
  [
    'delete',
    (changes) => changes.delete?.(['1', '2', '3'], call),
    'Campaigns.Delete',
    { Campaigns: '1,2,3' },
  ],
];

test.each(commands)(
  '%s sends the documented parameters and one credential',
  async (name, ask, command, parameters, result) => {
    const sample = await readSample('octeth', name);
    await using server = await startSampleServer(() => sample);
    const url = `${server.url}/oempro`;
    expect(await ask(open(url))).toBe(result);
    expect(await ask(open(url, { sessionId: 'session-1' }))).toBe(result);
    const form = { Command: command, ResponseFormat: 'JSON', ...parameters };
    expect(server.received.map(formOf)).toEqual([
      { APIKey: 'key-1', ...form },
      { SessionID: 'session-1', ...form },
    ]);
    expect(server.received[0]).toMatchObject({ method: 'POST', url: '/oempro/api.php' });
  },
);

const refusals = new Map([
  ['create', { argument: ['name'], message: 'The campaign needs a name.' }],
  ['copy', { code: 'NOT_FOUND', message: 'Invalid source campaign' }],
  ['delete', { argument: ['ids'], message: expect.stringContaining('ids of the campaigns to delete') }],
]);

test.each(commands)('the documented refusal of %s blames a field', async (name, ask) => {
  const usual = { code: 'BAD_INPUT', argument: ['id'], message: 'The id of the campaign is missing.' };
  const { problem } = {
    problem: null,
    ...(await answered(await readSample('octeth', `${name}-refused`), ask)),
  };
  expect(problem).toMatchObject({ ...usual, providerCode: '1', ...refusals.get(name) });
});

test.each(commands)('%s is sent once, whatever comes of it', async (_, ask) => {
  const down = await answered({ status: 500, body: 'oops' }, ask);
  expect(down).toMatchObject({ problem: { code: 'PROVIDER_UNAVAILABLE' } });
  const page = await answered({ body: '<html>Fatal error</html>' }, ask);
  expect(page).toMatchObject({ problem: { code: 'PROVIDER_BAD_RESPONSE' } });
});

test.each<[unknown, object]>([
  [12_345, { result: '12345' }],
  ['12345', { result: '12345' }],
  [' 12345 ', { result: '12345' }],
  [undefined, { problem: { code: 'PROVIDER_BAD_RESPONSE' } }],
  [null, { problem: { code: 'PROVIDER_BAD_RESPONSE' } }],
  ['', { problem: { code: 'PROVIDER_BAD_RESPONSE' } }],
  ['none', { problem: { code: 'PROVIDER_BAD_RESPONSE' } }],
  [{ odd: true }, { problem: { code: 'PROVIDER_BAD_RESPONSE' } }],
])('of the new id %j comes %j', async (id, outcome) => {
  const create: Ask = (changes) => changes.create?.('Summer Sale', call);
  const copy: Ask = (changes) => changes.copy?.('1', call);
  expect(await answered({ body: { Success: true, CampaignID: id } }, create)).toMatchObject(outcome);
  expect(await answered({ body: { success: true, campaignid: id } }, create)).toMatchObject(outcome);
  expect(await answered({ body: { Success: true, NewCampaignID: id } }, copy)).toMatchObject(outcome);
  // Not the id of the campaign that was copied, should an answer hold that as well.
  const both = { SUCCESS: true, CAMPAIGNID: 1, NEWCAMPAIGNID: id };
  expect(await answered({ body: both }, copy)).toMatchObject(outcome);
});

test.each(['', 'abc', '12a', '-1', '1.5', '1,2'])(
  'the id "%s" names nothing, without a request',
  async (id) => {
    await using server = await startSampleServer(() => ({ body: { Success: true } }));
    const changes = open(server.url);
    const unknown = { code: 'NOT_FOUND', argument: ['id'], message: expect.stringContaining(`"${id}"`) };
    await expect(changes.update?.(id, { name: 'x' }, call)).rejects.toMatchObject(unknown);
    await expect(changes.copy?.(id, call)).rejects.toMatchObject(unknown);
    await expect(changes.approve?.(id, call)).rejects.toMatchObject(unknown);
    await expect(changes.pause?.(id, call)).rejects.toMatchObject(unknown);
    await expect(changes.resume?.(id, call)).rejects.toMatchObject(unknown);
    await expect(changes.cancel?.(id, call)).rejects.toMatchObject(unknown);
    await expect(changes.delete?.(['7', id], call)).rejects.toMatchObject({ ...unknown, argument: ['ids'] });
    expect(server.received).toEqual([]);
  },
);

test('the newest campaigns of a name are asked for on one small page, and read whole', async () => {
  const Campaigns = [
    { CampaignID: 9, CampaignName: 'Sale 2', CampaignStatus: 'Draft', TotalSent: '0', Tags: ['a'] },
    { CampaignName: 'Sale without an id' },
    { CampaignID: '7', CampaignName: 'Sale', CampaignStatus: 'Sent', TotalSent: '10' },
  ];
  await using server = await startSampleServer(() => ({
    body: { Success: true, ErrorCode: 0, Campaigns, TotalCampaigns: 300 },
  }));
  expect(await open(server.url).newestNamed?.('Sale', call)).toMatchObject([
    { externalId: '9', name: 'Sale 2', tags: ['a'], stats: { counters: { sent: 0 } }, raw: Campaigns[0] },
    { externalId: '7', name: 'Sale', status: 'COMPLETED', stats: { counters: { sent: 10 } } },
  ]);
  expect(server.received.map(formOf)).toEqual([
    {
      APIKey: 'key-1',
      Command: 'Campaigns.Get',
      ResponseFormat: 'JSON',
      RecordsPerRequest: '20',
      RecordsFrom: '0',
      CampaignStatus: 'All',
      SearchKeyword: 'Sale',
      OrderField: 'CampaignID',
      OrderType: 'DESC',
      RetrieveTags: 'true',
      RetrieveStatistics: 'true',
    },
  ]);
});

test('of a name that no campaign has there are no newest', async () => {
  const newest: Ask = (changes) => changes.newestNamed?.('Sale', call);
  const none = { Success: true, ErrorCode: 0, Campaigns: [], TotalCampaigns: 0 };
  expect(await answered({ body: none }, newest)).toEqual({ result: [] });
  expect(await answered({ body: { Success: false, ErrorCode: 99_998 } }, newest)).toMatchObject({
    problem: { code: 'PROVIDER_UNAUTHENTICATED' },
  });
});

const every = [
  ...['DRAFT', 'PENDING_APPROVAL', 'REJECTED', 'SCHEDULED', 'QUEUED'],
  ...['SENDING', 'PAUSED', 'COMPLETED', 'CANCELED', 'FAILED'],
];

test('every action tells in which statuses it can be taken', () => {
  expect(octeth.actions).toEqual({
    UPDATE: every,
    COPY: every,
    APPROVE: ['DRAFT', 'PENDING_APPROVAL'],
    PAUSE: ['SENDING'],
    RESUME: ['PAUSED'],
    CANCEL: ['DRAFT', 'PENDING_APPROVAL', 'SCHEDULED', 'QUEUED', 'SENDING', 'PAUSED'],
    DELETE: every,
  });
});
