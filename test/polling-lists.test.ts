import { expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase } from './support/databases.ts';
import { until } from './support/wait.ts';

const stateOf = (key: string) =>
  `{ campaign(id: "campaign:${key}") { revision deletedAt status history { nodes { kinds } } } }`;

test('a campaign that the list names and a look does not find is deleted once, and not brought back', async () => {
  await using simulator = await startSimulator({ campaigns: 0 });
  const { bsg } = simulator.providers;
  const externalId = bsg.add({ status: 'sending', counters: { recipients: 10, sent: 1 } });
  await using app = await startTestApp({ accounts: [accountAt(simulator, 'bsg')] });
  const key = `bsg-main:${externalId}`;
  await until(async () => (await app.request(stateOf(key))).data?.campaign?.status === 'SENDING');
  bsg.fault({ kind: 'status', status: 404 }, { operation: 'campaign_details' });
  await until(async () => (await app.request(stateOf(key))).data.campaign.deletedAt);
  const before = bsg.requests.filter(({ operation }) => operation === 'campaigns').length;
  await until(() => bsg.requests.filter(({ operation }) => operation === 'campaigns').length > before + 5);
  const { history } = (await app.request(stateOf(key))).data.campaign;
  expect(history.nodes[0].kinds).toContain('DELETED');
  expect(history.nodes.filter(({ kinds }: { kinds: string[] }) => kinds.includes('RESTORED'))).toEqual([]);

  bsg.clearFaults();
  await until(async () => (await app.request(stateOf(key))).data.campaign.deletedAt === null);
});

test('an ended campaign that goes while a list fails, or while nobody looks, is told as deleted', async () => {
  await using simulator = await startSimulator({ campaigns: 0 });
  const { octeth } = simulator.providers;
  const ended = { status: 'Sent', counters: { recipients: 5, sent: 5, delivered: 5 } };
  const [one, other, stays] = [octeth.add(ended), octeth.add(ended), octeth.add(ended)];
  const options = { database: await createDatabase('sqlite'), accounts: [accountAt(simulator, 'octeth')] };
  const isDeleted = async (app: Awaited<ReturnType<typeof startTestApp>>, id: string) =>
    (await app.request(stateOf(`octeth-main:${id}`))).data?.campaign?.deletedAt ?? null;
  {
    await using app = await startTestApp(options);
    await until(
      async () => (await app.request('{ campaigns { totalCount } }')).data.campaigns.totalCount === 3,
    );
    octeth.fault({ kind: 'status', status: 500 }, { operation: 'Campaigns.Get', times: 2 });
    octeth.remove(one);
    await until(() => isDeleted(app, one));
  }
  octeth.remove(other);
  await using app = await startTestApp(options);
  await until(() => isDeleted(app, other));
  expect(await isDeleted(app, stays)).toBeNull();
});

test('single reads go on while the list fails, and make a recovered account well again', async () => {
  await using simulator = await startSimulator({ campaigns: 0 });
  const { octeth } = simulator.providers;
  const externalId = octeth.add({ status: 'Sending', counters: { recipients: 9, sent: 1 } });
  await using app = await startTestApp({ accounts: [accountAt(simulator, 'octeth')] });
  const health = async () =>
    (await app.request('{ accounts { health { state } } }')).data.accounts[0].health.state;
  await until(
    async () => (await app.request('{ campaigns { totalCount } }')).data.campaigns.totalCount === 1,
  );
  octeth.fault({ kind: 'status', status: 500 });
  await until(async () => (await health()) === 'DOWN');
  octeth.clearFaults();
  octeth.fault({ kind: 'status', status: 500 }, { operation: 'Campaigns.Get' });
  octeth.set(externalId, { counters: { recipients: 9, sent: 7 } });
  await until(async () => {
    const { data } = await app.request(
      `{ campaign(id: "campaign:octeth-main:${externalId}") { stats { sent } } }`,
    );
    return data.campaign.stats.sent === 7;
  });
});
