import { setTimeout as delay } from 'node:timers/promises';
import type { CampaignReading, Channel, KnownStatus } from '../model/campaign.ts';
import { concernsAccount, ProblemError } from '../model/problem.ts';
import { type Call, createHttp, type SentRequest } from '../providers/http.ts';
import type { CampaignChanges, DeliveryReports, Provider, RequestBudget } from '../providers/provider.ts';
import type { RequestOutcome } from '../providers/trouble.ts';
import { type Budget, createBudget } from './budget.ts';
import { createHealth, type Health } from './health.ts';
import { type AccountList, hearList } from './list.ts';

/** An account as it is configured. */
export interface AccountSettings {
  readonly name: string;
  readonly provider: Provider;
  /** The provider's own keys of the configuration. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly requestBudgets: readonly RequestBudget[];
  readonly polling: Polling;
  /** How long one request may take. */
  readonly timeoutMs: number;
}

export interface Polling {
  /** No campaign is read more often than this. */
  readonly fastestMs: number;
  readonly slowestMs: number;
}

/** One set of credentials at work: its campaigns, its budget and how well it does. */
export interface Account {
  readonly name: string;
  readonly provider: Provider;
  /** The channel of its campaigns where the provider does not tell. */
  readonly channel: Channel;
  readonly polling: Polling;
  readonly budget: Budget;
  readonly health: Health;
  /**
   * Reads one campaign; what several people ask for at the same moment is one request.
   * @throws ProblemError
   */
  read(externalId: string, call: Call): Promise<Answer>;
  /**
   * The same for a person, but never by an answer that was asked for earlier: to see what a change has led to.
   * @throws ProblemError
   */
  readAnew(externalId: string): Promise<Answer>;
  /**
   * Reads the counters alone of a campaign whose status the list has told; null: they come with the rest.
   * @throws ProblemError
   */
  readonly readCounters: ((externalId: string, known: KnownStatus, call: Call) => Promise<Answer>) | null;
  readonly list: AccountList | null;
  /** What changes campaigns here, to be run by `ask`. */
  readonly changes: CampaignChanges;
  /** To be asked for by `ask`; null: the provider offers none. */
  readonly reports: DeliveryReports | null;
  /**
   * Runs a request, and hears what it tells of the account.
   * @param about the campaign that it concerns; null: none, or several
   * @param call for a person who waits, unless it says otherwise
   * @throws ProblemError
   */
  ask<T>(about: string | null, request: (call: Call) => Promise<T>, call?: Call): Promise<T>;
  /** Aborted by `close`, for what goes on in the background and must not outlast the account. */
  readonly closed: AbortSignal;
  /** The account is configured otherwise from now on, or not at all. Those who wait for an answer still get it. */
  close(): void;
}

/** What the provider said of a campaign; null: it knows none of that id. */
export interface Answer {
  readonly reading: CampaignReading | null;
  /** When it was asked, ms since 1970: an answer that was longer under way than another may be the older one. */
  readonly askedAt: number;
}

export interface AccountHooks {
  readonly now: () => number;
  readonly onRequest: (
    account: string,
    operation: string,
    outcome: RequestOutcome,
    seconds: number,
    sent: SentRequest,
  ) => void;
  readonly onHealth: (account: string) => void;
  /** Whether its provider may be asked by this process now; absent: always. */
  readonly mayAsk?: (account: string) => boolean;
  /** Told when requests wait for more of the budget to be set aside. */
  readonly onScarce?: () => void;
  /** Told of its keys, which nobody else is to be shown, and of the tokens of its session. */
  readonly onSecret?: (secret: string) => void;
  readonly onToken?: (token: string, account: string) => void;
}

/** A person does not wait longer than this for the budget. */
const patienceMs = 2_000;
/** A poll lets people who wait go first, and looks again after this. */
const yieldMs = 10;
/** Timers can't wait for weeks. */
const longestDelayMs = 60_000;
/** How long a provider that limits, and does not say for how long, is left alone. */
const unknownLimitMs = 30_000;
/** What it says is taken for a mistake beyond this. */
const longestPauseMs = 24 * 3_600_000;

/** The provider was not asked, so it says nothing about the provider: the budget is used up, say. */
class NotAskedError extends ProblemError {}

