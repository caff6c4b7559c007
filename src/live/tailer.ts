import type { Campaign } from '../model/campaign.ts';
import type { LogEntry } from '../model/change.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import type { ChangeLog } from '../store/log.ts';
import type { Position } from './cursor.ts';
import { readStretch, type Stretch } from './stretch.ts';

/** So many of the newest entries are kept for readers that have caught up. */
const keptEntries = 2_000;
/** So many campaigns' present states are kept beside them. */
const keptCampaigns = 2_000;
/** How often the log itself is asked how far it has come. */
const lookEveryMs = 1_000;

export interface TailerParts {
  readonly log: ChangeLog;
  readonly store: CampaignStore;
}

/** The process's one follower of the change log: it reads what is new once, for all its readers. */
export async function createTailer({ log, store }: TailerParts) {
  const { epoch, head: startedAt } = await log.state();
  let head = startedAt;
  /** By it the log is known until there are others. It may be thinned: nobody is told of it. */
  const newestAtStart = await log.between(startedAt - 1, startedAt, 1);
  let entries: LogEntry[] = [];
  const campaigns = new Map<string, Campaign>();
  const listeners = createListeners();
  let seen = head;
  /** Up to where it has to be read, as far as somebody has said. */
  let wanted = head;
  let catching: Promise<void> | null = null;
  let looking: Promise<void> | null = null;
  /** The database may be another by now. */
  let isDoubtful = false;
  const goneBack = Promise.withResolvers<void>();

  /**
   * Others write to the log too, and a commit of ours may be stored though its confirmation was lost on the way. What the
   * log has had since the look before, and nobody has told us of, was missed: what is newer may be about to be told.
   */
  async function look(): Promise<void> {
    const before = head;
    const { epoch: epochNow, head: newest } = await log.state();
    if (isDoubtful || epochNow !== epoch || newest < before) await check();
    if (seen > head) await catchUp(seen);
    seen = newest;
  }

  async function check(): Promise<void> {
    const known = entries.length > 0 ? entries.slice() : newestAtStart;
    // Before it is asked: a doubt that comes meanwhile is another.
    isDoubtful = false;
    try {
      if (await log.hasGoneBack({ epoch, head, entries: known })) goneBack.resolve();
    } catch (error) {
      isDoubtful = true;
      throw error;
    }
  }

  /** Goes on to a seq that somebody else has written up to: reads what is new, once for all readers. */
  async function catchUp(newest: number): Promise<void> {
    wanted = Math.max(wanted, newest);
    catching ??= readOn().finally(() => {
      catching = null;
    });
    return catching;
  }

  async function readOn(): Promise<void> {
    while (head < wanted) {
      const from = head;
      const until = wanted;
      if (until - from > keptEntries) {
        skipTo(until);
        continue;
      }
      const [added, changed] = await Promise.all([
        log.between(from, until, keptEntries),
        store.changedBetween(from, until),
      ]);
      // Meanwhile a commit of ours may have been told that followed on.
      if (head !== from) continue;
      // What is kept has no gaps.
      if (added.length === until - from) take(added, changed);
      else skipTo(until);
    }
  }

  /** More than is worth keeping: readers read it themselves. */
  function skipTo(newest: number): void {
    const first = head + 1;
    entries = [];
    campaigns.clear();
    head = newest;
    listeners.tellAll(first);
  }

  /** @param added what follows on to what is known */
  function take(added: readonly LogEntry[], changed: readonly Campaign[]): void {
    for (const campaign of changed) keepNewer(campaign);
    for (const entry of added) entries.push(entry);
    if (entries.length > 2 * keptEntries) entries = entries.slice(-keptEntries);
    head = added.at(-1)?.seq ?? head;
    listeners.tell(added);
  }

  const timer = setInterval(() => {
    // A database that does not answer is asked again by the next look.
    looking ??= look()
      .catch(() => {})
      .finally(() => {
        looking = null;
      });
  }, lookEveryMs).unref();

  /** What can't be read now is read by the next look. */
  function news(newest: number): Promise<void> {
    return catchUp(newest).catch(() => {});
  }

  function keepCampaign(campaign: Campaign): void {
    campaigns.delete(campaign.key);
    campaigns.set(campaign.key, campaign);
    const [oldest] = campaigns.keys();
    if (campaigns.size > keptCampaigns && oldest !== undefined) campaigns.delete(oldest);
  }

  function keepNewer(campaign: Campaign): void {
    if ((campaigns.get(campaign.key)?.revision ?? 0) <= campaign.revision) keepCampaign(campaign);
  }

  return {
    epoch,
    head: (): number => head,

    /** Resolves if the log is no longer the one that was followed: nothing here holds of it. */
    goneBack: goneBack.promise,

    /** What a commit of this process has added, and the campaigns as they are after it. */
    committed(added: readonly LogEntry[], changed: readonly Campaign[]): void {
      const [first] = added;
      if (!first) return;
      // A look may have found it before it was told.
      const fresh = added.filter(({ seq }) => seq > head);
      // A gap means that somebody else has written in between: it is read together with that.
      if (first.seq > head + 1) void news(added.at(-1)?.seq ?? 0);
      else take(fresh, changed);
    },

    /** Another process has written up to a seq. */
    news,

    /**
     * What the log has after a position, oldest first: from memory, or from the log itself for a reader that is behind.
     * @param keys only these campaigns' entries are wanted; null: all. More than those may come.
     * @returns `limit` entries at most, and the position up to which they are all that there is; null: what the log had
     *   there is no longer kept
     */
    async after(position: Position, limit: number, keys: readonly string[] | null): Promise<Stretch | null> {
      const upTo = head;
      const { seq, since } = position;
      const [oldest] = entries;
      // Here every step is as it was seen: one who has been told of a thinned log can't go on by it.
      if (since) return readStretch(log, position, { upTo, limit, keys });
      if (seq >= upTo) return { entries: [], end: { seq } };
      if (oldest === undefined || seq < oldest.seq - 1)
        return readStretch(log, { seq }, { upTo, limit, keys });
      const start = seq + 1 - oldest.seq;
      const kept = entries.slice(start, start + limit);
      return { entries: kept, end: { seq: kept.at(-1)?.seq ?? upTo } };
    },

    /**
     * A campaign as it is now.
     * @param revision it has come at least so far: what is kept here may be older than the store
     */
    async campaign(key: string, revision: number): Promise<Campaign | null> {
      const kept = campaigns.get(key);
      if (kept && kept.revision >= revision) return kept;
      const campaign = await store.get(key);
      // Only a state that no commit has overtaken meanwhile may be kept.
      if (campaign && !campaigns.has(key) && campaign.seq <= head) keepCampaign(campaign);
      const now = campaigns.get(key);
      return now && now.revision >= revision ? now : campaign;
    },

    /** A campaign has changed in a way that nobody is told of. */
    keepCampaign: keepNewer,

    /** The same, by another process. */
    forgetCampaign: (key: string) => void campaigns.delete(key),
    /** Nothing was heard of others for a while, nor of what has become of the database. */
    missed(): void {
      campaigns.clear();
      isDoubtful = true;
    },

    /**
     * Calls `wake` whenever there is news, with the seq of the first of it; the returned function ends that.
     * @param keys only news of these campaigns counts; null: all news
     */
    onNews: listeners.add,

    /** Ends the looks at the log; resolves once none runs any more. */
    async stop(): Promise<void> {
      clearInterval(timer);
      await looking;
    },
  };
}

