import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { restoreAccount, saveAccount } from './accounts/handover.ts';
import { createActions } from './actions/actions.ts';
import { createOnce } from './actions/once.ts';
import type { ActionsParts } from './actions/parts.ts';
import { createCampaigns } from './campaigns/campaigns.ts';
import { createObserver, type Observer } from './campaigns/observe.ts';
import { createWarningLog } from './campaigns/warnings.ts';
import { type Config, ConfigError } from './config.ts';
import { secretsOf } from './config-secrets.ts';
import type { Services } from './graphql/context.ts';
import { createLoaders } from './graphql/loaders.ts';
import { createSchema } from './graphql/schema.ts';
import { createLive } from './live/live.ts';
import { createTailer } from './live/tailer.ts';
import { createWatching } from './polling/watching.ts';
import { providers } from './providers/index.ts';
import { createRedactor } from './providers/redact.ts';
import { openReplicas } from './replicas/open.ts';
import { createRouting, type LocalServices, performJob } from './replicas/routing.ts';
import { createRetention } from './retention/retention.ts';
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
import { createRetentionStore } from './store/retention.ts';
import { createTaskStore } from './store/tasks.ts';
import { createTasks } from './tasks/tasks.ts';
import { createProviderCalls } from './tracing/provider-calls.ts';
import { noTracing } from './tracing/span.ts';
import type { Telemetry } from './tracing/telemetry.ts';

export interface App {
  readonly url: string;
  /** The one way in which readings of campaigns get into the log, as polls use it. */
  readonly observe: Observer['observe'];
  /** Resolves if the database has gone back to an earlier state, and nothing here holds any more: start anew. */
  readonly goneBack: Promise<void>;
  /**
   * Goes on by another configuration: its accounts, tokens and polling. Nobody is dropped who would be let in by it. Who may
   * come in is decided by it from the moment of the call; the rest waits for the reloads before it.
   * @throws ConfigError when it can't be done without a new start; then nothing is different. What the database throws:
   * then tokens and accounts are the new ones, and what is new is polled once the database answers
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
  const noteTrouble = (error: unknown) => logger.error({ err: error }, 'database connection');
  const database = await openDatabase(config.database, noteTrouble);
  const store = createCampaignStore(database);
  const watching = createWatching(now);
  const replicas = openReplicas({
    ...{ url: config.database, database, watching, logger },
    async onGained(names, saved) {
      await roster.begin(names, saved);
      await tasks.resume();
    },
    async onLost(names) {
      await roster.end(names);
      campaigns.forgetFailures(names);
      observer.forgetLooks(names);
    },
    onSaved: (name, saved) => restoreAccount(roster.accounts.get(name), saved, false),
    save: (name, isLast) => saveAccount(roster.accounts.get(name), isLast),
    perform: (account, job) => performJob(local, account, job),
    lookOf: (key) => campaigns.lookOf(key),
    onNews: (head) => void tailer.news(head),
    onTask: (key) => void taskStore.get(key).then((task) => task && live.tasks.changed(task), noteTrouble),
    onCampaign: (key) => tailer.forgetCampaign(key),
    onMissed: () => tailer.missed(),
    onConnectionLost: noteTrouble,
  });
  const log = createChangeLog(database, replicas.logWriter);
  const tailer = await createTailer({ log, store });

  const warnings = createWarningLog(logger);
  const metrics = createMetrics({
    followed: () => roster.followedCounts(),
    live: () => live.state(),
  });

  const live = createLive({
    ...{ tailer, log, store },
    watch: watching.begin,
    hooks: {
      onExecution: metrics.executed,
      onDelivery: ({ steps, at }, subscribers) =>
        metrics.delivered(subscribers, steps, at === null ? null : (now() - at) / 1000),
    },
  });

  const observer = createObserver({
    ...{ store, log, now },
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
      onHealth(account) {
        live.accounts.changed(account);
        replicas.accountChanged(account);
      },
      mayAsk: replicas.isOurs,
      onScarce: replicas.hurry,
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
    lookElsewhere: replicas.lookOf,
    onFollowed(campaign) {
      tailer.keepCampaign(campaign);
      replicas.campaignChanged(campaign.key);
    },
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
    ours: roster.ours,
    tasks: taskStore,
    reports: reportStore,
    campaigns: store,
    ...{ observer, logger, now },
    onChange(task) {
      live.tasks.changed(task);
      replicas.taskChanged(task.key);
    },
    publicUrl: config.server.publicUrl,
  });
  const local: LocalServices = { accounts, campaigns, actions, tasks, store, taskStore };
  const routed = createRouting(local, replicas.ask, replicas.isOurs);

  const retention = createRetention({
    store: createRetentionStore(database, now),
    ...{ settings: config.retention, logger, now },
  });

  const services: Services = {
    providers,
    accounts,
    ...routed,
    once,
    store,
    taskStore,
    reportStore,
    log,
    live,
    watching,
    ...createLoaders(store),
  };
  const door = createDoor({ auth: config.auth, accounts, limits: config.limits, now, logger });
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
    notifications: routed.tasks,
    checkReady: database.checkReady,
    requests: createRequestLog({ logger, tracing }),
    logger,
  });

  let [running, reloading] = [config, Promise.resolve()];

  /** Everything but who may come in. */
  async function goOnBy(next: Config): Promise<void> {
    await roster.change(next);
    await replicas.change(roster.groups());
    for (const part of ['server', 'database', 'limits', 'graphql', 'retention'] as const) {
      if (!isDeepStrictEqual(next[part], running[part]))
        logger.warn(`${part}: what is different takes effect with the next start`);
    }
    running = next;
  }

  let stopped: Promise<void> | null = null;

  async function stop(): Promise<void> {
    database.hurry();
    await reloading.catch(() => {});
    await Promise.all([server.stop(), replicas.handOver(), retention.stop()]);
    await tasks.stop();
    await observer.stop();
    await tailer.stop();
    await replicas.stop();
    await database.destroy();
  }

  try {
    const url = await server.start();
    await replicas.start(roster.groups());
    tasks.start();
    retention.start();
    return {
      url,
      observe: observer.observe,
      goneBack: tailer.goneBack,
      async reload(next) {
        if (stopped) return reloading;
        // The address that is listened at was allowed by whether there is one.
        if ((next.auth === null) !== isOpen)
          throw new ConfigError(['auth: it can be added or removed only by a new start']);
        for (const secret of secretsOf(next)) redactor.addSecret(secret);
        // At once, whatever a reload before it waits for: a token that is taken out may be in wrong hands.
        door.change(next.auth);
        reloading = reloading.catch(() => {}).then(() => goOnBy(next));
        return reloading;
      },
      stop() {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}
