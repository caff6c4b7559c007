/** Whether somebody looks at it. */
export type Kind = 'watched' | 'others';

/** Requests per ms that are asked for, and that there are. */
export interface Demand extends Readonly<Record<Kind, number>> {
  readonly supply: number;
}

/** How many times longer each kind waits than it would by itself. */
export type Stretch = Readonly<Record<Kind, number>>;

/** Of what there is, so much goes to those that nobody looks at, however many are looked at. */
const shareOfOthers = 0.1;

/** Where more is asked for than there is, all wait longer: those that somebody looks at last. Pure. */
export function stretchOf({ watched, others, supply }: Demand): Stretch {
  if (watched + others <= supply) return { watched: 1, others: 1 };
  const left = Math.max(supply - watched, supply * shareOfOthers);
  if (others > left) {
    const forWatched = supply - left;
    return { watched: watched > forWatched ? watched / forWatched : 1, others: others / left };
  }
  return { watched: Math.max(1, watched / (supply - others)), others: 1 };
}

/** What is to be read every `intervalMs` by so many requests, of which one that reads several is a part. */
export interface Wish {
  readonly kind: Kind;
  readonly intervalMs: number;
  readonly requests: number;
}

/** Keeps count of what is asked for: by campaigns, say. */
export function createDemand<Asking extends object>() {
  const total = { watched: 0, others: 0 };
  const counts = { watched: 0, others: 0 };
  const wishes = new Map<Asking, Wish>();
  const rateOf = ({ requests, intervalMs }: Wish) => requests / intervalMs;

  return {
    /** What one asks for from now on; null: nothing. */
    set(one: Asking, wish: Wish | null): void {
      const before = wishes.get(one);
      if (before) {
        total[before.kind] = Math.max(0, total[before.kind] - rateOf(before));
        counts[before.kind] -= 1;
      }
      wishes.delete(one);
      if (!wish) return;
      wishes.set(one, wish);
      total[wish.kind] += rateOf(wish);
      counts[wish.kind] += 1;
    },

    of: (one: Asking): Wish | null => wishes.get(one) ?? null,

    /** How many of a kind ask for anything. */
    count: (kind: Kind): number => counts[kind],

    /** @param supply requests per ms that there are */
    stretch: (supply: number): Stretch => stretchOf({ ...total, supply }),
  };
}
