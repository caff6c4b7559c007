import { isDeepStrictEqual } from 'node:util';
import DataLoader from 'dataloader';
import type { Logger } from 'pino';
import { createAccess } from './access/access.ts';
import { type Grant, sees } from './access/grant.ts';
import { createActions } from './actions/actions.ts';
import { createOnce } from './actions/once.ts';
import type { ActionsParts } from './actions/parts.ts';
import { createCampaigns } from './campaigns/campaigns.ts';
import { createObserver, type Observer } from './campaigns/observe.ts';
import { createWarningLog } from './campaigns/warnings.ts';
import { type Config, ConfigError } from './config.ts';
import type { Services, Viewer } from './graphql/context.ts';
import { createSchema } from './graphql/schema.ts';
import { createLive } from './live/live.ts';
import { createTailer } from './live/tailer.ts';
import type { Campaign } from './model/campaign.ts';
import { createWatching } from './polling/watching.ts';
import { providers } from './providers/index.ts';
import { createRedactor } from './providers/redact.ts';
import { createRoster } from './roster.ts';
import { createDoor } from './server/door.ts';
import { createGraphiql } from './server/graphiql.ts';
import { createGraphQLServer } from './server/graphql.ts';
import { createHttpServer } from './server/http.ts';
import { createMetrics } from './server/metrics.ts';
import { createRequestLog } from './server/request-log.ts';
import { createCampaignStore } from './store/campaigns.ts';
import { openDatabase } from './store/database.ts';
import { createChangeLog } from './store/log.ts';
import { createMutationStore } from './store/mutations.ts';
import { createReportStore } from './store/reports.ts';
import { createTaskStore } from './store/tasks.ts';
import { createTasks } from './tasks/tasks.ts';
import { createProviderCalls } from './tracing/provider-calls.ts';
import { noTracing } from './tracing/span.ts';
import type { Telemetry } from './tracing/telemetry.ts';

export interface App {
  readonly url: string;
  /** The one way in which readings of campaigns get into the log, as polls use it. */
  readonly observe: Observer['observe'];
  /**
   * Goes on by another configuration: its accounts, tokens and polling. Nobody is dropped who would be let in by it.
   * @throws ConfigError when it can't be done without a new start; then nothing is different. What the database throws:
   * then tokens are as in the new one, and accounts as they were
   */
  reload(config: Config): Promise<void>;
  /** Ends polls and connections in good order; resolves once nothing runs any more. */
  stop(): Promise<void>;
}

/**
 * Builds every part of the service from a configuration, and starts it. Tests start the same.
 * @throws when the database can't be opened or the port is taken
 */
