import { parseArgs } from 'node:util';
import { type Logger, pino } from 'pino';
import { type App, startApp } from './app.ts';
import { configPath, fail, readConfigFile } from './command-line.ts';
import { type Config, ConfigError } from './config.ts';
import { keepRunning } from './keep-running.ts';
import { openTelemetry, type Telemetry } from './tracing/telemetry.ts';

const usage = `campaign-graph: one live GraphQL API over the messaging campaigns of several providers.

  npm start                       with the four simulated providers, to look around
  npm start -- --config FILE      with your accounts; CAMPAIGN_GRAPH_CONFIG=FILE says the same
  npm start -- --port PORT        another port than 4000 for the simulated one
  npm run plan -- --config FILE   what would be read of your campaigns in the next minutes, and why
`;

interface Reloading {
  /** Of the configuration; null: there is none. */
  readonly path: string | null;
  readonly service: () => Promise<App>;
  readonly logger: Logger;
  /** Told of a configuration that holds from now on. */
  readonly onAccepted: (config: Config) => void;
}

/** Reads the configuration again on SIGHUP. What is wrong with it leaves everything as it is. */
function reloadOnSignal({ path, service, logger, onAccepted }: Reloading): void {
  async function reload(from: string): Promise<void> {
    const app = await service();
    const config = readConfigFile(from);
    try {
      await app.reload(config);
    } catch (error) {
      if (!(error instanceof ConfigError)) onAccepted(config);
      throw error;
    }
    onAccepted(config);
  }

  process.on('SIGHUP', () => {
    if (path === null) return logger.warn('there is no configuration to read again');
    reload(path).then(
      () => logger.info('the configuration has been read again'),
      (error: unknown) =>
        error instanceof ConfigError
          ? logger.error(
              { problems: error.problems },
              'the configuration could not be read again, and is as it was',
            )
          : logger.error(
              { err: error },
              'the configuration has been read again: its tokens hold, accounts that are new wait for the database',
            ),
    );
  });
}

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

type Service = App & { readonly welcome: string };

async function start(config: Config | null, port: number, telemetry: Telemetry): Promise<Service> {
  if (config !== null) {
    const app = await startApp(config, telemetry.logger, Date.now, telemetry);
    return { ...app, welcome: `campaign-graph is ready at ${app.url}/graphql\n` };
  }
  const { startDemo } = await import('./demo.ts');
  return startDemo(port, telemetry);
}

/** Whatever hangs, the process is gone within 10 s. */
const stopMs = 9_500;

/** Ends the process in good order, once, also when it is asked to before it has quite begun. */
function stopOnSignals(stopService: () => Promise<void>, tracing: Telemetry['tracing']): void {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    const tooLong = new Error(`It could not be stopped in good order within ${stopMs / 1000} s.`);
    setTimeout(() => fail(tooLong), stopMs).unref();
    stopService()
      .then(tracing.stop)
      .then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

try {
  const { config: path, port } = readOptions();
  // The simulated providers where there is none.
  let config = path === null ? null : readConfigFile(path);
  // Logs go to stderr; what is printed for people goes to stdout.
  const telemetry = await openTelemetry(process.env, pino.destination(2));
  const { logger, tracing } = telemetry;
  const { service, stop } = keepRunning({
    start: () => start(config, port, telemetry),
    onReady: ({ welcome }) => process.stdout.write(welcome),
    logger,
  });
  stopOnSignals(stop, tracing);
  const onAccepted = (accepted: Config) => {
    config = accepted;
  };
  reloadOnSignal({ path, service, logger, onAccepted });
  await service();
} catch (error) {
  fail(error);
}
