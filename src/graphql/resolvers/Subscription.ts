import { fieldNames } from '../../campaigns/changes.ts';
import type { CampaignFilter, InputMaybe, SubscriptionResolvers } from '../../generated/graphql.ts';
import type { ChangeEvent } from '../../live/events.ts';
import { FeedSource } from '../../live/feed.ts';
import { ProblemError } from '../../model/problem.ts';
import type { Task } from '../../model/task.ts';
import { accountOf, type GraphQLContext, visibleAccounts } from '../context.ts';
import { toFilter } from '../filter.ts';
import { parseCampaignId, parseCampaignIds, parseTaskId } from '../ids.ts';

interface ChangesArguments {
  readonly ids?: InputMaybe<readonly string[]>;
  readonly filter?: InputMaybe<CampaignFilter>;
  readonly after?: InputMaybe<string>;
}

export const Subscription: SubscriptionResolvers = {
  campaignUpdated: {
    subscribe: (_root, args, context) => changes(args, args.fields ?? null, context),
    resolve: (event: ChangeEvent) => event,
  },

  campaignStatusChanged: {
    subscribe: (_root, args, context) => changes(args, ['status'], context),
    resolve: (event: ChangeEvent) => event,
  },

  taskUpdated: {
    subscribe: (_root, args, context) => taskChanges(args, context),
    resolve: (task: Task) => task,
  },

  accountUpdated: {
    subscribe(_root, { names }, context) {
      const visible = visibleAccounts(context).map(({ name }) => name);
      const told = names ? visible.filter((name) => names.includes(name)) : visible;
      const topic = JSON.stringify(['accounts', told.toSorted()]);
      const { accounts } = context.services.live;
      return new FeedSource(
        accounts.feed(
          topic,
          async () => told,
          (name) => told.includes(name),
        ),
      );
    },
    resolve: (name: string, _args: unknown, context: GraphQLContext) => accountOf(name, context),
  },
};

function changes(args: ChangesArguments, fields: readonly string[] | null, context: GraphQLContext) {
  const { campaigns, live } = context.services;
  const ids = args.ids ? parseCampaignIds(args.ids, 'ids') : null;
  for (const field of fields ?? []) checkField(field);
  const accounts = visibleAccounts(context).map(({ name }) => name);
  const named = ids?.filter(({ account }) => accounts.includes(account)) ?? null;
  const selection = {
    accounts,
    keys: named && new Set(named.map(({ key }) => key)),
    filter: named && !args.filter ? null : toFilter(args.filter, context),
    fields: fields && new Set(fields),
  };
  const known = async () => {
    if (named) await campaigns.makeKnown(named);
  };
  return new FeedSource(live.changes(selection, known, args.after ?? null));
}

/** Each is looked for by itself. */
const mostTasks = 500;

function taskChanges(
  {
    ids,
    campaignId,
  }: { readonly ids?: InputMaybe<readonly string[]>; readonly campaignId?: InputMaybe<string> },
  context: GraphQLContext,
) {
  const { taskStore, live } = context.services;
  const visible = new Set(visibleAccounts(context).map(({ name }) => name));
  if (ids && ids.length > mostTasks) {
    const message = `These are ${ids.length} ids; ${mostTasks} are the most.`;
    throw new ProblemError('BAD_INPUT', message, { argument: ['ids'] });
  }
  const named = ids && new Set(ids.map((id) => parseTaskId(id, 'ids').key));
  const campaignKey = campaignId != null ? parseCampaignId(campaignId, 'campaignId').key : null;
  const wants = (task: Task) =>
    visible.has(task.account) &&
    (!named || named.has(task.key)) &&
    (campaignKey === null || task.campaignKey === campaignKey);
  const present = async () => {
    const found = await Promise.all([...(named ?? [])].map((key) => taskStore.get(key)));
    return found.filter((task) => task !== null).filter(wants);
  };
  const topic = JSON.stringify(['tasks', [...visible].sort(), named && [...named], campaignKey]);
  return new FeedSource(live.tasks.feed(topic, present, wants));
}

/** @throws ProblemError BAD_INPUT */
function checkField(field: string): void {
  if (fieldNames.has(field)) return;
  const known = [...fieldNames].join(', ');
  throw new ProblemError('BAD_INPUT', `There is no field "${field}" to watch. There are: ${known}.`, {
    argument: ['fields'],
  });
}
