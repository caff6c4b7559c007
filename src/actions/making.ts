import type { Account } from '../accounts/account.ts';
import type { CampaignSettings } from '../model/action.ts';
import { type CampaignReading, campaignKey } from '../model/campaign.ts';
import { attempt, ProblemError } from '../model/problem.ts';
import { checkName, checkSettings } from './check.ts';
import { leavesDoubt, outcomeOf, verdict } from './outcome.ts';
import { type ActionsParts, type CampaignRef, lookAgain, type Result } from './parts.ts';
import { findTarget, rehearse } from './target.ts';

export interface NewCampaign {
  readonly account: string;
  readonly name: string;
  readonly settings?: CampaignSettings;
}

/** How a campaign is recognised whose making was never answered. */
interface Likeness {
  /** Stands in its name. */
  readonly text: string;
  readonly isLike: (reading: CampaignReading) => boolean;
  /** What it means that no such campaign is there. */
  readonly ifNone: 'not made' | 'unknown';
}

/** A campaign that was made by a request is not older than this before it, whatever the clocks. */
const clocksDifferMs = 24 * 3_600_000;

/** Makes campaigns, anew or as copies, and follows them. */
export function createMaking(parts: ActionsParts) {
  const { accounts, observer, store, now } = parts;

  /** Looks for what was made by a request that was not answered: a new draft, of that name, unknown until now. */
  async function search(account: Account, likeness: Likeness, trouble: ProblemError, askedAt: number) {
    const { newestNamed } = account.changes;
    const { text, isLike, ifNone } = likeness;
    const found = newestNamed ? await attempt(account.ask(null, (call) => newestNamed(text, call))) : null;
    if (found === null || found instanceof ProblemError) return lost(trouble, 'unknown');
    const known = await store.getMany(found.map((one) => campaignKey(account.name, one.externalId)));
    const fresh = found.filter((reading) => {
      const { externalId, status, createdAt } = reading;
      const isYoung = (createdAt ?? askedAt) >= askedAt - clocksDifferMs;
      return (
        status === 'DRAFT' && isYoung && isLike(reading) && !known.has(campaignKey(account.name, externalId))
      );
    });
    const [only, ...others] = fresh;
    if (!only) return lost(trouble, ifNone);
    return others.length > 0 ? lost(trouble, 'unknown') : only.externalId;
  }

  async function made(
    account: Account,
    likeness: Likeness,
    request: Parameters<typeof account.ask<string>>[1],
  ): Promise<string | ProblemError> {
    const askedAt = now();
    const answer = await attempt(account.ask(null, request));
    if (!(answer instanceof ProblemError) || !leavesDoubt(answer)) return answer;
    return search(account, likeness, answer, askedAt);
  }

  /** Reads the new campaign, from which on it is followed. */
  async function welcome(account: Account, externalId: string) {
    const campaign = await lookAgain(parts, account, externalId);
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
      return observer.whileChanging(accountName, null, async () => {
        const likeness: Likeness = { text: name, isLike: (one) => one.name === name, ifNone: 'not made' };
        const externalId = await made(account, likeness, (call) => create(name, call));
        if (externalId instanceof ProblemError) return { keys: [], problems: [externalId] };
        const trouble = await giveSettings(account, externalId, settings);
        const campaign = await welcome(account, externalId);
        if (campaign instanceof ProblemError)
          return { keys: [], problems: trouble ? [campaign, trouble] : [campaign] };
        const blank = { ...campaign, status: 'DRAFT', providerStatus: '', scheduledAt: null } as const;
        const doubt = trouble && leavesDoubt(trouble);
        const outcome = doubt
          ? outcomeOf('UPDATE', blank, campaign, { settings: settings ?? {} })
          : 'not done';
        const problem = trouble && (doubt ? verdict(trouble, outcome, 'given its settings') : trouble);
        return { keys: [campaign.key], problems: problem ? [butMade(problem)] : [] };
      });
    },

    /** @throws ProblemError as `findTarget` */
    async copy(id: CampaignRef, dryRun: boolean): Promise<Result> {
      const target = await findTarget(parts, id, 'COPY');
      if (dryRun) return rehearse(parts, target, 'COPY');
      const { account, campaign } = target;
      const { copy } = account.changes;
      if (!copy) throw notOffered(account, 'id');
      return observer.whileChanging(account.name, null, async () => {
        const text = campaign.name ?? '';
        const isLike = ({ name }: CampaignReading) => text !== '' && name?.includes(text) === true;
        // The copy may bear another name, so not to find it says nothing.
        const likeness: Likeness = { text, isLike, ifNone: 'unknown' };
        const externalId = await made(account, likeness, (call) => copy(id.externalId, call));
        if (externalId instanceof ProblemError) return { keys: [campaign.key], problems: [externalId] };
        const fresh = await welcome(account, externalId);
        return fresh instanceof ProblemError
          ? { keys: [], problems: [fresh] }
          : { keys: [fresh.key], problems: [] };
      });
    },
  };
}

function lost(
  { message, providerCode, cause, code }: ProblemError,
  outcome: Likeness['ifNone'],
): ProblemError {
  const advice =
    outcome === 'not made'
      ? 'No such campaign is there: it was not made so far, and is not asked for again by itself.'
      : "Whether the campaign was made can't be told: look at the newest campaigns at the provider before trying again.";
  return new ProblemError(outcome === 'not made' ? code : 'PROVIDER_UNAVAILABLE', `${message} ${advice}`, {
    providerCode,
    cause,
  });
}

function butMade({ code, message, providerCode, argument, cause }: ProblemError): ProblemError {
  const options = { providerCode, cause, ...(argument && { argument }) };
  return new ProblemError(code, `The campaign was made, but not given its settings: ${message}`, options);
}

function notHere(account: string): ProblemError {
  return new ProblemError('NOT_FOUND', `There is no account "${account}".`, { argument: ['account'] });
}

function notOffered({ provider }: Account, field: 'account' | 'id' | 'settings'): ProblemError {
  const what = field === 'settings' ? 'given settings' : 'made';
  const message = `At ${provider.title} campaigns can't be ${what} through its API.`;
  return new ProblemError('NOT_SUPPORTED', message, { argument: [field] });
}
