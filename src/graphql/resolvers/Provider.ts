import type { ProviderResolvers } from '../../generated/graphql.ts';

export const Provider: ProviderResolvers = {
  id: ({ name }) => `provider:${name}`,
  channels: ({ channels }) => [...channels],
  capabilities: ({ capabilities }) => [...capabilities],
};
