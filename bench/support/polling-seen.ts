import { isUnderWay, isWatched, type Life, placeAt } from './polling-lives.ts';

/** Which changes: of campaigns that somebody looks at just then or not, while under way or before and after. */
export type Group = 'watched' | 'unwatched' | 'watched, over' | 'unwatched, over';

/** In ms, from each change at the provider to its being known here. */
export type Delays = Readonly<Record<Group, Float64Array>>;

/** How much of a campaign an answer tells. */
export type Tells = 'all' | 'status' | 'counters';

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

  function see(life: Life, place: number, seenAt: number, tells: Tells = 'all'): void {
    const known = seen.get(life);
    if (!known) return;
    for (let next = Math.min(known.step, known.counters) + 1; next <= place; next += 1) {
      const moment = life.moments[next];
      const isNews = moment?.isStep
        ? tells !== 'counters' && next > known.step
        : tells !== 'status' && next > known.counters;
      if (moment && isNews) note(life, moment.at, seenAt);
    }
    if (tells !== 'counters') known.step = Math.max(known.step, place);
    if (tells !== 'status') known.counters = Math.max(known.counters, place);
  }

  return {
    see,

    /** Once the day is over; what has not been seen by then counts as seen at its end, so that no silence is hidden. */
    delays(end: number): Delays {
      for (const life of lives) see(life, placeAt(life, end), end);
      return {
        watched: Float64Array.from(delays.watched),
        unwatched: Float64Array.from(delays.unwatched),
        'watched, over': Float64Array.from(delays['watched, over']),
        'unwatched, over': Float64Array.from(delays['unwatched, over']),
      };
    },
  };
}

export type Seen = ReturnType<typeof createSeen>;
