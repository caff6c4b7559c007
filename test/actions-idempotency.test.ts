import { describe, expect, test } from 'vitest';
import { type CampaignChange, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { changingCommands, mutate } from './support/mutate.ts';

const accounts = 'octeth-main';
const one = `campaign:${accounts}:1`;
const other = `campaign:${accounts}:2`;

interface Deed {
  readonly mutation: string;
  /** The changing requests that doing it once takes. */
  readonly commands: readonly string[];
  readonly start: CampaignChange;
  readonly input: object;
  /** The same key with this is something else. */
  readonly otherInput: object;
}

const action = { input: { id: one }, otherInput: { id: other } };
const settings = {
  emailId: '12',
  googleAnalyticsDomains: ['shop.example.com', 'example.com'],
  schedule: { at: { date: '2031-12-24', time: '08:30', timeZone: 'Europe/Berlin' } },
  audience: { lists: { include: ['1', '2'], exclude: ['2:7'] } },
};

const deeds: readonly Deed[] = [
  {
    mutation: 'createCampaign',
    commands: ['Campaign.Create', 'Campaign.Update'],
    start: {},
    input: { account: accounts, name: 'Spring sale', settings },
    otherInput: {
      account: accounts,
      name: 'Spring sale',
      settings: { ...settings, audience: { lists: { include: ['2', '1'], exclude: ['2:7'] } } },
    },
  },
  {
    mutation: 'updateCampaign',
    commands: ['Campaign.Update'],
    start: { status: 'Draft' },
    input: { id: one, name: 'Spring sale', settings },
    otherInput: { id: one, name: 'Autumn sale', settings },
  },
  { mutation: 'copyCampaign', commands: ['Campaign.Copy'], start: { status: 'Sent' }, ...action },
  { mutation: 'approveCampaign', commands: ['Campaign.Approve'], start: { status: 'Draft' }, ...action },
  { mutation: 'pauseCampaign', commands: ['Campaign.Pause'], start: { status: 'Sending' }, ...action },
  { mutation: 'resumeCampaign', commands: ['Campaign.Resume'], start: { status: 'Paused' }, ...action },
  { mutation: 'cancelCampaign', commands: ['Campaign.Cancel'], start: { status: 'Ready' }, ...action },
  {
    mutation: 'deleteCampaigns',
    commands: ['Campaigns.Delete'],
    start: { status: 'Sent' },
    input: { ids: [one, other] },
    otherInput: { ids: [other, one] },
  },
];

/** The same object, and those in it, with their members in the opposite order. */
function reversed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, inner]) => [name, reversed(inner)])
      .reverse(),
  );
}

