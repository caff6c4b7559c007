import type { Logger } from 'pino';
import type { Watched, WatchedHere, Watching } from '../polling/watching.ts';
import type { WatchedVersion, WatchTable } from './watch-table.ts';
import { createWatchedElsewhere, type WatchedElsewhere } from './watched-elsewhere.ts';

export interface SharedWatchingParts {
  readonly table: WatchTable;
  readonly watching: Watching;
  readonly logger: Logger;
  readonly isOurs: (account: string) => boolean;
  /** The accounts that are ours. */
  readonly ours: () => readonly string[];
}

/** What begins and ends within so short a time is told once. */
const tellAfterMs = 200;
/** What queries have asked for counts for a while: whether it still does is looked at so often. */
const tellEveryMs = 5_000;

/** The others are told no sooner than so many times what finding out took the last time: most of the time is for others. */
const restFactor = 20;
/** What replicas have left that are gone is looked for so often. */
const sweepEveryMs = 60_000;

/** Something else is looked at over other replicas, perhaps. */
interface Hearing {
  /** Of these accounts; null: of any. */
  accounts: ReadonlySet<string> | null;
  readonly heard: Promise<void>;
}

/** What people look at over one replica raises the pace on the one that holds the account. */
export function createSharedWatching({ table, watching, logger, isOurs, ours }: SharedWatchingParts) {
  /** What the others know, by account. */
  let told = new Map<string, string>();
  /** What is known of the others, by replica and account. */
  const heard = new Map<string, { readonly watched: WatchedElsewhere; version: string }>();
  let hearing: Promise<void> = Promise.resolve();
  let nextHearing: Hearing | null = null;
  let timer: NodeJS.Timeout | null = null;
  let telling: Promise<void> | null = null;
  let isToTell = false;
  let restsUntil = 0;
  let sweptAt = performance.now();
  let isStopped = false;

  /** What is looked at here of other replicas' accounts. */
  function hereOfOthers(): Map<string, string> {
    const start = performance.now();
    const here = [...watching.here()].filter(([account]) => !isOurs(account));
    const texts = new Map(here.map(([account, one]) => [account, textOf(one)]));
    const end = performance.now();
    restsUntil = end + restFactor * (end - start);
    return texts;
  }

  async function tell(): Promise<void> {
    const next = hereOfOthers();
    const rows = [...next].filter(([account, text]) => told.get(account) !== text);
    const gone = [...told.keys()].filter((account) => !next.has(account));
    if (rows.length === 0 && gone.length === 0) return;
    await table.tell(
      rows.map(([account, watched]) => ({ account, watched })),
      gone,
    );
    told = next;
  }

  function tellNow(): void {
    timer = null;
    isToTell = false;
    telling = tell()
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'other replicas could not be told what is looked at');
        isToTell = true;
      })
      .finally(() => {
        telling = null;
        if (isToTell) tellSoon();
      });
  }

  /** One telling at a time. */
  function tellSoon(): void {
    isToTell = true;
    if (isStopped || telling) return;
    timer ??= setTimeout(tellNow, Math.max(tellAfterMs, restsUntil - performance.now())).unref();
  }

  const stops = [watching.onMore(hereOnly), watching.onLess(hereOnly)];
  const regularly = setInterval(tellSoon, tellEveryMs).unref();

  function hereOnly({ elsewhere }: Watched): void {
    if (!elsewhere) tellSoon();
  }

  async function hearOf(accounts: Hearing['accounts']): Promise<void> {
    const isMeant = (account: string) => accounts?.has(account) ?? true;
    const versions = await table.versions(ours().filter(isMeant));
    const changed = versions.filter((row) => heard.get(nameOf(row))?.version !== row.version);
    for (const row of await table.of([...new Set(changed.map(({ account }) => account))])) {
      const { account, version } = row;
      const known = heard.get(nameOf(row)) ?? {
        watched: createWatchedElsewhere(watching, account),
        version: '',
      };
      heard.set(nameOf(row), known);
      if (known.version === version) continue;
      known.version = version;
      known.watched.become(row.watched);
    }
    const current = new Set(versions.map(nameOf));
    for (const [name, { watched }] of heard) {
      if (current.has(name) || !isMeant(watched.account)) continue;
      heard.delete(name);
      watched.become(null);
    }
  }

  /** One after the other: what was read earlier must not come later. What waits already is asked for together. */
  function hear(accounts: readonly string[] | null): Promise<void> {
    const more = accounts && new Set(accounts);
    if (nextHearing) {
      nextHearing.accounts = nextHearing.accounts && more && nextHearing.accounts.union(more);
      return nextHearing.heard;
    }
    const next: Hearing = {
      accounts: more,
      heard: hearing.then(async () => {
        nextHearing = null;
        if (isStopped) return;
        await hearOf(next.accounts).catch((error: unknown) =>
          logger.warn({ err: error }, 'it is not known what other replicas look at'),
        );
      }),
    };
    nextHearing = next;
    hearing = next.heard;
    return next.heard;
  }

  /** Others may have taken this one for gone while it stood still: what they have swept is told again. */
  async function sweep(): Promise<void> {
    if (performance.now() - sweptAt < sweepEveryMs) return;
    sweptAt = performance.now();
    const rows = await table.sweep();
    if (telling || new Set(told.keys()).symmetricDifference(rows).size === 0) return;
    told = new Map([...rows].map((account) => [account, '']));
    tellSoon();
  }

  return {
    /**
     * Others may look at something else by now, or an account may have come or gone.
     * @param accounts of these; null: of any
     */
    hear,

    /** The same, where it may have been missed. */
    look(): void {
      void hear(null);
      if (!isStopped) sweep().catch((error: unknown) => logger.debug({ err: error }, 'nothing was swept'));
    },

    /** External ids that people of other replicas look at by name, by account of ours. */
    *named(): Generator<readonly [account: string, externalIds: Iterable<string>]> {
      for (const { watched } of heard.values()) yield [watched.account, watched.named()];
    },

    /** Accounts have come or gone: what was told of them is told to somebody else. */
    tellSoon,

    /** Nothing is looked at here any more. */
    async stop(): Promise<void> {
      isStopped = true;
      for (const stop of stops) stop();
      clearInterval(regularly);
      if (timer) clearTimeout(timer);
      await Promise.all([telling, hearing]);
      await table
        .leave()
        .catch((error: unknown) => logger.debug({ err: error }, 'what was looked at here is left to others'));
    },
  };
}

export type SharedWatching = ReturnType<typeof createSharedWatching>;

function nameOf({ replica, account }: WatchedVersion): string {
  return `${replica} ${account}`;
}

/** In one order, so that the same is the same text. */
function textOf({ everything, status, filters, listed }: WatchedHere): string {
  const texts = new Set(filters.map((one) => JSON.stringify(one)));
  return JSON.stringify({
    everything: [...everything].sort(),
    status: [...status].sort(),
    filters: [...texts].sort().map((text) => JSON.parse(text)),
    listed,
  });
}
