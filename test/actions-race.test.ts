import { describe, expect, test } from 'vitest';
import { type SimulatedProvider, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { overSse, overWebSocket, type Subscribed } from './support/subscribe.ts';
import { until } from './support/wait.ts';

interface Step {
  readonly cause: string;
  readonly kinds: readonly string[];
  readonly fromRevision: number;
  readonly revision: number;
  readonly transitions: readonly { readonly from: string | null; readonly to: string }[];
}

const stepFields = 'cause kinds fromRevision revision transitions { from to }';
const subscription = `subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { campaign { id } ${stepFields} } }`;

async function act(app: TestApp, mutation: string, id: string) {
  const { data, errors } = await app.request(
    `mutation { answer: ${mutation}(input: { id: "${id}" }) { campaign { status revision } errors { code message } } }`,
  );
  expect(errors).toBeUndefined();
  expect(data.answer.errors).toEqual([]);
  return data.answer.campaign;
}

/** All steps of a campaign, oldest first. */
async function historyOf(app: TestApp, id: string): Promise<Step[]> {
  const query = `query ($id: ID!) { campaign(id: $id) { history(first: 500) { nodes { ${stepFields} } } } }`;
  return (await app.request(query, { id })).data.campaign.history.nodes.toReversed();
}

function statusesOf(steps: readonly Step[]): string[] {
  return steps.flatMap(({ cause, transitions }) => transitions.map(({ to }) => `${cause} ${to}`));
}

/** Each revision once, in order, and each status from the one before. */
function expectUnbroken(steps: readonly Step[]): void {
  for (const [place, { fromRevision, revision }] of steps.entries()) {
    expect({ fromRevision, revision }).toEqual({ fromRevision: place, revision: place + 1 });
  }
  const transitions = steps.flatMap((step) => step.transitions);
  for (const [place, { from, to }] of transitions.entries()) {
    expect(from).toBe(transitions[place - 1]?.to ?? null);
    expect(to).not.toBe(from);
  }
}

/** What a subscriber has been told of a campaign, after the snapshot that it began with. */
function toldOf({ events }: Subscribed, id: string): Step[] {
  return events.filter(({ campaign, cause }) => campaign.id === id && cause !== 'SNAPSHOT');
}

const fast = { fastest: 0.005, slowest: 0.1 };

function reads(provider: SimulatedProvider): number {
  return provider.requests.filter(({ operation }) => /\.Get$|^getCampaign|^campaign/.test(operation)).length;
}

describe.each(databaseKinds)('polls as fast as can be, on %s', { timeout: 60_000 }, (kind) => {
  test.each([
    ['the list', false],
    ['single reads alone', true],
  ])('30 pauses and resumes in a row, polled by %s', async (_what, isListDown) => {
    await using simulator = await startSimulator({
      campaigns: 0,
      octethQuirks: { resumedStatus: 'Sending' },
    });
    const { octeth } = simulator.providers;
    const ids = ['1', '2'].map((externalId) => {
      octeth.add({ externalId, status: 'Sending', counters: { recipients: 1_000_000 } });
      return `campaign:octeth-main:${externalId}`;
    });
    const [id = '', other = ''] = ids;
    if (isListDown) octeth.fault({ kind: 'error', code: 100003 }, { operation: 'Campaigns.Get' });
    await using app = await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'octeth')],
      polling: fast,
    });
    for (const one of ids) await app.request(`{ campaign(id: "${one}") { id } }`);
    const { revision: first } = (await historyOf(app, id)).at(-1) ?? { revision: 0 };
    using told = overWebSocket(app.url, subscription, { ids });
    using toldOverSse = overSse(app.url, subscription, { ids });
    for (const heard of [told, toldOverSse]) await heard.atLeast(2);

    const expected: string[] = [];
    for (let sent = 1; sent <= 30; sent += 1) {
      const isPause = sent % 2 === 1;
      // Each pause meets polls that are under way, and each resumption comes at once.
      const before = reads(octeth);
      if (isPause) await until(() => reads(octeth) > before + 3);
      // Counters that move meanwhile are the polls' own news.
      octeth.set('2', { counters: { sent } });
      const { status } = await act(app, isPause ? 'pauseCampaign' : 'resumeCampaign', id);
      expect(status).toBe(isPause ? 'PAUSED' : 'SENDING');
      expected.push(`MUTATION ${status}`);
    }
    // Whatever the polls had still to tell is told by the time a later change of both is.
    octeth.set('1', { name: 'Renamed' });
    octeth.set('2', { name: 'Renamed' });
    const isRenamed = ({ kinds, cause }: Step) => cause === 'POLL' && kinds.includes('DETAILS');
    for (const heard of [told, toldOverSse]) {
      await until(() => ids.every((one) => toldOf(heard, one).some(isRenamed)), 20_000);
    }

    const history = await historyOf(app, id);
    expectUnbroken(history);
    expect(statusesOf(history).slice(1)).toEqual(expected);
    expectUnbroken(await historyOf(app, other));
    for (const heard of [told, toldOverSse]) {
      const steps = toldOf(heard, id);
      expect(statusesOf(steps)).toEqual(expected);
      const links = steps.map(({ fromRevision, revision }) => ({ fromRevision, revision }));
      for (const [place, { fromRevision }] of links.entries()) {
        expect(fromRevision).toBeGreaterThanOrEqual(links[place - 1]?.revision ?? first);
      }
      expect(heard.errors).toEqual([]);
    }
    const commands = octeth.requests.filter(({ operation }) => /Pause|Resume/.test(operation));
    expect(commands).toHaveLength(30);
    expect(reads(octeth)).toBeGreaterThan(60);
  });

  test('several campaigns at once, each by a person of its own', async () => {
    await using simulator = await startSimulator({
      campaigns: 0,
      octethQuirks: { resumedStatus: 'Sending' },
    });
    const { octeth } = simulator.providers;
    const ids = Array.from({ length: 8 }, () => `campaign:octeth-main:${octeth.add({ status: 'Sending' })}`);
    await using app = await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, 'octeth')],
      polling: fast,
    });
    await until(
      async () => (await app.request('{ campaigns { totalCount } }')).data.campaigns.totalCount === 8,
    );
    await Promise.all(
      ids.map(async (id) => {
        for (let round = 0; round < 4; round += 1) {
          expect((await act(app, 'pauseCampaign', id)).status).toBe('PAUSED');
          expect((await act(app, 'resumeCampaign', id)).status).toBe('SENDING');
        }
      }),
    );
    const round = ['MUTATION PAUSED', 'MUTATION SENDING'];
    for (const id of ids) {
      const history = await historyOf(app, id);
      expectUnbroken(history);
      expect(statusesOf(history).slice(1)).toEqual([...round, ...round, ...round, ...round]);
    }
  });

  test.each([
    ['selzy', 'scheduled'],
    ['bsg', 'sending'],
  ] as const)('20 campaigns of %s canceled, whose list is polled too', async (name, status) => {
    await using simulator = await startSimulator({ campaigns: 0, selzyCallsPerMinute: 1_000_000 });
    const provider: SimulatedProvider = simulator.providers[name];
    const ids = Array.from({ length: 20 }, () => `campaign:${name}-main:${provider.add({ status })}`);
    await using app = await startTestApp({
      database: await createDatabase(kind),
      accounts: [accountAt(simulator, name)],
      polling: fast,
    });
    await until(
      async () => (await app.request('{ campaigns { totalCount } }')).data.campaigns.totalCount === 20,
    );
    const canceled = await Promise.all(ids.map((id) => act(app, 'cancelCampaign', id)));
    expect(canceled.map((campaign) => campaign.status)).toEqual(Array(20).fill('CANCELED'));
    // The lists that were asked for meanwhile have been read.
    const before = reads(provider);
    await until(() => reads(provider) > before + 10);
    for (const id of ids) {
      const history = await historyOf(app, id);
      expectUnbroken(history);
      expect(statusesOf(history).slice(1)).toEqual(['MUTATION CANCELED']);
    }
  });

  test.each(['dropAnswer', 'hangAnswer'] as const)(
    'a lost answer, %s: a poll that sees what was done does not tell it',
    async (fault) => {
      await using simulator = await startSimulator({ campaigns: 0 });
      const { octeth } = simulator.providers;
      octeth.add({ externalId: '1', status: 'Sending' });
      await using app = await startTestApp({
        database: await createDatabase(kind),
        accounts: [accountAt(simulator, 'octeth', { timeoutSeconds: 1 })],
        polling: fast,
      });
      const id = 'campaign:octeth-main:1';
      await app.request(`{ campaign(id: "${id}") { id } }`);
      octeth.fault({ kind: fault }, { operation: 'Campaign.Pause', times: 1 });
      expect((await act(app, 'pauseCampaign', id)).status).toBe('PAUSED');
      const before = reads(octeth);
      await until(() => reads(octeth) > before + 10);
      const history = await historyOf(app, id);
      expectUnbroken(history);
      expect(statusesOf(history).slice(1)).toEqual(['MUTATION PAUSED']);
    },
  );
});
