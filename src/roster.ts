import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { type Account, type AccountHooks, type AccountSettings, openAccount } from './accounts/account.ts';
import { restoreAccount } from './accounts/handover.ts';
import { createSharedBudgets } from './accounts/shared-budgets.ts';
import type { Observer } from './campaigns/observe.ts';
import type { ProblemError } from './model/problem.ts';
import { createPoller, type Poller } from './polling/poller.ts';
import type { Followed } from './polling/tracking.ts';
import type { Watching } from './polling/watching.ts';

export interface RosterParts {
  readonly hooks: AccountHooks;
  readonly watching: Watching;
  readonly observer: Observer;
  readonly logger: Logger;
  /** What the store knows to be followed of an account. */
  readonly followed: (account: string) => Promise<readonly Followed[]>;
  readonly onFailure: (key: string, error: ProblemError | null) => void;
  /** Is called in the moment in which the accounts become others, before anything can be told of those that are new. */
  readonly onChange: () => Promise<void>;
}

/** What of a configuration says which accounts there are. */
export interface Wanted {
  readonly accounts: readonly AccountSettings[];
  readonly follow: readonly { readonly account: string; readonly externalId: string }[];
}

export interface Roster {
  readonly accounts: ReadonlyMap<string, Account>;
  /** Those that this process takes care of: it polls them, and nobody else asks their providers. */
  readonly ours: ReadonlyMap<string, Account>;
  readonly pollers: ReadonlyMap<string, Poller>;
  /** Opens the accounts of a configuration; nothing is polled before `begin`. */
  open(wanted: Wanted): void;
  /** Takes care of accounts from now on. @param saved how they were doing, as another process has saved it */
  begin(names: readonly string[], saved?: ReadonlyMap<string, string | null>): Promise<void>;
  /** Somebody else takes care of them; resolves once nothing is done with them any more. */
  end(names: readonly string[]): Promise<void>;
  /** Ends the accounts that are not wanted any more, or are wanted otherwise, and opens those that are new. */
  change(wanted: Wanted): Promise<void>;
  /** How many campaigns are followed of each account that is ours. */
  followedCounts(): Iterable<readonly [account: string, count: number]>;
  /** Names of accounts, those together that the provider counts as one. */
  groups(): readonly (readonly string[])[];
}

/** While the database does not tell what is followed, it is asked again after this. */
const askAgainMs = 1_000;

/** The accounts at work, each with its poller. A new configuration changes those that it has different, and no others. */
export function createRoster(parts: RosterParts): Roster {
  const { hooks, watching, observer, logger, followed, onFailure, onChange } = parts;
  const accounts = new Map<string, Account>();
  const ours = new Map<string, Account>();
  const pollers = new Map<string, Poller>();
  const settings = new Map<string, AccountSettings>();
  const budgets = createSharedBudgets(hooks.now);
  let follow: Wanted['follow'] = [];

  function open(one: AccountSettings): void {
    settings.set(one.name, one);
    accounts.set(one.name, openAccount(one, hooks, budgets.of(one.name)));
  }

  async function stopPolling(name: string): Promise<void> {
    const poller = pollers.get(name);
    accounts.get(name)?.close();
    ours.delete(name);
    pollers.delete(name);
    await poller?.stop();
  }

  async function close(name: string): Promise<void> {
    const stopped = stopPolling(name);
    for (const held of [accounts, settings]) held.delete(name);
    await stopped;
  }

  /** What the store knows to be followed of an account, once it tells; null: it is no longer polled. */
  async function knownOf(name: string, poller: Poller): Promise<readonly Followed[] | null> {
    while (pollers.get(name) === poller) {
      try {
        const known = await followed(name);
        return pollers.get(name) === poller ? known : null;
      } catch (error) {
        logger.error({ err: error, account: name }, 'what is followed could not be read');
        await delay(askAgainMs, undefined, { ref: false });
      }
    }
    return null;
  }

  async function poll(name: string, saved: string | null): Promise<void> {
    const known = settings.get(name);
    if (!known || ours.has(name)) return;
    // One that was closed stays to tell how it was doing, until it is ours again.
    if (accounts.get(name)?.closed.aborted) open(known);
    const account = accounts.get(name);
    if (!account) return;
    if (saved !== null) restoreAccount(account, saved, true);
    const poller = createPoller({ account, observer, watching, logger, now: hooks.now, onFailure });
    ours.set(name, account);
    pollers.set(name, poller);
    const stored = await knownOf(name, poller);
    const configured = follow.filter((one) => one.account === name).map(({ externalId }) => externalId);
    if (stored) poller.start(stored, configured);
  }

  return {
    accounts,
    ours,
    pollers,

    open(wanted) {
      follow = wanted.follow;
      budgets.share(wanted.accounts);
      for (const one of wanted.accounts) open(one);
    },

    async begin(names, saved = new Map()) {
      await Promise.all(names.map((name) => poll(name, saved.get(name) ?? null)));
    },

    async end(names) {
      await Promise.all(names.map(stopPolling));
    },

    async change(wanted) {
      const kept = wanted.accounts.filter((one) => isSame(one, settings.get(one.name)));
      const keptNames = new Set(kept.map(({ name }) => name));
      const gone = [...accounts.keys()].filter((name) => !keptNames.has(name));
      const wereOurs = new Set(gone.filter((name) => ours.has(name)));
      const closing = gone.map(close);
      follow = wanted.follow;
      budgets.share(wanted.accounts);
      const fresh = wanted.accounts.filter(({ name }) => !keptNames.has(name));
      for (const one of fresh) open(one);
      const changing = onChange();
      for (const { name } of fresh) hooks.onHealth(name);
      const begun = fresh.filter(({ name }) => wereOurs.has(name)).map(({ name }) => poll(name, null));
      for (const { account, externalId } of follow) {
        if (keptNames.has(account)) pollers.get(account)?.add(externalId);
      }
      await Promise.all([...closing, ...begun, changing]);
    },

    *followedCounts() {
      for (const [account, poller] of pollers) yield [account, poller.followedCount()];
    },

    groups: budgets.groups,
  };
}

function isSame(one: AccountSettings, other: AccountSettings | undefined): boolean {
  return other !== undefined && one.provider === other.provider && isDeepStrictEqual(one, other);
}
