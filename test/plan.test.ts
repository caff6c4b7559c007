import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { NewCampaign, SimulatedProvider } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { configFile } from './support/process.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { until } from './support/wait.ts';

const repository = fileURLToPath(new URL('../', import.meta.url));
const run = promisify(execFile);

interface Ended {
  readonly output: string;
  readonly errors: string;
  readonly status: number;
}

/** Runs `npm run plan` as an operator does, and gives what it says. */
async function plan(args: readonly string[], environment: object = {}): Promise<Ended> {
  const options = { cwd: repository, env: { PATH: process.env.PATH, ...environment } };
  try {
    const { stdout, stderr } = await run(process.execPath, ['--run', 'plan', '--', ...args], options);
    return { output: stdout, errors: stderr, status: 0 };
  } catch (error) {
    if (!(error instanceof Error && 'stderr' in error && 'code' in error)) throw error;
    return { output: '', errors: String(error.stderr), status: Number(error.code) };
  }
}

/** What is said of one account: its lines by their first word, and the reads that are told one by one. */
function accountIn(output: string, name: string) {
  const part = output.split('\n\n').find((text) => text.startsWith(`${name} (`)) ?? '';
  const line = (word: string) => new RegExp(`^ {2}${word} +(.*)$`, 'm').exec(part)?.[1] ?? null;
  const reads = [...part.matchAll(/^ +in ([\d.]+) s {2}(\S+) +(.*)$/gm)].map(([, seconds, id, why]) => ({
    seconds: Number(seconds),
    id: id ?? '',
    why: why ?? '',
  }));
  const rest = /^ +and ([\d,]+) more: (.*)$/m.exec(part);
  return { line, reads, rest: rest && { count: Number(rest[1]), reasons: rest[2] } };
}

/** Lets the service read campaigns, so that they stand in a database; gives their ids. */
async function fill(
  database: string,
  simulated: SimulatedProvider,
  account: object,
  campaigns: readonly NewCampaign[],
): Promise<string[]> {
  const ids = campaigns.map((campaign) => simulated.add(campaign));
  const follow = ids.map((externalId) => ({ account: 'appizer-main', externalId }));
  await using app = await startTestApp({ database, accounts: [account], follow });
  const query = '{ campaigns { totalCount } }';
  await until(async () => (await app.request(query)).data.campaigns.totalCount === ids.length);
  return ids;
}

const sending = { status: 'sending', counters: { recipients: 9, sent: 1 } };
const completed = { status: 'completed', counters: { recipients: 9, sent: 9 } };

describe.each(databaseKinds)('what is in the database, on %s,', (kind) => {
  test('is told by account, with budget, reads in order of time, and why', async () => {
    await using simulator = await startGenerousSimulator();
    const database = await createDatabase(kind);
    const { appizer } = simulator.providers;
    const ids = await fill(database, appizer, accountAt(simulator, 'appizer'), [sending, sending, completed]);

    await using unasked = await startGenerousSimulator();
    const account = accountAt(unasked, 'appizer', { requestBudget: { limit: 600, windowSeconds: 60 } });
    // However rarely each would be read, all have their turn within the five minutes.
    const path = configFile({ database, accounts: [account], polling: { fastest: 5, slowest: 140 } });
    const { output, errors } = await plan(['--config', path]);
    expect(errors).toBe('');
    expect(output).toContain('in the next 5 minutes');
    const { line, reads, rest } = accountIn(output, 'appizer-main');
    expect(line('budget')).toMatch(/^600 a minute; 4\d\d(\.\d)? a minute for polls/);
    expect(line('follows')).toBe('3 campaigns, 2 of them active');
    expect(line('list')).toBe('none');
    expect(line('stretched')).toBeNull();
    expect(line('requests')).toBe(`${reads.length}, ${reads.length / 5} a minute`);
    expect(rest).toBeNull();

    const [one, other, done] = ids;
    expect(new Set(reads.slice(0, 2).map(({ id }) => id))).toEqual(new Set([one, other]));
    expect(reads.map(({ seconds }) => seconds)).toEqual(
      reads.map(({ seconds }) => seconds).sort((a, b) => a - b),
    );
    const reasons = new Map(reads.map(({ id, why }) => [id, why]));
    expect(reasons.get(one ?? '')).toBe('sending');
    expect(reasons.get(done ?? '')).toBe('ended, counters may still move');
    expect(unasked.providers.appizer.requests).toEqual([]);
  });
});

test('changes nothing in the database', async () => {
  await using simulator = await startGenerousSimulator();
  const account = accountAt(simulator, 'appizer');
  const database = await createDatabase('sqlite');
  await fill(database, simulator.providers.appizer, account, [sending]);
  const hashOf = () =>
    createHash('sha1')
      .update(readFileSync(database.slice('sqlite:'.length)))
      .digest('hex');
  const before = hashOf();
  const { output } = await plan(['--config', configFile({ database, accounts: [account] })]);
  expect(accountIn(output, 'appizer-main').line('follows')).toMatch(/^1 campaign,/);
  expect(hashOf()).toBe(before);
});

