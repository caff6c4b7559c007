import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { type Account, type AccountHooks, type AccountSettings, openAccount } from './accounts/account.ts';
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
  readonly pollers: ReadonlyMap<string, Poller>;
  /** Opens the accounts of a configuration; nothing is polled before `start`. */
  open(wanted: Wanted): void;
  start(wanted: Wanted): Promise<void>;
  /** Ends the accounts that are not wanted any more, or are wanted otherwise, and begins those that are new. */
  change(wanted: Wanted): Promise<void>;
  stop(): Promise<void>;
}

/** The accounts at work, each with its poller. A new configuration changes those that it has different, and no others. */
export function createRoster(parts: RosterParts): Roster {
  const { hooks, watching, observer, logger, followed, onFailure, onChange } = parts;
  const accounts = new Map<string, Account>();
  const pollers = new Map<string, Poller>();
  const settings = new Map<string, AccountSettings>();
  const budgets = createSharedBudgets(hooks.now);
  let isPolling = false;

  function open(one: AccountSettings): void {
    const account = openAccount(one, hooks, budgets.of(one.name));
    settings.set(one.name, one);
    accounts.set(one.name, account);
    pollers.set(one.name, createPoller({ account, observer, watching, logger, now: hooks.now, onFailure }));
  }

  async function close(name: string): Promise<void> {
    const poller = pollers.get(name);
    accounts.get(name)?.close();
    for (const held of [accounts, pollers, settings]) held.delete(name);
    await poller?.stop();
  }

  function poll(name: string, known: readonly Followed[], follow: Wanted['follow']): void {
    const configured = follow.filter(({ account }) => account === name);
    pollers.get(name)?.start(
      known,
      configured.map(({ externalId }) => externalId),
    );
  }

  return {
    accounts,
    pollers,

    open(wanted) {
      budgets.share(wanted.accounts);
      for (const one of wanted.accounts) open(one);
    },

    async start({ follow }) {
      isPolling = true;
      for (const name of accounts.keys()) poll(name, await followed(name), follow);
    },

    async change({ accounts: wanted, follow }) {
      const kept = wanted.filter((one) => isSame(one, settings.get(one.name)));
      const keptNames = new Set(kept.map(({ name }) => name));
      const fresh = wanted.filter(({ name }) => !keptNames.has(name));
      // What may fail comes first; from then on the change is one step for everybody.
      const known = new Map<string, readonly Followed[]>();
      if (isPolling) for (const { name } of fresh) known.set(name, await followed(name));
      const gone = [...accounts.keys()].filter((name) => !keptNames.has(name));
      const closing = gone.map(close);
      budgets.share(wanted);
      for (const one of fresh) open(one);
      const changing = onChange();
      for (const { name } of fresh) {
        hooks.onHealth(name);
        if (isPolling) poll(name, known.get(name) ?? [], follow);
      }
      for (const { account, externalId } of isPolling ? follow : []) {
        if (keptNames.has(account)) pollers.get(account)?.add(externalId);
      }
      await Promise.all([...closing, changing]);
    },

    async stop() {
      await Promise.all([...pollers.values()].map((poller) => poller.stop()));
    },
  };
}

function isSame(one: AccountSettings, other: AccountSettings | undefined): boolean {
  return other !== undefined && one.provider === other.provider && isDeepStrictEqual(one, other);
}
