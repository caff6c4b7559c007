import { once } from 'node:events';
import type { Account } from '../accounts/account.ts';
import { campaignKey } from '../model/campaign.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import { createTurns } from '../store/turns.ts';

type Call = Parameters<Account['read']>[1];

/** A campaign by its name, be there one or not. */
export interface Named {
  readonly account: string;
  readonly externalId: string;
}

export interface UnknownParts {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly store: CampaignStore;
  /** Whether the provider has said of late that there is none. */
  readonly isMissing: (key: string) => boolean;
  /** Reads a campaign from its provider, and keeps it. */
  readonly read: (account: Account, externalId: string, call: Call) => Promise<unknown>;
}

/** Somebody who subscribes does not wait longer than this for a provider. */
const patienceMs = 3_000;
/** So many of an account's are read as people's questions are. */
const readAsPerson = 10;
/** The others are read as polls are, which leave people their share of the budget; so many at a time of an account. */
const readAtOnce = 8;

/** Reads campaigns that somebody names and nobody knows. */
export function createUnknown({ accounts, store, isMissing, read }: UnknownParts) {
  const turns = new WeakMap<Account, ReturnType<typeof createTurns>>();

  function turnsOf(account: Account) {
    const known = turns.get(account) ?? createTurns(readAtOnce);
    turns.set(account, known);
    return known;
  }

  async function unknownOf(named: readonly Named[]): Promise<Named[]> {
    const byKey = new Map(named.map((one) => [campaignKey(one.account, one.externalId), one]));
    const known = await store.getMany([...byKey.keys()]);
    return [...byKey].flatMap(([key, one]) => (known.has(key) || isMissing(key) ? [] : [one]));
  }

  /** What can't be read is left out. */
  async function readAll(account: Account, ids: readonly string[], signal: AbortSignal): Promise<void> {
    const others = ids.slice(readAsPerson).values();
    const { begin, end } = turnsOf(account);

    async function readOthers(): Promise<void> {
      for (const externalId of others) {
        await begin();
        try {
          if (signal.aborted) return;
          // Somebody else may have had it read meanwhile.
          const [still] = await unknownOf([{ account: account.name, externalId }]);
          if (still) await Promise.allSettled([read(account, externalId, { priority: 'poll', signal })]);
        } finally {
          end();
        }
      }
    }

    const first = ids.slice(0, readAsPerson).map((id) => read(account, id, { priority: 'person' }));
    await Promise.allSettled([...first, ...Array.from({ length: readAtOnce }, readOthers)]);
  }

  return {
    /**
     * Reads those of the campaigns that are unknown. What can't be read stays unknown, and nobody waits long for it: a
     * subscriber to it is told once it is.
     */
    async makeKnown(named: readonly Named[]): Promise<void> {
      const unknown = await unknownOf(named);
      if (unknown.length === 0) return;
      const enough = new AbortController();
      const patience = setTimeout(() => enough.abort(), patienceMs).unref();
      const reading = [...Map.groupBy(unknown, (one) => one.account)].map(([name, ofAccount]) => {
        const account = accounts.get(name);
        const ids = ofAccount.map(({ externalId }) => externalId);
        return account && readAll(account, ids, enough.signal);
      });
      await Promise.race([Promise.all(reading), once(enough.signal, 'abort')]);
      clearTimeout(patience);
    },
  };
}