test('a database that is not there yet is not made, and `follow` is what is read', async () => {
  const file = join(tmpdir(), `campaign-graph-${process.pid}`, 'none', 'here.db');
  const configuration = {
    database: `sqlite:${file}`,
    accounts: [{ name: 'push', provider: 'appizer', apiKey: 'a-key-of-ours' }],
    follow: [{ account: 'push', externalId: 'camp_1' }],
  };
  const { output } = await plan([], { CAMPAIGN_GRAPH_CONFIG: configFile(configuration) });
  expect(output).toMatch(/^Nothing is stored yet.*`follow`/);
  expect(accountIn(output, 'push').reads).toEqual([
    { seconds: 0, id: 'camp_1', why: 'nothing is known of it yet' },
  ]);
  expect(existsSync(file) || existsSync(join(file, '..'))).toBe(false);
});

test('many reads are counted by reason, and what is too much for the budget is stretched', async () => {
  await using simulator = await startGenerousSimulator();
  const { appizer } = simulator.providers;
  const campaigns = Array.from({ length: 60 }, () => sending);
  const database = await createDatabase('sqlite');
  await fill(database, appizer, accountAt(simulator, 'appizer'), campaigns);
  const budget = { limit: 10, windowSeconds: 60 };
  const account = accountAt(simulator, 'appizer', { requestBudget: budget });
  const path = configFile({ database, accounts: [account] });
  const { output } = await plan(['--config', path, '--minutes', '3']);
  const { line, reads, rest } = accountIn(output, 'appizer-main');
  expect(reads).toHaveLength(20);
  expect(rest).toEqual({ count: expect.any(Number), reasons: `${rest?.count} × sending` });
  const [all = 0, perMinute = 0] = (line('requests') ?? '').match(/[\d.]+/g)?.map(Number) ?? [];
  expect(all).toBe(20 + (rest?.count ?? 0));
  expect(perMinute).toBeLessThanOrEqual(10 * 0.8);
  // 60 campaigns every 120 s, at 8 requests a minute; those that were read in vain ask for less.
  const longer = Number(/wait ([\d.]+) times/.exec(line('stretched') ?? '')?.[1]);
  expect(longer).toBeGreaterThan(2);
  expect(longer).toBeLessThan(3.8);
});

test('lists have rounds, and accounts with the same key one budget', async () => {
  const octeth = { provider: 'octeth', baseUrl: 'http://127.0.0.1:1', apiKey: 'a-key-of-ours' };
  const accounts = [
    { ...octeth, name: 'one' },
    { ...octeth, name: 'other', requestBudget: { limit: 10, windowSeconds: 1 } },
    { ...octeth, name: 'apart', apiKey: 'another-key-of-ours' },
  ];
  const { output } = await plan(['--config', configFile({ database: 'sqlite::memory:', accounts })]);
  const [one, other, apart] = accounts.map(({ name }) => accountIn(output, name));
  expect(one?.line('list')).toMatch(
    /^5 rounds, every 60\.0 s, from 0\.0 s on: it tells all of each campaign$/,
  );
  expect(one?.line('budget')).toMatch(/^300 a minute, 10 in 1 s;/);
  expect(other?.line('budget')).toBe(one?.line('budget'));
  expect(output).toContain('shared with other');
  expect(apart?.line('budget')).toMatch(/^300 a minute;/);
});

describe.concurrent('it says what is wrong, and ends with status 1,', () => {
  const refusal = async (...args: string[]) => {
    const { status, output, errors } = await plan(args);
    expect([status, output]).toEqual([1, '']);
    expect(errors, 'a sentence, and no stack').not.toMatch(/^\s+at /m);
    return errors.trimEnd().split('\n');
  };

  test('without a configuration', async () => {
    expect(await refusal()).toEqual([expect.stringMatching(/^--config: .*npm run plan -- --config FILE/)]);
  });

  test('with all that is wrong in one, a sentence each with its path', async () => {
    const path = configFile({
      database: 'mysql://localhost',
      accounts: [{ name: 'x', provider: 'selzy' }],
      odd: 1,
    });
    expect((await refusal('--config', path)).sort()).toEqual([
      'accounts[0].apiKey: missing',
      expect.stringMatching(/^database: /),
      'odd: unknown key',
    ]);
  });

  test.each([
    [['--config', '/no/such/file.yaml'], /^\/no\/such\/file\.yaml: can't be read \(ENOENT\)$/],
    [['--colour'], /--colour/],
    [['--minutes', 'many'], /^--minutes: /],
    [['--minutes', '0'], /^--minutes: /],
    [['--minutes', ''], /^--minutes: /],
    [['--minutes=-1'], /^--minutes: /],
    [['--minutes', '1441'], /^--minutes: /],
  ])('with the arguments %j', async (args, sentence) => {
    expect(await refusal(...args)).toEqual([expect.stringMatching(sentence)]);
  });

  test.each([
    ['that nobody serves', 'postgres://user:a-secret@127.0.0.1:1/campaigns'],
    ['whose file is none', `sqlite:${configFile('No database begins with these words.'.repeat(9))}`],
  ])('with a database %s', async (_what, database) => {
    const accounts = [{ name: 'push', provider: 'appizer', apiKey: 'a-key-of-ours' }];
    const sentences = await refusal('--config', configFile({ database, accounts }));
    expect(sentences).toEqual([expect.stringMatching(/^database: it can't be opened \(/)]);
    expect(sentences.join()).not.toContain('a-secret');
  });
});
