import { describe, expect, test } from 'vitest';
import { type SimulatedOcteth, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const mutation = `mutation ($input: DeleteCampaignsInput!) {
  deleteCampaigns(input: $input) { deletedIds errors { code message path providerCode } }
}`;

/** Two Octeth servers with campaigns 1 to 3 each, and Selzy with one: an app that reads nothing by itself any more. */
async function startService(kind: DatabaseKind, timeoutSeconds = 10) {
  const stack = new AsyncDisposableStack();
  const first = stack.use(await startSimulator({ campaigns: 0 }));
  const second = stack.use(await startSimulator({ campaigns: 0 }));
  const { octeth: north, selzy } = first.providers;
  const { octeth: south } = second.providers;
  for (const externalId of ['1', '2', '3']) {
    north.add({ externalId, status: 'Sent' });
    south.add({ externalId, status: 'Draft' });
  }
  selzy.add({ externalId: '1', status: 'completed' });
  const app = stack.use(
    await startTestApp({
      database: await createDatabase(kind),
      accounts: [
        accountAt(first, 'octeth', { name: 'north', timeoutSeconds }),
        accountAt(second, 'octeth', { name: 'south', timeoutSeconds }),
        accountAt(first, 'selzy'),
      ],
      polling: { fastest: 600, slowest: 3_600 },
    }),
  );
  const known = '{ campaigns { totalCount } }';
  await until(async () => (await app.request(known)).data.campaigns.totalCount === 7);
  return {
    app,
    north,
    south,
    async remove(ids: readonly string[]) {
      const { data, errors } = await app.request(mutation, { input: { ids } });
      expect(errors).toBeUndefined();
      return data.deleteCampaigns;
    },
    async deletedAt(id: string) {
      const { data } = await app.request('query ($id: ID!) { campaign(id: $id) { deletedAt } }', { id });
      return data.campaign.deletedAt;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The ids of each Campaigns.Delete that arrived. */
function deletions({ requests }: SimulatedOcteth): (string | undefined)[] {
  const commands = requests.filter(({ operation }) => operation === 'Campaigns.Delete');
  return commands.map(({ parameters }) => parameters.Campaigns);
}

const north = (externalId: number) => `campaign:north:${externalId}`;
const south = (externalId: number) => `campaign:south:${externalId}`;

describe.concurrent.each(databaseKinds)('deleting, on %s', (kind) => {
  test('several accounts: one request to each, and each id is told apart', async () => {
    await using service = await startService(kind);
    const unknown = north(77);
    const ids = [south(2), north(3), 'campaign:selzy-main:1', unknown, north(1), north(3)];
    const { deletedIds, errors } = await service.remove(ids);
    expect(deletedIds).toEqual([south(2), north(3), north(1)]);
    expect(errors).toMatchObject([
      { code: 'NOT_SUPPORTED', path: ['ids', '2'], providerCode: null },
      { code: 'NOT_FOUND', path: ['ids', '3'], providerCode: null },
    ]);
    expect(errors[0].message).toContain('campaign:selzy-main:1');
    expect(errors[1].message).toContain(unknown);
    expect(deletions(service.north)).toEqual(['3,1']);
    expect(deletions(service.south)).toEqual(['2']);
    expect([...service.north.campaigns.keys()]).toEqual(['2']);
    for (const id of deletedIds) expect(await service.deletedAt(id)).toEqual(expect.any(String));
    for (const id of [north(2), south(1), 'campaign:selzy-main:1']) {
      expect(await service.deletedAt(id)).toBeNull();
    }
  });

  test('each is one change, DELETED by a MUTATION', async () => {
    await using service = await startService(kind);
    await service.remove([north(1), south(1)]);
    for (const id of [north(1), south(1)]) {
      const query = 'query ($id: ID!) { campaign(id: $id) { active history { nodes { cause kinds } } } }';
      const { campaign } = (await service.app.request(query, { id })).data;
      expect(campaign).toMatchObject({
        active: false,
        history: { nodes: [{ cause: 'MUTATION', kinds: ['DELETED'] }, {}] },
      });
    }
  });

  test('one that is deleted already, and one that only the provider knows to be', async () => {
    await using service = await startService(kind);
    await service.remove([north(1)]);
    service.north.remove('2');
    const { deletedIds, errors } = await service.remove([north(1), north(2), north(3)]);
    expect(errors).toMatchObject([{ code: 'NOT_FOUND', path: ['ids', '0'] }]);
    expect(deletedIds).toEqual([north(2), north(3)]);
    expect(deletions(service.north)).toEqual(['1', '2,3']);
  });

  test('an id of an account that is not there is told apart like any other that names nothing', async () => {
    await using service = await startService(kind);
    expect(await service.remove([north(1), 'campaign:nobody:1', south(1)])).toMatchObject({
      deletedIds: [north(1), south(1)],
      errors: [{ code: 'NOT_FOUND', path: ['ids', '1'] }],
    });
  });

  test.each([
    ['a malformed id', [north(1), 'campaign north 2', north(3)], ['ids', '1']],
    ['an id of something else', [north(1), 'account:north'], ['ids', '1']],
    ['no id', [], ['ids']],
    ['101 ids', Array.from({ length: 101 }, (_, place) => north(place + 1)), ['ids']],
    ['101 times one id', Array<string>(101).fill(north(1)), ['ids']],
  ])('%s: nothing is done at all', async (_what, ids, path) => {
    await using service = await startService(kind);
    expect(await service.remove(ids)).toMatchObject({
      deletedIds: [],
      errors: [{ code: 'BAD_INPUT', path }],
    });
    expect(deletions(service.north)).toEqual([]);
    expect(service.north.campaigns.size).toBe(3);
  });

  test('100 ids are one request', async () => {
    await using service = await startService(kind);
    const ids = Array.from({ length: 100 }, (_, place) => north(place + 1));
    for (const id of ids.slice(3)) {
      service.north.add({ externalId: id.split(':')[2] ?? '', status: 'Sent' });
    }
    const { deletedIds, errors } = await service.remove(ids);
    expect(errors).toEqual([]);
    expect(deletedIds).toEqual(ids);
    expect(deletions(service.north)).toHaveLength(1);
    expect(service.north.campaigns.size).toBe(0);
  });

  test('one account refuses: the other has deleted', async () => {
    await using service = await startService(kind);
    const refusal = { kind: 'error', code: 1, message: 'Not these' } as const;
    service.north.fault(refusal, { operation: 'Campaigns.Delete' });
    const { deletedIds, errors } = await service.remove([north(1), south(1), north(2)]);
    expect(deletedIds).toEqual([south(1)]);
    const problem = { code: 'BAD_INPUT', providerCode: '1', message: expect.stringContaining('Not these') };
    expect(errors).toEqual([
      { ...problem, path: ['ids', '0'] },
      { ...problem, path: ['ids', '2'] },
    ]);
    expect(deletions(service.north)).toHaveLength(1);
    expect(await service.deletedAt(north(1))).toBeNull();
  });
});

describe.concurrent('a deletion whose answer was lost', () => {
  test.each(['dropAnswer', 'dropMidBody', 'hangAnswer'] as const)(
    'carried out, %s: it worked, though one campaign belongs to somebody else',
    async (kind) => {
      await using service = await startService('sqlite', 1);
      service.north.set('2', { foreign: true });
      service.north.fault({ kind }, { operation: 'Campaigns.Delete' });
      // A foreign campaign is not found, so it reads as gone.
      expect(await service.remove([north(1), south(1), north(3)])).toEqual({
        deletedIds: [north(1), south(1), north(3)],
        errors: [],
      });
      expect(deletions(service.north)).toEqual(['1,3']);
      expect([...service.north.campaigns.keys()]).toEqual(['2']);
    },
  );

  test.each(['drop', 'hang'] as const)('not carried out, %s', async (kind) => {
    await using service = await startService('sqlite', 1);
    service.north.fault({ kind }, { operation: 'Campaigns.Delete' });
    const { deletedIds, errors } = await service.remove([north(1), south(1), north(3)]);
    expect(deletedIds).toEqual([south(1)]);
    const problem = {
      code: 'PROVIDER_UNAVAILABLE',
      message: expect.stringContaining('it was not deleted so far'),
      providerCode: null,
    };
    expect(errors).toEqual([
      { ...problem, path: ['ids', '0'] },
      { ...problem, path: ['ids', '2'] },
    ]);
    expect(deletions(service.north)).toHaveLength(1);
    expect(service.north.campaigns.size).toBe(3);
  });

  test('where one can not be read back, nobody can tell of that one', async () => {
    await using service = await startService('sqlite', 1);
    service.north.fault({ kind: 'dropAnswer' }, { operation: 'Campaigns.Delete' });
    service.north.fault({ kind: 'status', status: 503 }, { operation: 'Campaign.Get', externalId: '2' });
    const { deletedIds, errors } = await service.remove([north(1), north(2), north(3)]);
    expect(deletedIds).toEqual([north(1), north(3)]);
    expect(errors).toMatchObject([
      {
        code: 'PROVIDER_UNAVAILABLE',
        message: expect.stringContaining("Whether it was deleted can't be told: look at the campaign"),
        path: ['ids', '1'],
      },
    ]);
    expect(deletions(service.north)).toHaveLength(1);
  });

  test('accepted, and not to be read back: it is not told as deleted', async () => {
    await using service = await startService('sqlite', 1);
    service.north.fault({ kind: 'status', status: 503 }, { operation: 'Campaign.Get', externalId: '2' });
    const { deletedIds, errors } = await service.remove([north(1), north(2)]);
    expect(deletedIds).toEqual([north(1)]);
    expect(errors).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE', path: ['ids', '1'] }]);
    expect(deletions(service.north)).toHaveLength(1);
    expect(await service.deletedAt(north(2))).toBeNull();
  });
});
