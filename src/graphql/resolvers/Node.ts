import type { NodeResolvers } from '../../generated/graphql.ts';

export const Node: NodeResolvers = {
  __resolveType(node) {
    if ('revision' in node) return 'Campaign';
    if ('uuid' in node) return 'Task';
    return 'health' in node ? 'Account' : 'Provider';
  },
};
