import type { Campaign } from '../model/campaign.ts';
import type { LogEntry } from '../model/change.ts';
import { matches } from '../model/filter.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import type { ChangeLog } from '../store/log.ts';
import { isPlain, type Position } from './cursor.ts';
import { type ChangeEvent, type Prepared, stateEvent, stepEvent } from './events.ts';
import type { FeedReader, Told } from './feed.ts';
import { asStep, mergeByCampaign } from './merge.ts';
import { type Selection, wants } from './selection.ts';
import { readStretch, type Stretch } from './stretch.ts';
import type { Tailer } from './tailer.ts';

export interface ReaderParts {
  readonly tailer: Tailer;
  readonly log: ChangeLog;
  readonly store: CampaignStore;
  /** Told what is listened to, from when on, and (by calling what it returns) until when. */
  readonly watch: (selection: Selection) => () => void;
}

/** Rows of the log, and present states, that are taken at a time: what a reader holds is bounded by it. */
const pageSize = 500;
/** A reader that is further behind than this gets the steps of a campaign merged. */
const mergeAbove = 100;
/** More named campaigns than this, and the log is read whole rather than by them. */
const mostKeysInQuery = 500;

interface PresentStates {
  readonly cause: 'SNAPSHOT' | 'RESET';
  /** Campaigns up to this key have been told; null: none yet. */
  readonly afterKey: string | null;
}

/** A subscriber's place among the changes of campaigns. */
export class Reader implements FeedReader {
  readonly #parts: ReaderParts;
  readonly #selection: Selection;
  #stopListening: (() => void) | null = null;
  /** Up to where `#prepared` leads. */
  #position: Position;
  /** Up to where it has been told. */
  #told: Position;
  #states: PresentStates | null;
  #prepared: Prepared[] = [];
  #hasNews = false;
  /** It has caught up, and nothing has come since. */
  #isIdle = false;
  #wake = () => {};
  #ended = false;

  /** @param anew why it is told all present states first; null: it goes on from where it was */
  constructor(
    parts: ReaderParts,
    selection: Selection,
    position: Position,
    anew: PresentStates['cause'] | null = null,
  ) {
    this.#parts = parts;
    this.#selection = selection;
    this.#position = position;
    this.#told = position;
    this.#states = anew ? { cause: anew, afterKey: null } : statesAfter(position);
  }

