import { randomUUID } from 'node:crypto';
import { Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import type { Result } from '../actions/parts.ts';
import type { LookElsewhere } from '../campaigns/campaigns.ts';
import { accountIn } from '../model/campaign.ts';
import type { Watching } from '../polling/watching.ts';
import type { Database } from '../store/database.ts';
import type { LogWriter } from '../store/log-writer.ts';
import { postgresDialect } from '../store/postgres.ts';
import type { Tables } from '../store/schema.ts';
import type { Job } from './job.ts';
import { createJobTable } from './job-table.ts';
import { createJobs } from './jobs.ts';
import { createLeaseTable } from './lease-table.ts';
import { createLeases, type LeasesParts } from './leases.ts';
import { createLine } from './line.ts';
import { type Message, type News, telling } from './messages.ts';
import { createSharedLooks } from './shared-looks.ts';
import { createSharedWatching } from './shared-watching.ts';
import { createStatementWriter } from './statement-writer.ts';
import { createWatchTable } from './watch-table.ts';

export interface ReplicasParts extends Pick<LeasesParts, 'onGained' | 'onLost' | 'save' | 'onSaved'> {
  /** Of PostgreSQL. */
  readonly url: string;
  readonly database: Database;
  readonly watching: Watching;
  readonly logger: Logger;
  readonly onConnectionLost: (error: Error) => void;
  /** Does a job of an account that is ours. */
  readonly perform: (account: string, job: Job) => Promise<Result>;
  /** What of a campaign of ours is known here alone. */
  readonly lookOf: (key: string) => LookElsewhere | null;
  /** Another replica has written to the log, up to here. */
  readonly onNews: (head: number) => void;
  /** A task has come further by another replica. */
  readonly onTask: (key: string) => void;
  /** A campaign is followed, or is no longer, by another replica. */
  readonly onCampaign: (key: string) => void;
  /** What other replicas said may have been missed: what is kept of campaigns in memory may be out of date. */
  readonly onMissed: () => void;
}

/** The processes that share the work, as the service sees them. */
export interface Replicas {
  readonly id: string;
  /** Writes to the log of accounts that are ours. */
  readonly logWriter: LogWriter;
  /** Whether an account's provider may be asked by this process now. */
  isOurs(account: string): boolean;
  /** Gets more requests set aside soon. */
  hurry(): void;
  /**
   * Has a job done by whoever takes care of the account.
   * @throws ProblemError
   */
  ask(account: string, job: Job, waitMs?: number): Promise<Result>;
  /** What of a campaign its holder alone knows, as far as it has told; null where that is us. */
  lookOf(key: string): LookElsewhere | null;
  /** Others may want to know. */
  taskChanged(key: string): void;
  campaignChanged(key: string): void;
  accountChanged(account: string): void;
  /** @param groups of accounts that one process takes care of together */
  start(groups: readonly (readonly string[])[]): Promise<void>;
  /** From now on these are the accounts. */
  change(groups: readonly (readonly string[])[]): Promise<void>;
  /** Gives up what is ours, as soon as nothing is done with it any more. */
  handOver(): Promise<void>;
  stop(): Promise<void>;
}

/** Leases are renewed by connections that nobody else uses, and that are given up soon. */
const leaseLimits = { connectMs: 2_000, answerMs: 2_000, hurriedMs: 1_000 };
const lookEveryMs = 2_000;
/** Changes that are under way may take so long before their account is given to another; less where this process ends. */
const patienceMs = 60_000;
const stopPatienceMs = 4_000;

/** This process as one of several on one PostgreSQL, all alike. */
export function createReplicas(parts: ReplicasParts): Replicas {
  const { url, database, watching, logger } = parts;
  const id = randomUUID();
  const dialect = postgresDialect(url, parts.onConnectionLost, { limits: leaseLimits, connections: 2 });
  const own = new Kysely<Tables>({ dialect });
  const leases = createLeases({
    table: createLeaseTable(own, id),
    logger,
    ...{ onGained, onLost, save: parts.save, onSaved },
  });
  const jobs = createJobs({ table: createJobTable(database, id), leases, logger, perform: parts.perform });
  const shared = createSharedWatching({
    table: createWatchTable(database, id),
    ...{ watching, logger, isOurs: leases.isOurs, ours: leases.ours },
  });
  const looks = createSharedLooks({ watchedElsewhere: shared.named, lookOf: parts.lookOf, tell: notify });
  const line = createLine({ url, logger, onMessage: hear, onHeard });
  /** What others have saved, as far as it has been passed on. */
  const known = new Map<string, string>();
  let looking: NodeJS.Timeout | null = null;
  let isStopping = false;

  async function onGained(...gained: Parameters<LeasesParts['onGained']>): Promise<void> {
    looks.forget(gained[0]);
    shared.tellSoon();
    await Promise.all([parts.onGained(...gained), shared.hear(gained[0])]);
  }

  function onSaved(account: string, saved: string): void {
    if (known.get(account) === saved) return;
    known.set(account, saved);
    parts.onSaved(account, saved);
  }

  async function onLost(accounts: readonly string[]): Promise<void> {
    for (const account of accounts) known.delete(account);
    await Promise.all([
      parts.onLost(accounts),
      jobs.idle(accounts, isStopping ? stopPatienceMs : patienceMs),
    ]);
    looks.forget(accounts);
    shared.tellSoon();
    await shared.hear(accounts);
  }

  function hear(message: Message): void {
    if (message.from === id) return;
    if ('log' in message) parts.onNews(message.log);
    else if ('job' in message) void (message.to === id && jobs.take(message.job));
    else if ('done' in message) void (message.to === id && jobs.done(message.done));
    else if ('task' in message) parts.onTask(message.task);
    else if ('campaign' in message) parts.onCampaign(message.campaign);
    else if ('watched' in message) void shared.hear(message.accounts ?? null);
    else if ('seen' in message) looks.hear(message.seen, message.looks);
    else leases.hurry();
  }

  function onHeard(): void {
    parts.onMissed();
    look();
  }

  /** Looks for what was said while nobody heard it. The log is looked at anyway (`createTailer`). */
  function look(): void {
    jobs.look().catch((error: unknown) => logger.warn({ err: error }, 'jobs could not be looked for'));
    shared.look();
  }

  /** Rejects when the others could not be told. */
  async function notify(news: News): Promise<void> {
    try {
      await sql`select ${telling(id, news)}`.execute(database);
    } catch (error) {
      logger.debug({ err: error }, 'other replicas could not be told');
      throw error;
    }
  }

  /** What can't be told is found out by the others somewhat later. */
  function tell(news: News): void {
    notify(news).catch(() => {});
  }

  return {
    id,
    logWriter: createStatementWriter({ database, replica: id, fenceOf: leases.fenceOf }),
    isOurs: leases.isOurs,
    hurry: leases.hurry,
    ask: jobs.ask,
    lookOf: (key: string) => (leases.isOurs(accountIn(key)) ? null : looks.of(key)),

    taskChanged: (key: string) => tell({ task: key }),
    campaignChanged: (key: string) => tell({ campaign: key }),
    accountChanged(account: string): void {
      if (!leases.isOurs(account)) return;
      leases.hurry();
      tell({ account });
    },

    async start(groups: readonly (readonly string[])[]): Promise<void> {
      line.start();
      await leases.start(groups);
      looking = setInterval(look, lookEveryMs).unref();
    },

    change: leases.change,

    handOver() {
      isStopping = true;
      dialect.hurry();
      return leases.stop();
    },

    async stop(): Promise<void> {
      if (looking) clearInterval(looking);
      looks.stop();
      await shared.stop();
      await line.stop();
      await own.destroy();
    },
  };
}
