import type { QueryResolvers } from '../../generated/graphql.ts';
import type { Campaign } from '../../model/campaign.ts';
import { ProblemError } from '../../model/problem.ts';
import { type GraphQLContext, visibleAccount, visibleAccounts } from '../context.ts';
import { toFilter } from '../filter.ts';
import { keyOf, parseCampaignId, parseId, parseTaskId } from '../ids.ts';
import { toOrder, toPage } from '../pages.ts';
import { listTasks, toTaskFilter } from '../tasks.ts';

export const Query: QueryResolvers = {
  async node(_root, args, context) {
    const id = parseId(args.id, 'id');
    if (id.type === 'account') return visibleAccount(context, id.name);
    if (id.type === 'provider')
      return context.services.providers.find(({ name }) => name === id.name) ?? null;
    if (!visibleAccount(context, id.account)) return null;
    if (id.type === 'task') return context.services.taskStore.get(id.key);
    keyOf(id.account, id.externalId, 'id');
    return lookedAt(await context.services.campaigns.get(id.account, id.externalId, null), context);
  },

  providers: (_root, _args, { services }) => [...services.providers],

  accounts: (_root, _args, context) => visibleAccounts(context),

  account: (_root, { name }, context) => visibleAccount(context, name),

  async campaign(_root, { id, maxAgeSeconds }, context) {
    const { account, externalId } = parseCampaignId(id, 'id');
    if ((maxAgeSeconds ?? 0) < 0) {
      throw new ProblemError('BAD_INPUT', "maxAgeSeconds can't be negative.", {
        argument: ['maxAgeSeconds'],
      });
    }
    if (!visibleAccount(context, account)) return null;
    const maxAgeMs = typeof maxAgeSeconds === 'number' ? maxAgeSeconds * 1000 : null;
    return lookedAt(await context.services.campaigns.get(account, externalId, maxAgeMs), context);
  },

  async campaigns(_root, args, context) {
    const order = toOrder(args.orderBy);
    const page = toPage(args, order);
    const filter = toFilter(args.filter, context);
    const { campaigns, more } = await context.services.store.list(filter, order, page);
    context.services.watching.queried(campaigns);
    context.services.watching.listed(filter.accounts);
    const hasNextPage = page.fromEnd ? page.before !== undefined : more;
    const hasPreviousPage = page.fromEnd ? more : page.after !== undefined;
    return { campaigns, order, filter, hasNextPage, hasPreviousPage };
  },

  async task(_root, args, context) {
    const { account, key } = parseTaskId(args.id, 'id');
    return visibleAccount(context, account) ? context.services.taskStore.get(key) : null;
  },

  tasks: (_root, { filter, ...page }, context) => listTasks(toTaskFilter(filter, context), page, context),

  campaignSummary: (_root, { filter }, context) => context.services.store.totals(toFilter(filter, context)),
};

/** Who has asked for a campaign is shown fresher ones for a while. */
function lookedAt(campaign: Campaign | null, { services }: GraphQLContext): Campaign | null {
  if (campaign) services.watching.queried([campaign]);
  return campaign;
}
