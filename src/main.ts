import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { type App, startApp } from './app.ts';
import { type Config, ConfigError, readConfig } from './config.ts';

const usage = `campaign-graph: one live GraphQL API over the messaging campaigns of several providers.

  npm start                       with the four simulated providers, to look around
  npm start -- --config FILE      with your accounts; CAMPAIGN_GRAPH_CONFIG=FILE says the same
  npm start -- --port PORT        another port than 4000 for the simulated one
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
  const config = values.config ?? process.env.CAMPAIGN_GRAPH_CONFIG ?? null;
  const port = /^\d{1,5}$/.test(values.port ?? '4000') ? Number(values.port ?? 4000) : Number.NaN;
  if (!(port <= 65_535)) throw new ConfigError(['--port: must be 0 to 65535']);
  return { config, port };
}

/** @throws ConfigError */
function readConfigFile(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`${path}: can't be read (${errorCode(error)})`]);
  }
  return readConfig(text, process.env);
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

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function sentenceFor(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (errorCode(error) === 'EADDRINUSE') return 'server.port: it is taken; is the service running already?';
  return error.message;
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

function fail(error: unknown): never {
  process.stderr.write(`${sentenceFor(error)}\n`);
  process.exit(1);
}

try {
  const starting = start(readOptions());
  stopOnSignals(starting);
  const { welcome } = await starting;
  process.stdout.write(welcome);
} catch (error) {
  fail(error);
}
