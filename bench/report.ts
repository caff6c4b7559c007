import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { manyRows } from '../src/simulator/selzy/table.ts';
import { type Simulator, startSimulator } from '../src/simulator/simulator.ts';
import { startChild } from './support/child.ts';
import { createDatabase } from './support/databases.ts';
import { median, printMachine, printTable, startOptions } from './support/report.ts';

/**
 * A delivery report of a million rows: from the first byte of its file to the last row in SQLite, by the service and by
 * csv-parse alone that writes to the same table. The aims: at least half as fast, with under 150 MB of memory above idle.
 */

const rowCount = 1_000_000;
const rounds = 3;
const aimMb = 150;
const aimRatio = 0.5;

const account = 'selzy-main';

interface Measured {
  readonly rowsPerSecond: number;
  /** The highest that was seen, above what it was before. */
  readonly addedMb: number;
}

const answerSchema = z.object({ data: z.record(z.string(), z.unknown()) });
const taskSchema = z.object({
  id: z.string(),
  status: z.string(),
  problem: z.object({ message: z.string() }).nullable(),
  report: z.object({ rowCount: z.number() }).nullable(),
});

async function ask(url: string, query: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return answerSchema.parse(await response.json()).data;
}

async function measureService(simulator: Simulator, externalId: string): Promise<Measured> {
  await using database = await createDatabase('sqlite file');
  await using child = startChild('app-process.ts', ['--expose-gc', ...startOptions()]);
  const { baseUrl, apiKey, downloads } = simulator.providers.selzy;
  const selzy = { name: account, provider: 'selzy', apiKey, baseUrl, reportHosts: ['127.0.0.1'] };
  const config = { server: { port: 0 }, database: database.url, accounts: [selzy] };
  const url = z.string().parse(await child.ask('start', config));
  await ask(url, `{ campaign(id: "campaign:${account}:${externalId}") { id } tasks { totalCount } }`);
  await delay(3_000);
  const idle = z.number().parse(await child.ask('rss'));
  const before = downloads.length;
  const fields = 'id status problem { message } report { rowCount }';
  const input = `{ campaignId: "campaign:${account}:${externalId}" }`;
  await ask(url, `mutation { requestDeliveryReport(input: ${input}) { task { ${fields} } } }`);
  while (downloads.length === before) await delay(20);
  const startedAt = performance.now();
  for (let highest = idle; ; ) {
    highest = Math.max(highest, z.number().parse(await child.ask('rss')));
    const { tasks } = await ask(url, `{ tasks(first: 1) { nodes { ${fields} } } }`);
    const [task] = z.object({ nodes: z.array(taskSchema) }).parse(tasks).nodes;
    if (task?.status === 'FAILED') throw new Error(task.problem?.message);
    if (task?.report?.rowCount === rowCount) return measured(startedAt, highest - idle);
    await delay(200);
  }
}

async function measureBaseline(simulator: Simulator, externalId: string): Promise<Measured> {
  await using database = await createDatabase('sqlite file');
  await using child = startChild('csv-process.ts', startOptions());
  const link = await linkOf(simulator, externalId);
  await child.ask('open', database.url.slice('sqlite:'.length));
  const idle = z.number().parse(await child.ask('rss'));
  const startedAt = performance.now();
  const highest = z.number().parse(await child.ask('read', link));
  return measured(startedAt, highest - idle);
}

function measured(startedAt: number, addedBytes: number): Measured {
  const seconds = (performance.now() - startedAt) / 1000;
  return { rowsPerSecond: rowCount / seconds, addedMb: addedBytes / 1024 ** 2 };
}

const taskResult = z.object({
  result: z.object({ task_uuid: z.string(), file_to_download: z.string().optional() }),
});

/** Where a report's file is, asked for as the service would. */
async function linkOf({ providers }: Simulator, campaign_id: string): Promise<string> {
  const { baseUrl, apiKey } = providers.selzy;
  const call = async (method: string, parameters: Record<string, string>) => {
    const body = new URLSearchParams({ format: 'json', api_key: apiKey, ...parameters });
    const response = await fetch(`${baseUrl}/async/${method}`, { method: 'POST', body });
    return taskResult.parse(await response.json()).result;
  };
  const { task_uuid } = await call('getCampaignDeliveryStats', { campaign_id });
  for (;;) {
    const { file_to_download: link } = await call('getTaskResult', { task_uuid });
    if (link) return link;
    await delay(50);
  }
}

printMachine('node bench/report.ts');
await using simulator = await startSimulator({ campaigns: 0, selzyTaskSeconds: 0.1 });
const { selzy } = simulator.providers;
selzy.quirks.table = manyRows(rowCount);
const externalId = selzy.add({ status: 'completed', counters: { recipients: rowCount, sent: rowCount } });
const ours: Measured[] = [];
const baseline: Measured[] = [];
for (let round = 0; round < rounds; round += 1) {
  ours.push(await measureService(simulator, externalId));
  baseline.push(await measureBaseline(simulator, externalId));
}
const row = (name: string, all: readonly Measured[]) => [
  name,
  median(all.map(({ rowsPerSecond }) => rowsPerSecond)).toFixed(0),
  Math.max(...all.map(({ addedMb }) => addedMb)).toFixed(0),
];
printTable(
  [`${rowCount.toLocaleString('en')} rows`, 'rows/s', 'MB above idle'],
  [row('the service', ours), row('csv-parse alone', baseline)],
);
const ratios = ours.map(
  ({ rowsPerSecond }, round) => rowsPerSecond / (baseline[round]?.rowsPerSecond ?? Number.NaN),
);
const added = Math.max(...ours.map(({ addedMb }) => addedMb));
console.log(
  `Speed: ${median(ratios).toFixed(2)} of csv-parse alone (aim: ${aimRatio}) ${median(ratios) >= aimRatio ? 'yes' : 'NO'}`,
);
console.log(
  `Memory: ${added.toFixed(0)} MB above idle at most (aim: under ${aimMb}) ${added < aimMb ? 'yes' : 'NO'}`,
);
