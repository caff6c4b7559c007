import type { DeliveryReportResolvers } from '../../generated/graphql.ts';
import { given } from '../settings.ts';
import { listRows } from '../tasks.ts';

export const DeliveryReport: DeliveryReportResolvers = {
  byOutcome: ({ counts }) => [...counts].map(([outcome, count]) => ({ outcome, count })),
  rows: (report, { filter, ...page }, context) => listRows(report, given(filter ?? {}), page, context),
};
