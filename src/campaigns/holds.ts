import { campaignKey } from '../model/campaign.ts';
import type { LoggedCause } from '../model/change.ts';

/** Whose reading it is, and what led to it. */
interface Observed {
  readonly account: string;
  readonly externalId: string;
  readonly cause: LoggedCause;
  readonly fromList?: boolean;
}

/** A change that is being made: what it leads to is for its read-back to tell. */
interface Hold {
  readonly account: string;
  /** null: a campaign of the account that is only just being made, and has no id yet. */
  readonly keys: ReadonlySet<string> | null;
  readonly ended: Promise<void>;
}

/**
 * Which campaigns are being changed, so that what others read of them meanwhile can wait.
 * @param storedAmong which of these keys are known campaigns
 */
export function createHolds(storedAmong: (keys: readonly string[]) => Promise<ReadonlyMap<string, unknown>>) {
  const holds = new Set<Hold>();

  function named(one: Observed): Hold | null {
    const key = campaignKey(one.account, one.externalId);
    return [...holds].find(({ keys }) => keys?.has(key)) ?? null;
  }

  /** The id of what is being made is known to nobody yet: only a list can name it. */
  function making(one: Observed): Hold | null {
    if (!one.fromList) return null;
    return [...holds].find(({ keys, account }) => keys === null && account === one.account) ?? null;
  }

  return {
    any: (): boolean => holds.size > 0,

    isHeld: (one: Observed): boolean => named(one) !== null,

    /** For each, when the change will have ended that it has to wait for; null: it need not wait. */
    async endsFor(observed: readonly Observed[]): Promise<readonly (Promise<void> | null)[]> {
      const perhapsNew = observed.filter((one) => one.cause !== 'MUTATION' && making(one));
      const keys = perhapsNew.map((one) => campaignKey(one.account, one.externalId));
      const stored = keys.length > 0 ? await storedAmong(keys) : new Map<string, unknown>();
      return observed.map((one) => {
        if (one.cause === 'MUTATION') return null;
        const isStored = stored.has(campaignKey(one.account, one.externalId));
        const hold = named(one) ?? (isStored ? null : making(one));
        return hold?.ended ?? null;
      });
    },

    /** @param externalIds null: of a campaign that is only just being made */
    async during<T>(
      account: string,
      externalIds: readonly string[] | null,
      change: () => Promise<T>,
    ): Promise<T> {
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      const keys = externalIds && new Set(externalIds.map((externalId) => campaignKey(account, externalId)));
      const hold = { account, keys, ended };
      holds.add(hold);
      try {
        return await change();
      } finally {
        holds.delete(hold);
        end();
      }
    },
  };
}
