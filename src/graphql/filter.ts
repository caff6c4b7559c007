import type { CampaignFilter as FilterInput } from '../generated/graphql.ts';
import type { CampaignFilter } from '../model/filter.ts';
import { type GraphQLContext, visibleAccounts } from './context.ts';
import { parseCampaignIds } from './ids.ts';

/**
 * A filter of the API as the store and the live readers take it: what the viewer may see, narrowed.
 * No filter at all means the campaigns that the providers still know.
 * @throws ProblemError BAD_INPUT for a malformed id
 */
export function toFilter(input: FilterInput | null | undefined, context: GraphQLContext): CampaignFilter {
  const accounts = visibleAccounts(context).filter(
    ({ name, provider }) =>
      (input?.accounts?.includes(name) ?? true) && (input?.providers?.includes(provider.name) ?? true),
  );
  const deleted = input ? input.deleted : false;
  return {
    accounts: accounts.map(({ name }) => name),
    ...(input?.ids && { keys: parseCampaignIds(input.ids, 'ids').map(({ key }) => key) }),
    ...(input?.channels && { channels: input.channels }),
    ...(input?.statuses && { statuses: input.statuses }),
    ...(isGiven(input?.active) && { active: input.active }),
    ...(isGiven(input?.search) && { search: input.search }),
    ...(input?.tags && { tags: input.tags }),
    ...(input?.createdAfter && { createdAfter: input.createdAfter.getTime() }),
    ...(input?.createdBefore && { createdBefore: input.createdBefore.getTime() }),
    ...(isGiven(deleted) && { deleted }),
  };
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}
