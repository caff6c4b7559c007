import { expect, test } from 'vitest';
import { type SimulatedOcteth, type SimulatorOptions, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const polling = { fastest: 0.2, slowest: 60 };
const counters = { recipients: 9, sent: 1 };
/** So many that the list has three pages, and comes round too rarely for campaigns that somebody looks at. */
const ended = 1_100;
const watched = 30;

const watchAll = `subscription { campaignUpdated(filter: { statuses: [SENDING] }) {
  kinds transitions { to } stats { sent } campaign { id }
} }`;

const idOf = (externalId: string) => `campaign:octeth-main:${externalId}`;

/** The ids of each request that asked for campaigns by their ids. */
function batchesOf({ requests }: SimulatedOcteth): string[][] {
  return requests
    .filter(({ operation, parameters }) => operation === 'Campaigns.Get' && parameters.CampaignIDs)
    .map(({ parameters }) => (parameters.CampaignIDs ?? '').split(','));
}

function roundsOf({ requests }: SimulatedOcteth): number {
  return requests.filter(
    ({ operation, parameters }) =>
      operation === 'Campaigns.Get' && !parameters.CampaignIDs && Number(parameters.RecordsFrom) === 0,
  ).length;
}

function singlesOf({ requests }: SimulatedOcteth): (string | null)[] {
  return requests.filter(({ operation }) => operation === 'Campaign.Get').map(({ externalId }) => externalId);
}

/** Octeth with many campaigns that have ended and some that are sending, which somebody looks at. */
async function startOcteth(octethQuirks: NonNullable<SimulatorOptions['octethQuirks']> = {}) {
  const simulator = await startSimulator({ campaigns: 0, octethQuirks });
  const { octeth } = simulator.providers;
  const sending = Array.from({ length: watched }, () => octeth.add({ status: 'Sending', counters }));
  for (let count = 0; count < ended; count++) octeth.add({ status: 'Sent', counters });
  const app = await startTestApp({ accounts: [accountAt(simulator, 'octeth')], polling });
  const summary = '{ campaignSummary { total } accounts { health { state } } }';
  const total = async () => (await app.request(summary)).data.campaignSummary.total;
  await until(async () => (await total()) === ended + watched);
  const told = overWebSocket(app.url, watchAll);
  return {
    octeth,
    sending,
    told,
    health: async () => (await app.request(summary)).data.accounts[0].health.state,
    async [Symbol.asyncDispose]() {
      told[Symbol.dispose]();
      await app.stop();
      await simulator.stop();
    },
  };
}

test('campaigns that are due together are read by one request', async () => {
  await using at = await startOcteth();
  const { octeth, sending, told } = at;
  await until(() => batchesOf(octeth).length >= 3);
  const [before, singles] = [batchesOf(octeth).length, singlesOf(octeth).length];
  await until(() => batchesOf(octeth).length >= before + 8);
  const sizes = batchesOf(octeth)
    .slice(before)
    .map(({ length }) => length);
  const alone = singlesOf(octeth).length - singles;
  const reads = sizes.reduce((sum, size) => sum + size, alone);
  expect(reads / (sizes.length + alone), 'campaigns read by a request').toBeGreaterThan(watched / 4);
  expect(new Set(batchesOf(octeth).flat())).toEqual(new Set(sending));

  for (const id of sending) octeth.set(id, { counters: { ...counters, sent: 5 } });
  const isTold = (id: string) =>
    told.events.some(({ campaign, stats }) => campaign.id === idOf(id) && stats.sent === 5);
  await until(() => sending.every(isTold));
});

test('a server that does not know CampaignIDs is read otherwise, and nothing is missed', async () => {
  await using at = await startOcteth({ campaignIds: false });
  const { octeth, sending, told, health } = at;
  await until(() => batchesOf(octeth).length > 0);
  const rounds = roundsOf(octeth);
  await until(() => roundsOf(octeth) >= rounds + 4);
  expect(batchesOf(octeth).length, 'it is not asked again').toBeLessThanOrEqual(4);
  expect(await health()).toBe('UP');
  const batches = batchesOf(octeth).length;

  for (const id of sending) octeth.set(id, { status: 'Sent', counters: { recipients: 9, sent: 9 } });
  const isTold = (id: string) =>
    told.events.some(
      ({ campaign, transitions }) => campaign.id === idOf(id) && transitions[0]?.to === 'COMPLETED',
    );
  await until(() => sending.every(isTold));
  expect(batchesOf(octeth).length).toBe(batches);
});

test('a campaign that such a request leaves out is looked at by itself, and found deleted', async () => {
  await using at = await startOcteth();
  const { octeth, sending, told } = at;
  await until(() => batchesOf(octeth).length >= 3);
  const [gone = ''] = sending;
  const looks = () => singlesOf(octeth).filter((id) => id === gone).length;
  const [asked, looked] = [batchesOf(octeth).length, looks()];
  octeth.remove(gone);
  const deletions = () => told.events.filter(({ kinds }) => kinds.includes('DELETED'));
  await until(() => deletions().length > 0);
  expect(deletions()).toMatchObject([{ campaign: { id: idOf(gone) } }]);
  expect(looks() - looked).toBe(1);

  // From then on it is asked for no more, alone or with others.
  const before = batchesOf(octeth).length;
  await until(() => batchesOf(octeth).length >= before + 4);
  expect(
    batchesOf(octeth)
      .slice(asked)
      .filter((ids) => ids.includes(gone)).length,
  ).toBeLessThanOrEqual(2);
  expect(batchesOf(octeth).slice(-3).flat()).not.toContain(gone);
  expect([looks() - looked, deletions().length]).toEqual([1, 1]);
});
