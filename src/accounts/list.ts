import type { CampaignReading, CampaignStatus } from '../model/campaign.ts';
import type { Call } from '../providers/http.ts';
import type { CampaignList } from '../providers/provider.ts';

export interface ListPage {
  readonly readings: readonly CampaignReading[];
  /** When it was asked for, ms since 1970. */
  readonly askedAt: number;
}

/** An account's list of campaigns; what the provider can't do is null. */
export interface AccountList {
  /** How much of a campaign one entry tells. */
  readonly covers: 'everything' | 'status';
  /** @throws ProblemError */
  pages(call: Call): AsyncGenerator<ListPage>;
  readonly batch: BatchRead | null;
  readonly inStatus: StatusRead | null;
}

/** Reads several campaigns by one request. */
export interface BatchRead {
  /** How many at the most. */
  readonly most: number;
  /**
   * Tells of those of the campaigns that the list has.
   * @throws ProblemError NOT_SUPPORTED: this installation of the provider can't
   */
  read(externalIds: readonly string[], call: Call): Promise<ListPage>;
}

/** Reads the campaigns that are in one status. */
export interface StatusRead {
  readonly statuses: ReadonlySet<CampaignStatus>;
  /** How many campaigns one request tells of. */
  readonly pageSize: number;
  /** @throws ProblemError */
  pages(status: CampaignStatus, call: Call): AsyncGenerator<ListPage>;
}

/** What hears how the requests of a list went. */
export interface Ears {
  readonly now: () => number;
  readonly succeeded: () => void;
  /** @returns what to throw */
  readonly failed: (error: unknown, call: Call, askedAt: number) => unknown;
}

/** The provider's list, of which every answer and every failure tells something about the account. */
export function hearList(list: CampaignList, { now, succeeded, failed }: Ears): AccountList {
  async function* hearPages(
    pages: AsyncIterable<readonly CampaignReading[]>,
    call: Call,
  ): AsyncGenerator<ListPage> {
    let askedAt = now();
    try {
      for await (const readings of pages) {
        succeeded();
        yield { readings, askedAt };
        askedAt = now();
      }
      // An account without campaigns has no page to tell that it is well.
      succeeded();
    } catch (error) {
      throw failed(error, call, askedAt);
    }
  }

  const { batch, inStatus } = list;
  return {
    covers: list.covers,
    pages: (call) => hearPages(list.pages(call), call),
    inStatus: inStatus
      ? { ...inStatus, pages: (status, call) => hearPages(inStatus.pages(status, call), call) }
      : null,
    batch: batch
      ? {
          most: batch.most,
          async read(externalIds, call) {
            const askedAt = now();
            try {
              const readings = await batch.read(externalIds, call);
              succeeded();
              return { readings, askedAt };
            } catch (error) {
              throw failed(error, call, askedAt);
            }
          },
        }
      : null,
  };
}
