import type { Account } from '../accounts/account.ts';
import type { Actions } from '../actions/actions.ts';
import { placed } from '../actions/deletion.ts';
import type { CampaignRef, Result } from '../actions/parts.ts';
import { notHere } from '../actions/target.ts';
import type { Campaigns } from '../campaigns/campaigns.ts';
import { type Campaign, campaignKey } from '../model/campaign.ts';
import { attempt, ProblemError, reworded } from '../model/problem.ts';
import type { Task } from '../model/task.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import type { TaskStore } from '../store/tasks.ts';
import type { Tasks } from '../tasks/tasks.ts';
import type { Job } from './job.ts';

export interface LocalServices {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly campaigns: Campaigns;
  readonly actions: Actions;
  readonly tasks: Tasks;
  readonly store: Pick<CampaignStore, 'get' | 'getMany'>;
  readonly taskStore: Pick<TaskStore, 'get'>;
}

/** Has a job done by whoever holds the account. */
type Ask = (account: string, job: Job, waitMs?: number) => Promise<Result>;

/** Where something is known already, or comes by itself, nobody waits longer for an account to be taken over. */
const knownMs = 2_000;

/** The services as people use them, whichever replica holds the account that they ask something of. */
export function createRouting(local: LocalServices, ask: Ask, isOurs: (account: string) => boolean) {
  const { accounts, store, taskStore } = local;

  /** @throws ProblemError */
  async function campaignOf(account: string, job: Job, waitMs?: number): Promise<Campaign | null> {
    const { keys, problems } = await ask(account, job, waitMs);
    if (problems[0]) throw problems[0];
    return keys[0] === undefined ? null : store.get(keys[0]);
  }

  /** The campaign that the job leaves; what is known of it where that can't be told. */
  async function campaignAfter(campaign: Campaign, kind: 'unfollow' | 'refresh'): Promise<Campaign> {
    const { account, externalId } = campaign;
    return (await campaignOf(account, { kind, externalId })) ?? campaign;
  }

  const campaigns: Campaigns = {
    ...local.campaigns,

    async get(account, externalId, maxAgeMs) {
      if (!accounts.has(account)) return null;
      const known = await store.get(campaignKey(account, externalId));
      if (known && local.campaigns.isYoung(known, maxAgeMs)) return known;
      const looking = campaignOf(
        account,
        { kind: 'look', externalId, maxAgeMs },
        known ? knownMs : undefined,
      );
      const seen = await attempt(looking);
      if (!(seen instanceof ProblemError)) return seen ?? known;
      if (!known) throw seen;
      return known;
    },

    async follow(account, externalId) {
      const campaign = accounts.has(account) && (await campaignOf(account, { kind: 'follow', externalId }));
      return campaign || local.campaigns.follow(account, externalId);
    },

    async makeKnown(named) {
      const known = await store.getMany(named.map(keyOf));
      // Whoever subscribes to what is known waits for nobody: a holder may have just been lost.
      const unknown = named.filter((one) => !known.has(keyOf(one)));
      const asked = [...Map.groupBy(unknown, ({ account }) => account)].map(([account, group]) => {
        const externalIds = group.map(({ externalId }) => externalId);
        return ask(account, { kind: 'makeKnown', externalIds }, knownMs);
      });
      await Promise.allSettled(asked);
    },

    unfollow: (campaign) => campaignAfter(campaign, 'unfollow'),
    refresh: (campaign) => campaignAfter(campaign, 'refresh'),
  };

  const actions: Actions = {
    ...local.actions,
    act: (action, { account, externalId }, dryRun) =>
      routed(account, { kind: 'act', action, externalId, dryRun }),
    update: ({ account, externalId }, update, dryRun) =>
      routed(account, { kind: 'update', externalId, update, dryRun }),
    copy: ({ account, externalId }, dryRun) => routed(account, { kind: 'copy', externalId, dryRun }),
    create: ({ account, ...wanted }, dryRun) => routed(account, { kind: 'create', ...wanted, dryRun }),

    remove: (refs, dryRun, visible = new Set(accounts.keys())) => removeEach(refs, dryRun, visible),
  };

  async function routed(account: string, job: Job): Promise<Result> {
    return accounts.has(account) ? ask(account, job) : performJob(local, account, job);
  }

  /** What belongs to each account is deleted by its holder. */
  async function removeEach(
    refs: readonly CampaignRef[],
    dryRun: boolean,
    visible: ReadonlySet<string>,
  ): Promise<Result> {
    local.actions.checkRemoval(refs);
    const groups = Map.groupBy(
      refs.map((ref, place) => ({ ...ref, place })),
      ({ account }) => account,
    );
    const results = await Promise.all(
      [...groups].map(async ([account, group]): Promise<Result> => {
        const problemsAt = (problem: ProblemError, place: number) =>
          reworded(problem, { argument: ['ids', String(place)] });
        if (!visible.has(account))
          return { keys: [], problems: group.map((ref) => placed(notHere(ref), keyOf(ref), ref.place)) };
        const externalIds = group.map(({ externalId }) => externalId);
        const told = await attempt(ask(account, { kind: 'remove', externalIds, dryRun }));
        // Those of other accounts are deleted all the same.
        if (told instanceof ProblemError)
          return { keys: [], problems: group.map((ref) => placed(told, keyOf(ref), ref.place)) };
        return {
          keys: told.keys,
          problems: told.problems.map((problem) => {
            const one = group[Number(problem.argument?.[1])];
            return one ? problemsAt(problem, one.place) : problem;
          }),
        };
      }),
    );
    const placeOf = ({ argument }: ProblemError) => Number(argument?.[1] ?? 0);
    const gone = new Set(results.flatMap(({ keys }) => keys));
    return {
      // In the order in which they were named, as where one process has all accounts.
      keys: [...new Set(refs.map(keyOf))].filter((key) => gone.has(key)),
      problems: results
        .flatMap(({ problems }) => problems)
        .sort((one, other) => placeOf(one) - placeOf(other)),
    };
  }

  const tasks: Tasks = {
    ...local.tasks,

    async knows(account, secret) {
      const notice = await local.tasks.knows(account, secret);
      // Nobody waits for the replica that looks at once.
      if (notice !== null && !isOurs(account)) ask(account, { kind: 'wake', notice }).catch(() => {});
      return notice;
    },

    async request({ account, externalId }, order): Promise<Task> {
      const { keys, problems } = await routed(account, { kind: 'report', externalId, order });
      if (problems[0]) throw problems[0];
      const task = keys[0] === undefined ? null : await taskStore.get(keys[0]);
      if (!task) throw new Error('A task that was just made is not there.');
      return task;
    },
  };

  return { campaigns, actions, tasks };
}

