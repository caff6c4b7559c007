import type { DeliveryRowConnectionResolvers } from '../../generated/graphql.ts';
import { encodeRecipient } from '../tasks.ts';

export const DeliveryRowConnection: DeliveryRowConnectionResolvers = {
  edges: ({ rows }) => rows.map((node) => ({ cursor: encodeRecipient(node), node })),
  nodes: ({ rows }) => [...rows],

  totalCount({ report, filter }, _args, { services }) {
    const isAll = Object.keys(filter).length === 0;
    return isAll ? report.rowCount : services.reportStore.count(report.generation, filter);
  },

  pageInfo({ rows, hasNextPage, hasPreviousPage }) {
    const [first] = rows;
    const last = rows.at(-1);
    return {
      hasNextPage,
      hasPreviousPage,
      startCursor: first ? encodeRecipient(first) : null,
      endCursor: last ? encodeRecipient(last) : null,
    };
  },
};
