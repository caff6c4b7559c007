import type { Polling } from '../accounts/account.ts';

/** How an account stands, as far as its next request goes. All times are ms since 1970; Infinity: never. */
export interface Outlook {
  readonly now: number;
  /** When the budget lets the next poll out. */
  readonly budgetFreeAt: number;
  /** While the provider is down: not before then is it tried again. null: it is up. */
  readonly retryAt: number | null;
  /** Requests that are under way. */
  readonly underWay: number;
  /** When the list is due; it is not read twice at a time. */
  readonly listDueAt: number;
  /** Whether the last request was the list's. */
  readonly listWasLast: boolean;
  /** When the next campaign is due. */
  readonly campaignDueAt: number;
}

export type Step =
  | { readonly kind: 'list' }
  | { readonly kind: 'campaigns' }
  /** Nothing now; there may be something then, or when a request ends. */
  | { readonly kind: 'wait'; readonly until: number };

/** So many requests of one account are under way at most. */
const mostUnderWay = 4;

/** What an account's poller does next. Pure. */
export function nextStep(outlook: Outlook): Step {
  const { now, retryAt, underWay, listDueAt, campaignDueAt } = outlook;
  const isDown = retryAt !== null;
  // While the provider is down, one look at a time.
  if (underWay >= (isDown ? 1 : mostUnderWay)) return { kind: 'wait', until: Number.POSITIVE_INFINITY };
  const dueAt = Math.min(listDueAt, campaignDueAt);
  const readyAt = Math.max(dueAt, outlook.budgetFreeAt, retryAt ?? 0);
  if (readyAt > now) return { kind: 'wait', until: readyAt };
  // In turns: else a list that fails would keep single reads from being tried where one is tried at a time.
  const isListsTurn = listDueAt <= now && (!outlook.listWasLast || campaignDueAt > now);
  return { kind: isListsTurn ? 'list' : 'campaigns' };
}

/**
 * How many pages of the list, narrowed to one status, stand for single reads of campaigns in that status; null: single
 * reads take fewer requests. Pure.
 * @param wanted how many are to be read
 * @param count how many are in that status
 */
export function pagesThatSave({
  wanted,
  count,
  pageSize,
}: {
  readonly wanted: number;
  readonly count: number;
  readonly pageSize: number;
}): number | null {
  const pages = Math.max(1, Math.ceil(count / pageSize));
  return pages < wanted ? pages : null;
}

/** While nothing is active, the list is read this much more rarely. */
const restingPace = 4;

export interface ListFacts {
  /** Requests that one round takes. */
  readonly pages: number;
  /** Campaigns that may change by themselves. */
  readonly active: number;
  /** Whether an entry tells as much as a single read, so that a round stands for as many of those. */
  readonly savesReads: boolean;
  /** Whether somebody waits for what the list alone tells: that there is another campaign. */
  readonly isNeeded: boolean;
  /** How many requests a round would save each time, if there were one whenever the floor is over. */
  readonly savedAtFloor: number;
}

/**
 * How long to wait before an account's list is read again, in ms. Pure. A round costs as many requests as it has pages,
 * so it is read that much more rarely, unless it saves as many single reads. Where rounds at the floor cost less than
 * what they save, it comes round at the floor.
 */
export function nextListInterval(
  { pages, active, savesReads, isNeeded, savedAtFloor }: ListFacts,
  { fastestMs, slowestMs }: Polling,
): number {
  const floors = (isNeeded ? 1 : 3) * (active === 0 ? restingPace : 1);
  const saved = savesReads ? Math.max(1, active) : 1;
  const usual = Math.max(fastestMs, Math.min(slowestMs, floors * fastestMs * Math.max(1, pages / saved)));
  const moreAtFloor = pages * (1 - fastestMs / usual);
  return savedAtFloor > 0 && savedAtFloor >= moreAtFloor ? fastestMs : usual;
}
