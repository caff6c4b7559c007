import type { Account } from '../accounts/account.ts';
import { campaignKey } from '../model/campaign.ts';
import type { Listing } from './listing.ts';
import type { Tracked } from './queue.ts';

export interface NamedParts {
  readonly account: Account;
  readonly listing: Listing;
  /** By key. */
  readonly tracked: ReadonlyMap<string, Tracked>;
  readonly now: () => number;
  readonly putAt: (one: Tracked, dueAt: number) => void;
  /** The same by what is known of it, and by who looks. */
  readonly schedule: (one: Tracked) => void;
  /** Has those read that were left to the list, where it does not come round often enough any more. */
  readonly takeFromList: () => void;
  /** Spreads the first reads of those that the round has told of first. */
  readonly spreadNew: () => void;
}

/** What follows for campaigns from a list's naming them, or not. */
export function createNamed({
  account,
  listing,
  tracked,
  now,
  putAt,
  schedule,
  takeFromList,
  spreadNew,
}: NamedParts) {
  const { fastestMs, slowestMs } = account.polling;
  const get = (externalId: string) => tracked.get(campaignKey(account.name, externalId));

  /**
   * A list that tells all comes round again, and only when it does not is the campaign read by itself; unless the list
   * comes round more rarely than the campaign is due.
   */
  function leaveToList(one: Tracked): void {
    if (one.dueAt === Number.POSITIVE_INFINITY) return;
    const listMs = listing.interval();
    const isSoon = listMs <= (one.urgent ? 1 : 2) * one.intervalMs;
    putAt(one, isSoon ? one.dueAt + 2 * listMs : one.dueAt);
  }

  return {
    leaveToList,

    /** Whether the list says of a campaign what it said last, and nothing else has been seen of it since. */
    isListedAs(externalId: string, print: string): boolean {
      const one = get(externalId);
      return !!one?.listedAs && one.listedAs.print === print && one.listedAs.revision === one.revision;
    },

    /** The round has named this campaign, with something new of it or not. */
    listed(externalId: string, print: string, isNews: boolean, askedAt: number): void {
      const one = get(externalId);
      if (!one) return;
      one.listedIn = listing.rounds() + 1;
      // What was overtaken by another answer was not stored: said again, it is news.
      one.listedAs = askedAt < one.askedAt ? null : { print, revision: one.revision };
      if (one.facts?.deleted) {
        // The list still names what a look at it has not found: another look, ever more rarely.
        const pauseMs = fastestMs * 2 ** Math.min(one.unchanged, 20);
        putAt(one, one.lastReadAt + Math.min(slowestMs, pauseMs));
      } else if (!isNews && account.list?.covers === 'everything' && !one.asked) {
        one.lastReadAt = now();
        one.unchanged += 1;
        schedule(one);
        leaveToList(one);
      }
    },

    /**
     * The round is complete. A campaign that the last one named and this one does not may be deleted, or just too old
     * for the list: a look will tell.
     * @param pages how many requests it took
     * @returns how soon the list comes round again, in ms
     */
    endRound(pages: number): number {
      const last = listing.rounds();
      for (const one of tracked.values()) {
        if (one.listedIn === last && !one.facts?.deleted) putAt(one, now());
      }
      const intervalMs = listing.ended(pages);
      spreadNew();
      takeFromList();
      return intervalMs;
    },

    /** The round takes long: what is wanted soon is not left to it. */
    roundLate(): void {
      listing.late();
      takeFromList();
    },

    /** The round failed, or there is no list: for now campaigns are read without it. */
    roundFailed(): void {
      listing.failed();
      takeFromList();
    },
  };
}
