import type { CampaignFilter as FilterInput } from '../generated/graphql.ts';
import type { CampaignFilter } from '../model/filter.ts';
import { ProblemError } from '../model/problem.ts';
import { type GraphQLContext, visibleAccounts } from './context.ts';
import { parseCampaignIds } from './ids.ts';

/** A subscription keeps them for as long as it lasts, and each tag is a condition of its own. */
const longestSearch = 1_000;
const mostTags = 100;

/**
 * A filter of the API as the store and the live readers take it: what the viewer may see, narrowed.
 * No filter at all means the campaigns that the providers still know.
 * @throws ProblemError BAD_INPUT for a malformed id, or for more than can be searched for
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
    ...(input?.channels && { channels: [...new Set(input.channels)] }),
    ...(input?.statuses && { statuses: [...new Set(input.statuses)] }),
    ...(isGiven(input?.active) && { active: input.active }),
    ...(isGiven(input?.search) && { search: shortEnough(input.search) }),
    ...(input?.tags && { tags: fewEnough(input.tags) }),
    ...(input?.createdAfter && { createdAfter: input.createdAfter.getTime() }),
    ...(input?.createdBefore && { createdBefore: input.createdBefore.getTime() }),
    ...(isGiven(deleted) && { deleted }),
  };
}

function shortEnough(search: string): string {
  if (search.length <= longestSearch) return search;
  throw tooMuch('search', `at most ${longestSearch} characters`);
}

function fewEnough(tags: readonly string[]): string[] {
  const different = [...new Set(tags)];
  if (different.length <= mostTags) return different;
  throw tooMuch('tags', `at most ${mostTags} different ones`);
}

function tooMuch(field: string, allowed: string): ProblemError {
  return new ProblemError('BAD_INPUT', `${field} may have ${allowed}.`, { argument: ['filter', field] });
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}
