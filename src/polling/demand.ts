/** Whether somebody looks at a campaign. */
export type Kind = 'watched' | 'others';

/** Reads per ms that campaigns ask for, and that there are. */
export interface Demand extends Readonly<Record<Kind, number>> {
  readonly supply: number;
}

/** How many times longer each kind of campaign waits than it would by itself. */
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

/** Keeps count of what campaigns ask for. */
export function createDemand<Campaign>() {
  const total = { watched: 0, others: 0 };
  const asked = new Map<Campaign, { readonly kind: Kind; readonly rate: number }>();

  return {
    /** How often a campaign asks to be read from now on. @param intervalMs null: not at all */
    set(campaign: Campaign, kind: Kind, intervalMs: number | null): void {
      const before = asked.get(campaign);
      if (before) total[before.kind] = Math.max(0, total[before.kind] - before.rate);
      asked.delete(campaign);
      if (intervalMs === null) return;
      const rate = 1 / intervalMs;
      asked.set(campaign, { kind, rate });
      total[kind] += rate;
    },

    /** Reads per ms that a campaign asks for; null: none. */
    of: (campaign: Campaign): { readonly kind: Kind; readonly rate: number } | null =>
      asked.get(campaign) ?? null,

    /** The campaigns that ask to be read. */
    members: (): Iterable<Campaign> => asked.keys(),

    /** @param supply reads per ms that there are */
    stretch: (supply: number): Stretch => stretchOf({ ...total, supply }),
  };
}
