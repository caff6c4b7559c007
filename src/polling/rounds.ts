import type { Logger } from 'pino';
import type { Account, Answer } from '../accounts/account.ts';
import type { AccountList, ListPage } from '../accounts/list.ts';
import type { Observed, Observer } from '../campaigns/observe.ts';
import { campaignKey } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';
import { fingerprint } from './fingerprint.ts';
import type { Tracking } from './tracking.ts';
import type { Watching } from './watching.ts';

export interface RoundsParts {
  readonly account: Account;
  readonly observer: Observer;
  readonly watching: Watching;
  readonly tracking: Tracking;
  readonly logger: Logger;
  readonly now: () => number;
  readonly call: Parameters<AccountList['pages']>[0];
  /** Told (with null) when the list makes up for a read of a campaign that failed. */
  readonly onFailure: (key: string, error: ProblemError | null) => void;
  readonly observation: (externalId: string, answer: Answer) => Observed;
  /** How long to wait after a failure, in ms. */
  readonly pauseAfter: (error: unknown, what: string) => number;
  /** Told when the next round has come nearer. */
  readonly onMoved: () => void;
}

/** A failing list is tried at least this often. */
const longestPauseMs = 60_000;

/** Reads an account's list, round after round, if it has one. */
export function createRounds(parts: RoundsParts) {
  const { account, observer, watching, tracking, logger, now, onFailure, observation } = parts;
  const { fastestMs, slowestMs } = account.polling;
  let dueAt = account.list ? 0 : Number.POSITIVE_INFINITY;
  let isReading = false;
  /** When the last complete one did, ms since 1970. */
  let endedAt: number | null = null;
  let failures = 0;

  const stopListening = watching.onMore(hurry);

  /** Somebody has begun to look: the list comes round as often as is due to that. */
  function hurry(): void {
    if (endedAt === null || failures > 0) return;
    const soonerAt = endedAt + tracking.listing.reckon();
    if (soonerAt >= dueAt) return;
    dueAt = soonerAt;
    parts.onMoved();
  }

  /** Most entries of a list say what they said the last time: those need no look at what is stored. */
  async function takeIn({ readings, askedAt }: ListPage): Promise<void> {
    const prints = new Map(readings.map((reading) => [reading.externalId, fingerprint(reading)]));
    const news = readings.filter(
      ({ externalId }) => !tracking.isListedAs(externalId, prints.get(externalId) ?? ''),
    );
    const fresh = new Set(news);
    await observer.observe(
      news.map((reading) => ({ ...observation(reading.externalId, { reading, askedAt }), fromList: true })),
    );
    for (const reading of readings) {
      const { externalId } = reading;
      const isNews = fresh.has(reading);
      if (!isNews) {
        observer.saw(observation(externalId, { reading, askedAt }));
        if (account.list?.covers === 'everything') onFailure(campaignKey(account.name, externalId), null);
      }
      tracking.listed(externalId, prints.get(externalId) ?? '', isNews, askedAt);
    }
  }

  /** A list that fails while single reads succeed is tried ever more rarely. */
  function pauseAfter(error: unknown): number {
    if (error instanceof ProblemError && error.code === 'NOT_SUPPORTED') {
      if (failures === 1)
        logger.warn({ account: account.name }, `there is no list to read: ${error.message}`);
      return slowestMs;
    }
    const longer = Math.min(longestPauseMs, fastestMs * 2 ** Math.min(failures, 20));
    return Math.max(parts.pauseAfter(error, 'the list'), longer);
  }

  return {
    stop: stopListening,

    /** When the next round is due, ms since 1970. */
    dueAt: (): number => dueAt,

    /** When it may begin: not while one is under way. */
    nextAt: (): number => (isReading ? Number.POSITIVE_INFINITY : dueAt),

    async read(): Promise<void> {
      if (!account.list) return;
      isReading = true;
      let pages = 0;
      const late = setTimeout(tracking.roundLate, 2 * fastestMs);
      try {
        for await (const page of account.list.pages(parts.call)) {
          pages += 1;
          await takeIn(page);
        }
        failures = 0;
        endedAt = now();
        dueAt = endedAt + tracking.endRound(pages);
      } catch (error) {
        failures += 1;
        dueAt = now() + pauseAfter(error);
        tracking.roundFailed();
      } finally {
        clearTimeout(late);
        isReading = false;
      }
    },
  };
}
