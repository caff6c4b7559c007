import { hash } from 'node:crypto';
import TinyQueue from 'tinyqueue';
import type { StoredFacts } from './pace.ts';
import type { Interest } from './watching.ts';

/** What was said of a campaign, in short, and its revision after that. */
interface Said {
  readonly print: string;
  readonly revision: number | null;
}

/** One campaign that is polled. */
export interface Tracked {
  readonly key: string;
  readonly externalId: string;
  /** A number from 0 to 1 that is always the same for a key, and spread evenly over keys. */
  readonly share: number;
  /** Whether somebody looks at it, or nothing is known of it yet: it goes before those whose news can wait. */
  urgent: boolean;
  /** ms since 1970; Infinity: not by itself. */
  dueAt: number;
  lastReadAt: number;
  /** When the latest answer that was stored, or compared with it, was asked for, ms since 1970. */
  askedAt: number;
  unchanged: number;
  /** Its revision when it was last looked at; null before the first look. */
  revision: number | null;
  /** How many reads of it in a row have failed, or found no such campaign. */
  failures: number;
  /** Somebody wants a look at it that has not been made. */
  asked: boolean;
  reading: boolean;
  /** It is to be read again once that is over. */
  again: boolean;
  /** The round of the list that last named it; null: none yet. */
  listedIn: number | null;
  /** What the list said of it then, and its revision after that. */
  listedAs: Said | null;
  /** How long it was to be left alone when it was last scheduled, in ms, and why. */
  intervalMs: number;
  why: string;
  /** What was then known of it. */
  facts: StoredFacts | null;
  /** The provider's word for its status; null: it has not been read whole yet. */
  providerStatus: string | null;
  /** What subscriptions wanted of it when it was last looked at. */
  interest: Interest;
  /** As of how many that had begun or ended; null: that is not known any more. */
  watchedAs: {
    readonly version: number;
    /** Whether the list served those who want the status alone. */
    readonly byList: boolean;
  } | null;
  /** Somebody wants its status, and hears it from the list. */
  leftToList: boolean;
  /** What the last read of it said, and its revision after that. */
  readAs: Said | null;
  /** It has to be read by itself: a list of several did not tell of it. */
  alone: boolean;
}

/** One of which nothing is known yet. */
export function newlyTracked(key: string, externalId: string, dueAt: number): Tracked {
  return {
    key,
    externalId,
    share: Number.parseInt(hash('md5', key).slice(0, 8), 16) / 2 ** 32,
    urgent: true,
    dueAt,
    lastReadAt: 0,
    askedAt: 0,
    unchanged: 0,
    revision: null,
    failures: 0,
    asked: false,
    reading: false,
    again: false,
    listedIn: null,
    listedAs: null,
    intervalMs: 0,
    why: 'nothing is known of it yet',
    facts: null,
    providerStatus: null,
    interest: 'nothing',
    watchedAs: null,
    leftToList: false,
    readAs: null,
    alone: false,
  };
}

interface Entry {
  readonly tracked: Tracked;
  readonly dueAt: number;
}

/** Of so many reads, at least one goes to a campaign that is not urgent, however many urgent ones are due. */
const patientTurn = 5;

/** Campaigns by when they are due: urgent ones first, but never only those. Moving one is cheap. */
export function createDueQueue() {
  const earlier = (one: Entry, other: Entry) => one.dueAt - other.dueAt;
  const urgent = new TinyQueue<Entry>([], earlier);
  const patient = new TinyQueue<Entry>([], earlier);
  let turn = 0;

  /** Entries stay behind when their campaign is moved; they no longer say what it says. */
  function peek(queue: TinyQueue<Entry>): Entry | undefined {
    for (let entry = queue.peek(); entry; entry = queue.peek()) {
      const { tracked } = entry;
      const inForce =
        tracked.dueAt === entry.dueAt && !tracked.reading && tracked.urgent === (queue === urgent);
      if (inForce) return entry;
      queue.pop();
    }
    return undefined;
  }

  return {
    /** Puts a campaign at its `dueAt`; call it whenever that, or `urgent`, has been set. */
    put(tracked: Tracked): void {
      if (tracked.dueAt === Number.POSITIVE_INFINITY) return;
      (tracked.urgent ? urgent : patient).push({ tracked, dueAt: tracked.dueAt });
    },

    /** When the next one is due, ms since 1970; Infinity: none. */
    nextDueAt(): number {
      return Math.min(
        peek(urgent)?.dueAt ?? Number.POSITIVE_INFINITY,
        peek(patient)?.dueAt ?? Number.POSITIVE_INFINITY,
      );
    },

    /** Takes the campaign whose turn it is, if one is due. */
    take(now: number): Tracked | null {
      turn = (turn + 1) % patientTurn;
      const order = turn === 0 ? [patient, urgent] : [urgent, patient];
      for (const queue of order) {
        const entry = peek(queue);
        if (!entry || entry.dueAt > now) continue;
        queue.pop();
        return entry.tracked;
      }
      return null;
    },
  };
}

export type DueQueue = ReturnType<typeof createDueQueue>;
