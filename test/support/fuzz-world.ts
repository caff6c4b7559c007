import { createSchema } from '../../src/graphql/schema.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { accountAt, providerNames } from './app.ts';
import { expectAnswer } from './fuzz-answer.ts';
import { auth, startFuzzApp, tokens } from './fuzz-app.ts';
import { until } from './wait.ts';

const words = { selzy: 'in_progress', bsg: 'sending', octeth: 'Sending', appizer: 'sending' } as const;
const externalIds = ['501', '502', '503'];
/** Stands in the names of all campaigns but those of the account that some tokens see alone. */
const hidden = 'Hidden-from-selzy';

export const operatorHeaders = {
  'content-type': 'application/json',
  authorization: `Bearer ${tokens.operator}`,
};

/**
 * The service over the four simulated providers, with campaigns that it knows, and tokens for some of the accounts.
 * @param options `selzyTaskSeconds`: how long a delivery report takes
 */
export async function startFuzzWorld({ selzyTaskSeconds = 0.05 } = {}) {
  await using stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0, selzyTaskSeconds }));
  const follow = providerNames.flatMap((name) =>
    externalIds.map((externalId) => {
      const title = name === 'selzy' ? 'Autumn' : hidden;
      simulator.providers[name].add({ externalId, status: words[name], name: title, subject: title });
      return { account: `${name}-main`, externalId };
    }),
  );
  const app = stack.use(
    await startFuzzApp({
      accounts: providerNames.map((name) => accountAt(simulator, name)),
      polling: { fastest: 1, slowest: 60 },
      limits: { documentCost: 2_000, requestsPerMinute: 1_000_000, failedSignInsPerMinute: 1_000 },
      follow,
      auth,
    }),
  );
  const body = JSON.stringify({ query: '{ campaigns { totalCount } }' });
  await until(async () => {
    const { data } = expectAnswer(
      await app.send({ method: 'POST', path: '/graphql', headers: operatorHeaders, body }),
    );
    return JSON.stringify(data) === `{"campaigns":{"totalCount":${follow.length}}}`;
  });
  const keys = providerNames.map((name) => simulator.providers[name].apiKey);
  const held = stack.move();
  return {
    app,
    simulator,
    known: {
      schema: createSchema(),
      accounts: follow.map(({ account }) => account),
      ids: [
        ...follow.map(({ account, externalId }) => `campaign:${account}:${externalId}`),
        ...['account:selzy-main', 'account:bsg-main'],
      ],
    },
    /** What no answer to a client with this word as its `authorization` may hold. */
    secretsFor: (authorization = '') => (authorization.endsWith('of-selzy') ? [...keys, hidden] : keys),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

export type FuzzWorld = Awaited<ReturnType<typeof startFuzzWorld>>;
