import { campaignKey } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';

export type NodeId =
  | { readonly type: 'provider'; readonly name: string }
  | { readonly type: 'account'; readonly name: string }
  | CampaignId
  | TaskId;

export interface TaskId {
  readonly type: 'task';
  readonly account: string;
  readonly uuid: string;
  readonly key: string;
}

export interface CampaignId {
  readonly type: 'campaign';
  readonly account: string;
  readonly externalId: string;
  readonly key: string;
}

/** Databases take no more parameters than a few tens of thousands. */
const mostIds = 10_000;

const name = '[a-z0-9][a-z0-9._-]*';
const patterns = {
  provider: new RegExp(`^provider:(${name})$`),
  account: new RegExp(`^account:(${name})$`),
  campaign: new RegExp(`^campaign:(${name}):(.+)$`, 's'),
  task: new RegExp(`^task:(${name}):([\\w-]{1,100})$`),
};

/**
 * @param path the argument that the id stands in
 * @throws ProblemError BAD_INPUT when it has none of the forms of an id
 */
export function parseId(id: string, ...path: readonly string[]): NodeId {
  const provider = patterns.provider.exec(id)?.[1];
  if (provider !== undefined) return { type: 'provider', name: provider };
  const account = patterns.account.exec(id)?.[1];
  if (account !== undefined) return { type: 'account', name: account };
  const [, taskAccount, uuid] = patterns.task.exec(id) ?? [];
  if (taskAccount !== undefined && uuid !== undefined)
    return { type: 'task', account: taskAccount, uuid, key: `${taskAccount}:${uuid}` };
  const [, owner, externalId] = patterns.campaign.exec(id) ?? [];
  if (owner === undefined || externalId === undefined) {
    const forms = 'provider:<name>, account:<name>, campaign:<account>:<externalId> or task:<account>:<uuid>';
    throw new ProblemError('BAD_INPUT', `"${id.slice(0, 80)}" is no id: it must read ${forms}.`, {
      argument: path,
    });
  }
  return { type: 'campaign', account: owner, externalId, key: keyOf(owner, externalId, ...path) };
}

/** @throws ProblemError BAD_INPUT when it is not the id of a campaign */
export function parseCampaignId(id: string, ...path: readonly string[]): CampaignId {
  const parsed = parseId(id, ...path);
  if (parsed.type === 'campaign') return parsed;
  const message = `"${id.slice(0, 80)}" is no campaign's id: it must read campaign:<account>:<externalId>.`;
  throw new ProblemError('BAD_INPUT', message, { argument: path });
}

/** @throws ProblemError BAD_INPUT when it is not the id of a task */
export function parseTaskId(id: string, path: string): TaskId {
  const parsed = parseId(id, path);
  if (parsed.type === 'task') return parsed;
  const message = `"${id.slice(0, 80)}" is no task's id: it must read task:<account>:<uuid>.`;
  throw new ProblemError('BAD_INPUT', message, { argument: [path] });
}

/** @throws ProblemError BAD_INPUT when one is not the id of a campaign, or there are too many */
export function parseCampaignIds(ids: readonly string[], path: string): CampaignId[] {
  if (ids.length <= mostIds) return ids.map((id) => parseCampaignId(id, path));
  throw new ProblemError('BAD_INPUT', `These are ${ids.length} ids; ${mostIds} are the most.`, {
    argument: [path],
  });
}

/**
 * A campaign's key from its parts. External ids go into URLs and cursors, so they are plain, short and no path.
 * @throws ProblemError BAD_INPUT
 */
export function keyOf(account: string, externalId: string, ...path: readonly string[]): string {
  if (/^[\x21-\x7e]{1,200}$/.test(externalId) && !/^\.+$/.test(externalId))
    return campaignKey(account, externalId);
  const message = 'An external id is of 1 to 200 visible ASCII characters, without blanks.';
  throw new ProblemError('BAD_INPUT', message, { argument: path });
}
