import type { Account } from '../accounts/account.ts';
import { campaignKey } from '../model/campaign.ts';
import { attempt, ProblemError, reworded } from '../model/problem.ts';
import { participles } from './allowed.ts';
import { isShut, leavesDoubt, outcomeOf, unconfirmed, verdict } from './outcome.ts';
import { type ActionsParts, type CampaignRef, type Result, readBack } from './parts.ts';
import { findTarget, notHere, rehearse, type Target } from './target.ts';

/** Each is read back by a request of its own. */
const most = 100;
/** So many are read at a time. */
const atOnce = 5;

/** What became of one of the campaigns that were to be deleted; null: it is gone. */
type Fate = ProblemError | null;

/** Deletes campaigns, several in one request to each account, and tells what became of each. */
export function createDeletion(parts: ActionsParts) {
  const { observer } = parts;

  async function fateOf({ account, campaign }: Target, trouble: ProblemError | null): Promise<Fate> {
    if (trouble && isShut(trouble)) return trouble;
    const seen = await readBack(parts, account, campaign.externalId);
    if (seen?.deletedAt) return null;
    if (trouble && !leavesDoubt(trouble)) return trouble;
    if (trouble)
      return verdict(trouble, seen ? outcomeOf('DELETE', campaign, seen) : 'unknown', participles.DELETE);
    const { title } = account.provider;
    if (!seen) return unconfirmed(title, participles.DELETE);
    return new ProblemError(
      'PROVIDER_REJECTED',
      `${title} accepted the deletion, and still has the campaign.`,
    );
  }

  /** @param targets all of one account */
  async function deleteThese(account: Account, targets: readonly Target[]): Promise<Map<string, Fate>> {
    const ids = targets.map(({ campaign }) => campaign.externalId);
    const { delete: remove } = account.changes;
    return observer.whileChanging(account.name, ids, async () => {
      const about = ids.length === 1 ? (ids[0] ?? null) : null;
      const trouble = (await attempt(account.ask(about, async (call) => remove?.(ids, call)))) ?? null;
      const told = await fewAtOnce(targets, (target) => fateOf(target, trouble));
      const fates = new Map(targets.map(({ campaign }, place) => [campaign.key, told[place] ?? null]));
      return fates;
    });
  }

  /** @throws ProblemError BAD_INPUT */
  function checkRemoval(refs: readonly CampaignRef[]): void {
    if (refs.length > 0 && refs.length <= most) return;
    throw new ProblemError('BAD_INPUT', `Name 1 to ${most} campaigns; these are ${refs.length}.`, {
      argument: ['ids'],
    });
  }

  return {
    checkRemoval,

    /**
     * @param visible the accounts of whoever asks: other campaigns do not exist for them
     * @returns keys of those that are gone, and a problem for each other one, which names its place among the ids
     * @throws ProblemError BAD_INPUT
     */
    async remove(
      refs: readonly CampaignRef[],
      dryRun: boolean,
      visible: ReadonlySet<string> = new Set(parts.accounts.keys()),
    ): Promise<Result> {
      checkRemoval(refs);
      const targets = await fewAtOnce(refs, async (ref) =>
        visible.has(ref.account) ? attempt(findTarget(parts, ref, 'DELETE')) : notHere(ref),
      );
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
export function placed(problem: ProblemError, key: string, place: number): ProblemError {
  return reworded(problem, {
    message: `campaign:${key}: ${problem.message}`,
    argument: ['ids', String(place)],
  });
}

/** Does something with each, a few at a time, and gives what came of each. */
async function fewAtOnce<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  }
  return results;
}
