import type { Logger } from 'pino';
import type { Account, Answer } from '../accounts/account.ts';
import type { ListPage } from '../accounts/list.ts';
import type { Observed, Observer } from '../campaigns/observe.ts';
import type { CampaignStatus } from '../model/campaign.ts';
import { concernsAccount, ProblemError } from '../model/problem.ts';
import { fingerprint } from './fingerprint.ts';
import { pagesThatSave } from './planner.ts';
import type { Tracked } from './queue.ts';
import type { Tracking } from './tracking.ts';

export interface ReadsParts {
  readonly account: Account;
  readonly observer: Observer;
  readonly tracking: Tracking;
  readonly logger: Logger;
  readonly now: () => number;
  readonly call: Parameters<Account['read']>[1] & { readonly signal: AbortSignal };
  /** Told of every read of a single campaign that failed, and (null) when one did not. */
  readonly onFailure: (key: string, error: ProblemError | null) => void;
  readonly observation: (externalId: string, answer: Answer) => Observed;
  /** How long to wait after a failure, in ms. */
  readonly pauseAfter: (error: unknown, what: string) => number;
}

/** After so many requests for several campaigns have failed in a row, they are read one by one. */
const mostFailures = 3;

/** Reads the campaigns that are due: each by itself, or several by one request where that can be. */
export function createReads({ account, observer, tracking, logger, now, call, ...parts }: ReadsParts) {
  const { onFailure, observation, pauseAfter } = parts;
  /** How many campaigns one request reads by their ids: one, where the provider can't, or turns out not to. */
  let batchSize = account.list?.batch?.most ?? 1;
  /** Requests for several campaigns that have failed, in a row. */
  let failures = 0;
  /** After too many of them: when another is tried, ms since 1970. */
  let severalFrom = 0;
  const canReadSeveral = () => now() >= severalFrom;
  /** The statuses that the list can be narrowed to, as far as it is not found that it can't. */
  const statuses = new Set(account.list?.inStatus?.statuses);
  /** Campaigns that a list narrowed to their status did not name, nor any other that was looked for. */
  const missedIn = new WeakMap<Tracked, CampaignStatus>();

  /** Takes what is due, and reads it. @param answered called once the last request is over */
  function readDue(answered: () => void): Promise<void> {
    const all = tracking.take(canReadSeveral() ? batchSize : 1);
    const [one] = all;
    if (!one) return Promise.resolve();
    if (all.length > 1) return readBatch(all, answered);
    const byStatus = batchSize === 1 && canReadSeveral() ? readInStatus(one, answered) : null;
    return byStatus ?? readOne(one, answered);
  }

  async function readOne(one: Tracked, answered: () => void): Promise<void> {
    try {
      const { countersAlone, ...answer } = await ask(one);
      answered();
      if (countersAlone && !answer.reading) {
        onFailure(one.key, null);
        return tracking.hadNoCounters(one);
      }
      one.alone = false;
      const said = answer.reading && !answer.reading.incomplete ? fingerprint(answer.reading) : null;
      const observed = { ...observation(one.externalId, answer), countersAlone };
      if (saidAgain(one, said)) {
        observer.saw(observed);
        onFailure(one.key, null);
        judgeStatusPages(one);
        return;
      }
      const [campaign] = await observer.observe([observed]);
      // What was overtaken by another answer was not stored: said again, it is news.
      const isLatest = campaign && answer.askedAt >= one.askedAt;
      one.readAs = isLatest && said !== null ? { print: said, revision: campaign.revision } : null;
      judgeStatusPages(one);
      if (!campaign) tracking.absent(one);
      else if (!campaign.followed) tracking.forget(one.key);
    } catch (error) {
      failed([one], error, `campaign ${one.externalId}`);
    } finally {
      tracking.release([one]);
    }
  }

  /** The counters alone, where the list tells the rest in time. */
  async function ask(one: Tracked): Promise<Answer & { readonly countersAlone: boolean }> {
    const known = tracking.knownStatus(one);
    if (!known || !account.readCounters)
      return { ...(await account.read(one.externalId, call)), countersAlone: false };
    return { ...(await account.readCounters(one.externalId, known, call)), countersAlone: true };
  }

  /** Most reads say what the last one did: those need no look at what is stored. */
  function saidAgain(one: Tracked, said: string | null): boolean {
    const { readAs, revision } = one;
    if (said === null || readAs?.print !== said || readAs.revision !== revision) return false;
    return tracking.sawAgain(one);
  }

  async function readBatch(all: readonly Tracked[], answered: () => void): Promise<void> {
    const { batch } = account.list ?? {};
    const externalIds = all.map(({ externalId }) => externalId);
    await readSeveral(all, batch ? [batch.read(externalIds, call)] : [], answered, () => {
      batchSize = 1;
    });
  }

  /** All in the status of one that is due, where that takes fewer requests; else null. */
  function readInStatus(one: Tracked, answered: () => void): Promise<void> | null {
    const { inStatus } = account.list ?? {};
    const { status } = one.facts ?? {};
    if (!inStatus || !status || !statuses.has(status)) return null;
    const { taken, count } = tracking.takeInStatus(one);
    const pages = pagesThatSave({ wanted: taken.length, count, pageSize: inStatus.pageSize });
    if (pages !== null)
      return readStatus(taken, status, firstOf(pages, inStatus.pages(status, call)), answered);
    tracking.release(taken.slice(1));
    return null;
  }

  async function readStatus(
    all: readonly Tracked[],
    status: CampaignStatus,
    pages: AsyncIterable<ListPage>,
    answered: () => void,
  ): Promise<void> {
    const told = await readSeveral(all, pages, answered, () => statuses.clear());
    // All may have left it meanwhile, or this provider calls it something else: their own reads tell.
    if (told === 0) for (const one of all) missedIn.set(one, status);
  }

  function judgeStatusPages(one: Tracked): void {
    const status = missedIn.get(one);
    missedIn.delete(one);
    if (status !== undefined && one.facts?.status === status && !one.facts.deleted) statuses.delete(status);
  }

  /**
   * What is not told of is looked at by itself: it may be deleted, or in another status.
   * @param unable called where the provider can't
   * @returns how many were told of; null: a request failed
   */
  async function readSeveral(
    all: readonly Tracked[],
    pages: AsyncIterable<ListPage> | Iterable<Promise<ListPage>>,
    answered: () => void,
    unable: () => void,
  ): Promise<number | null> {
    const missing = new Map(all.map((one) => [one.externalId, one]));
    try {
      for await (const { readings, askedAt } of pages) {
        for (const { externalId } of readings) {
          const one = missing.get(externalId);
          if (!one) continue;
          missing.delete(externalId);
          one.lastReadAt = now();
          one.alone = false;
        }
        if (missing.size === 0) answered();
        const campaigns = await observer.observe(
          readings.map((reading) => observation(reading.externalId, { reading, askedAt })),
        );
        for (const campaign of campaigns) if (campaign?.followed === false) tracking.forget(campaign.key);
        if (missing.size === 0) break;
      }
      answered();
      for (const one of missing.values()) one.alone = true;
      failures = 0;
      return all.length - missing.size;
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'NOT_SUPPORTED') {
        logger.info({ account: account.name }, error.message);
        unable();
      } else {
        failed(all, error, `${all.length} campaigns`);
        failures += 1;
        // One of them may be the reason, or their number: each by itself will tell.
        if (!isPassing(error)) for (const one of all) one.alone = true;
        if (failures >= mostFailures) severalFrom = now() + account.polling.slowestMs;
      }
      return null;
    } finally {
      tracking.release(all);
    }
  }

  function failed(all: readonly Tracked[], error: unknown, what: string): void {
    const pauseMs = pauseAfter(error, what);
    for (const one of all) {
      if (error instanceof ProblemError && !call.signal.aborted) onFailure(one.key, error);
      tracking.failed(one, pauseMs);
    }
  }

  return {
    readDue,

    /** How many campaigns in a status one request reads together; null: in whichever status. */
    together(status: CampaignStatus | null): number {
      if (!canReadSeveral()) return 1;
      if (batchSize > 1) return batchSize;
      const canBe = status === null ? statuses.size > 0 : statuses.has(status);
      return canBe ? (account.list?.inStatus?.pageSize ?? 1) : 1;
    },
  };
}

/** Whether an error says nothing of what was asked for. */
function isPassing(error: unknown): boolean {
  return !(error instanceof ProblemError) || concernsAccount(error.code);
}

/** So many pages and no more: one that pays no heed to what was asked for could go on for long. */
async function* firstOf(count: number, pages: AsyncIterable<ListPage>): AsyncGenerator<ListPage> {
  let left = count;
  for await (const page of pages) {
    yield page;
    left -= 1;
    if (left === 0) return;
  }
}
