import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt } from './support/app.ts';
import { configFile, runScript } from './support/process.ts';

const secret = 'Zq7-a-key-that-is-easy-to-find';
const account = { name: 'appizer-main', provider: 'appizer', apiKey: secret };
const working = { server: { port: 0 }, database: 'sqlite::memory:', accounts: [account] };

/** Starts it in a way that has to fail, and gives the sentences that it prints. */
async function refusal(...args: string[]): Promise<string[]> {
  await using service = runScript('src/main.ts', args);
  // One that does start after all must not be waited for.
  const started = service.ready().catch(() => service.ended);
  expect(await Promise.race([service.ended, started]), service.errors).toBe(1);
  expect(service.output, 'what is wrong goes to standard error alone').toBe('');
  expect(service.errors).not.toContain(secret);
  expect(service.errors, 'a sentence, and no stack').not.toMatch(/^\s+at /m);
  return service.errors.trimEnd().split('\n');
}

describe('the configuration is taken', () => {
  test.each(['--config FILE', 'CAMPAIGN_GRAPH_CONFIG=FILE'])(
    'from %s, and keys from the environment',
    async (way) => {
      await using simulator = await startSimulator({ campaigns: 0 });
      const { appizer } = simulator.providers;
      appizer.add({ externalId: 'camp_1' });
      const path = configFile({
        ...working,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how the configuration names a variable
        accounts: [accountAt(simulator, 'appizer', { name: 'ours', apiKey: '${OUR_KEY}' })],
        follow: [{ account: 'ours', externalId: 'camp_1' }],
      });
      const byArgument = way.startsWith('--');
      await using service = runScript('src/main.ts', byArgument ? ['--config', path] : [], {
        OUR_KEY: appizer.apiKey,
        ...(!byArgument && { CAMPAIGN_GRAPH_CONFIG: path }),
      });
      const query = encodeURIComponent(
        '{ campaign(id: "campaign:ours:camp_1") { status } accounts { name } }',
      );
      const response = await fetch(`${await service.ready()}/graphql?query=${query}`);
      expect(await response.json()).toEqual({
        data: { campaign: { status: 'QUEUED' }, accounts: [{ name: 'ours' }] },
      });
      expect(service.output.trimEnd().split('\n')).toHaveLength(1);
    },
  );
});

describe.concurrent('it does not start, and says why,', () => {
  test('with all that is wrong in a configuration, a sentence each with its path', async () => {
    const path = configFile({
      server: { port: 70_000, host: '0.0.0.0' },
      database: 'mysql://localhost',
      accounts: [
        { name: 'Not a name', provider: 'selzy' },
        { ...account, provider: 'nobody' },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how the configuration names a variable
        { ...account, apiKey: '${NO_SUCH_VARIABLE}', aipKey: secret },
      ],
      follow: [{ account: 'elsewhere', externalId: 1 }],
      graphql: { persistedDocuments: '/no/such/file.json' },
      mistyped: secret,
    });
    const sentences = await refusal('--config', path);
    const paths = sentences.map((sentence) => /^([\w.[\]]+): \S/.exec(sentence)?.[1] ?? sentence);
    expect(paths.sort()).toEqual([
      'accounts[0].apiKey',
      'accounts[0].name',
      'accounts[1].provider',
      'accounts[2].aipKey',
      'accounts[2].apiKey',
      'database',
      'follow[0].account',
      'graphql.persistedDocuments',
      'mistyped',
      'server.host',
      'server.port',
    ]);
    expect(sentences).toContain('accounts[0].apiKey: missing');
  });

  test.each([
    ['that is no YAML', `accounts: [${secret}\nb: }`, /^line \d+: not YAML/],
    ['that is empty', '', /^accounts: missing$/],
    ['that is a text', secret, /^configuration: /],
  ])('with a file %s', async (_what, text, sentence) => {
    const [first] = await refusal('--config', configFile(text));
    expect(first).toMatch(sentence);
  });

  test.each(['/no/such/file.yaml', '/tmp'])('with a file that cannot be read: %s', async (path) => {
    const sentences = await refusal('--config', path);
    expect(sentences).toEqual([expect.stringMatching(new RegExp(`^${path}: can't be read \\(E[A-Z]+\\)$`))]);
  });

  test.each([
    ['that nobody serves', `postgres://user:${secret}@127.0.0.1:1/campaigns`],
    ['whose host is unknown', `postgres://user:${secret}@host.invalid/campaigns`],
    ['whose file cannot be opened', `sqlite:${configFile('')}/campaigns.db`],
    ['whose file is none', `sqlite:${configFile('No database begins with these words.'.repeat(9))}`],
  ])('with a database %s', async (_what, database) => {
    const sentences = await refusal('--config', configFile({ ...working, database }));
    expect(sentences).toEqual([expect.stringMatching(/^database: /)]);
  });

  test('when its port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      for (const args of [
        ['--port', String(port)],
        ['--config', configFile({ ...working, server: { port } })],
      ]) {
        expect(await refusal(...args)).toEqual([expect.stringMatching(/port.*taken/)]);
      }
    } finally {
      server.close();
    }
  });

  test.each([
    ['--colour', /--colour/],
    ['extra', /extra/],
    ['--config', /--config/],
    ['--port=http', /--port/],
    ['--port=', /--port/],
    ['--port=65536', /--port/],
  ])('with the argument %s', async (argument, sentence) => {
    const sentences = await refusal(argument);
    expect(sentences).toEqual([expect.stringMatching(sentence)]);
  });
});
