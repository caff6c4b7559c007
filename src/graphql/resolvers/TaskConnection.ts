import type { TaskConnectionResolvers } from '../../generated/graphql.ts';
import { encodeTaskPlace } from '../tasks.ts';

export const TaskConnection: TaskConnectionResolvers = {
  edges: ({ tasks }) => tasks.map((node) => ({ cursor: encodeTaskPlace(node), node })),
  nodes: ({ tasks }) => [...tasks],
  totalCount: ({ filter }, _args, { services }) => services.taskStore.count(filter),

  pageInfo({ tasks, hasNextPage, hasPreviousPage }) {
    const [first] = tasks;
    const last = tasks.at(-1);
    return {
      hasNextPage,
      hasPreviousPage,
      startCursor: first ? encodeTaskPlace(first) : null,
      endCursor: last ? encodeTaskPlace(last) : null,
    };
  },
};
