import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createBalance, type Group, nameOf } from './balance.ts';
import { type LeaseState, type LeaseTable, leaseMs, type TableState } from './lease-table.ts';

export interface LeasesParts {
  readonly table: LeaseTable;
  readonly logger: Logger;
  /**
   * Accounts are ours from now on, until `onLost`.
   * @param saved what the holder before has saved of each
   */
  readonly onGained: (
    accounts: readonly string[],
    saved: ReadonlyMap<string, string | null>,
  ) => Promise<void>;
  /** They are ours no longer, or are to be given up; resolves once nothing is done with them any more. */
  readonly onLost: (accounts: readonly string[]) => Promise<void>;
  /**
   * What is to be saved of an account for the holder after us, and what is to be called once it is.
   * @param isLast nothing is done with it any more
   * @returns null: what is saved will do
   */
  readonly save: (account: string, isLast: boolean) => Saved | null;
  /** What another holder has saved of an account. */
  readonly onSaved: (account: string, saved: string) => void;
}

export interface Saved {
  readonly saved: string;
  readonly keep: () => void;
}

/** How often leases are renewed, and how often it is looked who is there. */
const beatMs = 1_000;
/** A lease is not relied on in its last moments: what is asked for then may arrive later. */
const marginMs = 500;

/** Not even in a hurry is there another beat sooner. */
const leastPauseMs = 50;

interface Held {
  readonly accounts: Group;
  /** Numbers that no other holder has, by account. */
  readonly fences: ReadonlyMap<string, number>;
  /** Set while they are being given up. */
  isLeaving: boolean;
}

/**
 * Which accounts this replica holds. A lease is a row that names its holder, who says every second that it is there;
 * anybody may take it once that was not said for five; the fence, which grows with every taking, is what the log checks
 * before it writes.
 * Rows rather than PostgreSQL's advisory locks: those last as long as the connection of a process that is paused.
 */