export async function startApp(
  config: Config,
  logger: Logger,
  now: () => number = Date.now,
  { tracing, redactor }: Omit<Telemetry, 'logger'> = { tracing: noTracing, redactor: createRedactor([]) },
): Promise<App> {
  for (const secret of secretsOf(config)) redactor.addSecret(secret);
  const database = await openDatabase(config.database, (error) =>
    logger.error({ err: error }, 'database connection'),
  );
  const store = createCampaignStore(database);
  const log = createChangeLog(database);
  const tailer = await createTailer({ log, store });

  const warnings = createWarningLog(logger);
  const metrics = createMetrics({
    *followed() {
      for (const [account, poller] of roster.pollers) yield [account, poller.followedCount()];
    },
    live: () => live.state(),
  });

  const watching = createWatching(now);
  const live = createLive({
    tailer,
    log,
    store,
    watch: watching.begin,
    hooks: {
      onExecution: metrics.executed,
      onDelivery: ({ steps, at }, subscribers) =>
        metrics.delivered(subscribers, steps, at === null ? null : (now() - at) / 1000),
    },
  });

  const observer = createObserver({
    store,
    log,
    now,
    onCommit(entries, changed) {
      for (const { account, cause } of entries) metrics.change(account, cause);
      tailer.committed(entries, changed);
    },
    onObserved(campaign, observed) {
      const { list } = roster.accounts.get(campaign.account) ?? {};
      const onlyStatus = observed.fromList && list?.covers === 'status';
      // What a look at the campaign failed to tell, a list that gives its status does not tell either.
      if (!onlyStatus) campaigns.noteFailure(campaign.key, observed.reading?.incomplete ?? null);
      warnings.log(campaign.key, observed.reading?.warnings ?? []);
      roster.pollers.get(campaign.account)?.observed(campaign, observed);
    },
  });
  const providerCall = createProviderCalls(logger, tracing);
  const roster = createRoster({
    hooks: {
      now,
      onRequest(account, operation, outcome, seconds, sent) {
        metrics.request(account, operation, outcome, seconds);
        providerCall(account, operation, outcome, seconds, sent);
      },
      onHealth: live.accounts.changed,
      onSecret: redactor.addSecret,
      onToken: redactor.addToken,
    },
    watching,
    observer,
    logger,
    followed: store.followed,
    onFailure: (key, error) => campaigns.noteFailure(key, error),
    onChange: live.seenAnew,
  });
  const { accounts, pollers } = roster;
  roster.open(config);
  const campaigns = createCampaigns({
    accounts,
    store,
    log,
    observer,
    pollers,
    now,
    onFollowed: tailer.keepCampaign,
  });

  const actionsParts: ActionsParts = {
    accounts,
    campaigns,
    observer,
    store,
    now,
    pollSoon: (account, externalId) => pollers.get(account)?.pollSoon(externalId),
  };
  const actions = createActions(actionsParts);
  const { once, idle } = createOnce({ store: createMutationStore(database), now });

  const taskStore = createTaskStore(database);
  const reportStore = createReportStore(database);
  const tasks = createTasks({
    actions: actionsParts,
    accounts,
    tasks: taskStore,
    reports: reportStore,
    campaigns: store,
    observer,
    logger,
    now,
    onChange: live.tasks.changed,
    publicUrl: config.server.publicUrl,
  });

  const known = new DataLoader<string, Campaign | null>(
    async (keys) => {
      const found = await store.getMany(keys);
      return keys.map((key) => found.get(key) ?? null);
    },
    { cache: false },
  );
  const raw = new DataLoader<string, string | null>(
    async (keys) => {
      const known = await store.getRaw(keys);
      return keys.map((key) => known.get(key) ?? null);
    },
    { cache: false },
  );
  const services: Services = {
    providers,
    accounts,
    campaigns,
    actions,
    once,
    tasks,
    store,
    taskStore,
    reportStore,
    log,
    live,
    watching,
    known,
    raw,
  };
  const accessOf = ({ auth }: Config) => createAccess(auth, now, (problem) => logger.warn(problem));
  const viewerOf = (grant: Grant): Viewer => ({
    id: grant.id,
    role: grant.role,
    accounts: [...accounts.keys()].filter((name) => sees(grant, name)),
  });
  const door = createDoor({ access: accessOf(config), viewerOf, limits: config.limits, now });
  const persisted = config.graphql.persistedDocuments ?? null;
  const isOpen = config.auth === null;
  const server = createHttpServer({
    ...config.server,
    isOpen,
    limits: config.limits,
    graphiql: config.graphql.graphiql ? createGraphiql({ isOpen }) : null,
    graphql: createGraphQLServer({
      schema: createSchema(),
      context: (viewer) => ({ services, viewer }),
      allowedOrigins: config.server.allowedOrigins,
      limits: config.limits,
      settings: config.graphql,
      persisted,
      logger,
    }),
    door,
    persisted,
    live,
    metrics,
    idle,
    notifications: tasks,
    checkReady: database.checkReady,
    requests: createRequestLog({ logger, tracing }),
    logger,
  });

  let [running, reloading] = [config, Promise.resolve()];

  async function reload(next: Config): Promise<void> {
    // The address that is listened at was allowed by the one before.
    if ((next.auth === null) !== (running.auth === null))
      throw new ConfigError(['auth: it can be added or removed only by a new start']);
    for (const secret of secretsOf(next)) redactor.addSecret(secret);
    if (!isDeepStrictEqual(next.auth, running.auth)) door.change(accessOf(next));
    // What may fail comes first.
    const paused = await tasks.paused();
    await roster.change(next);
    tasks.goOn(paused);
    for (const part of ['server', 'database', 'limits', 'graphql'] as const) {
      if (!isDeepStrictEqual(next[part], running[part]))
        logger.warn(`${part}: what is different takes effect with the next start`);
    }
    running = next;
  }

  let stopped: Promise<void> | null = null;

  async function stop(): Promise<void> {
    database.hurry();
    await reloading.catch(() => {});
    await Promise.all([server.stop(), tasks.stop(), roster.stop()]);
    await observer.stop();
    await tailer.stop();
    await database.destroy();
  }

  try {
    const url = await server.start();
    await tasks.start();
    await roster.start(config);
    return {
      url,
      observe: observer.observe,
      reload(next) {
        if (!stopped) reloading = reloading.catch(() => {}).then(() => reload(next));
        return reloading;
      },
      stop() {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await database.destroy();
    throw error;
  }
}

/** What the accounts do not tell of themselves: the key that JWTs are signed with, and the database's password. */
function secretsOf({ auth, database }: Config): string[] {
  const source = auth?.jwt?.source;
  const password = URL.parse(database)?.password ?? '';
  return [...(source && 'secret' in source ? [source.secret] : []), password, decodeURIComponent(password)];
}
