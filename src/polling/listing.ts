import type { Account } from '../accounts/account.ts';
import type { Wish } from '../accounts/demand.ts';
import { nextListInterval } from './planner.ts';
import type { Tracked } from './queue.ts';
import type { Interest, Watching } from './watching.ts';

export interface ListingParts {
  readonly account: Account;
  readonly watching: Watching;
  /** Whether several campaigns are read by one request, so that a round stands for no reads. */
  readonly isBatched: () => boolean;
  readonly now: () => number;
  /** How many campaigns may change by themselves. */
  readonly activeCount: () => number;
  /** How long to wait for the next round, in ms, where so much is asked for. */
  readonly waitFor: (wish: Wish) => number;
}

/** After so many failures in a row, what the list alone told of is read by itself. */
const lastingFailures = 3;
/** What is compared may differ by rounding. */
const barely = 1.01;

/** What rounds of an account's list tell in time, and how soon they follow one another. */
export function createListing({ account, watching, isBatched, now, activeCount, waitFor }: ListingParts) {
  const { list, polling } = account;
  /** Complete rounds so far: one that fails half-way says nothing of what it did not name. */
  let rounds = 0;
  let pages = 1;
  let failures = 0;
  /** Whether the round that is under way takes long. */
  let isLate = false;
  /** When the last complete round was, ms since 1970. */
  let endedAt = 0;
  let intervalMs = polling.fastestMs;
  /** Campaigns of which somebody wants the status alone, which rounds tell as well as reads do. */
  const forStatus = new Set<Tracked>();
  /** Campaigns that are read at the floor for somebody who wants all of them. */
  const atFloor = new Set<Tracked>();

  /** Requests that reads at the floor would spend on what a round tells. */
  function savedAtFloor(): number {
    if (list?.covers !== 'status') return 0;
    const counters = account.readCounters ? atFloor.size : 0;
    return forStatus.size * account.provider.requestsPerRead + counters;
  }

  function idealInterval(): number {
    const savesReads = list?.covers === 'everything' && !isBatched();
    const isNeeded = watching.needsList(account.name);
    const facts = { pages, active: activeCount(), savesReads, isNeeded, savedAtFloor: savedAtFloor() };
    return nextListInterval(facts, polling);
  }

  const works = () => rounds > 0 && failures === 0;

  function reckon(): number {
    const isWatched = watching.needsList(account.name) || savedAtFloor() > 0;
    const kind = isWatched ? 'watched' : 'others';
    intervalMs = waitFor({ kind, intervalMs: idealInterval(), requests: pages });
    return intervalMs;
  }

  const servesStatus = () =>
    works() && !isLate && list?.covers === 'status' && idealInterval() <= polling.fastestMs * barely;

  /** Whether the last complete round named a campaign, or the one that is under way has. */
  const isNamed = ({ listedIn }: Tracked) => listedIn !== null && listedIn >= rounds;

  return {
    /** Whether the last round was complete. */
    works,

    /** How many rounds were complete. */
    rounds: (): number => rounds,

    /** How much of a campaign the list tells; null: nothing, for now. */
    coverOf: (one: Tracked) => (works() && isNamed(one) ? (list?.covers ?? null) : null),

    /** How long it is from one round to the next, in ms. */
    interval: (): number => intervalMs,

    /** Reckons anew how long that is. */
    reckon,

    /** Whether a status is told as soon as reads would tell it. */
    servesStatus,

    /** The same of one campaign, which the list has to name. */
    servesStatusOf: (one: Tracked): boolean => isNamed(one) && servesStatus(),

    /** Whether the status that is known of a campaign is as new as reads of it would have it. */
    tellsStatusOf(one: Tracked): boolean {
      const waitMs = one.intervalMs * barely;
      // The next round may take long, or hang.
      const isRecent = now() - endedAt <= waitMs + polling.fastestMs;
      return works() && list?.covers === 'status' && isNamed(one) && intervalMs <= waitMs && isRecent;
    },

    /** Notes who looks at a campaign. @param isAtFloor whether it would be read whenever the floor is over */
    note(one: Tracked, interest: Interest, isAtFloor: boolean): void {
      if (interest === 'status') forStatus.add(one);
      else forStatus.delete(one);
      if (isAtFloor && interest !== 'status') atFloor.add(one);
      else atFloor.delete(one);
    },

    forget(one: Tracked): void {
      forStatus.delete(one);
      atFloor.delete(one);
    },

    /** A round is complete. @returns how soon the next one follows, in ms */
    ended(count: number): number {
      rounds += 1;
      endedAt = now();
      pages = Math.max(1, count);
      failures = 0;
      isLate = false;
      for (const one of forStatus) {
        if (!one.facts || !watching.mayLookAt(one.key, account.name, one.facts.status)) forStatus.delete(one);
      }
      return reckon();
    },

    failed(): void {
      failures += 1;
    },

    late(): void {
      isLate = true;
    },

    /** Whether the list has just failed so often that it is no passing fault. */
    hasGoneAway: (): boolean => failures === lastingFailures,
  };
}

export type Listing = ReturnType<typeof createListing>;