export function createLeases({ table, logger, onGained, onLost, save, onSaved }: LeasesParts) {
  const balance = createBalance(table.replica);
  let groups: readonly Group[] = [];
  /** The last that all replicas know. */
  let made: typeof groups | null = null;
  const held = new Map<string, Held>();
  const byAccount = new Map<string, Held>();
  let holders: ReadonlyMap<string, string> = new Map();
  let present: ReadonlySet<string> = new Set();
  let move = Promise.withResolvers<void>();
  /** By this process's own clock: as long as PostgreSQL can't be asked, leases are not renewed. */
  let validUntil = 0;
  const ending = new AbortController();
  let nudge = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let isStopping = false;

  const isValid = () => performance.now() < validUntil;

  function hold(one: Held): void {
    held.set(nameOf(one.accounts), one);
    for (const account of one.accounts) byAccount.set(account, one);
  }

  function drop(one: Held): void {
    held.delete(nameOf(one.accounts));
    for (const account of one.accounts) if (byAccount.get(account) === one) byAccount.delete(account);
  }

  /** Who holds what is another, or may be. */
  function onMoved(): void {
    move.resolve();
    move = Promise.withResolvers();
  }

  async function saveChanges(): Promise<void> {
    const rows = [...held.values()].flatMap(({ fences }) =>
      [...fences].flatMap(([account, fence]) => {
        const told = save(account, false);
        return told ? { account, fence, ...told } : [];
      }),
    );
    const kept = await table.save(rows);
    for (const { account, keep } of rows) if (kept.has(account)) keep();
  }

  function lose(lost: readonly Held[]): void {
    if (lost.length === 0) return;
    for (const one of lost) drop(one);
    onMoved();
    void end(lost.flatMap(({ accounts }) => accounts));
  }

  async function end(accounts: readonly string[]): Promise<void> {
    await onLost(accounts).catch((error: unknown) =>
      logger.error({ err: error, accounts }, 'ending the work with accounts failed'),
    );
  }

  /** Leases last from when it was said that we are there, not from when that was heard. */
  async function renew(): Promise<void> {
    loseRunOut();
    const saidAt = performance.now();
    await table.announce(isStopping);
    // Renewed too late, they may have been taken meanwhile.
    loseRunOut();
    validUntil = saidAt + leaseMs - marginMs;
  }

  /** Somebody may have taken what was not renewed in time. */
  function loseTaken(leases: readonly LeaseState[]): void {
    const taken = leases.filter(({ account, holder, fence }) => {
      const known = byAccount.get(account)?.fences.get(account);
      return known !== undefined && (holder !== table.replica || known !== fence);
    });
    const accounts = taken.map(({ account }) => account);
    if (accounts.length > 0) logger.warn({ accounts }, 'leases were lost to another replica');
    lose([...new Set(accounts.flatMap((account) => byAccount.get(account) ?? []))]);
  }

  async function look(): Promise<TableState> {
    const state = await table.state(groups.flat());
    present = new Set(state.replicas.map(({ id }) => id));
    holders = new Map(
      state.leases.flatMap(({ account, holder, isFree }) =>
        isFree || holder === null ? [] : [[account, holder]],
      ),
    );
    loseTaken(state.leases);
    for (const { account, saved } of state.leases) {
      if (saved !== null && !byAccount.has(account)) onSaved(account, saved);
    }
    onMoved();
    return state;
  }

  async function shareOut(state: TableState): Promise<void> {
    const kept = [...held.values()].flatMap(({ accounts, isLeaving }) => (isLeaving ? [] : [accounts]));
    const isHeld = (account: string) => byAccount.has(account);
    const decided = balance.decide({ groups, state, kept, isHeld });
    for (const group of decided.giveUp) void giveUp(nameOf(group));
    // Requests are set aside at once for what has been taken.
    if (await take(decided.take, decided.most)) await saveChanges();
    await table.release(decided.stray.filter(({ account }) => !isHeld(account)));
  }

  /** Takes so many of those that are open, or what others have left of them. */
  async function take(open: readonly Group[], most: number): Promise<boolean> {
    if (open.length === 0 || most === 0) return false;
    const rows = new Map((await table.take(open, most)).map((row) => [row.account, row]));
    if (rows.size === 0) return false;
    for (const accounts of open) {
      const taken = accounts.flatMap((account) => rows.get(account) ?? []);
      const fences = new Map(taken.map(({ account, fence }) => [account, fence]));
      if (fences.size > 0) hold({ accounts, fences, isLeaving: false });
    }
    const names = [...rows.keys()];
    holders = new Map([...holders, ...names.map((account) => [account, table.replica] as const)]);
    onGained(names, new Map([...rows].map(([account, { saved }]) => [account, saved]))).catch(
      (error: unknown) =>
        logger.error({ err: error, accounts: names }, 'beginning the work with accounts failed'),
    );
    onMoved();
    return true;
  }

  /** Ends the work with them before others may begin theirs. */
  async function giveUp(name: string): Promise<void> {
    const one = held.get(name);
    if (!one) return;
    one.isLeaving = true;
    await end(one.accounts);
    // It may have been lost meanwhile.
    if (held.get(name) !== one) return;
    drop(one);
    onMoved();
    try {
      await table.release(
        [...one.fences].map(([account, fence]) => ({
          account,
          fence,
          saved: save(account, true)?.saved ?? null,
        })),
      );
    } catch (error) {
      logger.warn({ err: error, accounts: one.accounts }, 'leases could not be given up yet');
    }
  }

  /** Makes the accounts known to all replicas. What fails is tried again with the next beat. */
  async function make(): Promise<void> {
    const making = groups;
    if (made === making) return;
    await table.make(making.flat());
    made = making;
  }

  async function beat(): Promise<void> {
    await make();
    await renew();
    await saveChanges();
    const state = await look();
    if (!isStopping) await shareOut(state);
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      nudge = new AbortController();
      const signal = AbortSignal.any([ending.signal, nudge.signal]);
      await beat().catch((error: unknown) => logger.warn({ err: error }, 'leases could not be renewed'));
      await delay(leastPauseMs);
      await delay(beatMs - leastPauseMs, undefined, { signal }).catch(() => {});
    }
  }

  function loseRunOut(): void {
    if (held.size === 0 || isValid()) return;
    logger.warn('leases have run out: nothing is read until they are taken anew');
    lose([...held.values()]);
  }

  // A process that was paused, or can't reach PostgreSQL, finds out here, whatever it waits for.
  const watch = setInterval(loseRunOut, marginMs / 2).unref();

  return {
    /** @param wanted accounts; those that go together are held by one replica */
    async start(wanted: readonly Group[]): Promise<void> {
      groups = wanted;
      await beat();
      running = run();
    },

    /** From now on these are the accounts. */
    async change(wanted: readonly Group[]): Promise<void> {
      groups = wanted;
      await make();
      nudge.abort();
    },

    /** Whether this replica may ask the account's provider now. */
    isOurs: (account: string): boolean => isValid() && byAccount.has(account),

    /** Whether it is being given up: nothing new is begun with it. */
    isLeaving: (account: string): boolean => byAccount.get(account)?.isLeaving ?? false,

    /** What the log's writes are checked by; null: it is not ours. */
    fenceOf: (account: string): number | null => byAccount.get(account)?.fences.get(account) ?? null,

    /** The other replica that holds an account, as far as is known; null: none does. */
    holderOf(account: string): string | null {
      const holder = holders.get(account) ?? null;
      return holder === table.replica ? null : holder;
    },

    isThere: (replica: string): boolean => present.has(replica),

    /** Resolves once it may be another who holds something. */
    moved: (): Promise<void> => move.promise,

    ours: (): readonly string[] => [...held.values()].flatMap(({ accounts }) => accounts),

    hurry: (): void => nudge.abort(),

    /** Gives up what is held, as soon as the work with it has ended. */
    async stop(): Promise<void> {
      isStopping = true;
      const giveUpAll = () => Promise.all([...held.keys()].map(giveUp));
      // The others take each account as soon as it is given up, and don't wait for the last one.
      const announced = table
        .announce(true)
        .catch((error: unknown) => logger.warn({ err: error }, 'others don’t know that this replica leaves'));
      await Promise.all([announced, giveUpAll()]);
      ending.abort();
      clearInterval(watch);
      await running;
      // What was being taken meanwhile.
      await giveUpAll();
      await table
        .leave()
        .catch((error: unknown) => logger.warn({ err: error }, 'this replica will be missed'));
    },
  };
}

export type Leases = ReturnType<typeof createLeases>;