  get position(): Position {
    if (!this.#isIdle) return this.#told;
    return { seq: Math.max(this.#told.seq, this.#parts.tailer.head()) };
  }

  get isIdle(): boolean {
    return this.#isIdle;
  }

  get isSteady(): boolean {
    return this.#states === null && isPlain(this.position);
  }

  async poll(): Promise<(Told & { readonly event: ChangeEvent }) | null> {
    // Before anything is read: what comes meanwhile must not go unnoticed.
    this.#stopListening ??= this.#parts.tailer.onNews((seq) => this.#hear(seq), this.#keysForLog());
    if (this.#isIdle) this.#leaveIdle(this.#parts.tailer.head());
    while (!this.#ended) {
      const next = this.#prepared.shift();
      if (next) {
        this.#told = next.position;
        const campaign = await this.#parts.tailer.campaign(next.event.key, next.event.revision);
        if (campaign) return { ...next, event: { ...next.event, campaign } };
        continue;
      }
      this.#hasNews = false;
      if (await this.#advance()) continue;
      this.#told = this.#position;
      this.#isIdle = !this.#hasNews;
      return null;
    }
    return null;
  }

  /** Before the first news since it had caught up there was nothing for it: it need not be looked for. */
  #hear(seq: number): void {
    if (this.#isIdle) this.#leaveIdle(seq - 1);
    this.#hasNews = true;
    this.#wake();
  }

  #leaveIdle(seq: number): void {
    this.#isIdle = false;
    this.#position = { seq: Math.max(this.#position.seq, seq) };
    this.#told = this.#position;
  }

  async news(): Promise<void> {
    if (this.#hasNews || this.#ended) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  end(): void {
    this.#ended = true;
    this.#prepared = [];
    this.#stopListening?.();
    this.#wake();
  }

  /** Prepares what comes next. False: there is nothing, and only news can change that. */
  async #advance(): Promise<boolean> {
    if (this.#states) return this.#tellStates(this.#states);
    if (this.#position.told?.until !== undefined) return this.#resumeMerged(this.#position.told.until);
    const { seq } = this.#position;
    const stretch = await this.#parts.tailer.after(this.#position, pageSize, this.#keysForLog());
    if (!stretch) return this.#startAnew();
    this.#tellSteps(stretch);
    return this.#position.seq > seq || this.#position.told !== undefined;
  }

  /** What it has not been told yet is no longer kept: all that there is to tell is how things are now. */
  #startAnew(): true {
    this.#position = { seq: this.#parts.tailer.head() };
    this.#states = { cause: 'RESET', afterKey: null };
    return true;
  }

  #tellSteps({ entries, end, since }: Stretch): void {
    const start = within(since, { seq: this.#position.seq });
    const wanted = entries.filter((entry) => wants(this.#selection, entry));
    if (wanted.length <= mergeAbove) {
      this.#prepared = wanted.map((entry) =>
        stepEvent(this.#parts.tailer.epoch, asStep(entry), within(since, { seq: entry.seq })),
      );
    } else {
      this.#tellMerged(wanted, start, end);
    }
    this.#position = end;
  }

  /** Until the last of them has been told, a cursor says which campaigns have had their steps. */
  #tellMerged(entries: readonly LogEntry[], start: Position, end: Position): void {
    const steps = mergeByCampaign(entries);
    this.#prepared = steps.map((step, place) => {
      const isLast = place === steps.length - 1;
      return stepEvent(
        this.#parts.tailer.epoch,
        step,
        isLast ? end : { ...start, told: { key: step.key, until: end.seq } },
      );
    });
  }

  async #resumeMerged(until: number): Promise<boolean> {
    const { told, ...start } = this.#position;
    const stretches = await this.#stretchesUpTo(start, until);
    if (!stretches) return this.#startAnew();
    if (!start.since && stretches.some(({ since }) => since)) {
      // It is thinned now, and what takes the place of steps up to there may come later.
      this.#position = { seq: start.seq, since: this.#position };
      return true;
    }
    const untold = stretches
      .flatMap(({ entries }) => entries)
      .filter((entry) => entry.key > (told?.key ?? '') && wants(this.#selection, entry));
    this.#position = stretches.at(-1)?.end ?? within(start.since, { seq: until });
    this.#tellMerged(untold, start, this.#position);
    return true;
  }

  /**
   * Present states, page by page in the order of the keys. Each page is as of a moment of its own, so the campaigns told
   * before it are first brought up to that moment, step by step.
   */
  async #tellStates({ cause, afterKey }: PresentStates): Promise<boolean> {
    const { store, tailer } = this.#parts;
    if (afterKey !== null && tailer.head() - this.#position.seq > pageSize)
      return this.#tellStepsUpTo({ cause, afterKey });
    const page = await store.snapshotPage(this.#statesFilter(), afterKey, pageSize);
    const head = page.head ?? Math.max(this.#position.seq, tailer.head());
    const stretches = afterKey === null ? [] : await this.#stretchesUpTo(this.#position, head);
    if (!stretches) return this.#startAnew();
    const events = stretches.flatMap((stretch) => this.#stepsOfKnown(stretch, { cause, afterKey }));
    const isLastPage = page.campaigns.length < pageSize;
    const wanted = page.campaigns.filter((campaign) => this.#isState(campaign));
    for (const [place, campaign] of wanted.entries()) {
      const isLast = isLastPage && place === wanted.length - 1;
      const position = isLast ? { seq: head } : { seq: head, told: toldUpTo(campaign.key, cause) };
      events.push(stateEvent(this.#parts.tailer.epoch, campaign, cause, position));
    }
    const lastKey = page.campaigns.at(-1)?.key ?? afterKey;
    this.#states = isLastPage ? null : { cause, afterKey: lastKey };
    this.#position = { seq: head };
    this.#prepared = events;
    return true;
  }

  /** A page of steps of the campaigns that the subscriber knows already, while others' present states are to come. */
  async #tellStepsUpTo(states: PresentStates): Promise<boolean> {
    const stretch = await this.#parts.tailer.after(this.#position, pageSize, this.#keysForLog());
    if (!stretch) return this.#startAnew();
    this.#prepared = this.#stepsOfKnown(stretch, states);
    this.#position = stretch.end;
    return true;
  }

  #stepsOfKnown({ entries, since }: Stretch, { cause, afterKey }: PresentStates): Prepared[] {
    if (afterKey === null) return [];
    const known = entries.filter((entry) => entry.key <= afterKey && wants(this.#selection, entry));
    return known.map((entry) =>
      stepEvent(
        this.#parts.tailer.epoch,
        asStep(entry),
        within(since, { seq: entry.seq, told: toldUpTo(afterKey, cause) }),
      ),
    );
  }

  /** With names alone the store is asked for them; else it gives all that may be seen, and `#isState` picks. */
  #statesFilter() {
    const { accounts, keys, filter } = this.#selection;
    if (keys && (!filter || this.#states?.cause === 'SNAPSHOT')) return { accounts, keys: [...keys] };
    return keys || !filter ? { accounts } : filter;
  }

  #isState(campaign: Campaign): boolean {
    const { keys, filter } = this.#selection;
    if (!keys || !filter || keys.has(campaign.key)) return true;
    return this.#states?.cause === 'RESET' && matches(filter, campaign.key, campaign.account, campaign);
  }

  /** @returns null: they are no longer all kept */
  async #stretchesUpTo(start: Position, upTo: number): Promise<Stretch[] | null> {
    const stretches: Stretch[] = [];
    for (let position = start; position.seq < upTo; ) {
      const wanted = { upTo, limit: pageSize, keys: this.#keysForLog() };
      const stretch = await readStretch(this.#parts.log, position, wanted);
      if (!stretch) return null;
      stretches.push(stretch);
      position = stretch.end;
    }
    return stretches;
  }

  #keysForLog(): readonly string[] | null {
    const { keys, filter } = this.#selection;
    return keys && !filter && keys.size <= mostKeysInQuery ? [...keys] : null;
  }
}

/** Present states that a subscriber was in the middle of. */
function statesAfter({ told }: Position): PresentStates | null {
  if (!told || told.until !== undefined) return null;
  return { cause: told.reset ? 'RESET' : 'SNAPSHOT', afterKey: told.key };
}

/** A position in a stretch of the log. */
function within(since: Position | undefined, position: Position): Position {
  return since ? { ...position, since } : position;
}

function toldUpTo(key: string, cause: PresentStates['cause']) {
  return cause === 'RESET' ? { key, reset: true } : { key };
}
