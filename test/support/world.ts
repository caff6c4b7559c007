import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { createObserver, type Observed, type ObserverParts } from '../../src/campaigns/observe.ts';
import { createLive } from '../../src/live/live.ts';
import { createTailer } from '../../src/live/tailer.ts';
import type { Campaign, CampaignStatus } from '../../src/model/campaign.ts';
import type { LogEntry } from '../../src/model/change.ts';
import { countersOf } from '../../src/model/stats.ts';
import { createCampaignStore } from '../../src/store/campaigns.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createChangeLog } from '../../src/store/log.ts';

/** One observation: `status: null` says that the provider no longer knows the campaign. */
export interface Observation {
  readonly externalId: string;
  readonly status: CampaignStatus | null;
  readonly sent: number;
}

/** What a campaign has gone through, found without the code under test: its place in the list, and 1, is the revision. */
export type Past = { readonly status: CampaignStatus; readonly sent: number; readonly gone: boolean }[];

export type Pasts = Map<string, Past>;

const statuses = ['QUEUED', 'SENDING', 'PAUSED', 'COMPLETED'] as const;

export const keyOf = (externalId: string) => `main:${externalId}`;

/** The same numbers again for the same seed, so that a failure can be shrunk. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % below;
  };
}

export function changesOf({ count, seed }: { count: number; seed: number }, externalIds: readonly string[]) {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (): Observation => {
    const status = random(12) === 0 ? null : (statuses[random(statuses.length)] ?? null);
    return { externalId: externalIds[random(externalIds.length)] ?? '', status, sent: random(3) };
  });
}

/**
 * A database with its one writer and its tail, and the past that it must tell.
 * @param onCommit told of the commits in place of the tail
 */