async function startOcteth(kind: DatabaseKind, start: CampaignChange) {
  const simulator = await startSimulator({ campaigns: 0 });
  const { octeth } = simulator.providers;
  for (const externalId of ['1', '2']) octeth.add({ externalId, name: `Sale ${externalId}`, ...start });
  const options = {
    database: await createDatabase(kind),
    accounts: [accountAt(simulator, 'octeth')],
    polling: { fastest: 600, slowest: 3_600 },
  };
  return {
    octeth,
    /** One instance of several that share the database. */
    async startApp() {
      const app = await startTestApp(options);
      for (const id of [one, other]) {
        await app.request('query ($id: ID!) { campaign(id: $id) { id } }', { id });
      }
      return app;
    },
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

/** The commands that change something, in the order in which they arrived. */
describe.each(databaseKinds)('an idempotency key, on %s', (kind) => {
  describe.concurrent('of every mutation', () => {
    test.each(deeds)('$mutation is done once, also after a restart', async (deed) => {
      const { mutation, commands, input, otherInput } = deed;
      await using service = await startOcteth(kind, deed.start);
      const keyed = { ...input, idempotencyKey: 'key 1' };
      let first: unknown;
      {
        await using app = await service.startApp();
        first = await mutate(app, mutation, keyed);
        expect(first).toMatchObject({ errors: [] });
        expect(await mutate(app, mutation, keyed)).toEqual(first);
        expect(await mutate(app, mutation, { idempotencyKey: 'key 1', dryRun: false, ...input })).toEqual(
          first,
        );
      }
      await using app = await service.startApp();
      expect(await mutate(app, mutation, keyed)).toEqual(first);
      expect(await mutate(app, mutation, Object(reversed(keyed)))).toEqual(first);
      expect(await mutate(app, mutation, { ...otherInput, idempotencyKey: 'key 1' })).toMatchObject({
        errors: [{ code: 'CONFLICT', path: ['idempotencyKey'], providerCode: null }],
      });
      expect(changingCommands(service.octeth)).toEqual(commands);
    });

    test.each(deeds)('$mutation asked for ten times at once is done once', async (deed) => {
      const { mutation, commands, input, otherInput } = deed;
      await using service = await startOcteth(kind, deed.start);
      await using app = await service.startApp();
      const keyed = { ...input, idempotencyKey: 'key 1' };
      const asked = Array.from({ length: 10 }, () => mutate(app, mutation, keyed));
      const [first, ...others] = await Promise.all(asked);
      expect(first).toMatchObject({ errors: [] });
      expect(others).toEqual(Array(9).fill(first));
      expect(await mutate(app, mutation, { ...otherInput, idempotencyKey: 'key 1' })).toMatchObject({
        errors: [{ code: 'CONFLICT' }],
      });
      expect(changingCommands(service.octeth)).toEqual(commands);
    });

    test.each(deeds)('$mutation asked of two instances at once is done once', async (deed) => {
      const { mutation, commands, input } = deed;
      await using service = await startOcteth(kind, deed.start);
      await using app = await service.startApp();
      await using twin = await service.startApp();
      const keyed = { ...input, idempotencyKey: 'key 1' };
      const asked = [app, twin, app, twin].map((instance) => mutate(instance, mutation, keyed));
      const [first, ...others] = await Promise.all(asked);
      expect(first).toMatchObject({ errors: [] });
      expect(others).toEqual(Array(3).fill(first));
      expect(changingCommands(service.octeth)).toEqual(commands);
    });
  });

  test('belongs to the mutation: the same id in another one is a CONFLICT', async () => {
    await using service = await startOcteth(kind, { status: 'Sending' });
    await using app = await service.startApp();
    const keyed = { id: one, idempotencyKey: 'key 1' };
    await mutate(app, 'pauseCampaign', keyed);
    expect(await mutate(app, 'resumeCampaign', keyed)).toMatchObject({
      campaign: { id: one, status: 'PAUSED' },
      errors: [{ code: 'CONFLICT', path: ['idempotencyKey'] }],
    });
    expect(changingCommands(service.octeth)).toEqual(['Campaign.Pause']);
  });

  test('without one, and with a new one, it is done each time', async () => {
    await using service = await startOcteth(kind, { status: 'Sent' });
    await using app = await service.startApp();
    const ids = new Set<string>();
    for (const idempotencyKey of [undefined, undefined, null, 'a', 'A', 'a ', 'ä', '🗝'.repeat(100)]) {
      const { campaign, errors } = await mutate(app, 'copyCampaign', { id: one, idempotencyKey });
      expect(errors).toEqual([]);
      ids.add(campaign.id);
    }
    expect(ids.size).toBe(8);
    expect(changingCommands(service.octeth)).toEqual(Array(8).fill('Campaign.Copy'));
  });

  test.each(['', '   ', 'k'.repeat(201), 'nul\0'])('that is none is refused: %j', async (idempotencyKey) => {
    await using service = await startOcteth(kind, { status: 'Sending' });
    await using app = await service.startApp();
    expect(await mutate(app, 'pauseCampaign', { id: one, idempotencyKey })).toMatchObject({
      errors: [{ code: 'BAD_INPUT', path: ['idempotencyKey'] }],
    });
    expect(changingCommands(service.octeth)).toEqual([]);
  });
});
