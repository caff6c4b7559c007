import type { NodeResolvers } from '../../generated/graphql.ts';

export const Node: NodeResolvers = {
  __resolveType(node) {
    if ('revision' in node) return 'Campaign';
    return 'health' in node ? 'Account' : 'Provider';
  },
};
