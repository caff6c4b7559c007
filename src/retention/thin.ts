import type { LoggedStep, Marks, RetentionStore } from '../store/retention.ts';
import { createRuns, hourOf } from './runs.ts';

/** Steps that are read at a time. */
const pageSize = 500;
/** Once a stretch has so many, it ends with the hour. */
const fewSteps = 500;
/** No stretch has more, so that what is kept of it in memory is bounded: then the hour's steps become more than one. */
const mostSteps = 50_000;

/** Does a piece of work that others should not have to wait long for. */
export type Batch = <Result>(work: () => Promise<Result>) => Promise<Result>;

/**
 * Thins the next stretch of the log: some whole hours of it.
 * @param after up to where it is thinned
 * @param before ms since 1970: hours that began by then have their turn
 * @returns up to where it is thinned now; the same: there is nothing to thin yet
 */
export async function thinStretch(
  store: RetentionStore,
  { after, before, batch }: { readonly after: number; readonly before: number; readonly batch: Batch },
): Promise<number> {
  const runs = createRuns();
  const isIn = createBounds(before);
  for (let upTo = after; ; ) {
    const page = await batch(() => store.steps(upTo, pageSize));
    const taken = takeWhile(page, isIn);
    for (const step of taken) runs.add(step);
    upTo = taken.at(-1)?.seq ?? upTo;
    const isEnd = taken.length < pageSize;
    for (const marks of parts(isEnd ? runs.end() : runs.take(), store.batchSize)) {
      await batch(() => store.mark(marks));
    }
    if (!isEnd) continue;
    if (upTo > after) await batch(() => store.thinUpTo(upTo));
    return upTo;
  }
}

/** Tells of one step after the other whether the stretch goes on with it. */
function createBounds(before: number): (step: LoggedStep) => boolean {
  let hour = Number.NEGATIVE_INFINITY;
  let count = 0;
  return ({ at }) => {
    const isNewHour = hourOf(at) > hour;
    if (hourOf(at) >= hourOf(before) || count >= (isNewHour ? fewSteps : mostSteps)) return false;
    if (isNewHour) hour = hourOf(at);
    count += 1;
    return true;
  };
}

function takeWhile(page: readonly LoggedStep[], isIn: (step: LoggedStep) => boolean): readonly LoggedStep[] {
  const end = page.findIndex((step) => !isIn(step));
  return end < 0 ? page : page.slice(0, end);
}

function* parts({ merged, alone, unmarked }: Marks, size: number): Generator<Marks> {
  const longest = Math.max(merged.length, alone.length, unmarked.length);
  for (let start = 0; start < longest; start += size) {
    const end = start + size;
    yield {
      merged: merged.slice(start, end),
      alone: alone.slice(start, end),
      unmarked: unmarked.slice(start, end),
    };
  }
}