export async function startWorld(onCommit?: ObserverParts['onCommit'], now: ObserverParts['now'] = Date.now) {
  const database = await openDatabase('sqlite::memory:', () => {});
  const store = createCampaignStore(database);
  const log = createChangeLog(database);
  const tailer = await createTailer({ log, store });
  const observer = createObserver({
    store,
    log,
    now,
    onCommit: onCommit ?? tailer.committed,
    onObserved: () => {},
  });
  const pasts: Pasts = new Map();
  return {
    database,
    store,
    pasts,
    parts: { store, log, tailer, watch: () => () => {} },
    /** As polls do: each reading has its turn, and a list names a campaign once. */
    async observe(observations: readonly Observation[]) {
      let list: Observation[] = [];
      for (const one of observations) {
        if (list.some(({ externalId }) => externalId === one.externalId)) {
          await observer.observe(list.map(toObserved));
          list = [];
        }
        list.push(one);
        remember(pasts, one);
      }
      await observer.observe(list.map(toObserved));
    },
    /** Several at the same moment. */
    async observeTogether(observations: readonly Observation[]) {
      for (const one of observations) remember(pasts, one);
      await Promise.all(observations.map((one) => observer.observe([toObserved(one)])));
    },
    [Symbol.asyncDispose]: () => database.destroy(),
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

function remember(pasts: Pasts, { externalId, status, sent }: Observation): void {
  const key = keyOf(externalId);
  const past = pasts.get(key) ?? [];
  const last = past.at(-1);
  if (status === null) {
    if (last && !last.gone) past.push({ ...last, gone: true });
  } else if (!last || last.gone || last.status !== status || last.sent !== sent) {
    past.push({ status, sent, gone: false });
  }
  if (past.length > 0) pasts.set(key, past);
}

function toObserved({ externalId, status, sent }: Observation): Observed {
  const reading = status && {
    externalId,
    status,
    providerStatus: status,
    stats: { counters: countersOf({ sent }), final: false },
    raw: null,
  };
  return { account: 'main', channel: 'EMAIL', externalId, cause: 'POLL', askedAt: 0, reading };
}

/** What is checked of an event. */
export interface Seen {
  readonly key: string;
  readonly cause: string;
  readonly fromRevision: number;
  readonly revision: number;
  readonly transitions: readonly { readonly from: string | null; readonly to: string }[];
  readonly stats: { readonly sent: number | null } | null;
  readonly campaign: { readonly revision: number };
}

/** Whether a client wants the step that led to a place in a campaign's past. */
export type WantsStep = (key: string, past: Past, place: number) => boolean;

/** Checks all that one client is told against the past: what it wants, in order, once, and nothing else. */
export function createWitness(pasts: Pasts, wantsStep: WantsStep) {
  /** Up to which revision the client has been told. */
  let revisions = new Map<string, number>();

  function untold(key: string, upTo = Number.POSITIVE_INFINITY): number[] {
    const past = pasts.get(key) ?? [];
    const first = revisions.get(key) ?? 0;
    return [...past.keys()]
      .filter((place) => place >= first && place < upTo && wantsStep(key, past, place))
      .map((place) => place + 1);
  }

  return {
    /**
     * The client begins anew.
     * @param known what it need not be told of: campaigns and their revisions
     */
    begin(known: ReadonlyMap<string, number> = new Map()): void {
      revisions = new Map(known);
    },

    /** Whether there is something that the client has yet to be told. */
    isBehind: (): boolean => [...pasts.keys()].some((key) => untold(key).length > 0),

    revision: (key: string): number | undefined => revisions.get(key),

    check(event: Seen): void {
      const { key, cause, fromRevision, revision } = event;
      const past = pasts.get(key) ?? [];
      const steps = cause === 'SNAPSHOT' ? [] : untold(key, revision);
      if (cause === 'SNAPSHOT') {
        expect(revisions.has(key)).toBe(false);
        expect([fromRevision, past.length > 0 && past.length >= revision]).toEqual([revision, true]);
      } else {
        expect(cause).toBe('POLL');
        expect([fromRevision, revision]).toEqual([(steps[0] ?? Number.NaN) - 1, steps.at(-1)]);
      }
      expect(event.transitions.map(({ from, to }) => ({ from, to }))).toEqual(transitionsOf(past, steps));
      expect(event.stats?.sent).toBe(past[revision - 1]?.sent);
      expect(event.campaign.revision).toBeGreaterThanOrEqual(revision);
      revisions.set(key, revision);
    },
  };
}

/** The status transitions of the steps that led to these revisions. */
function transitionsOf(past: Past, revisions: readonly number[]) {
  return revisions.flatMap((revision) => {
    const from = past[revision - 2]?.status ?? null;
    const to = past[revision - 1]?.status;
    return from === to ? [] : [{ from, to }];
  });
}

interface Commit {
  readonly entries: readonly LogEntry[];
  readonly campaigns: readonly Campaign[];
  readonly isForeign: boolean;
}

type TellTail = ObserverParts['onCommit'];

/**
 * News for a tail that hears of commits late, several at once, or not at all.
 * @param tell what the tail is told with; it takes only commits that it has not been told of, in their order
 * @param head how far the tail has got: what others have written in between it reads in its own time
 */
function createNews(tell: () => TellTail, head: () => number) {
  const kept: Commit[] = [];
  const written: LogEntry[] = [];
  let isLastForeign = false;
  let isForeign = false;

  function tellOf(lump: readonly Commit[]): void {
    isLastForeign = lump.some((commit) => commit.isForeign);
    if (isLastForeign) return;
    const campaigns = new Map(lump.flatMap((commit) => commit.campaigns.map((one) => [one.key, one])));
    const entries = lump.flatMap((commit) => commit.entries);
    tell()(entries, [...campaigns.values()]);
  }

  return {
    /** Each campaign's revision, as far as the tail has got. */
    known: (): ReadonlyMap<string, number> =>
      new Map(written.filter(({ seq }) => seq <= head()).map(({ key, revision }) => [key, revision])),

    /** The tail never hears of what is written meanwhile, as if another process did it. */
    async withhold(write: () => Promise<void>): Promise<void> {
      isForeign = true;
      await write();
      isForeign = false;
    },

    /** Whether the tail can't get to know of the newest commit before there is another. */
    endWithheld: (): boolean => kept.at(-1)?.isForeign ?? isLastForeign,

    keep: (entries: readonly LogEntry[], campaigns: readonly Campaign[]): void => {
      written.push(...entries);
      kept.push({ entries, campaigns, isForeign });
    },

    /** Tells the tail of the oldest commits: of each as it was made, or of those that follow on each other as of one. */
    tell(commits: number, inOneLump: boolean): void {
      let lump: Commit[] = [];
      for (const commit of kept.splice(0, commits)) {
        const followsOn = inOneLump && lump.at(-1)?.isForeign === commit.isForeign;
        if (!followsOn && lump.length > 0) tellOf(lump);
        lump = followsOn ? [...lump, commit] : [commit];
      }
      if (lump.length > 0) tellOf(lump);
    },
  };
}

/** How live delivery is to be made harder. */
export interface Hardships {
  readonly seed: number;
  /** Executions take so many turns of the event loop at most. */
  readonly slowest: number;
  /** The tail is told of commits only by `news.tell`. */
  readonly isTailLate: boolean;
}

/** A world with live delivery, in which news comes late and executions take a while. */
export async function startDelivery({ seed, slowest, isTailLate }: Hardships) {
  const news = createNews(
    () => world.parts.tailer.committed,
    () => world.parts.tailer.head(),
  );
  const world = await startWorld((entries, campaigns) => {
    news.keep(entries, campaigns);
    if (!isTailLate) news.tell(1, false);
  });
  const { tailer } = world.parts;
  const random = randomFrom(seed);
  const listeners = new Set<symbol>();
  let executions = 0;

  const onNews: typeof tailer.onNews = (wake, keys) => {
    const listener = Symbol();
    listeners.add(listener);
    const stop = tailer.onNews(wake, keys);
    return () => {
      listeners.delete(listener);
      stop();
    };
  };

  const hooks = { onExecution() {}, onDelivery() {} };
  return {
    ...world,
    news,
    live: createLive({ ...world.parts, tailer: { ...tailer, onNews }, hooks }),
    /** How many listen to the tail. */
    listeners: (): number => listeners.size,
    executions: (): number => executions,
    async execute(event: unknown): Promise<string> {
      executions += 1;
      for (let turns = random(slowest + 1); turns > 0; turns -= 1) await turn();
      return JSON.stringify(event);
    },
  };
}

export type Delivery = Awaited<ReturnType<typeof startDelivery>>;
