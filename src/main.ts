import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { type App, startApp } from './app.ts';
import { configPath, fail, readConfigFile } from './command-line.ts';
import { ConfigError } from './config.ts';

const usage = `campaign-graph: one live GraphQL API over the messaging campaigns of several providers.

  npm start                       with the four simulated providers, to look around
  npm start -- --config FILE      with your accounts; CAMPAIGN_GRAPH_CONFIG=FILE says the same
  npm start -- --port PORT        another port than 4000 for the simulated one
  npm run plan -- --config FILE   what would be read of your campaigns in the next minutes, and why
`;

interface Options {
  readonly config: string | null;
  readonly port: number;
}

/** @throws ConfigError */
function readOptions(): Options {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const config = configPath(values.config);
  const port = /^\d{1,5}$/.test(values.port ?? '4000') ? Number(values.port ?? 4000) : Number.NaN;
  if (!(port <= 65_535)) throw new ConfigError(['--port: must be 0 to 65535']);
  return { config, port };
}

async function start({ config, port }: Options): Promise<App & { readonly welcome: string }> {
  // Logs go to stderr; what is printed for people goes to stdout.
  const logger = pino({ level: process.env.LOG_LEVEL ?? 'info' }, pino.destination(2));
  if (config !== null) {
    const app = await startApp(readConfigFile(config), logger);
    return { ...app, welcome: `campaign-graph is ready at ${app.url}/graphql\n` };
  }
  const { startDemo } = await import('./demo.ts');
  return startDemo(port, logger);
}

/** Ends the process in good order, once, also when it is asked to before it has quite begun. */
function stopOnSignals(starting: Promise<App>): void {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    starting
      .then((app) => app.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

try {
  const starting = start(readOptions());
  stopOnSignals(starting);
  const { welcome } = await starting;
  process.stdout.write(welcome);
} catch (error) {
  fail(error);
}
