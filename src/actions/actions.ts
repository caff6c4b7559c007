import type { ActionName, CampaignUpdate } from '../model/action.ts';
import { attempt } from '../model/problem.ts';
import { participles, unsupported } from './allowed.ts';
import { checkUpdate } from './check.ts';
import { createDeletion } from './deletion.ts';
import { createMaking } from './making.ts';
import { isShut, leavesDoubt, outcomeOf, unconfirmed, verdict } from './outcome.ts';
import { type ActionsParts, type CampaignRef, type Result, readBack } from './parts.ts';
import { findTarget, rehearse, type Target } from './target.ts';

/** The actions that need to know nothing but the campaign. */
const members = { APPROVE: 'approve', PAUSE: 'pause', RESUME: 'resume', CANCEL: 'cancel' } as const;

export type PlainAction = keyof typeof members;

/**
 * Changes campaigns. Whatever can be refused without asking the provider is; then the provider is asked, once, and the
 * campaign read back. A dry run stops before the provider would change anything.
 */
export function createActions(parts: ActionsParts) {
  const { observer } = parts;

  function perform(
    { account, campaign }: Target,
    action: ActionName,
    request: Parameters<typeof account.ask<void>>[1],
    update?: CampaignUpdate,
  ): Promise<Result> {
    const { externalId } = campaign;
    const keys = [campaign.key];
    return observer.whileChanging(account.name, [externalId], async () => {
      const trouble = (await attempt(account.ask(externalId, request))) ?? null;
      if (trouble && isShut(trouble)) return { keys, problems: [trouble] };
      const seen = await readBack(parts, account, externalId);
      if (!trouble)
        return { keys, problems: seen ? [] : [unconfirmed(account.provider.title, participles[action])] };
      if (!leavesDoubt(trouble)) return { keys, problems: [trouble] };
      const outcome = seen ? outcomeOf(action, campaign, seen, update) : 'unknown';
      const problem = verdict(trouble, outcome, participles[action]);
      return { keys, problems: problem ? [problem] : [] };
    });
  }

  return {
    /**
     * Approves, pauses, resumes or cancels a campaign.
     * @throws ProblemError as `findTarget`
     */
    async act(action: PlainAction, id: CampaignRef, dryRun: boolean): Promise<Result> {
      const target = await findTarget(parts, id, action);
      if (dryRun) return rehearse(parts, target, action);
      const { changes } = target.account;
      return perform(target, action, async (call) => changes[members[action]]?.(id.externalId, call));
    },

    /**
     * Changes a campaign's settings, and tells of all that is wrong with the update at once.
     * @throws ProblemError as `findTarget`
     */
    async update(id: CampaignRef, update: CampaignUpdate, dryRun: boolean): Promise<Result> {
      const account = parts.accounts.get(id.account);
      if (account && !unsupported(account, 'UPDATE')) {
        const problems = [...checkUpdate(update), ...(account.changes.check?.(update) ?? [])];
        if (problems.length > 0) return { keys: [], problems };
      }
      const target = await findTarget(parts, id, 'UPDATE');
      const { changes } = target.account;
      if (dryRun) return rehearse(parts, target, 'UPDATE');
      return perform(target, 'UPDATE', async (call) => changes.update?.(id.externalId, update, call), update);
    },

    ...createMaking(parts),
    ...createDeletion(parts),
  };
}

export type Actions = ReturnType<typeof createActions>;
