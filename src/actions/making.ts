import type { Account } from '../accounts/account.ts';
import type { CampaignSettings } from '../model/action.ts';
import type { Campaign } from '../model/campaign.ts';
import { attempt, ProblemError, reworded } from '../model/problem.ts';
import { checkName, checkSettings } from './check.ts';
import { findLost, type Likeness } from './lost.ts';
import { leavesDoubt, outcomeOf, verdict } from './outcome.ts';
import { type ActionsParts, type CampaignRef, type Result, readBack } from './parts.ts';
import { findTarget, rehearse } from './target.ts';

export interface NewCampaign {
  readonly account: string;
  readonly name: string;
  readonly settings?: CampaignSettings;
}

/** One that is being made. @property isAlone false: another was at the same time, so a lost one is nobody's for sure */
interface Making {
  isAlone: boolean;
}

/** @property isCertain false: the provider never told its id, it was found */
interface Made {
  readonly externalId: string;
  readonly isCertain: boolean;
}

/** Makes campaigns, anew or as copies, and follows them. */
export function createMaking(parts: ActionsParts) {
  const { accounts, observer, store, now } = parts;
  const underWay = new Map<string, Set<Making>>();

  /** Has a campaign made, and where its id is never told looks for it. */
  async function make(
    account: Account,
    making: Making,
    likeness: Likeness,
    request: Parameters<typeof account.ask<string>>[1],
  ): Promise<Made | ProblemError> {
    const askedAt = now();
    const answer = await attempt(account.ask(null, request));
    if (!(answer instanceof ProblemError)) return { externalId: answer, isCertain: true };
    if (!leavesDoubt(answer)) return answer;
    const found = await findLost(store, account, likeness, askedAt);
    if (found.outcome === 'not made') return lost(answer, 'not made');
    if (found.outcome !== 'found' || !making.isAlone) return lost(answer, 'unknown');
    return { externalId: found.externalId, isCertain: false };
  }

  /** Until what is made has been read back, others of the account could be taken for it. */
  async function whileMaking(account: Account, make: (making: Making) => Promise<Result>): Promise<Result> {
    const others = underWay.get(account.name) ?? new Set<Making>();
    const making: Making = { isAlone: others.size === 0 };
    for (const other of others) other.isAlone = false;
    underWay.set(account.name, others.add(making));
    try {
      return await observer.whileChanging(account.name, null, () => make(making));
    } finally {
      others.delete(making);
    }
  }

  /** Reads the new campaign, from which on it is followed. */
  async function readNew(account: Account, externalId: string) {
    const campaign = await readBack(parts, account, externalId);
    if (campaign) return campaign;
    const id = `campaign:${account.name}:${externalId}`;
    const message = `The campaign was made, as ${id}, but can't be read yet. It is read as soon as it can be.`;
    return new ProblemError('PROVIDER_UNAVAILABLE', message);
  }

  /** A problem, if any, with the settings that a campaign was to have from the start. */
  async function giveSettings(account: Account, externalId: string, settings: CampaignSettings | undefined) {
    const { update } = account.changes;
    if (!settings || !update) return null;
    return (await attempt(account.ask(externalId, (call) => update(externalId, { settings }, call)))) ?? null;
  }

  return {
    /**
     * Makes a draft, with settings where some are given, and tells of all that is wrong with them at once.
     * @throws ProblemError NOT_FOUND, NOT_SUPPORTED
     */
    async create({ account: accountName, name, settings }: NewCampaign, dryRun: boolean): Promise<Result> {
      const account = accounts.get(accountName);
      if (!account) throw notHere(accountName);
      const { create, check, update } = account.changes;
      if (!create) throw notOffered(account, 'account');
      if (settings && !update) throw notOffered(account, 'settings');
      const problems = [
        ...checkName(name),
        ...(settings ? [...checkSettings(settings), ...(check?.({ settings }) ?? [])] : []),
      ];
      if (problems.length > 0 || dryRun) return { keys: [], problems };
      const wanted = settings && Object.keys(settings).length > 0 ? settings : undefined;
      return whileMaking(account, async (making) => {
        const text = name.trim();
        const likeness: Likeness = { text, isLike: (one) => one.trim() === text, ifNone: 'not made' };
        const made = await make(account, making, likeness, (call) => create(name, call));
        if (made instanceof ProblemError) return { keys: [], problems: [made] };
        const { externalId, isCertain } = made;
        // One that was only found is not changed: it could be somebody else's.
        const trouble = isCertain ? await giveSettings(account, externalId, wanted) : null;
        const campaign = await readNew(account, externalId);
        const unread = campaign instanceof ProblemError ? [campaign] : [];
        const keys = campaign instanceof ProblemError ? [] : [campaign.key];
        if (!isCertain && wanted) return { keys, problems: [...unread, notGiven()] };
        if (!trouble) return { keys, problems: unread };
        const problem =
          campaign instanceof ProblemError ? trouble : troubleWithSettings(trouble, campaign, wanted);
        return { keys, problems: [...unread, ...(problem ? [butMade(problem)] : [])] };
      });
    },

    /** @throws ProblemError as `findTarget` */
    async copy(id: CampaignRef, dryRun: boolean): Promise<Result> {
      const target = await findTarget(parts, id, 'COPY');
      if (dryRun) return { ...(await rehearse(parts, target, 'COPY')), keys: [] };
      const { account, campaign } = target;
      const { copy } = account.changes;
      if (!copy) throw notOffered(account, 'id');
      return whileMaking(account, async (making) => {
        const text = campaign.name ?? '';
        const isLike = (name: string) => name === text || (name.includes(text) && /\bcopy\b/i.test(name));
        // The copy may bear another name, so not to find it says nothing.
        const likeness: Likeness = { text, isLike, ifNone: 'unknown' };
        const made = await make(account, making, likeness, (call) => copy(id.externalId, call));
        if (made instanceof ProblemError) return { keys: [], problems: [made] };
        const fresh = await readNew(account, made.externalId);
        return fresh instanceof ProblemError
          ? { keys: [], problems: [fresh] }
          : { keys: [fresh.key], problems: [] };
      });
    },
  };
}

