import { describe, expect, test } from 'vitest';
import { type CampaignChange, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { changingCommands, mutate } from './support/mutate.ts';

const id = 'campaign:octeth-main:1';

/** An app that knows one campaign, and reads nothing by itself any more. */
async function startOcteth(start: CampaignChange, database = 'sqlite::memory:') {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0 }));
  const { octeth } = simulator.providers;
  octeth.add({ externalId: '1', name: 'Winter sale', ...start });
  const polling = { fastest: 600, slowest: 3_600 };
  const accounts = [accountAt(simulator, 'octeth')];
  const app = stack.use(await startTestApp({ database, accounts, polling }));
  await app.request(`{ campaign(id: "${id}") { id } }`);
  return { octeth, app, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

interface Rehearsal {
  readonly mutation: string;
  readonly start: CampaignChange;
  readonly status: string;
  readonly input?: object;
}

const onOne: readonly Rehearsal[] = [
  { mutation: 'pauseCampaign', start: { status: 'Sending' }, status: 'SENDING' },
  { mutation: 'resumeCampaign', start: { status: 'Paused' }, status: 'PAUSED' },
  { mutation: 'approveCampaign', start: { status: 'Pending Approval' }, status: 'PENDING_APPROVAL' },
  { mutation: 'cancelCampaign', start: { status: 'Ready' }, status: 'SCHEDULED' },
  { mutation: 'copyCampaign', start: { status: 'Sent' }, status: 'COMPLETED' },
  {
    mutation: 'updateCampaign',
    start: { status: 'Draft' },
    status: 'DRAFT',
    input: { name: 'Spring sale', status: 'READY', settings: { emailId: '12' } },
  },
];

describe.concurrent('a dry run', () => {
  test.each(onOne)('of $mutation changes nothing, and shows the campaign', async (rehearsal) => {
    const { mutation, start, status, input } = rehearsal;
    await using service = await startOcteth(start);
    const { app, octeth } = service;
    // Of a copy there is none to show.
    const campaign = mutation === 'copyCampaign' ? null : { id, name: 'Winter sale', status };
    expect(await mutate(app, mutation, { id, ...input, dryRun: true })).toEqual({ campaign, errors: [] });
    expect(changingCommands(octeth)).toEqual([]);
    expect(octeth.campaigns.size).toBe(1);
  });

  test.each(onOne)('of $mutation looks at the provider: it tells what is not known here yet', async (one) => {
    await using service = await startOcteth(one.start);
    const { app, octeth } = service;
    octeth.set('1', { status: 'Failed' });
    const { errors } = await mutate(app, one.mutation, { id, ...one.input, dryRun: true });
    const { data } = await app.request(`{ campaign(id: "${id}") { status } }`);
    expect(data.campaign.status).toBe('FAILED');
    const takesAny = ['copyCampaign', 'updateCampaign'].includes(one.mutation);
    expect(errors).toMatchObject(takesAny ? [] : [{ code: 'INVALID_STATE', path: ['id'] }]);
    expect(changingCommands(octeth)).toEqual([]);
  });

  test.each(onOne)('of $mutation tells that the campaign is gone', async ({ mutation, start, input }) => {
    await using service = await startOcteth(start);
    service.octeth.remove('1');
    expect(await mutate(service.app, mutation, { id, ...input, dryRun: true })).toMatchObject({
      errors: [{ code: 'NOT_FOUND', path: ['id'] }],
    });
    expect(changingCommands(service.octeth)).toEqual([]);
  });

  test.each(onOne)('of $mutation tells that the provider fails', async ({ mutation, start, input }) => {
    await using service = await startOcteth(start);
    service.octeth.fault({ kind: 'status', status: 503 });
    expect(await mutate(service.app, mutation, { id, ...input, dryRun: true })).toMatchObject({
      errors: [{ code: 'PROVIDER_UNAVAILABLE' }],
    });
    expect(changingCommands(service.octeth)).toEqual([]);
  });

  test('tells what can be told here without asking anybody', async () => {
    await using service = await startOcteth({ status: 'Draft' });
    const { app, octeth } = service;
    const before = octeth.requests.length;
    const dryRun = true;
    expect(await mutate(app, 'pauseCampaign', { id, dryRun })).toMatchObject({
      campaign: { id, status: 'DRAFT' },
      errors: [{ code: 'INVALID_STATE', path: ['id'] }],
    });
    const settings = {
      schedule: { at: { date: '2031-02-30', time: '25:00', timeZone: 'Europe/Berlin' } },
    };
    expect(await mutate(app, 'updateCampaign', { id, name: ' ', settings, dryRun })).toMatchObject({
      campaign: { id, name: 'Winter sale' },
      errors: [
        { code: 'BAD_INPUT', path: ['name'] },
        { code: 'BAD_INPUT', path: ['settings', 'schedule', 'at', 'date'] },
        { code: 'BAD_INPUT', path: ['settings', 'schedule', 'at', 'time'] },
      ],
    });
    expect(
      await mutate(app, 'createCampaign', { account: 'octeth-main', name: '', settings, dryRun }),
    ).toMatchObject({
      campaign: null,
      errors: [
        { code: 'BAD_INPUT', path: ['name'] },
        { code: 'BAD_INPUT', path: ['settings', 'schedule', 'at', 'date'] },
        { code: 'BAD_INPUT', path: ['settings', 'schedule', 'at', 'time'] },
      ],
    });
    expect(octeth.requests.length).toBe(before);
  });

  test('of a creation makes nothing, and asks nobody', async () => {
    await using service = await startOcteth({});
    const { app, octeth } = service;
    const before = octeth.requests.length;
    const input = { account: 'octeth-main', name: 'Spring sale', settings: { emailId: '12' }, dryRun: true };
    expect(await mutate(app, 'createCampaign', input)).toEqual({ campaign: null, errors: [] });
    expect(octeth.requests.length).toBe(before);
    expect(octeth.campaigns.size).toBe(1);
  });

  test('of a deletion deletes nothing, and tells what would fail by its place', async () => {
    await using service = await startOcteth({ status: 'Sent' });
    const { app, octeth } = service;
    octeth.add({ externalId: '2', status: 'Draft' });
    const unknown = 'campaign:octeth-main:77';
    const ids = [id, unknown, 'campaign:octeth-main:2'];
    expect(await mutate(app, 'deleteCampaigns', { ids, dryRun: true })).toMatchObject({
      deletedIds: [],
      errors: [{ code: 'NOT_FOUND', path: ['ids', '1'] }],
    });
    expect(changingCommands(octeth)).toEqual([]);
    expect(octeth.campaigns.size).toBe(2);
  });
});

describe.each(databaseKinds)('a dry run with an idempotency key, on %s', (kind) => {
  test('does not take it, and is not answered from it', async () => {
    await using service = await startOcteth({ status: 'Sending' }, await createDatabase(kind));
    const { app, octeth } = service;
    const input = { id, idempotencyKey: 'key 1' };
    const dry = { ...input, dryRun: true };
    expect(await mutate(app, 'pauseCampaign', dry)).toMatchObject({
      campaign: { status: 'SENDING' },
      errors: [],
    });
    const done = await mutate(app, 'pauseCampaign', input);
    expect(done).toMatchObject({ campaign: { status: 'PAUSED' }, errors: [] });
    expect(await mutate(app, 'pauseCampaign', dry)).toMatchObject({ errors: [{ code: 'INVALID_STATE' }] });
    expect(await mutate(app, 'pauseCampaign', input)).toEqual(done);
    expect(changingCommands(octeth)).toEqual(['Campaign.Pause']);
  });

  test('that was used for something else is a CONFLICT', async () => {
    await using service = await startOcteth({ status: 'Sending' }, await createDatabase(kind));
    const { app, octeth } = service;
    await mutate(app, 'pauseCampaign', { id, idempotencyKey: 'key 1' });
    const dry = { id, idempotencyKey: 'key 1', dryRun: true };
    expect(await mutate(app, 'resumeCampaign', dry)).toMatchObject({
      errors: [{ code: 'CONFLICT', path: ['idempotencyKey'] }],
    });
    expect(changingCommands(octeth)).toEqual(['Campaign.Pause']);
  });
});
