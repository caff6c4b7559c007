import type { PlainAction } from '../../actions/actions.ts';
import type { CampaignActionInput, MutationResolvers } from '../../generated/graphql.ts';
import type { Campaign } from '../../model/campaign.ts';
import { attempt, ProblemError, reworded } from '../../model/problem.ts';
import { type GraphQLContext, visibleAccount, visibleAccounts } from '../context.ts';
import { toUserError } from '../errors.ts';
import { keyOf, parseCampaignId } from '../ids.ts';
import { payloadOf, perform } from '../perform.ts';
import { given, settingsOf } from '../settings.ts';

export const Mutation: MutationResolvers = {
  followCampaign(_root, { account, externalId }, context) {
    return payload(null, () => {
      keyOf(account, externalId, 'externalId');
      if (!visibleAccount(context, account)) throw unknownAccount(account);
      return context.services.campaigns.follow(account, externalId);
    });
  },

  async unfollowCampaign(_root, { id }, context) {
    return payload(null, async () => context.services.campaigns.unfollow(await known(id, context)));
  },

  async refreshCampaign(_root, { id }, context) {
    const stored = await payload(null, () => known(id, context));
    const { campaign } = stored;
    if (!campaign) return stored;
    return payload(campaign, () => context.services.campaigns.refresh(campaign));
  },

  async createCampaign(_root, { input }, context) {
    const result = await perform(
      'createCampaign',
      input,
      context,
      async ({ account, name, settings }, dryRun) => {
        if (!visibleAccount(context, account)) throw unknownAccount(account);
        const wanted = { account, name, ...(settings && { settings: settingsOf(settings) }) };
        return context.services.actions.create(wanted, dryRun);
      },
    );
    return payloadOf(result, null, context);
  },

  async updateCampaign(_root, { input }, context) {
    const result = await perform('updateCampaign', input, context, ({ id, settings, ...plain }, dryRun) => {
      const update = { ...given(plain), ...(settings && { settings: settingsOf(settings) }) };
      return context.services.actions.update(visible(id, context), update, dryRun);
    });
    return payloadOf(result, input.id, context);
  },

  async copyCampaign(_root, { input }, context) {
    const result = await perform('copyCampaign', input, context, ({ id }, dryRun) =>
      context.services.actions.copy(visible(id, context), dryRun),
    );
    return payloadOf(result, null, context);
  },

  approveCampaign: (_root, { input }, context) => act('approveCampaign', 'APPROVE', input, context),
  pauseCampaign: (_root, { input }, context) => act('pauseCampaign', 'PAUSE', input, context),
  resumeCampaign: (_root, { input }, context) => act('resumeCampaign', 'RESUME', input, context),
  cancelCampaign: (_root, { input }, context) => act('cancelCampaign', 'CANCEL', input, context),

  async deleteCampaigns(_root, { input }, context) {
    const { keys, problems } = await perform('deleteCampaigns', input, context, ({ ids }, dryRun) => {
      const refs = ids.map((id, place) => parseCampaignId(id, 'ids', String(place)));
      const accounts = new Set(visibleAccounts(context).map(({ name }) => name));
      return context.services.actions.remove(refs, dryRun, accounts);
    });
    return { deletedIds: keys.map((key) => `campaign:${key}`), errors: problems.map(toUserError) };
  },

  async requestDeliveryReport(_root, { input }, context) {
    const { tasks, taskStore } = context.services;
    const result = await perform(
      'requestDeliveryReport',
      input,
      context,
      async ({ campaignId, ...order }) => {
        const { changedSince, fieldIds } = order;
        const wanted = { changedSince: changedSince?.getTime() ?? null, fieldIds: fieldIds ?? [] };
        const task = await attempt(tasks.request(visible(campaignId, context, 'campaignId'), wanted));
        if (!(task instanceof ProblemError)) return { keys: [task.key], problems: [] };
        // Elsewhere the campaign is the input's `id`.
        const isOfCampaign = task.argument?.[0] === 'id';
        return { keys: [], problems: [isOfCampaign ? reworded(task, { argument: ['campaignId'] }) : task] };
      },
    );
    const [key] = result.keys;
    return {
      task: key === undefined ? null : await taskStore.get(key),
      errors: result.problems.map(toUserError),
    };
  },
};

async function act(
  operation: string,
  action: PlainAction,
  input: CampaignActionInput,
  context: GraphQLContext,
) {
  const result = await perform(operation, input, context, ({ id }, dryRun) =>
    context.services.actions.act(action, visible(id, context), dryRun),
  );
  return payloadOf(result, input.id, context);
}

/** @param fallback what is shown when the work fails */
async function payload(fallback: Campaign | null, work: () => Promise<Campaign>) {
  try {
    return { campaign: await work(), errors: [] };
  } catch (error) {
    return { campaign: fallback, errors: [toUserError(error)] };
  }
}

/** @throws ProblemError BAD_INPUT, NOT_FOUND */
function visible(id: string, context: GraphQLContext, field = 'id') {
  const { account, externalId } = parseCampaignId(id, field);
  if (visibleAccount(context, account)) return { account, externalId };
  throw new ProblemError('NOT_FOUND', `There is no campaign ${id}.`, { argument: [field] });
}

/** @throws ProblemError BAD_INPUT, NOT_FOUND */
async function known(id: string, context: GraphQLContext): Promise<Campaign> {
  const { account, key } = parseCampaignId(id, 'id');
  const campaign = visibleAccount(context, account) ? await context.services.store.get(key) : null;
  if (campaign) return campaign;
  const message = `There is no campaign ${id} here. followCampaign makes one known.`;
  throw new ProblemError('NOT_FOUND', message, { argument: ['id'] });
}

function unknownAccount(name: string): ProblemError {
  return new ProblemError('NOT_FOUND', `There is no account "${name}".`, { argument: ['account'] });
}
