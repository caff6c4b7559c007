import { vi } from 'vitest';
import { z } from 'zod';
import { type Account, openAccount } from '../../src/accounts/account.ts';
import { createActions } from '../../src/actions/actions.ts';
import { createOnce, type Request } from '../../src/actions/once.ts';
import type { CampaignRef, Result } from '../../src/actions/parts.ts';
import { createCampaigns } from '../../src/campaigns/campaigns.ts';
import { createObserver } from '../../src/campaigns/observe.ts';
import { type CampaignReading, campaignStatuses } from '../../src/model/campaign.ts';
import type { LogEntry } from '../../src/model/change.ts';
import { type ProblemCode, ProblemError } from '../../src/model/problem.ts';
import type { ActionStatuses, CampaignChanges, Provider } from '../../src/providers/provider.ts';
import { createCampaignStore } from '../../src/store/campaigns.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createChangeLog } from '../../src/store/log.ts';
import { createMutationStore } from '../../src/store/mutations.ts';

export const startedAt = 1_790_000_000_000;
export const minute = 60_000;

const everyAction: ActionStatuses = {
  UPDATE: campaignStatuses,
  COPY: campaignStatuses,
  APPROVE: ['DRAFT', 'PENDING_APPROVAL'],
  PAUSE: ['SENDING'],
  RESUME: ['PAUSED'],
  CANCEL: ['SCHEDULED', 'SENDING', 'PAUSED'],
  DELETE: campaignStatuses,
};

type Operation = 'read' | Exclude<keyof CampaignChanges, 'check'>;

/** What goes wrong with an operation: whether it is done all the same, and of which campaign. */
interface Trouble {
  readonly error: Error;
  readonly isDone: boolean;
  readonly about: string | null;
}

/** An answer that never came. */
export const lost = new ProblemError('PROVIDER_UNAVAILABLE', 'Sample did not answer in time.');

/** A provider in memory: its campaigns, what it was asked, and what goes wrong with that. */
function createSample(account: string) {
  const campaigns = new Map<string, CampaignReading>();
  const asked: string[] = [];
  const troubles = new Map<Operation, Trouble>();
  const gates = new Map<Operation, Promise<void>>();
  let made = 0;

  async function answer<T>(operation: Operation, about: string, does: () => T): Promise<T> {
    asked.push(`${operation} ${about}`);
    await gates.get(operation);
    const trouble = troubles.get(operation);
    const fails = trouble && (trouble.about === null || trouble.about === about);
    if (!fails) return does();
    if (trouble.isDone) does();
    throw trouble.error;
  }

  function add(externalId: string, over: Partial<CampaignReading> = {}): CampaignRef {
    const fresh: CampaignReading = {
      externalId,
      status: 'DRAFT',
      providerStatus: 'draft',
      name: `Campaign ${externalId}`,
      createdAt: startedAt,
      raw: {},
    };
    campaigns.set(externalId, { ...fresh, ...over });
    return { account, externalId };
  }

  function set(externalId: string, over: Partial<CampaignReading>): void {
    const known = campaigns.get(externalId);
    if (known) campaigns.set(externalId, { ...known, ...over });
  }

  function make(name: string): string {
    made += 1;
    return add(`new${made}`, { name }).externalId;
  }

  const become = (operation: PlainName, status: CampaignReading['status']) => (externalId: string) =>
    answer(operation, externalId, () => set(externalId, { status, providerStatus: status.toLowerCase() }));

  const changes = {
    create: (name) => answer('create', name, () => make(name)),
    update: (externalId, { name, status, settings }) =>
      answer('update', externalId, () => {
        const at = settings?.schedule?.at;
        if (name !== undefined) set(externalId, { name });
        if (status === 'READY') set(externalId, { status: 'SCHEDULED', providerStatus: 'ready' });
        if (at) set(externalId, { scheduledAt: Date.parse(`${at.date}T${at.time}Z`) });
      }),
    copy: (externalId) =>
      answer('copy', externalId, () => make(`Copy of ${campaigns.get(externalId)?.name ?? ''}`)),
    approve: become('approve', 'SCHEDULED'),
    pause: become('pause', 'PAUSED'),
    resume: become('resume', 'SENDING'),
    cancel: become('cancel', 'CANCELED'),
    delete: (externalIds) =>
      answer('delete', externalIds.join(' '), () => {
        for (const externalId of externalIds) campaigns.delete(externalId);
      }),
    newestNamed: (text) =>
      answer('newestNamed', text, () =>
        campaigns
          .values()
          .toArray()
          .filter(({ name }) => name?.includes(text)),
      ),
  } satisfies CampaignChanges;

  return {
    campaigns,
    asked,
    add,
    set,
    changes,
    read: (externalId: string) => answer('read', externalId, () => campaigns.get(externalId) ?? null),
    /** Lets an operation fail from now on: undone, unless told otherwise. */
    fail(operation: Operation, error: Error, options: { isDone?: boolean; about?: string } = {}): void {
      troubles.set(operation, { error, isDone: options.isDone ?? false, about: options.about ?? null });
    },
    /** Lets an operation do its work from now on, and its answers never come. */
    loseAnswersOf: (operation: Operation) =>
      troubles.set(operation, { error: lost, isDone: true, about: null }),
    /** Holds an operation up until it is let go. */
    hold(operation: Operation): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gates.set(operation, promise);
      return resolve;
    },
    /** What it was asked that changes something. */
    changed: () => asked.filter((one) => !one.startsWith('read ') && !one.startsWith('newestNamed ')),
  };
}