/** What of the trouble with its settings the new campaign bears out; null: none, they are there. */
function troubleWithSettings(
  trouble: ProblemError,
  campaign: Campaign,
  settings: CampaignSettings | undefined,
): ProblemError | null {
  if (!leavesDoubt(trouble)) return trouble;
  const blank = { ...campaign, status: 'DRAFT', providerStatus: '', scheduledAt: null } as const;
  return verdict(
    trouble,
    outcomeOf('UPDATE', blank, campaign, { settings: settings ?? {} }),
    'given its settings',
  );
}

function lost(trouble: ProblemError, outcome: Likeness['ifNone']): ProblemError {
  if (outcome === 'not made') {
    const advice = 'No such campaign is there: it was not made so far, and is not asked for again by itself.';
    return reworded(trouble, { message: `${trouble.message} ${advice}` });
  }
  const advice = `Whether the campaign was made can't be told: look at the newest campaigns at the provider before trying again.`;
  return reworded(trouble, { code: 'PROVIDER_UNAVAILABLE', message: `${trouble.message} ${advice}` });
}

function butMade(problem: ProblemError): ProblemError {
  return reworded(problem, {
    message: `The campaign was made, but not given its settings: ${problem.message}`,
  });
}

function notGiven(): ProblemError {
  const message =
    'The provider did not answer. A new campaign of that name is there, but was not given its settings: look whether it is yours, and update it.';
  return new ProblemError('PROVIDER_UNAVAILABLE', message, { argument: ['settings'] });
}

function notHere(account: string): ProblemError {
  return new ProblemError('NOT_FOUND', `There is no account "${account}".`, { argument: ['account'] });
}

function notOffered({ provider }: Account, field: 'account' | 'id' | 'settings'): ProblemError {
  const what = field === 'settings' ? 'given settings' : 'made';
  const message = `At ${provider.title} campaigns can't be ${what} through its API.`;
  return new ProblemError('NOT_SUPPORTED', message, { argument: [field] });
}
