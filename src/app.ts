import DataLoader from 'dataloader';
import type { Logger } from 'pino';
import { createAccess } from './access/access.ts';
import { type Grant, sees } from './access/grant.ts';
import { type Account, openAccount } from './accounts/account.ts';
import { shareBudgets } from './accounts/shared-budgets.ts';
import { createActions } from './actions/actions.ts';
import { createOnce } from './actions/once.ts';
import type { ActionsParts } from './actions/parts.ts';
import { createCampaigns } from './campaigns/campaigns.ts';
import { createObserver, type Observer } from './campaigns/observe.ts';
import { createWarningLog } from './campaigns/warnings.ts';
import type { Config } from './config.ts';
import type { Services, Viewer } from './graphql/context.ts';
import { createSchema } from './graphql/schema.ts';
import { createLive } from './live/live.ts';
import { createTailer } from './live/tailer.ts';
import type { Campaign } from './model/campaign.ts';
import { createPoller, type Poller } from './polling/poller.ts';
import { createWatching } from './polling/watching.ts';
import { providers } from './providers/index.ts';
import { createDoor } from './server/door.ts';
import { createGraphQLServer } from './server/graphql.ts';
import { createHttpServer } from './server/http.ts';
import { createMetrics } from './server/metrics.ts';
import { readPersistedDocuments } from './server/persisted.ts';
import { createCampaignStore } from './store/campaigns.ts';
import { openDatabase } from './store/database.ts';
import { createChangeLog } from './store/log.ts';
import { createMutationStore } from './store/mutations.ts';
import { createReportStore } from './store/reports.ts';
import { createTaskStore } from './store/tasks.ts';
import { createTasks } from './tasks/tasks.ts';

export interface App {
  readonly url: string;
  /** The one way in which readings of campaigns get into the log, as polls use it. */
  readonly observe: Observer['observe'];
  /** Ends polls and connections in good order; resolves once nothing runs any more. */
  stop(): Promise<void>;
}

/**
 * Builds every part of the service from a configuration, and starts it. Tests start the same.
 * @throws when the database can't be opened or the port is taken
 */
export async function startApp(config: Config, logger: Logger, now: () => number = Date.now): Promise<App> {
  const database = await openDatabase(config.database, (error) =>
    logger.error({ err: error }, 'database connection'),
  );
  const store = createCampaignStore(database);
  const log = createChangeLog(database);
  const tailer = await createTailer({ log, store });

  const warnings = createWarningLog(logger);
  const pollers = new Map<string, Poller>();
  const metrics = createMetrics({
    *followed() {
      for (const [account, poller] of pollers) yield [account, poller.followedCount()];
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

  const accounts = new Map<string, Account>();
  const budgets = shareBudgets(config.accounts, now);
  for (const settings of config.accounts) {
    const hooks = { now, onRequest: metrics.request, onHealth: live.accounts.changed };
    accounts.set(settings.name, openAccount(settings, hooks, budgets.get(settings.name)));
  }

  const observer = createObserver({
    store,
    log,
    now,
    onCommit(entries, changed) {
      for (const { account, cause } of entries) metrics.change(account, cause);
      tailer.committed(entries, changed);
    },
    onObserved(campaign, observed) {
      const onlyStatus = observed.fromList && accounts.get(campaign.account)?.list?.covers === 'status';
      // What a look at the campaign failed to tell, a list that gives its status does not tell either.
      if (!onlyStatus) campaigns.noteFailure(campaign.key, observed.reading?.incomplete ?? null);
      warnings.log(campaign.key, observed.reading?.warnings ?? []);
      pollers.get(campaign.account)?.observed(campaign, observed);
    },
  });
  for (const account of accounts.values()) {
    const poller = createPoller({
      account,
      observer,
      watching,
      logger,
      now,
      onFailure: (key, error) => campaigns.noteFailure(key, error),
    });
    pollers.set(account.name, poller);
  }
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
  const access = createAccess(config.auth, now, (problem) => logger.warn(problem));
  const viewerOf = (grant: Grant): Viewer => ({
    id: grant.id,
    role: grant.role,
    accounts: [...accounts.keys()].filter((name) => sees(grant, name)),
  });
  const door = createDoor({ access, viewerOf, limits: config.limits, now });
  const { persistedDocuments } = config.graphql;
  const persisted = persistedDocuments === undefined ? null : readPersistedDocuments(persistedDocuments);
  const server = createHttpServer({
    ...config.server,
    isOpen: config.auth === null,
    limits: config.limits,
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
    notified: tasks.notified,
    checkReady: async () => void (await log.state()),
    logger,
  });

  let stopped: Promise<void> | null = null;

  async function stop(): Promise<void> {
    await server.stop();
    await Promise.all([tasks.stop(), ...[...pollers.values()].map((poller) => poller.stop())]);
    await observer.stop();
    await database.destroy();
  }

  try {
    const url = await server.start();
    await tasks.start();
    for (const [name, poller] of pollers) {
      const configured = config.follow.filter(({ account }) => account === name);
      poller.start(
        await store.followed(name),
        configured.map(({ externalId }) => externalId),
      );
    }
    return {
      url,
      observe: observer.observe,
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