export type Tailer = Awaited<ReturnType<typeof createTailer>>;

type Wake = (firstSeq: number) => void;

/** Who wants to hear of news, so found that news of one campaign costs nothing for those of others. */
function createListeners() {
  const ofAll = new Set<Wake>();
  const byKey = new Map<string, Set<Wake>>();

  return {
    add(wake: Wake, keys: readonly string[] | null): () => void {
      if (!keys) {
        ofAll.add(wake);
        return () => void ofAll.delete(wake);
      }
      for (const key of keys) {
        const known = byKey.get(key);
        if (known) known.add(wake);
        else byKey.set(key, new Set([wake]));
      }
      return () => {
        for (const key of keys) {
          const known = byKey.get(key);
          known?.delete(wake);
          if (known?.size === 0) byKey.delete(key);
        }
      };
    },

    tellAll(firstSeq: number): void {
      for (const wake of ofAll) wake(firstSeq);
      for (const wakes of byKey.values()) for (const wake of wakes) wake(firstSeq);
    },

    tell(added: readonly LogEntry[]): void {
      const [first] = added;
      if (!first) return;
      for (const wake of ofAll) wake(first.seq);
      for (const { key, seq } of added) for (const wake of byKey.get(key) ?? []) wake(seq);
    },
  };
}
