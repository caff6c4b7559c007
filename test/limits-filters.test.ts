import { expect, test } from 'vitest';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const times = (count: number, value: string) => Array.from({ length: count }, () => value);
const campaigns = 'query ($filter: CampaignFilter) { campaigns(filter: $filter) { nodes { id } } }';
const tasks = 'query ($filter: TaskFilter) { tasks(filter: $filter) { nodes { id } } }';

test.each(databaseKinds)('what is asked for ever so often is asked for once, on %s', async (kind) => {
  await using simulator = await startGenerousSimulator();
  const database = await createDatabase(kind);
  await using app = await startTestApp({ database, accounts: [accountAt(simulator, 'appizer')] });
  const repeated = {
    statuses: times(40_000, 'SENDING'),
    channels: times(40_000, 'PUSH'),
    tags: times(5_000, 'a'),
  };
  expect(await app.request(campaigns, { filter: repeated })).toEqual({ data: { campaigns: { nodes: [] } } });
  const filter = { statuses: times(40_000, 'COMPLETED') };
  expect(await app.request(tasks, { filter })).toEqual({ data: { tasks: { nodes: [] } } });
});

test.each([
  ['more tags than can be', campaigns, { tags: Array.from({ length: 101 }, (_, place) => `tag ${place}`) }],
  ['a search as long as a book', campaigns, { search: 'a'.repeat(1_001) }],
])('%s are told to be too much', async (_name, query, filter) => {
  await using simulator = await startGenerousSimulator();
  await using app = await startTestApp({ accounts: [accountAt(simulator, 'appizer')] });
  const { errors } = await app.request(query, { filter });
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
});

test('so are more tasks than can be looked at', async () => {
  await using simulator = await startGenerousSimulator();
  await using app = await startTestApp({ accounts: [accountAt(simulator, 'selzy')] });
  const ids = Array.from({ length: 501 }, (_, place) => `task:selzy-main:${place}`);
  using told = overWebSocket(app.url, 'subscription ($ids: [ID!]) { taskUpdated(ids: $ids) { id } }', {
    ids,
  });
  await until(() => told.errors.length > 0 || told.ended);
  expect(JSON.stringify(told.errors)).toMatch(/BAD_INPUT/);
});
