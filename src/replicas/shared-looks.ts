import type { LookElsewhere } from '../campaigns/campaigns.ts';
import { accountIn, campaignKey } from '../model/campaign.ts';
import type { News, ToldLook } from './messages.ts';

export interface SharedLooksParts {
  /** External ids that people of other replicas look at, by account of ours. */
  readonly watchedElsewhere: () => Iterable<readonly [account: string, externalIds: Iterable<string>]>;
  readonly lookOf: (key: string) => LookElsewhere | null;
  /** Rejects when the others could not be told. */
  readonly tell: (news: News) => Promise<void>;
  readonly now?: () => number;
}

/** A campaign that people look at over another replica is told of there so often, if it was looked at. */
const tellEveryMs = 1_000;
/** And so often if it was not, spread over a while; what is told no more was true until somewhat later. */
const repeatAfterMs = { least: 20_000, most: 40_000 };
const trueForMs = 45_000;
/** PostgreSQL takes less than 8,000 bytes in one notification; some are for who tells it, and of which account. */
const mostBytes = 7_000;
const longestReason = 500;
const mostKept = 100_000;

/** What the others have been told last of a campaign. */
interface LastTold {
  readonly look: LookElsewhere;
  /** When it is told again though it be the same. */
  readonly repeatAt: number;
}

/** How fresh campaigns are that another replica reads, as far as somebody here looks at them. */
export function createSharedLooks({ watchedElsewhere, lookOf, tell, now = Date.now }: SharedLooksParts) {
  const told = new Map<string, LastTold>();
  const heard = new Map<string, { readonly look: LookElsewhere; readonly until: number }>();
  let isTelling = false;

  /** What there is to tell of an account, by key. */
  function newsOf(account: string, externalIds: Iterable<string>): Map<string, ToldLook> {
    const news = new Map<string, ToldLook>();
    for (const externalId of externalIds) {
      const key = campaignKey(account, externalId);
      const look = lookOf(key);
      const last = told.get(key);
      const isKnown = look && last && performance.now() < last.repeatAt && isSame(look, last.look, now());
      if (look && !isKnown) news.set(key, toTold(externalId, look));
    }
    return news;
  }

  async function tellOf(account: string, news: ReadonlyMap<string, ToldLook>): Promise<void> {
    for (const portion of portions(news)) {
      for (const [key, one] of portion) told.set(key, { look: lookIn(one), repeatAt: timeToRepeat() });
      try {
        await tell({ seen: account, looks: portion.map(([, one]) => one) });
      } catch (error) {
        for (const [key] of portion) told.delete(key);
        throw error;
      }
    }
  }

  async function tellAll(): Promise<void> {
    const watched = [...watchedElsewhere()].map(([account, ids]) => [account, new Set(ids)] as const);
    const current = new Set(
      watched.flatMap(([account, ids]) => [...ids].map((id) => campaignKey(account, id))),
    );
    for (const key of told.keys()) if (!current.has(key)) told.delete(key);
    for (const [account, ids] of watched) await tellOf(account, newsOf(account, ids));
  }

  /** What could not be told is told with the next ones. */
  function tellNext(): void {
    if (isTelling) return;
    isTelling = true;
    tellAll()
      .catch(() => {})
      .finally(() => {
        isTelling = false;
      });
  }

  const timer = setInterval(tellNext, tellEveryMs).unref();

  return {
    /** What the holder of an account has told. */
    hear(account: string, looks: readonly ToldLook[]): void {
      for (const one of looks) {
        const key = campaignKey(account, one[0]);
        heard.delete(key);
        heard.set(key, { look: lookIn(one), until: performance.now() + trueForMs });
        const [oldest] = heard.keys();
        if (heard.size > mostKept && oldest !== undefined) heard.delete(oldest);
      }
    },

    /** What its holder has told of a campaign; null: nothing, or not of late. */
    of(key: string): LookElsewhere | null {
      const one = heard.get(key);
      if (!one || performance.now() >= one.until) return null;
      const { nextPollAt } = one.look;
      return { ...one.look, nextPollAt: nextPollAt && Math.max(nextPollAt, now()) };
    },

    /** These are ours now, or were until now. */
    forget(accounts: readonly string[]): void {
      const names = new Set(accounts);
      for (const key of [...heard.keys(), ...told.keys()]) {
        if (!names.has(accountIn(key))) continue;
        heard.delete(key);
        told.delete(key);
      }
    },

    stop(): void {
      clearInterval(timer);
    },
  };
}

function timeToRepeat(): number {
  const { least, most } = repeatAfterMs;
  return performance.now() + least + Math.random() * (most - least);
}

/** Whether a look tells nothing that the one before did not: what is overdue is to be read now, whenever that is. */
function isSame(look: LookElsewhere, before: LookElsewhere, now: number): boolean {
  const dueAt = ({ nextPollAt }: LookElsewhere) => nextPollAt && Math.max(nextPollAt, now);
  return (
    look.observedAt === before.observedAt &&
    look.statsObservedAt === before.statsObservedAt &&
    look.perSecond === before.perSecond &&
    cut(look.reason) === before.reason &&
    dueAt(look) === dueAt(before)
  );
}

function toTold(
  externalId: string,
  { observedAt, statsObservedAt, nextPollAt, perSecond, reason }: LookElsewhere,
): ToldLook {
  return [externalId, observedAt, statsObservedAt, nextPollAt, perSecond, cut(reason)];
}

function lookIn([, observedAt, statsObservedAt, nextPollAt, perSecond, reason]: ToldLook): LookElsewhere {
  return { observedAt, statsObservedAt, nextPollAt, perSecond, reason };
}

/** As much of a text as there is room for, in whole characters. */
function cut(reason: string | null): string | null {
  if (reason === null) return null;
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(longestReason));
  return reason.slice(0, read);
}

/** So many at a time as fit into one notification; one that does not fit into any is left out. */
function* portions(news: ReadonlyMap<string, ToldLook>): Generator<readonly (readonly [string, ToldLook])[]> {
  let portion: (readonly [string, ToldLook])[] = [];
  let size = 0;
  for (const entry of news) {
    // With the comma that follows.
    const bytes = Buffer.byteLength(JSON.stringify(entry[1])) + 1;
    if (bytes > mostBytes) continue;
    if (size + bytes > mostBytes) {
      yield portion;
      [portion, size] = [[], 0];
    }
    portion.push(entry);
    size += bytes;
  }
  if (portion.length > 0) yield portion;
}
