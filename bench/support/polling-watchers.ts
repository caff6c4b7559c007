import { isUnderWay, isWatched, type Life, placeAt } from './polling-lives.ts';

export interface WatchersOptions {
  readonly start: number;
  readonly lengthMs: number;
  /** Of the campaigns that are under way, as many as this share are looked at, at any time. */
  readonly share: number;
  readonly random: () => number;
}

const stepMs = 15_000;
const minute = 60_000;
/** Of those that begin to look, so many choose what is sending. */
const sendingShare = 0.8;
const nearMs = 3 * 60 * minute;

/** Adds to the lives when people look: mostly at what is sending, each for some minutes to an hour. */
export function addWatchers(
  lives: readonly Life[],
  { start, lengthMs, share, random }: WatchersOptions,
): void {
  /** A life is chosen among those that are looked for; null: there is none. */
  function choose(at: number, fits: (life: Life) => boolean): Life | null {
    const fitting = lives.filter((life) => life.knownAt <= at && fits(life) && !isWatched(life, at));
    return fitting[Math.floor(random() * fitting.length)] ?? null;
  }
  const isSending = (life: Life, at: number) => life.moments[placeAt(life, at)]?.status === 'SENDING';
  const isNear = (life: Life, at: number) => life.scheduledAt - nearMs < at && at < life.endedAt + nearMs;

  let ends: number[] = [];
  for (let at = start; at < start + lengthMs; at += stepMs) {
    ends = ends.filter((end) => end > at);
    const wanted = Math.round(lives.filter((life) => isUnderWay(life, at)).length * share);
    while (ends.length < wanted) {
      const wantsSending = random() < sendingShare;
      const life = choose(at, (one) => (wantsSending ? isSending(one, at) : isNear(one, at)));
      if (!life) break;
      const to = at + 3 * minute * 20 ** random();
      life.watched.push({ from: at, to });
      ends.push(to);
    }
  }
}
