import { accountIn, type Campaign, type CampaignStatus } from '../model/campaign.ts';
import { type CampaignFilter, matches } from '../model/filter.ts';

/** What somebody looks at. */
export interface Watched {
  /** Campaigns by name; null: none are named. */
  readonly keys: ReadonlySet<string> | null;
  /** Campaigns by what they are; null: only the named ones. */
  readonly filter: CampaignFilter | null;
  /** Only these fields are of interest; null: all. */
  readonly fields: ReadonlySet<string> | null;
  /** Accounts of whose campaigns a list is looked at. */
  readonly lists?: readonly string[];
  /** By people of another replica. */
  readonly elsewhere?: boolean;
}

/** What people look at here of one account's campaigns, for the replica that reads them. */
export interface WatchedHere {
  /** External ids of campaigns of which everything is looked at, and of those of which only the status is. */
  readonly everything: Set<string>;
  readonly status: Set<string>;
  readonly filters: { readonly filter: CampaignFilter; readonly fields: readonly string[] | null }[];
  /** Whether somebody looks at a list. */
  listed: boolean;
}

/** What of a campaign somebody looks at: nothing, its status alone, or everything. */
export type Interest = 'nothing' | 'status' | 'everything';

/** After a query a campaign counts as looked at for so long. */
const queryMs = 60_000;
const mostQueried = 100_000;

/** Who looks at which campaigns, by subscriptions and by queries. */
export function createWatching(now: () => number) {
  const byKey = new Map<string, Set<Watched>>();
  const byFilter = new Set<Watched>();
  /** Until when each counts as looked at, in the order of these times. */
  const queried = new Map<string, number>();
  /** By how many of those that have begun each account's list is needed. */
  const accounts = new Map<string, number>();
  /** Until when a list of each account's campaigns counts as looked at. */
  const listedUntil = new Map<string, number>();
  let version = 0;
  const listeners = new Set<(watched: Watched) => void>();
  const endListeners = new Set<(watched: Watched) => void>();

  function count(watched: Watched, more: 1 | -1): void {
    version += 1;
    for (const account of new Set([...(watched.filter?.accounts ?? []), ...(watched.lists ?? [])])) {
      const left = (accounts.get(account) ?? 0) + more;
      if (left > 0) accounts.set(account, left);
      else accounts.delete(account);
    }
  }

  function tell(watched: Watched): void {
    for (const listener of listeners) listener(watched);
  }

  function tellEnd(watched: Watched): void {
    for (const listener of endListeners) listener(watched);
  }

  function leave(watched: Watched, keys: Watched['keys']): void {
    for (const key of keys ?? []) {
      const others = byKey.get(key);
      others?.delete(watched);
      if (others?.size === 0) byKey.delete(key);
    }
  }

  return {
    /** @param listener called whenever more is looked at, until the returned function is called */
    onMore(listener: (watched: Watched) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    /** @param listener called whenever less is looked at, until the returned function is called */
    onLess(listener: (watched: Watched) => void): () => void {
      endListeners.add(listener);
      return () => void endListeners.delete(listener);
    },

    /** Somebody looks at these until the returned function is called. */
    begin(watched: Watched): () => void {
      for (const key of watched.keys ?? []) byKey.set(key, (byKey.get(key) ?? new Set()).add(watched));
      if (watched.filter) byFilter.add(watched);
      count(watched, 1);
      tell(watched);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        count(watched, -1);
        byFilter.delete(watched);
        leave(watched, watched.keys);
        tellEnd(watched);
      };
    },

    /** These of the campaigns that it names are looked at no more. */
    less(watched: Watched, keys: ReadonlySet<string>): void {
      version += 1;
      leave(watched, keys);
      tellEnd({ ...watched, keys, filter: null });
    },

    /** Somebody has asked for these. */
    queried(campaigns: readonly Pick<Campaign, 'key'>[]): void {
      const until = now() + queryMs;
      const fresh = campaigns.filter(({ key }) => (queried.get(key) ?? 0) <= now());
      for (const { key } of campaigns) {
        queried.delete(key);
        queried.set(key, until);
      }
      for (const [key, at] of queried) {
        if (at > now() && queried.size <= mostQueried) break;
        queried.delete(key);
      }
      if (fresh.length === 0) return;
      tell({ keys: new Set(fresh.map(({ key }) => key)), filter: null, fields: null });
    },

    /** Somebody has asked for a list of these accounts' campaigns: there may be others soon. */
    listed(names: readonly string[]): void {
      const isNew = names.some((account) => (listedUntil.get(account) ?? 0) <= now());
      for (const account of names) listedUntil.set(account, now() + queryMs);
      if (isNew) tell({ keys: null, filter: null, fields: null });
    },

    /** What people look at here, by account. */
    here(): Map<string, WatchedHere> {
      const all = new Map<string, WatchedHere>();
      const of = (account: string) => {
        const known = all.get(account) ?? {
          everything: new Set(),
          status: new Set(),
          filters: [],
          listed: false,
        };
        all.set(account, known);
        return known;
      };
      const idOf = (key: string) => key.slice(accountIn(key).length + 1);
      for (const [key, some] of byKey) {
        const mine = [...some].filter(({ elsewhere }) => !elsewhere);
        if (mine.some(wantsMoreThanStatus)) of(accountIn(key)).everything.add(idOf(key));
        else if (mine.length > 0) of(accountIn(key)).status.add(idOf(key));
      }
      for (const [key, until] of queried) if (until > now()) of(accountIn(key)).everything.add(idOf(key));
      for (const { filter, fields, elsewhere } of byFilter) {
        if (!filter || elsewhere) continue;
        for (const account of filter.accounts)
          of(account).filters.push({ filter, fields: fields && [...fields] });
      }
      for (const [account, until] of listedUntil) if (until > now()) of(account).listed = true;
      return all;
    },

    /** Is another whenever a subscription has begun or ended. */
    version: (): number => version,

    isQueried: (key: string): boolean => (queried.get(key) ?? 0) > now(),

    /** What of a campaign subscriptions look at. */
    subscribedTo(campaign: Campaign): Interest {
      const { key, account } = campaign;
      let interest: Interest = 'nothing';
      for (const watched of byKey.get(key) ?? []) {
        if (wantsMoreThanStatus(watched)) return 'everything';
        interest = 'status';
      }
      for (const watched of byFilter) {
        if (!watched.filter || !matches(watched.filter, key, account, campaign)) continue;
        if (wantsMoreThanStatus(watched)) return 'everything';
        interest = 'status';
      }
      return interest;
    },

    /** Whether any subscription may look at a campaign, as far as its account and its status tell. */
    mayLookAt(key: string, account: string, status: CampaignStatus): boolean {
      if (byKey.has(key)) return true;
      for (const { filter } of byFilter) {
        if (filter?.accounts.includes(account) && (filter.statuses?.includes(status) ?? true)) return true;
      }
      return false;
    },

    /** Whether somebody hears from an account's list what no read of a campaign tells: that there is another one. */
    needsList: (account: string): boolean => accounts.has(account) || (listedUntil.get(account) ?? 0) > now(),
  };
}

export type Watching = ReturnType<typeof createWatching>;

export function wantsMoreThanStatus({ fields }: Watched): boolean {
  return fields === null || [...fields].some((field) => field !== 'status');
}
