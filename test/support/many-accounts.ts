import type {
  CampaignChange,
  RecordedRequest,
  SelzyQuirks,
  SimulatedProvider,
  Simulator,
} from '../../src/simulator/simulator.ts';
import { providerNames } from './app.ts';
import { startGenerousSimulator } from './simulator.ts';

type ProviderName = (typeof providerNames)[number];

export interface ManyAccountsOptions {
  /** Each is four accounts, one at each provider. */
  readonly simulators: number;
  /** Of each account. */
  readonly campaigns: number;
  /** How many of them move. */
  readonly moving: number;
  /** Requests a minute, by account; 600 where none are named. */
  readonly budgets?: Readonly<Record<string, number>>;
  readonly selzyQuirks?: Partial<SelzyQuirks>;
}

export interface SimulatedAccount {
  readonly name: string;
  readonly perMinute: number;
  readonly provider: SimulatedProvider;
  readonly requests: readonly RecordedRequest[];
}

export interface MovingCampaign {
  readonly id: string;
  /** Every status that it was given, in the API's words, oldest first. */
  readonly statuses: readonly string[];
  /** The other of its two statuses, and a recipient more that it was sent to. */
  step(): void;
}

/** Accounts at simulated providers, each with a key and a place of its own, and campaigns of which some move. */
export interface ManyAccounts extends AsyncDisposable {
  readonly accounts: readonly SimulatedAccount[];
  /** How many campaigns there are in all. */
  readonly campaigns: number;
  readonly moving: readonly MovingCampaign[];
  /** What a replica is told of them. @param address where it finds the providers: any of 127.0.0.0/8 */
  configurationFor(address: string): { readonly accounts: object[]; readonly follow: object[] };
}

/** What moving campaigns go to and fro between, in each provider's words: both are looked at as often as can be. */
const sending: Readonly<Record<ProviderName, CampaignChange>> = {
  selzy: { status: 'in_progress' },
  bsg: { status: 'sending' },
  octeth: { status: 'Sending', scheduleType: 'Immediate' },
  appizer: { status: 'sending' },
};
const queued: typeof sending = {
  selzy: { status: 'waits_schedule' },
  bsg: { status: 'creation' },
  octeth: { status: 'Ready', scheduleType: 'Immediate' },
  appizer: { status: 'pending' },
};
/** Campaigns that stand still are left alone for long. */
const still: typeof sending = {
  selzy: { status: 'waits_censor' },
  bsg: { status: 'moderation' },
  octeth: { status: 'Draft' },
  appizer: { status: 'completed' },
};

export async function startManyAccounts(options: ManyAccountsOptions): Promise<ManyAccounts> {
  const stack = new AsyncDisposableStack();
  const simulators: Simulator[] = [];
  const quirks = options.selzyQuirks && { selzyQuirks: options.selzyQuirks };
  for (let place = 0; place < options.simulators; place += 1) {
    // At every address of this machine, so that requests tell by theirs which replica they came from.
    simulators.push(stack.use(await startGenerousSimulator({ host: '0.0.0.0', ...quirks })));
  }
  const placed = simulators.flatMap(({ providers }, place) =>
    providerNames.map((kind) => ({ kind, name: `${kind}-${place + 1}`, provider: providers[kind] })),
  );
  const accounts = placed.map(({ name, provider }) => ({
    name,
    provider,
    perMinute: options.budgets?.[name] ?? 600,
    requests: provider.requests,
  }));
  const moving: MovingCampaign[] = [];
  const follow: object[] = [];
  for (const { kind, name, provider } of placed) {
    for (let place = 0; place < options.campaigns; place += 1) {
      const moves = place < options.moving;
      const externalId = provider.add({
        externalId: String(1_000 + place),
        ...(moves ? sending : still)[kind],
        counters: { recipients: 1_000_000, sent: 1 },
      });
      if (kind === 'appizer') follow.push({ account: name, externalId });
      if (moves) moving.push(movingCampaign(kind, provider, externalId, `campaign:${name}:${externalId}`));
    }
  }
  return {
    accounts,
    campaigns: accounts.length * options.campaigns,
    moving,
    configurationFor: (address) => ({
      accounts: placed.map(({ kind, name, provider }, place) => ({
        name,
        provider: kind,
        apiKey: provider.apiKey,
        baseUrl: provider.baseUrl.replace('0.0.0.0', address),
        requestBudget: { limit: accounts[place]?.perMinute, windowSeconds: 60 },
        ...(kind === 'selzy' && { reportHosts: ['0.0.0.0'] }),
      })),
      follow,
    }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function movingCampaign(
  kind: ProviderName,
  provider: SimulatedProvider,
  externalId: string,
  id: string,
): MovingCampaign {
  const statuses = ['SENDING'];
  return {
    id,
    statuses,
    step() {
      const isSending = statuses.at(-1) === 'SENDING';
      provider.set(externalId, {
        ...(isSending ? queued : sending)[kind],
        counters: { sent: statuses.push(isSending ? 'QUEUED' : 'SENDING') },
      });
    },
  };
}
