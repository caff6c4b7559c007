import { expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

/** So slow a pace that what nobody looks at is hardly read. */
const polling = { fastest: 0.2, slowest: 60 };
const counters = { recipients: 9, sent: 1, delivered: 1 };

const watchAll = `subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) {
  kinds transitions { to } stats { sent final } campaign { id }
} }`;

const idOf = (externalId: string) => `campaign:selzy-main:${externalId}`;

type Operation = 'getCampaigns' | 'getCampaignStatus' | 'getCampaignCommonStats';

/** Selzy with some campaigns that are sending, all of them watched, once the counters alone are read of each. */
async function startSelzy(count = 3) {
  const simulator = await startSimulator({ campaigns: 0 });
  const { selzy } = simulator.providers;
  const ids = Array.from({ length: count }, () => selzy.add({ status: 'in_progress', counters }));
  const app = await startTestApp({ accounts: [accountAt(simulator, 'selzy')], polling });
  const told = overWebSocket(app.url, watchAll, { ids: ids.map(idOf) });
  const requestsFor = (operation: Operation, externalId?: string) =>
    selzy.requests.filter(
      (one) => one.operation === operation && (externalId === undefined || one.externalId === externalId),
    ).length;

  /** Lets so many more requests pass. */
  async function pass(more: number, operation: Operation, externalId?: string): Promise<void> {
    const before = requestsFor(operation, externalId);
    await until(() => requestsFor(operation, externalId) >= before + more);
  }

  /** Waits until a campaign's counters are read again and again, and its status is not. */
  async function readAlone(externalId: string): Promise<void> {
    await until(async () => {
      const before = requestsFor('getCampaignStatus', externalId);
      await pass(4, 'getCampaignCommonStats', externalId);
      return requestsFor('getCampaignStatus', externalId) === before;
    });
  }

  await Promise.all(ids.map(readAlone));
  return {
    selzy,
    ids,
    told,
    requestsFor,
    pass,
    readAlone,
    /** What was told of a campaign, newest last. */
    toldOf: (externalId: string) => told.events.filter(({ campaign }) => campaign.id === idOf(externalId)),
    /** The statuses that it was told to have come to, beginning with the first. */
    statusesOf: (externalId: string): string[] =>
      told.events
        .filter(({ campaign }) => campaign.id === idOf(externalId))
        .flatMap(({ transitions }) => transitions.map(({ to }: { to: string }) => to)),
    async campaign(externalId: string) {
      const fields = 'status raw stats { sent final asOf } freshness { observedAt nextPollAt stale }';
      return (await app.request(`{ campaign(id: "${idOf(externalId)}", maxAgeSeconds: 3600) { ${fields} } }`))
        .data.campaign;
    },
    async [Symbol.asyncDispose]() {
      told[Symbol.dispose]();
      await app.stop();
      await simulator.stop();
    },
  };
}

test.concurrent('while the list tells the status, a read of what is watched is one of its counters', async () => {
  await using at = await startSelzy();
  const { selzy, ids, requestsFor, pass, told } = at;
  const [one = ''] = ids;
  const from = selzy.requests.length;
  await pass(10, 'getCampaignCommonStats', one);
  const since = selzy.requests.slice(from).map(({ operation }) => operation);
  expect(since).not.toContain('getCampaignStatus');
  for (const id of ids) expect(requestsFor('getCampaignCommonStats', id)).toBeGreaterThan(10);
  const rounds = since.filter((operation) => operation === 'getCampaigns').length;
  expect(rounds, 'as often as the floor allows').toBeGreaterThanOrEqual(6);

  for (const [place, id] of ids.entries()) selzy.set(id, { counters: { sent: 2 + place } });
  await until(() => ids.every((id, place) => at.toldOf(id).at(-1)?.stats.sent === 2 + place));
  expect(told.events.slice(-ids.length).map(({ kinds }) => kinds)).toEqual(ids.map(() => ['STATS']));
  expect((await at.campaign(one)).raw).toMatchObject({ stats: { sent: 2 } });
});

test.concurrent('a list that hangs leaves the status to reads, before it has failed', async () => {
  await using at = await startSelzy(1);
  const [one = ''] = at.ids;
  at.selzy.fault({ kind: 'delay', ms: 60_000 }, { operation: 'getCampaigns' });
  const [rounds, whole] = [at.requestsFor('getCampaigns'), at.requestsFor('getCampaignStatus')];
  await until(() => at.requestsFor('getCampaigns') > rounds);
  const { freshness } = await at.campaign(one);
  at.selzy.set(one, { status: 'stopped' });
  await until(() => at.statusesOf(one).at(-1) === 'PAUSED', 5_000);
  expect(at.requestsFor('getCampaignStatus')).toBeGreaterThan(whole);
  expect(at.requestsFor('getCampaigns'), 'the same one hangs').toBe(rounds + 1);
  const after = await at.campaign(one);
  expect(Date.parse(after.freshness.observedAt)).toBeGreaterThan(Date.parse(freshness.observedAt));
});

test.concurrent('a status that changes is told once, by the next round, and the counters with it', async () => {
  await using at = await startSelzy();
  const { selzy, ids, requestsFor, pass } = at;
  const [one = '', other = ''] = ids;
  for (const [word, status, sent] of [
    ['stopped', 'PAUSED', 4],
    ['in_progress', 'SENDING', 6],
  ] as const) {
    const rounds = requestsFor('getCampaigns');
    selzy.set(one, { status: word, counters: { sent } });
    await until(() => at.statusesOf(one).at(-1) === status);
    // One may have been under way, and had been answered.
    expect(requestsFor('getCampaigns') - rounds).toBeLessThanOrEqual(2);
    await until(() => at.toldOf(one).at(-1)?.stats.sent === sent);
  }
  await pass(4, 'getCampaigns');
  await pass(4, 'getCampaignCommonStats', one);
  expect(at.statusesOf(one).slice(-2)).toEqual(['PAUSED', 'SENDING']);
  expect(at.statusesOf(one).filter((status) => status === 'PAUSED')).toHaveLength(1);
  expect(at.statusesOf(other)).not.toContain('PAUSED');
});

test.concurrent('while the list fails, reads are whole again, and tell of a status as soon as before', async () => {
  await using at = await startSelzy();
  const { selzy, ids, requestsFor, pass } = at;
  const [one = '', other = ''] = ids;
  selzy.fault({ kind: 'status', status: 500 }, { operation: 'getCampaigns' });
  await pass(3, 'getCampaignStatus', one);
  selzy.set(one, { status: 'stopped', counters: { sent: 5 } });
  await until(() => at.statusesOf(one).at(-1) === 'PAUSED');
  expect(at.toldOf(one).at(-1)).toMatchObject({ stats: { sent: 5 } });
  expect((await at.campaign(one)).raw).toMatchObject({ status: { status: 'stopped' }, stats: { sent: 5 } });
  const reads = requestsFor('getCampaignStatus', other);
  await pass(4, 'getCampaignCommonStats', other);
  expect(requestsFor('getCampaignStatus', other) - reads).toBeGreaterThanOrEqual(3);

  selzy.clearFaults();
  await at.readAlone(other);
});

test.concurrent('one that completes ends with the final counters, which are its last answer', async () => {
  await using at = await startSelzy();
  const { selzy, ids, requestsFor, pass } = at;
  const [one = ''] = ids;
  selzy.set(one, { status: 'analysed', counters: { sent: 9, delivered: 7 } });
  await until(() => at.toldOf(one).at(-1)?.stats.sent === 9 && at.statusesOf(one).at(-1) === 'COMPLETED');
  expect(await at.campaign(one)).toMatchObject({ status: 'COMPLETED', stats: { sent: 9, final: false } });

  const statuses = requestsFor('getCampaignStatus', one);
  selzy.set(one, { status: 'completed', counters: { delivered: 9 } });
  await until(() => at.toldOf(one).at(-1)?.stats.final);
  expect(await at.campaign(one)).toMatchObject({
    status: 'COMPLETED',
    stats: { sent: 9, final: true },
    raw: { stats: { sent: 9, delivered: 9 } },
    freshness: { nextPollAt: null, stale: false },
  });
  expect(at.statusesOf(one).filter((status) => status === 'COMPLETED')).toHaveLength(1);
  expect(requestsFor('getCampaignStatus', one)).toBe(statuses);

  const reads = requestsFor('getCampaignCommonStats', one);
  await pass(6, 'getCampaigns');
  expect(requestsFor('getCampaignCommonStats', one) - reads).toBe(0);
});

test.concurrent('one that is gone is told as deleted, though its counters alone were read', async () => {
  await using at = await startSelzy();
  const { selzy, ids, pass } = at;
  const [one = '', other = ''] = ids;
  const deletions = () => at.toldOf(one).filter(({ kinds }) => kinds.includes('DELETED'));
  selzy.remove(one);
  await until(() => deletions().length > 0);
  await pass(4, 'getCampaigns');
  await pass(4, 'getCampaignCommonStats', other);
  expect(deletions()).toHaveLength(1);
  expect(at.toldOf(one).at(-1)?.kinds).toEqual(['DELETED']);
});
