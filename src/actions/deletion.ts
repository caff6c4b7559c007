import type { Account } from '../accounts/account.ts';
import { campaignKey } from '../model/campaign.ts';
import { attempt, ProblemError } from '../model/problem.ts';
import { participles } from './allowed.ts';
import { leavesDoubt, outcomeOf, verdict } from './outcome.ts';
import { type ActionsParts, type CampaignRef, lookAgain, type Result } from './parts.ts';
import { findTarget, rehearse, type Target } from './target.ts';

/** Each is read back by a request of its own. */
const most = 100;
/** So many at a time. */
const readBackAtOnce = 5;

/** What became of one of the campaigns that were to be deleted; null: it is gone. */
type Fate = ProblemError | null;

/** Deletes campaigns, several in one request to each account, and tells what became of each. */
export function createDeletion(parts: ActionsParts) {
  const { observer } = parts;

  async function fateOf({ account, campaign }: Target, trouble: ProblemError | null): Promise<Fate> {
    const seen = await lookAgain(parts, account, campaign.externalId);
    if (seen?.deletedAt) return null;
    if (trouble)
      return verdict(trouble, seen ? outcomeOf('DELETE', campaign, seen) : 'unknown', participles.DELETE);
    const { title } = account.provider;
    return seen
      ? new ProblemError('PROVIDER_REJECTED', `${title} accepted the deletion, and still has the campaign.`)
      : new ProblemError(
          'PROVIDER_UNAVAILABLE',
          `${title} accepted the deletion, but can't be asked whether it is done.`,
        );
  }

  /** @param targets all of one account */
  async function deleteThese(account: Account, targets: readonly Target[]): Promise<Map<string, Fate>> {
    const ids = targets.map(({ campaign }) => campaign.externalId);
    const { delete: remove } = account.changes;
    return observer.whileChanging(account.name, ids, async () => {
      const about = ids.length === 1 ? (ids[0] ?? null) : null;
      const trouble = (await attempt(account.ask(about, async (call) => remove?.(ids, call)))) ?? null;
      const fates = new Map<string, Fate>();
      for (let start = 0; start < targets.length; start += readBackAtOnce) {
        const part = targets.slice(start, start + readBackAtOnce);
        const isRefused = trouble !== null && !leavesDoubt(trouble);
        const told = await Promise.all(part.map((target) => (isRefused ? trouble : fateOf(target, trouble))));
        for (const [place, { campaign }] of part.entries()) fates.set(campaign.key, told[place] ?? null);
      }
      return fates;
    });
  }

  return {
    /**
     * @returns keys of those that are gone, and a problem for each other one, which names its place among the ids
     * @throws ProblemError BAD_INPUT
     */
    async remove(refs: readonly CampaignRef[], dryRun: boolean): Promise<Result> {
      if (refs.length === 0 || refs.length > most) {
        throw new ProblemError('BAD_INPUT', `Name 1 to ${most} campaigns; these are ${refs.length}.`, {
          argument: ['ids'],
        });
      }
      const targets = await Promise.all(refs.map((ref) => attempt(findTarget(parts, ref, 'DELETE'))));
      const fates = new Map<string, Fate>();
      const possible = new Map<string, Target>();
      for (const [place, target] of targets.entries()) {
        const ref = refs[place];
        if (!ref) continue;
        const key = campaignKey(ref.account, ref.externalId);
        if (target instanceof ProblemError) fates.set(key, target);
        else possible.set(key, target);
      }
      if (dryRun) {
        for (const [key, target] of possible)
          fates.set(key, (await rehearse(parts, target, 'DELETE')).problems[0] ?? null);
      } else {
        const groups = Map.groupBy(possible.values(), ({ account }) => account);
        const told = await Promise.all([...groups].map(([account, group]) => deleteThese(account, group)));
        for (const [key, fate] of told.flatMap((some) => [...some])) fates.set(key, fate);
      }
      return resultOf(refs, fates, dryRun);
    },
  };
}

function resultOf(refs: readonly CampaignRef[], fates: ReadonlyMap<string, Fate>, dryRun: boolean): Result {
  const keys = new Set<string>();
  const problems: ProblemError[] = [];
  for (const [place, { account, externalId }] of refs.entries()) {
    const key = campaignKey(account, externalId);
    const fate = fates.get(key) ?? null;
    if (fate) problems.push(placed(fate, key, place));
    else if (!dryRun) keys.add(key);
  }
  return { keys: [...keys], problems };
}

/** The problem, blamed on its place among the ids. */
function placed(
  { code, message, providerCode, cause }: ProblemError,
  key: string,
  place: number,
): ProblemError {
  const argument = ['ids', String(place)];
  return new ProblemError(code, `campaign:${key}: ${message}`, { providerCode, argument, cause });
}
