import type { StatsResolvers } from '../../generated/graphql.ts';
import { ratesOf } from '../../model/stats.ts';

export const Stats: StatsResolvers = {
  rates: (stats) => ratesOf(stats),
};
