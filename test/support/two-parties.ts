import { startSimulator } from '../../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './app.ts';
import { tokenOf } from './signing-in.ts';
import { until } from './wait.ts';

/** Whose account something is of; of `nobody` there are none. The names are of one length, so that answers can be compared. */
export type Party = 'ours01' | 'theirs' | 'nobody';

const parties = ['ours01', 'theirs'] as const;
const providers = ['octeth', 'selzy', 'appizer'] as const;

/** What is of an account of theirs, told of an account that does not exist. */
export const asOfNobody = (text: string) => text.replaceAll('theirs', 'nobody');

/**
 * A service of two parties, which each have an account at Octeth, Selzy and Appizer, and the same campaigns there. Each
 * knows its campaigns, and has a finished report of one.
 */
export async function startTwoParties() {
  await using stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0, selzyTaskSeconds: 0.1 }));
  const { octeth, selzy, appizer } = simulator.providers;
  for (const externalId of ['1', '2'])
    octeth.add({ externalId, status: 'Sending', counters: { recipients: 9 } });
  for (const externalId of ['1', '2'])
    selzy.add({ externalId, status: 'completed', counters: { recipients: 5, sent: 5, delivered: 5 } });
  for (const externalId of ['1', '2']) appizer.add({ externalId });
  const accounts = parties.flatMap((party) =>
    providers.map((name) =>
      accountAt(simulator, name, {
        name: `${name}-${party}`,
        ...(name === 'selzy' && { reportHosts: ['127.0.0.1'] }),
      }),
    ),
  );
  const accountsOf = (party: Party) =>
    accounts.map(({ name }) => name).filter((name) => name.endsWith(party));
  const tokens = {
    ours: tokenOf('ours', 'operator', accountsOf('ours01')),
    /** Another of the same accounts. */
    oursToo: tokenOf('ours-too', 'operator', accountsOf('ours01').toReversed()),
    ourReader: tokenOf('our-reader', 'viewer', accountsOf('ours01')),
    theirs: tokenOf('theirs', 'operator', accountsOf('theirs')),
    all: tokenOf('all'),
  };
  const app = stack.use(
    await startTestApp({
      accounts,
      auth: { tokens: Object.values(tokens).map(({ settings }) => settings) },
      polling: { fastest: 600, slowest: 3_600 },
    }),
  );
  const ask = (bearer: string, query: string, variables = {}) => app.request(query, variables, bearer);

  async function reportOf(party: Party): Promise<string> {
    const id = `campaign:selzy-${party}:1`;
    const { data } = await ask(
      tokens.all.bearer,
      'mutation ($id: ID!) { requestDeliveryReport(input: { campaignId: $id }) { task { id } errors { message } } }',
      { id },
    );
    const taskId = String(data.requestDeliveryReport.task?.id);
    await until(async () => {
      const { data } = await ask(tokens.all.bearer, 'query ($id: ID!) { task(id: $id) { status } }', {
        id: taskId,
      });
      return data.task.status === 'COMPLETED';
    });
    return taskId;
  }

  const taskIds: string[] = [];
  for (const party of parties) {
    for (const name of providers) {
      for (const externalId of ['1', '2']) {
        const id = `campaign:${name}-${party}:${externalId}`;
        await ask(tokens.all.bearer, 'query ($id: ID!) { campaign(id: $id) { id } }', { id });
      }
    }
    taskIds.push(await reportOf(party));
  }
  const [ourTask = '', theirTask = ''] = taskIds;
  const kept = stack.move();
  return {
    app,
    simulator,
    tokens,
    ask,
    /** The id of the report's task. */
    taskOf: (party: Party) => (party === 'ours01' ? ourTask : theirTask.replace('theirs', party)),
    /** How often the providers have been asked. */
    asked: () => [octeth, selzy, appizer].reduce((sum, { requests }) => sum + requests.length, 0),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export type TwoParties = Awaited<ReturnType<typeof startTwoParties>>;
