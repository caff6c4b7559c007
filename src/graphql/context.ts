import type DataLoader from 'dataloader';
import type { Account } from '../accounts/account.ts';
import type { Actions } from '../actions/actions.ts';
import type { Once } from '../actions/once.ts';
import type { Campaigns } from '../campaigns/campaigns.ts';
import type { Live } from '../live/live.ts';
import type { Campaign } from '../model/campaign.ts';
import { ProblemError } from '../model/problem.ts';
import type { Watching } from '../polling/watching.ts';
import type { Provider } from '../providers/provider.ts';
import type { CampaignStore } from '../store/campaigns.ts';
import type { ChangeLog } from '../store/log.ts';
import type { ReportStore } from '../store/reports.ts';
import type { TaskStore } from '../store/tasks.ts';
import type { Tasks } from '../tasks/tasks.ts';

/** What resolvers work with. */
export interface Services {
  /** Every provider there is, whether an account uses it or not. */
  readonly providers: readonly Provider[];
  readonly accounts: ReadonlyMap<string, Account>;
  readonly campaigns: Campaigns;
  readonly actions: Actions;
  readonly once: Once;
  readonly tasks: Tasks;
  readonly store: CampaignStore;
  readonly taskStore: TaskStore;
  readonly reportStore: ReportStore;
  readonly log: ChangeLog;
  readonly live: Live;
  readonly watching: Watching;
  /** Campaigns by key, read together. It keeps nothing, so subscriptions may use it too. */
  readonly known: DataLoader<string, Campaign | null>;
  /** Last answers by key, as JSON text, likewise. */
  readonly raw: DataLoader<string, string | null>;
}

/** Who asks. A subscription's context lasts as long as the subscription, so nothing that grows old may be in it. */
export interface Viewer {
  /** What limits are counted by: the same for everybody with the same token. */
  readonly id: string;
  /** `viewer` reads; `operator` also changes. */
  readonly role: 'viewer' | 'operator';
  /** Names of the accounts that may be seen; others do not exist for the viewer. */
  readonly accounts: readonly string[];
}

export interface GraphQLContext {
  readonly services: Services;
  readonly viewer: Viewer;
}

/** The account of that name, if the viewer may see it. */
export function visibleAccount({ services, viewer }: GraphQLContext, name: string): Account | null {
  return viewer.accounts.includes(name) ? (services.accounts.get(name) ?? null) : null;
}

export function visibleAccounts(context: GraphQLContext): Account[] {
  return context.viewer.accounts.flatMap((name) => visibleAccount(context, name) ?? []);
}

/** The account of something that has been found: only those who may see the account find it. */
export function accountOf(name: string, { services }: GraphQLContext): Account {
  const account = services.accounts.get(name);
  if (!account) throw new ProblemError('NOT_FOUND', `There is no account ${name} any more.`);
  return account;
}
