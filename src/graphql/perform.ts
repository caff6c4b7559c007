import type { Result } from '../actions/parts.ts';
import { settled } from '../actions/result.ts';
import { accountIn } from '../model/campaign.ts';
import { type GraphQLContext, visibleAccount } from './context.ts';
import { toUserError } from './errors.ts';
import { parseCampaignId } from './ids.ts';

/** What every mutation's input has beside its own fields. */
interface Safely {
  readonly idempotencyKey?: string | null;
  readonly dryRun?: boolean | null;
}

/**
 * Does what a mutation asks for, once for each idempotency key. A refusal is an answer like any other, which the same
 * key gives again.
 */
export async function perform<Input extends Safely>(
  operation: string,
  { idempotencyKey = null, dryRun, ...input }: Input,
  context: GraphQLContext,
  work: (input: Omit<Input, keyof Safely>, dryRun: boolean) => Promise<Result>,
): Promise<Result> {
  const isDry = dryRun ?? false;
  const { services, viewer } = context;
  const request = { holder: viewer.id, idempotencyKey, operation, input, dryRun: isDry };
  const { keys, problems } = await settled(() =>
    services.once(request, () => settled(async () => work(input, isDry))),
  );
  // Who has asked before may see less by now.
  return { keys: keys.filter((key) => visibleAccount(context, accountIn(key))), problems };
}

/**
 * What a mutation of one campaign answers.
 * @param id shown where the result names no campaign, as when nothing could be asked
 */
export async function payloadOf({ keys, problems }: Result, id: string | null, context: GraphQLContext) {
  const key = keys[0] ?? (id === null ? null : visibleKey(id, context));
  const known = key === null ? null : await context.services.store.get(key);
  const campaign = known && visibleAccount(context, known.account) ? known : null;
  return { campaign, errors: problems.map(toUserError) };
}

function visibleKey(id: string, context: GraphQLContext): string | null {
  try {
    const { account, key } = parseCampaignId(id, 'id');
    return visibleAccount(context, account) ? key : null;
  } catch {
    return null;
  }
}
