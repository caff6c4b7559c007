import { isUnderWay, isWatched, type Life } from './polling-lives.ts';

/** Which changes: of campaigns that somebody looks at just then or not, while under way or before and after. */
export type Group = 'watched' | 'unwatched' | 'watched, over' | 'unwatched, over';

/** In ms, from each change at the provider to its being known here. */
export type Delays = Readonly<Record<Group, Float64Array>>;

/** Notes when each change is seen for the first time. What happened before the start counts as seen. */
export function createSeen(lives: readonly Life[], start: number) {
  const delays: Record<Group, number[]> = {
    watched: [],
    unwatched: [],
    'watched, over': [],
    'unwatched, over': [],
  };
  /** Up to which place each life's steps and counters have been seen. */
  const seen = new Map(lives.map((life) => [life, { step: -1, counters: -1 }]));

  function note(life: Life, at: number, seenAt: number): void {
    if (at < start) return;
    const who = isWatched(life, at) ? 'watched' : 'unwatched';
    delays[isUnderWay(life, at) ? who : (`${who}, over` as const)].push(seenAt - at);
  }

  function see(life: Life, place: number, seenAt: number, tells: 'all' | 'status' = 'all'): void {
    const known = seen.get(life);
    if (!known) return;
    const from = tells === 'all' ? known.counters : known.step;
    for (let next = from + 1; next <= place; next += 1) {
      const moment = life.moments[next];
      const isNews = moment?.isStep ? next > known.step : tells === 'all';
      if (moment && isNews) note(life, moment.at, seenAt);
    }
    known.step = Math.max(known.step, place);
    if (tells === 'all') known.counters = Math.max(known.counters, place);
  }

  return {
    see,
    delays: (): Delays => ({
      watched: Float64Array.from(delays.watched),
      unwatched: Float64Array.from(delays.unwatched),
      'watched, over': Float64Array.from(delays['watched, over']),
      'unwatched, over': Float64Array.from(delays['unwatched, over']),
    }),
  };
}

export type Seen = ReturnType<typeof createSeen>;
