import type { AccountResolvers } from '../../generated/graphql.ts';

export const Account: AccountResolvers = {
  id: ({ name }) => `account:${name}`,
  health: ({ health }) => health.get(),
  budget: ({ budget }) => budget.state(),
};