/** @param budget shared by all accounts that the provider counts as one */
export function openAccount(
  settings: AccountSettings,
  hooks: AccountHooks,
  budget: Budget = createBudget(settings.requestBudgets, hooks.now),
): Account {
  const { name, provider, polling } = settings;
  const health = createHealth(hooks.now, polling.fastestMs, () => hooks.onHealth(name));
  /** Calls for which the provider was really asked: some answers need no request, and say nothing of it. */
  const asked = new WeakSet<Call>();
  const closing = new AbortController();
  let waitingPeople = 0;
  const admission: Admission = {
    budget,
    now: hooks.now,
    checkOurs() {
      if (hooks.mayAsk?.(name) === false)
        throw new NotAskedError('PROVIDER_UNAVAILABLE', 'Another replica takes care of the account by now.');
    },
    onScarce: () => hooks.onScarce?.(),
  };
  const gate = {
    async admit(call: Call) {
      if (call.priority === 'person') {
        waitingPeople += 1;
        await admit(admission, call).finally(() => {
          waitingPeople -= 1;
        });
      } else {
        await admit(admission, call, () => waitingPeople > 0);
      }
      asked.add(call);
    },
    pause: (ms: number) => budget.pauseUntil(hooks.now() + ms),
    hearLimit: budget.hear,
    finished(operation: string, outcome: RequestOutcome, seconds: number, sent: SentRequest) {
      budget.end();
      hooks.onRequest(name, operation, outcome, seconds, sent);
    },
  };
  const source = provider.open(settings.settings, {
    account: name,
    http: (options) =>
      createHttp(options, {
        gate,
        timeoutMs: settings.timeoutMs,
        ...(hooks.onSecret && { onSecret: hooks.onSecret }),
        onToken: (token) => hooks.onToken?.(token, name),
      }),
    now: hooks.now,
  });
  /** What people wait for; a poll may wait with them, but they not with a poll, which waits longer for its turn. */
  const running = new Map<string, Promise<Answer>>();

  /**
   * @param about the campaign that was asked for; null: the list
   * @param askedAt when it was
   */
  function hear(error: ProblemError, about: string | null, askedAt: number): void {
    if (error instanceof NotAskedError || !concernsAccount(error.code)) return;
    if (error.code === 'PROVIDER_RATE_LIMITED') budget.limited(askedAt);
    const pauseMs = error.retryAfterMs ?? (error.code === 'PROVIDER_RATE_LIMITED' ? unknownLimitMs : null);
    if (pauseMs !== null) budget.pauseUntil(hooks.now() + Math.min(pauseMs, longestPauseMs));
    health.failed(error, about, askedAt);
  }

  /** Every answer and every failure tells something about the account; a call that was called off tells nothing. */
  function hearing(error: unknown, call: Call, about: string | null, askedAt: number): unknown {
    if (error instanceof ProblemError && !call.signal?.aborted) hear(error, about, askedAt);
    return error;
  }

  async function read(externalId: string, waiting: Call): Promise<Answer> {
    const call = { ...waiting };
    const askedAt = hooks.now();
    try {
      const reading = await source.read(externalId, call);
      if (reading?.incomplete && concernsAccount(reading.incomplete.code))
        hear(reading.incomplete, externalId, askedAt);
      else if (asked.has(call)) health.succeeded();
      return { reading, askedAt };
    } catch (error) {
      throw hearing(error, call, externalId, askedAt);
    }
  }

  async function readCounters(externalId: string, known: KnownStatus, call: Call): Promise<Answer> {
    const askedAt = hooks.now();
    try {
      const reading = (await source.readCounters?.(externalId, known, call)) ?? null;
      health.succeeded();
      return { reading, askedAt };
    } catch (error) {
      throw hearing(error, call, externalId, askedAt);
    }
  }

  async function ask<T>(
    about: string | null,
    request: (call: Call) => Promise<T>,
    call: Call = { priority: 'person' },
  ): Promise<T> {
    const askedAt = hooks.now();
    try {
      const answer = await request(call);
      health.succeeded();
      return answer;
    } catch (error) {
      // What may not be changed can still be read.
      if (error instanceof ProblemError && error.code === 'PROVIDER_FORBIDDEN') throw error;
      throw hearing(error, call, about, askedAt);
    }
  }

  return {
    name,
    provider,
    channel: channelOf(settings),
    polling,
    budget,
    health,
    read(externalId, call) {
      const same = running.get(externalId);
      if (same) return same;
      if (call.priority === 'poll') return read(externalId, call);
      const reading = read(externalId, call).finally(() => running.delete(externalId));
      running.set(externalId, reading);
      return reading;
    },
    readAnew: (externalId) => read(externalId, { priority: 'person' }),
    readCounters: source.readCounters ? readCounters : null,
    changes: source.changes ?? {},
    reports: source.reports ?? null,
    ask,
    closed: closing.signal,
    close: () => closing.abort(),
    list: source.list
      ? hearList(source.list, {
          now: hooks.now,
          succeeded: health.succeeded,
          failed: (error, call, askedAt) => hearing(error, call, null, askedAt),
        })
      : null,
  };
}

interface Admission {
  readonly budget: Budget;
  readonly now: () => number;
  /** @throws NotAskedError */
  readonly checkOurs: () => void;
  readonly onScarce: () => void;
}

/**
 * Waits until the budget lets a request out; a person who would wait long is told so instead.
 * @param mustYield whether somebody else goes first
 */
async function admit(
  { budget, now, checkOurs, onScarce }: Admission,
  call: Call,
  mustYield: () => boolean = () => false,
): Promise<void> {
  const giveUpAt = call.priority === 'person' ? now() + patienceMs : Number.POSITIVE_INFINITY;
  const wait = () => Math.max(budget.waitMs(call.priority), mustYield() ? yieldMs : 0);
  checkOurs();
  for (let waitMs = wait(); waitMs > 0; waitMs = wait()) {
    if (now() + waitMs > giveUpAt) {
      const seconds = Math.ceil(waitMs / 1000);
      const message = `The account's request budget is used up for ${seconds} s more.`;
      throw new NotAskedError('PROVIDER_RATE_LIMITED', message, { retryAfterMs: waitMs });
    }
    if (budget.isScarce()) onScarce();
    try {
      await delay(Math.min(waitMs, longestDelayMs), undefined, { signal: call.signal });
    } catch (cause) {
      throw new NotAskedError('PROVIDER_UNAVAILABLE', 'The request to the provider was called off.', {
        cause,
      });
    }
    checkOurs();
  }
  budget.begin();
}

function channelOf({ settings, provider }: AccountSettings): Channel {
  const configured = settings.channel;
  return provider.channels.find((channel) => channel === configured) ?? provider.channels[0];
}
