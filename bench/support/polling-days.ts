import { z } from 'zod';
import { startChild } from './child.ts';
import { type ProviderName, providerNames } from './polling-account.ts';
import type { Order } from './polling-day.ts';

/** The days that are simulated, each at each provider that it is about. */

export const campaigns = 1_000;
export const hours = 24;
/** Of the campaigns that are under way. */
const watchedShare = 0.05;

type DayKind = Pick<Order, 'against' | 'budgets' | 'told' | 'knowsIds'> & {
  readonly providers: readonly ProviderName[];
};

/** So many requests that none ever waits. */
const generous = [{ limit: 12_000, windowSeconds: 60 }];
const usual = { providers: providerNames, told: null, knowsIds: true };

/** All that is asked of the last three is that they stay within their budgets; the watched delays are shown. */
export const days = {
  'every 5 s': { ...usual, against: 'every 5 s', budgets: generous },
  // So few that most wait.
  evenly: { ...usual, against: 'evenly', budgets: [{ limit: 30, windowSeconds: 60 }] },
  'several windows': {
    ...usual,
    against: null,
    budgets: [
      { limit: 60, windowSeconds: 60 },
      { limit: 1_500, windowSeconds: 3_600 },
      { limit: 24_000, windowSeconds: 86_400 },
    ],
  },
  // What counts is heard only from the provider's answers, as from Appizer's X-RateLimit headers.
  taught: { ...usual, against: null, budgets: generous, told: { limit: 1_200, windowSeconds: 3_600 } },
  'without CampaignIDs': {
    ...usual,
    against: 'every 5 s',
    budgets: generous,
    providers: ['octeth'],
    knowsIds: false,
  },
} satisfies Record<string, DayKind>;

export type DayName = keyof typeof days;

const dayNames = ['every 5 s', 'evenly', 'several windows', 'taught', 'without CampaignIDs'] as const;

const delays = z.instanceof(Float64Array);
const outcomeSchema = z.object({
  requests: z.number(),
  delays: z.object({
    watched: delays,
    unwatched: delays,
    'watched, over': delays,
    'unwatched, over': delays,
  }),
});
const daySchema = z.object({
  ours: outcomeSchema,
  other: outcomeSchema.nullable(),
  over: z.number(),
  purposes: z.record(z.string(), z.number()),
  underWay: z.number(),
  watched: z.number(),
});

export type Outcome = z.output<typeof outcomeSchema>;
export type Day = z.output<typeof daySchema> & { readonly name: ProviderName };

/** @throws when a request has passed a budget */
async function simulate(name: ProviderName, dayName: DayName): Promise<Day> {
  await using child = startChild('polling-day.ts');
  const { providers: _providers, ...kind }: DayKind = days[dayName];
  const answer = await child.ask('simulate', { name, campaigns, hours, watchedShare, ...kind });
  return { ...daySchema.parse(answer), name };
}

/** As many at a time as there are cores here; first the days that are compared, which take longest. */
export async function simulateAll(): Promise<Record<DayName, readonly Day[]>> {
  const found: Record<DayName, Day[]> = {
    ...{ 'every 5 s': [], evenly: [], 'several windows': [], taught: [] },
    'without CampaignIDs': [],
  };
  const orders = dayNames.flatMap((dayName) => {
    const { providers }: DayKind = days[dayName];
    return providers.map((name) => async () => void found[dayName].push(await simulate(name, dayName)));
  });
  const work = async () => {
    for (let order = orders.shift(); order; order = orders.shift()) await order();
  };
  await Promise.all([work(), work()]);
  const place = ({ name }: Day) => providerNames.indexOf(name);
  for (const all of Object.values(found)) all.sort((one, other) => place(one) - place(other));
  return found;
}

/** How many requests a day's windows allow, all in all. */
export function allowedOn(dayName: DayName): number {
  const { budgets, told }: DayKind = days[dayName];
  const windows = told ? [...budgets, told] : budgets;
  return Math.min(...windows.map(({ limit, windowSeconds }) => (limit / windowSeconds) * hours * 3_600));
}