type PlainName = 'approve' | 'pause' | 'resume' | 'cancel';
export type Sample = ReturnType<typeof createSample>;

interface WorldOptions {
  readonly actions?: ActionStatuses;
  /** What the provider offers of all that it could. */
  readonly offers?: (all: Sample['changes']) => CampaignChanges;
}

function openSample(name: string, sample: Sample, options: WorldOptions): Account {
  const { actions = everyAction, offers = (all) => all } = options;
  const changes = offers(sample.changes);
  const provider: Provider = {
    name: 'sample',
    title: 'Sample',
    channels: ['EMAIL'],
    capabilities: [],
    actions,
    requestBudgets: [],
    requestsPerRead: 1,
    settings: z.object({}),
    open: () => ({ read: sample.read, changes }),
  };
  const polling = { fastestMs: 1_000, slowestMs: 60_000 };
  return openAccount(
    { name, provider, settings: {}, requestBudgets: [], polling, timeoutMs: 1_000 },
    { now: () => startedAt, onRequest: () => {}, onHealth: () => {} },
  );
}

/** The actions over two accounts, "north" and "south", with all that they need, and nothing that polls. */
export async function openWorld(options: WorldOptions = {}) {
  const database = await openDatabase('sqlite::memory:', () => {});
  const store = createCampaignStore(database);
  const log = createChangeLog(database);
  const north = createSample('north');
  const south = createSample('south');
  const accounts = new Map([
    ['north', openSample('north', north, options)],
    ['south', openSample('south', south, options)],
  ]);
  const entries: LogEntry[] = [];
  const soon: string[] = [];
  const now = () => startedAt;
  const observer = createObserver({
    store,
    log,
    now,
    onCommit: (some) => void entries.push(...some),
    onObserved: () => {},
  });
  const pollers = new Map<string, never>();
  const campaigns = createCampaigns({
    ...{ accounts, store, log, observer, pollers, now },
    lookElsewhere: () => null,
    onFollowed: () => {},
  });
  const pollSoon = (account: string, externalId: string) => void soon.push(`${account}:${externalId}`);
  return {
    ...createActions({ accounts, campaigns, observer, store, now, pollSoon }),
    north,
    south,
    store,
    observer,
    /** Which campaigns are to be polled at once. */
    soon,
    /** A campaign that is known here as the provider has it; what was asked for that is forgotten. */
    async know(ref: CampaignRef): Promise<CampaignRef> {
      await campaigns.get(ref.account, ref.externalId, null);
      entries.length = 0;
      for (const { asked } of [north, south]) asked.length = 0;
      return ref;
    },
    /** Ends the following of a known campaign: what is known of it is as it once was. */
    async unfollow({ account, externalId }: CampaignRef): Promise<void> {
      const known = await campaigns.get(account, externalId, null);
      if (known) await campaigns.unfollow(known);
    },
    /** What the log has been told, in short: "MUTATION north:7 PAUSED". */
    told: () =>
      entries.map(({ cause, key, after }) =>
        [cause, key, after.deletedAt === null ? after.status : 'gone'].join(' '),
      ),
    async [Symbol.asyncDispose]() {
      await observer.stop();
      await database.destroy();
    },
  };
}

export function codes({ problems }: Result): ProblemCode[] {
  return problems.map(({ code }) => code);
}

export const cantBeTold = /can't be told: look at/;
export const ofNorth = (externalId: string): CampaignRef => ({ account: 'north', externalId });

/** A request with an idempotency key. */
export const pause: Request = {
  idempotencyKey: 'k1',
  operation: 'pauseCampaign',
  input: { id: 'campaign:main:7' },
  dryRun: false,
};
export const done: Result = { keys: ['main:7'], problems: [] };

/** A process with a clock that stands still until it is moved, and how many requests it has heard of. */
export async function openOnce(url: string, startAt = startedAt) {
  const database = await openDatabase(url, () => {});
  const store = createMutationStore(database);
  const clock = { at: startAt };
  const heard = { begun: 0, looks: 0 };
  const { once, idle } = createOnce({
    store: {
      ...store,
      begin(row) {
        heard.begun += 1;
        return store.begin(row);
      },
      get(key) {
        heard.looks += 1;
        return store.get(key);
      },
    },
    now: () => clock.at,
  });
  return { once, idle, store, clock, heard, [Symbol.asyncDispose]: () => database.destroy() };
}

/** Work that counts how often it is done. */
export function workOf(result: Result) {
  return vi.fn(async () => result);
}

/** Work that goes on until it is told to end. */
export function longWork(result: Result) {
  const { promise, resolve } = Promise.withResolvers<Result>();
  return { work: vi.fn(() => promise), end: () => resolve(result) };
}
