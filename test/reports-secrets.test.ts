import { once } from 'node:events';
import { createServer } from 'node:net';
import { sql } from 'kysely';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { startApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import { manyRows, startSimulator } from '../src/simulator/simulator.ts';
import { openDatabase } from '../src/store/database.ts';
import { accountAt } from './support/app.ts';
import { createDatabase, type DatabaseKind, databaseKinds } from './support/databases.ts';
import { startSampleServer } from './support/sample-server.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const everything = `{
  accounts { name health { state problem { code message providerCode } } }
  campaigns { nodes { id raw sender statusReason freshness { reason } history { nodes { cursor cause } } } }
  tasks { nodes { id status providerStatus fileUrl problem { code message providerCode }
    report { rowCount rows { nodes { recipient providerResult fields } } } } }
}`;
const mutation = `mutation { requestDeliveryReport(input: { campaignId: "campaign:selzy-main:1", idempotencyKey: "k1" }) {
  task { id } errors { code message path providerCode }
} }`;
const subscription = 'subscription { taskUpdated { id status providerStatus fileUrl problem { message } } }';
const healths = 'subscription { accountUpdated { name health { problem { message providerCode } } } }';

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** All that a database holds, as text. */
async function dump(url: string): Promise<string> {
  await using database = await openDatabase(url, () => {});
  const tables = await database.introspection.getTables();
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(['tasks', 'reports', 'mutations']));
  const contents: unknown[] = [];
  for (const { name } of tables)
    contents.push((await sql`select * from ${sql.table(name)}`.execute(database)).rows);
  return JSON.stringify(contents, (_name, value) => (typeof value === 'bigint' ? String(value) : value));
}

/** The app over one account, which keeps all that it tells: in answers, to subscribers, and in its log. */
async function start(account: object, kind: DatabaseKind = 'sqlite') {
  await using stack = new AsyncDisposableStack();
  const answers: string[] = [];
  const log: string[] = [];
  const database = await createDatabase(kind);
  const port = await freePort();
  const server = { port, publicUrl: `http://127.0.0.1:${port}` };
  const config = parseConfig(
    { server, database, polling: { fastest: 600, slowest: 3_600 }, accounts: [account] },
    {},
  );
  const app = await startApp(
    config,
    pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }),
  );
  stack.defer(() => app.stop());
  const told = stack.use(overSse(app.url, subscription));
  const health = stack.use(overWebSocket(app.url, healths));
  await health.atLeast(1);
  const kept = stack.move();

  return {
    url: app.url,
    told,
    async ask(query: string) {
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      const text = await response.text();
      answers.push(text);
      return JSON.parse(text);
    },
    /** Where any of these words is found, once all has been asked for and the service has stopped. */
    async leaks(words: readonly string[]) {
      for (const word of words) expect(word.length).toBeGreaterThan(5);
      await this.ask(everything);
      answers.push(await (await fetch(`${app.url}/metrics`)).text());
      answers.push(JSON.stringify([told.events, told.errors, health.events, health.errors]));
      await app.stop();
      const places = { answers: answers.join('\n'), log: log.join(''), database: await dump(database) };
      return Object.entries(places).flatMap(([place, text]) =>
        words
          .filter((word) => text.includes(word))
          .map((word) => {
            const at = text.indexOf(word);
            return `${place}: ${text.slice(Math.max(0, at - 80), at + word.length)}`;
          }),
      );
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

describe.concurrent('the key and the secret of a notification', () => {
  test.each(databaseKinds)(
    'are seen nowhere in a report’s life on %s, and not by those who keep its file',
    async (kind) => {
      await using simulator = await startSimulator({
        campaigns: 0,
        selzyTaskSeconds: 0.3,
        selzyQuirks: { table: manyRows(100), cutDownloads: 1, redirect: 'path', notification: 'twice' },
      });
      const { selzy } = simulator.providers;
      selzy.add({ externalId: '1', status: 'completed', warnings: [`The key ${selzy.apiKey} is old.`] });
      await using world = await start(accountAt(simulator, 'selzy', { reportHosts: ['127.0.0.1'] }), kind);
      const { data } = await world.ask(mutation);
      expect(data.requestDeliveryReport.errors).toEqual([]);
      const asked = selzy.requests.find(({ parameters }) => parameters.notify_url);
      const address = asked?.parameters.notify_url ?? '';
      const secret = address.split('/').at(-1) ?? '';
      // It is heard, heard in another way, and heard by somebody else.
      for (const method of ['POST', 'GET']) await fetch(address, { method });
      await fetch(address.replace('selzy-main', 'nobody'), { method: 'POST' });
      await until(() => world.told.events.some(({ status }) => status === 'COMPLETED'), 15_000);
      await world.ask(mutation);

      expect(selzy.downloads.length).toBeGreaterThanOrEqual(4);
      for (const { headers, target } of selzy.downloads) {
        const sent = JSON.stringify([headers, target]);
        for (const word of [selzy.apiKey, secret, 'cookie', 'authorization'])
          expect(sent).not.toContain(word);
      }
      expect(await world.leaks([selzy.apiKey, secret])).toEqual([]);
    },
  );

  /** A Selzy that quotes all that it was ever sent in what it says of a task. */
  async function startQuoting(say: (method: string, quoted: string) => object | null) {
    let sent = '';
    const server = await startSampleServer(({ url, body }) => {
      const form = new URLSearchParams(body);
      if (form.has('notify_url')) sent = `${form.get('api_key')} ${form.get('notify_url')}`;
      const method = url.replace('/en/api/', '');
      if (method === 'getCampaignStatus') return { body: { result: { status: 'completed' } } };
      return { body: say(method, sent) ?? { result: { task_uuid: 'u1', status: 'new' } } };
    });
    return {
      account: {
        name: 'selzy-main',
        provider: 'selzy',
        apiKey: 'selzy-key-of-ours',
        baseUrl: `${server.url}/en/api`,
        reportHosts: ['127.0.0.1'],
      },
      received: server.received,
      secret: () => /webhooks\/selzy-main\/([\w-]+)/.exec(sent)?.[1] ?? '',
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  }

  test.each(['access_denied', 'retry_later', 'invalid_arg', 'unspecified'])(
    'are seen nowhere when a refusal quotes them (%s)',
    async (code) => {
      await using selzy = await startQuoting((_method, quoted) => ({
        error: `No: ${quoted}`,
        code,
        result: '',
      }));
      await using world = await start(selzy.account);
      const { data } = await world.ask(mutation);
      expect(data.requestDeliveryReport).toMatchObject({
        task: null,
        errors: [{ message: expect.stringMatching(/^No/) }],
      });
      await world.ask(mutation);
      expect(await world.leaks([selzy.account.apiKey, selzy.secret()])).toEqual([]);
    },
  );

  test.each<[string, (quoted: string) => object]>([
    ['a refusal', (quoted) => ({ error: `Can't notify ${quoted}`, code: 'unspecified', result: '' })],
    ['a failure', (quoted) => ({ error: `Can't notify ${quoted}`, code: 'access_denied', result: '' })],
    ['its status', (quoted) => ({ result: { task_uuid: 'u1', status: `notifying ${quoted}` } })],
  ])('are seen nowhere when the provider quotes them later, in %s', async (_what, answer) => {
    await using selzy = await startQuoting((method, quoted) =>
      method.endsWith('Result') ? answer(quoted) : null,
    );
    await using world = await start(selzy.account);
    await world.ask(mutation);
    await fetch(`${world.url}/webhooks/selzy-main/${selzy.secret()}`, { method: 'POST' });
    await until(() => world.told.events.some(({ problem }) => problem !== null));
    expect(await world.leaks([selzy.account.apiKey, selzy.secret()])).toEqual([]);
  });
});
