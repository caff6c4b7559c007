import { hasEnded } from '../../src/model/campaign.ts';
import { type Life, placeAt } from './polling-lives.ts';
import { createSeen, type Delays } from './polling-seen.ts';

/** What the planner is compared with, over the same lives. It is told when each campaign is due to start. */
export interface NaiveOptions {
  readonly lives: readonly Life[];
  readonly start: number;
  readonly end: number;
  readonly requestsPerRead: number;
  /** How long one request takes, in ms. */
  readonly latencyMs: number;
}

export interface Outcome {
  readonly requests: number;
  readonly delays: Delays;
}

/** A read that begins now: what it tells is what was so when its first request came in. */
function lookAt(life: Life, at: number, { latencyMs, requestsPerRead }: NaiveOptions) {
  const place = placeAt(life, at + latencyMs / 2);
  const status = life.moments[place]?.status;
  return {
    place,
    seenAt: at + latencyMs * requestsPerRead,
    // One that was called off before its start has ended too.
    isOver: status === undefined || hasEnded(status),
  };
}

/** Each campaign by itself, from its scheduled start: read it, wait, read it again, until it has ended. */
export function readEvery(intervalMs: number, options: NaiveOptions): Outcome {
  const { lives, start, end, requestsPerRead } = options;
  const seen = createSeen(lives, start);
  let reads = 0;
  for (const life of lives) {
    let at = Math.max(start, life.scheduledAt);
    if (life.endedAt < at) continue;
    while (at < end) {
      const { place, seenAt, isOver } = lookAt(life, at, options);
      reads += 1;
      seen.see(life, place, seenAt);
      if (isOver) break;
      at = seenAt + intervalMs;
    }
  }
  return { requests: reads * requestsPerRead, delays: seen.delays(end) };
}

/**
 * All active campaigns in turn, at a steady pace, none more often than every `fastestMs`.
 * @param pauseMs from one read to the next
 */
function readInTurn(pauseMs: number, fastestMs: number, options: NaiveOptions): Outcome {
  const { lives, start, end, requestsPerRead } = options;
  const seen = createSeen(lives, start);
  const coming = lives
    .filter(({ scheduledAt, endedAt }) => endedAt >= Math.max(start, scheduledAt))
    .toSorted((one, other) => one.scheduledAt - other.scheduledAt);
  /** In the order in which they were read; one that has not been read yet goes first. */
  let turn: { readonly life: Life; readonly dueAt: number }[] = [];
  let reads = 0;
  let begun = 0;
  for (let at = start; at < end; ) {
    const first = begun;
    while ((coming[begun]?.scheduledAt ?? end) <= at) begun += 1;
    turn = [...coming.slice(first, begun).map((life) => ({ life, dueAt: at })), ...turn];
    const next = turn[0];
    if (!next || next.dueAt > at) {
      at = Math.min(next?.dueAt ?? end, coming[begun]?.scheduledAt ?? end);
      continue;
    }
    turn.shift();
    const { place, seenAt, isOver } = lookAt(next.life, at, options);
    reads += 1;
    seen.see(next.life, place, seenAt);
    if (!isOver) turn.push({ life: next.life, dueAt: seenAt + fastestMs });
    at += pauseMs;
  }
  return { requests: reads * requestsPerRead, delays: seen.delays(end) };
}

/** All active campaigns evenly, at the pace at which it takes so many requests in all. */
export function readEvenly(requests: number, fastestMs: number, options: NaiveOptions): Outcome {
  let [low, high] = [1, options.end - options.start];
  let best = readInTurn(low, fastestMs, options);
  for (let round = 0; round < 24 && high / low > 1.001; round += 1) {
    const middle = Math.sqrt(low * high);
    const outcome = readInTurn(middle, fastestMs, options);
    if (outcome.requests >= requests) [low, best] = [middle, outcome];
    else high = middle;
  }
  return best;
}