/**
 * Does a job of an account that is ours.
 * @throws ProblemError
 */
export async function performJob(local: LocalServices, account: string, job: Job): Promise<Result> {
  const { campaigns, actions, tasks, store } = local;
  const done = (one: { readonly key: string } | null): Result => ({
    keys: one ? [one.key] : [],
    problems: [],
  });
  const known = async (externalId: string): Promise<Campaign> => {
    const campaign = await store.get(campaignKey(account, externalId));
    if (!campaign) throw notHere({ account, externalId });
    return campaign;
  };
  switch (job.kind) {
    case 'look':
      return done(await campaigns.get(account, job.externalId, job.maxAgeMs));
    case 'makeKnown':
      await campaigns.makeKnown(job.externalIds.map((externalId) => ({ account, externalId })));
      return done(null);
    case 'follow':
      return done(await campaigns.follow(account, job.externalId));
    case 'unfollow':
      return done(await campaigns.unfollow(await known(job.externalId)));
    case 'refresh':
      return done(await campaigns.refresh(await known(job.externalId)));
    case 'act':
      return actions.act(job.action, { account, externalId: job.externalId }, job.dryRun);
    case 'update':
      return actions.update({ account, externalId: job.externalId }, job.update, job.dryRun);
    case 'copy':
      return actions.copy({ account, externalId: job.externalId }, job.dryRun);
    case 'create': {
      const { name, settings, dryRun } = job;
      return actions.create({ account, name, ...(settings && { settings }) }, dryRun);
    }
    case 'remove': {
      const refs = job.externalIds.map((externalId) => ({ account, externalId }));
      return actions.remove(refs, job.dryRun, new Set([account]));
    }
    case 'report':
      return done(await tasks.request({ account, externalId: job.externalId }, job.order));
    case 'wake':
      tasks.wake(account, job.notice);
      return done(null);
  }
}

function keyOf({ account, externalId }: CampaignRef): string {
  return campaignKey(account, externalId);
}
