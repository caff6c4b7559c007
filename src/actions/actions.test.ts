import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { problemOf } from '../../test/support/contract.ts';
import { until } from '../../test/support/wait.ts';
import { type Account, openAccount } from '../accounts/account.ts';
import { createCampaigns } from '../campaigns/campaigns.ts';
import { createObserver } from '../campaigns/observe.ts';
import { type ActionName, actionNames, type CampaignUpdate } from '../model/action.ts';
import { type CampaignReading, campaignStatuses } from '../model/campaign.ts';
import type { LogEntry } from '../model/change.ts';
import { type ProblemCode, ProblemError } from '../model/problem.ts';
import type { ActionStatuses, CampaignChanges, Provider } from '../providers/provider.ts';
import { createCampaignStore } from '../store/campaigns.ts';
import { openDatabase } from '../store/database.ts';
import { createChangeLog } from '../store/log.ts';
import { createActions, type PlainAction } from './actions.ts';
import type { CampaignRef, Result } from './parts.ts';

const startedAt = 1_790_000_000_000;
const hour = 3_600_000;

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
const lost = new ProblemError('PROVIDER_UNAVAILABLE', 'Sample did not answer in time.');

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
type Sample = ReturnType<typeof createSample>;

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
async function openWorld(options: WorldOptions = {}) {
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
  const campaigns = createCampaigns({ accounts, store, log, observer, pollers, now, onFollowed: () => {} });
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

function codes({ problems }: Result): ProblemCode[] {
  return problems.map(({ code }) => code);
}

const cantBeTold = /can't be told: look at/;
const ofNorth = (externalId: string): CampaignRef => ({ account: 'north', externalId });

describe('approving, pausing, resuming and canceling', () => {
  const plain = [
    ['APPROVE', 'approve', 'DRAFT', 'SCHEDULED'],
    ['PAUSE', 'pause', 'SENDING', 'PAUSED'],
    ['RESUME', 'resume', 'PAUSED', 'SENDING'],
    ['CANCEL', 'cancel', 'SENDING', 'CANCELED'],
  ] as const satisfies readonly (readonly [PlainAction, ...unknown[]])[];

  test.each(plain)('%s asks once, and reads back what it led to', async (action, request, status, after) => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status }));
    expect(await world.act(action, id, false)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual([`${request} 7`, 'read 7']);
    expect(world.told()).toEqual([`MUTATION north:7 ${after}`]);
    expect(world.soon).toEqual([]);
  });

  test.each(plain)(
    '%s whose answer was lost is done where it shows',
    async (action, request, status, after) => {
      await using world = await openWorld();
      const id = await world.know(world.north.add('7', { status }));
      world.north.loseAnswersOf(request);
      expect(await world.act(action, id, false)).toEqual({ keys: ['north:7'], problems: [] });
      expect(world.north.asked).toEqual([`${request} 7`, 'read 7']);
      expect(world.told()).toEqual([`MUTATION north:7 ${after}`]);
    },
  );

  test.each(['PROVIDER_UNAVAILABLE', 'PROVIDER_BAD_RESPONSE'] as const)(
    'where %s leaves doubt, and all is as before, it is told as not done, and not sent again',
    async (code) => {
      await using world = await openWorld();
      const id = await world.know(world.north.add('7', { status: 'SENDING' }));
      world.north.fail('pause', new ProblemError(code, 'No answer.', { providerCode: '9' }));
      const { keys, problems } = await world.act('PAUSE', id, false);
      expect(keys).toEqual(['north:7']);
      expect(problems).toMatchObject([{ code, providerCode: '9' }]);
      expect(problems[0]?.message).toMatch(/^No answer\. .*it was not paused so far/);
      expect(world.north.changed()).toEqual(['pause 7']);
      expect(world.told()).toEqual([]);
    },
  );

  test('where it has become something else meanwhile, nobody can tell', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.fail('pause', new ProblemError('PROVIDER_BAD_RESPONSE', 'No answer.'));
    world.north.set('7', { status: 'COMPLETED', providerStatus: 'sent' });
    const { problems } = await world.act('PAUSE', id, false);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    expect(problems[0]?.message).toMatch(cantBeTold);
    expect(world.told()).toEqual(['MUTATION north:7 COMPLETED']);
  });

  test('where it is gone meanwhile, nobody can tell', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.fail('pause', lost);
    world.north.campaigns.delete('7');
    const { problems } = await world.act('PAUSE', id, false);
    expect(problems[0]?.message).toMatch(cantBeTold);
    expect(world.told()).toEqual(['MUTATION north:7 gone']);
  });

  test('where the answer was lost and it can not be read back, nobody can tell, and it is polled soon', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.loseAnswersOf('pause');
    world.north.fail('read', lost);
    const { keys, problems } = await world.act('PAUSE', id, false);
    expect(keys).toEqual(['north:7']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    expect(problems[0]?.message).toMatch(cantBeTold);
    expect(world.soon).toEqual(['north:7']);
    expect(world.north.changed()).toEqual(['pause 7']);
  });

  test('where it worked and can not be read back it has worked all the same, and is polled soon', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.fail('read', lost);
    expect(await world.act('PAUSE', id, false)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.soon).toEqual(['north:7']);
    expect(world.told()).toEqual([]);
  });

  test.each(['PROVIDER_REJECTED', 'INVALID_STATE', 'NOT_FOUND', 'BAD_INPUT'] as const)(
    'a refusal (%s) is told as it is, and what the provider has is read',
    async (code) => {
      await using world = await openWorld();
      const id = await world.know(world.north.add('7', { status: 'SENDING' }));
      const refusal = new ProblemError(code, 'It is not being sent.', { providerCode: '3' });
      world.north.fail('pause', refusal);
      world.north.set('7', { status: 'COMPLETED' });
      const { problems } = await world.act('PAUSE', id, false);
      expect(problems).toEqual([refusal]);
      expect(world.told()).toEqual(['MUTATION north:7 COMPLETED']);
    },
  );

  test.each(['PROVIDER_RATE_LIMITED', 'PROVIDER_UNAUTHENTICATED', 'PROVIDER_FORBIDDEN'] as const)(
    'a provider that is shut (%s) is not asked to read either',
    async (code) => {
      await using world = await openWorld();
      const id = await world.know(world.north.add('7', { status: 'SENDING' }));
      const shut = new ProblemError(code, 'Not now.', { retryAfterMs: 5_000 });
      world.north.fail('pause', shut);
      expect(await world.act('PAUSE', id, false)).toEqual({ keys: ['north:7'], problems: [shut] });
      expect(world.north.asked).toEqual(['pause 7']);
    },
  );

  test('a campaign that is not known yet is read first', async () => {
    await using world = await openWorld();
    const id = world.north.add('7', { status: 'SENDING' });
    expect(await world.act('PAUSE', id, false)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual(['read 7', 'pause 7', 'read 7']);
    expect(world.told()).toEqual(['QUERY north:7 SENDING', 'MUTATION north:7 PAUSED']);
  });

  test('what can be refused without the provider is, and nothing is asked', async () => {
    await using world = await openWorld({ actions: { PAUSE: ['SENDING'] } });
    const id = await world.know(world.north.add('7', { status: 'DRAFT' }));
    const gone = await world.know(world.north.add('8', { status: 'SENDING' }));
    world.north.campaigns.delete('8');
    // So that it is known to be gone.
    await world.act('PAUSE', gone, true);
    world.north.asked.length = 0;
    const refusals = await Promise.all([
      problemOf(world.act('PAUSE', id, false)),
      problemOf(world.act('RESUME', id, false)),
      problemOf(world.act('PAUSE', gone, false)),
      problemOf(world.act('PAUSE', { account: 'west', externalId: '7' }, false)),
    ]);
    expect(refusals.map(({ code }) => code)).toEqual([
      'INVALID_STATE',
      'NOT_SUPPORTED',
      'NOT_FOUND',
      'NOT_FOUND',
    ]);
    for (const { argument } of refusals) expect(argument).toEqual(['id']);
    expect(world.north.asked).toEqual([]);
  });

  test('of a campaign that nobody knows the provider is asked, and no more', async () => {
    await using world = await openWorld();
    expect(await problemOf(world.act('PAUSE', ofNorth('99'), false))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no campaign campaign:north:99.',
      argument: ['id'],
    });
    expect(world.north.asked).toEqual(['read 99']);
    world.north.fail('read', lost);
    expect(await problemOf(world.act('PAUSE', ofNorth('98'), false))).toBe(lost);
    expect(world.north.changed()).toEqual([]);
  });

  test('a dry run looks at the campaign, and changes nothing', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    expect(await world.act('PAUSE', id, true)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual(['read 7']);
    world.north.set('7', { status: 'COMPLETED' });
    const late = await world.act('PAUSE', id, true);
    expect([late.keys, codes(late)]).toEqual([['north:7'], ['INVALID_STATE']]);
    expect(world.told()).toEqual(['QUERY north:7 COMPLETED']);
    expect((await problemOf(world.act('PAUSE', id, true))).code).toBe('INVALID_STATE');
    expect(world.north.changed()).toEqual([]);
  });

  test('a dry run tells that the provider can not be reached, or no longer has the campaign', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.fail('read', lost, { about: '7' });
    expect(await world.act('PAUSE', id, true)).toEqual({ keys: ['north:7'], problems: [lost] });
    const other = await world.know(world.north.add('8', { status: 'SENDING' }));
    world.north.campaigns.delete('8');
    expect(codes(await world.act('PAUSE', other, true))).toEqual(['NOT_FOUND']);
  });

  test('a poll that is quicker than the read-back does not tell the change', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    const letRead = world.north.hold('read');
    const acting = world.act('PAUSE', id, false);
    await until(() => world.north.asked.includes('read 7'));
    const reading = world.north.campaigns.get('7') ?? null;
    expect(reading).toMatchObject({ status: 'PAUSED' });
    const polled = { ...id, channel: 'EMAIL', reading, askedAt: startedAt, cause: 'POLL' } as const;
    const poll = world.observer.observe([polled]);
    letRead();
    await acting;
    await poll;
    expect(world.told()).toEqual(['MUTATION north:7 PAUSED']);
  });

  test('a fault of our own is no problem of the provider, and holds up nothing that comes later', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.fail('pause', new TypeError('Our own fault.'));
    await expect(world.act('PAUSE', id, false)).rejects.toThrow('Our own fault.');
    expect(await world.act('CANCEL', id, false)).toEqual({ keys: ['north:7'], problems: [] });
  });
});

describe('updating', () => {
  const eve = { schedule: { at: { date: '2026-12-24', time: '08:30', timeZone: 'UTC' } } };

  test('asks once, and reads back what it led to', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    const update: CampaignUpdate = { name: 'New', status: 'READY', settings: eve };
    expect(await world.update(id, update, false)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual(['update 7', 'read 7']);
    expect(world.told()).toEqual(['MUTATION north:7 SCHEDULED']);
    expect(await world.store.get('north:7')).toMatchObject({
      name: 'New',
      scheduledAt: Date.UTC(2026, 11, 24, 8, 30),
    });
  });

  test('tells of all that is wrong at once, the provider’s own rules too, and asks nobody', async () => {
    const own = new ProblemError('BAD_INPUT', 'No send-to-send.', { argument: ['settings', 'sendToSend'] });
    await using world = await openWorld({ offers: (all) => ({ ...all, check: () => [own] }) });
    const id = await world.know(world.north.add('7'));
    for (const dryRun of [false, true]) {
      const { keys, problems } = await world.update(id, { name: '', settings: { emailId: '' } }, dryRun);
      expect(keys).toEqual(['north:7']);
      expect(problems.map(({ argument }) => argument?.join('.'))).toEqual([
        'name',
        'settings.emailId',
        'settings.sendToSend',
      ]);
    }
    expect(world.north.asked).toEqual([]);
  });

  test.each<readonly [what: string, update: CampaignUpdate, isDone: boolean, code: ProblemCode | null]>([
    ['a name, done', { name: 'New' }, true, null],
    ['a name, not done', { name: 'New' }, false, 'PROVIDER_BAD_RESPONSE'],
    ['a name that it had before', { name: 'Campaign 7' }, true, 'PROVIDER_UNAVAILABLE'],
    ['a schedule, done', { settings: eve }, true, null],
    ['a schedule, not done', { settings: eve }, false, 'PROVIDER_BAD_RESPONSE'],
    ['a status, done', { status: 'READY' }, true, null],
    ['a status, not done', { status: 'READY' }, false, 'PROVIDER_BAD_RESPONSE'],
    ['all of it, done', { name: 'New', status: 'READY', settings: eve }, true, null],
    ['what does not show', { settings: { emailId: '12' } }, true, 'PROVIDER_UNAVAILABLE'],
  ])('whose answer was lost: %s', async (_what, update, isDone, code) => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    world.north.fail('update', new ProblemError('PROVIDER_BAD_RESPONSE', 'Garbage.'), { isDone });
    const result = await world.update(id, update, false);
    expect([result.keys, codes(result)]).toEqual([['north:7'], code === null ? [] : [code]]);
    expect(world.north.asked).toEqual(['update 7', 'read 7']);
  });

  test('in a dry run looks at the campaign, and changes nothing', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    expect(await world.update(id, { name: 'New' }, true)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual(['read 7']);
  });

  test('is refused where the status does not allow it, before the input is looked at', async () => {
    await using world = await openWorld({ actions: { UPDATE: ['DRAFT'] } });
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    expect((await problemOf(world.update(id, {}, false))).code).toBe('INVALID_STATE');
  });
});

describe('creating', () => {
  const sale = { account: 'north', name: 'Sale' };
  const eve = { schedule: { at: { date: '2026-12-24', time: '08:30', timeZone: 'UTC' } } };
  const withEve = { ...sale, settings: eve };

  test('makes a draft, and follows it', async () => {
    await using world = await openWorld();
    expect(await world.create(sale, false)).toEqual({ keys: ['north:new1'], problems: [] });
    expect(world.north.asked).toEqual(['create Sale', 'read new1']);
    expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
    expect(await world.store.get('north:new1')).toMatchObject({ name: 'Sale', followed: true });
  });

  test('gives it its settings, and is one change', async () => {
    await using world = await openWorld();
    expect(await world.create(withEve, false)).toEqual({ keys: ['north:new1'], problems: [] });
    expect(world.north.asked).toEqual(['create Sale', 'update new1', 'read new1']);
    expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
  });

  test('tells of all that is wrong at once, and asks nobody', async () => {
    const own = new ProblemError('BAD_INPUT', 'No.', { argument: ['settings', 'sendToSend'] });
    await using world = await openWorld({ offers: (all) => ({ ...all, check: () => [own] }) });
    const wrong = { ...sale, name: ' ', settings: { emailId: '1 2' } };
    for (const dryRun of [false, true]) {
      const { keys, problems } = await world.create(wrong, dryRun);
      expect(keys).toEqual([]);
      expect(problems.map(({ argument }) => argument?.join('.'))).toEqual([
        'name',
        'settings.emailId',
        'settings.sendToSend',
      ]);
    }
    expect(world.north.asked).toEqual([]);
  });

  test('in a dry run asks nobody', async () => {
    await using world = await openWorld();
    expect(await world.create(withEve, true)).toEqual({ keys: [], problems: [] });
    expect(world.north.asked).toEqual([]);
  });

  test('is refused without such an account, and where the provider does not offer it', async () => {
    await using world = await openWorld({ offers: ({ create: _left, ...others }) => others });
    for (const dryRun of [false, true]) {
      const nowhere = await problemOf(world.create({ ...sale, account: 'west' }, dryRun));
      expect(nowhere).toMatchObject({ code: 'NOT_FOUND', argument: ['account'] });
      const refused = await problemOf(world.create(sale, dryRun));
      expect(refused).toMatchObject({ code: 'NOT_SUPPORTED', argument: ['account'] });
    }
  });

  test('that the provider refuses is told as it is', async () => {
    await using world = await openWorld();
    const refusal = new ProblemError('PROVIDER_REJECTED', 'No more campaigns.', { providerCode: '5' });
    world.north.fail('create', refusal);
    expect(await world.create(sale, false)).toEqual({ keys: [], problems: [refusal] });
    expect(world.north.asked).toEqual(['create Sale']);
  });

  describe('whose answer was lost', () => {
    test('is done where it is found by its name, and is not asked for again', async () => {
      await using world = await openWorld();
      world.north.loseAnswersOf('create');
      expect(await world.create(withEve, false)).toEqual({ keys: ['north:new1'], problems: [] });
      expect(world.north.asked).toEqual(['create Sale', 'newestNamed Sale', 'update new1', 'read new1']);
      expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
    });

    test('was not made where none of its name is there', async () => {
      await using world = await openWorld();
      world.north.fail(
        'create',
        new ProblemError('PROVIDER_BAD_RESPONSE', 'Garbage.', { providerCode: '1' }),
      );
      const { keys, problems } = await world.create(sale, false);
      expect(keys).toEqual([]);
      expect(problems).toMatchObject([{ code: 'PROVIDER_BAD_RESPONSE', providerCode: '1' }]);
      expect(problems[0]?.message).toMatch(/^Garbage\. .*not made so far/);
      expect(world.north.changed()).toEqual(['create Sale']);
    });

    test.each<readonly [what: string, isKnown: boolean, over: Partial<CampaignReading>]>([
      ['was known before', true, { name: 'Sale' }],
      ['only holds its name', false, { name: 'Sale of the year' }],
      ['is no draft', false, { name: 'Sale', status: 'SENDING' }],
      ['is older', false, { name: 'Sale', createdAt: startedAt - 24 * hour - 1 }],
    ])('was not made where the one that is there %s', async (_what, isKnown, over) => {
      await using world = await openWorld();
      const other = world.north.add('other', over);
      if (isKnown) await world.know(other);
      world.north.fail('create', lost);
      const { keys, problems } = await world.create(sale, false);
      expect(keys).toEqual([]);
      expect(problems[0]?.message).toMatch(/not made so far/);
    });

    test('is found though its age is not told, or the clocks differ', async () => {
      await using world = await openWorld();
      world.north.add('old', { name: 'Sale', createdAt: startedAt - 24 * hour });
      world.north.fail('create', lost);
      expect(await world.create(sale, false)).toEqual({ keys: ['north:old'], problems: [] });
      world.north.add('ageless', { name: 'Another', createdAt: null });
      expect(await world.create({ ...sale, name: 'Another' }, false)).toEqual({
        keys: ['north:ageless'],
        problems: [],
      });
    });

    test('can not be told where there are two', async () => {
      await using world = await openWorld();
      world.north.add('other', { name: 'Sale' });
      world.north.loseAnswersOf('create');
      const { keys, problems } = await world.create(sale, false);
      expect(keys).toEqual([]);
      expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
      expect(problems[0]?.message).toMatch(cantBeTold);
      expect(world.told()).toEqual([]);
    });

    test('can not be told where the search fails', async () => {
      await using world = await openWorld();
      world.north.fail('create', new ProblemError('PROVIDER_BAD_RESPONSE', 'Garbage.'), { isDone: true });
      world.north.fail('newestNamed', new ProblemError('PROVIDER_RATE_LIMITED', 'Too many.'));
      const { keys, problems } = await world.create(sale, false);
      expect(keys).toEqual([]);
      expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
      expect(problems[0]?.message).toMatch(/^Garbage\. Whether the campaign was made can't be told: look at/);
      expect(world.north.asked).toEqual(['create Sale', 'newestNamed Sale']);
    });

    test('can not be told where the provider has no search', async () => {
      await using world = await openWorld({ offers: ({ newestNamed: _left, ...others }) => others });
      world.north.loseAnswersOf('create');
      const { problems } = await world.create(sale, false);
      expect(problems[0]?.message).toMatch(cantBeTold);
      expect(world.north.asked).toEqual(['create Sale']);
    });
  });

  test('and not being able to read it back tells its id, and has it polled soon', async () => {
    await using world = await openWorld();
    world.north.fail('read', lost);
    const { keys, problems } = await world.create(sale, false);
    expect(keys).toEqual([]);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    expect(problems[0]?.message).toContain('made, as campaign:north:new1,');
    expect(world.soon).toEqual(['north:new1']);
  });

  test('and not finding it at once is told likewise: some providers need a moment', async () => {
    await using world = await openWorld({
      offers: (all) => ({ ...all, create: async () => 'later' }),
    });
    const { problems } = await world.create(sale, false);
    expect(problems[0]?.message).toContain('made, as campaign:north:later,');
    expect(world.soon).toEqual(['north:later']);
  });

  test('with settings that are refused leaves a draft, and says so', async () => {
    await using world = await openWorld();
    const argument = ['settings', 'emailId'];
    world.north.fail(
      'update',
      new ProblemError('BAD_INPUT', 'No such email.', { providerCode: '4', argument }),
    );
    const { keys, problems } = await world.create(withEve, false);
    expect(keys).toEqual(['north:new1']);
    expect(problems).toMatchObject([{ code: 'BAD_INPUT', providerCode: '4', argument }]);
    expect(problems[0]?.message).toBe('The campaign was made, but not given its settings: No such email.');
    expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
  });

  test.each([
    ['done, which shows', eve, true, null],
    ['not done, which shows', eve, false, /not given its settings so far/],
    ['done, which does not show', { emailId: '12' }, true, cantBeTold],
  ])('with settings whose answer was lost: %s', async (_what, settings, isDone, message) => {
    await using world = await openWorld();
    world.north.fail('update', lost, { isDone });
    const { keys, problems } = await world.create({ ...sale, settings }, false);
    expect(keys).toEqual(['north:new1']);
    expect(problems).toHaveLength(message === null ? 0 : 1);
    if (message) expect(problems[0]?.message).toMatch(message);
    expect(world.north.changed()).toEqual(['create Sale', 'update new1']);
  });

  test('with settings that are refused, and no read-back, tells of both', async () => {
    await using world = await openWorld();
    world.north.fail('update', new ProblemError('BAD_INPUT', 'No such email.'));
    world.north.fail('read', lost);
    expect(codes(await world.create(withEve, false))).toEqual(['PROVIDER_UNAVAILABLE', 'BAD_INPUT']);
    expect(world.soon).toEqual(['north:new1']);
  });

  test('with settings, where the provider can make campaigns and not change them, says that they are not given', async () => {
    await using world = await openWorld({ offers: ({ update: _left, ...others }) => others });
    const outcome = await world.create(withEve, false).catch((error: unknown) => error);
    expect(outcome).not.toEqual({ keys: ['north:new1'], problems: [] });
  });

  test('a list that names it before it is read back does not tell of it', async () => {
    await using world = await openWorld();
    const letRead = world.north.hold('read');
    const creating = world.create(sale, false);
    await until(() => world.north.asked.includes('read new1'));
    const reading = world.north.campaigns.get('new1') ?? null;
    expect(reading).not.toBeNull();
    const listed = { ...ofNorth('new1'), channel: 'EMAIL', reading, fromList: true } as const;
    const poll = world.observer.observe([{ ...listed, askedAt: startedAt, cause: 'POLL' }]);
    letRead();
    await creating;
    await poll;
    expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
  });
});

describe('copying', () => {
  test('makes a copy, and follows it', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    expect(await world.copy(id, false)).toEqual({ keys: ['north:new1'], problems: [] });
    expect(world.north.asked).toEqual(['copy 7', 'read new1']);
    expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
  });

  test('in a dry run looks at the campaign, and makes nothing', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    expect(await world.copy(id, true)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual(['read 7']);
  });

  test('that the provider refuses is told as it is, with the campaign that was to be copied', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    const refusal = new ProblemError('NOT_FOUND', 'Invalid source.', { providerCode: '1', argument: ['id'] });
    world.north.fail('copy', refusal);
    expect(await world.copy(id, false)).toEqual({ keys: ['north:7'], problems: [refusal] });
  });

  test('whose answer was lost is done where just one new draft bears the name', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    world.north.add('sent', { name: 'Campaign 7', status: 'COMPLETED' });
    world.north.loseAnswersOf('copy');
    expect(await world.copy(id, false)).toEqual({ keys: ['north:new1'], problems: [] });
    expect(world.north.asked).toEqual(['copy 7', 'newestNamed Campaign 7', 'read new1']);
  });

  test.each<readonly [what: string, prepare: (sample: Sample) => void]>([
    // A copy may bear another name, so that none is found says nothing.
    ['none is found', (sample) => sample.fail('copy', lost)],
    [
      'two are found',
      (sample) => {
        sample.add('other', { name: 'Campaign 7' });
        sample.loseAnswersOf('copy');
      },
    ],
    [
      'the search fails',
      (sample) => {
        sample.loseAnswersOf('copy');
        sample.fail('newestNamed', lost);
      },
    ],
  ])('whose answer was lost can not be told where %s', async (_what, prepare) => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    prepare(world.north);
    const { keys, problems } = await world.copy(id, false);
    expect(keys).toEqual(['north:7']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    expect(problems[0]?.message).toMatch(cantBeTold);
    expect(world.north.changed()).toEqual(['copy 7']);
  });

  test('of one without a name can not be told either: any name would hold it', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { name: null }));
    world.north.add('other');
    world.north.fail('copy', lost);
    expect((await world.copy(id, false)).problems[0]?.message).toMatch(cantBeTold);
  });

  test('and not being able to read it back tells its id, and has it polled soon', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    world.north.fail('read', lost);
    const { keys, problems } = await world.copy(id, false);
    expect(keys).toEqual([]);
    expect(problems[0]?.message).toContain('made, as campaign:north:new1,');
    expect(world.soon).toEqual(['north:new1']);
  });
});

describe('deleting', () => {
  /** Campaigns that are known here: those of the south have ids of their own. */
  async function knowAll(world: Awaited<ReturnType<typeof openWorld>>) {
    const refs = ['1', '2'].map((externalId) => world.north.add(externalId));
    refs.push(world.south.add('3'));
    for (const ref of refs) await world.know(ref);
    return refs;
  }

  test('sends the ids of several accounts to each in one request, and tells which are gone', async () => {
    await using world = await openWorld();
    const [one, two, three] = await knowAll(world);
    if (!one || !two || !three) throw new Error('There are three.');
    const result = await world.remove([one, three, two], false);
    expect(result).toEqual({ keys: ['north:1', 'south:3', 'north:2'], problems: [] });
    expect(world.north.changed()).toEqual(['delete 1 2']);
    expect(world.south.changed()).toEqual(['delete 3']);
    expect(world.told().toSorted()).toEqual([
      'MUTATION north:1 gone',
      'MUTATION north:2 gone',
      'MUTATION south:3 gone',
    ]);
  });

  test('tells what is wrong with each by its place, and deletes the others', async () => {
    await using world = await openWorld({ actions: { DELETE: ['DRAFT'] } });
    const [one, two] = await knowAll(world);
    if (!one || !two) throw new Error('There are some.');
    const sending = await world.know(world.north.add('4', { status: 'SENDING' }));
    const nobody = ofNorth('99');
    const nowhere = { account: 'west', externalId: '1' };
    const { keys, problems } = await world.remove([sending, one, nobody, nowhere, two], false);
    expect(keys).toEqual(['north:1', 'north:2']);
    expect(problems).toMatchObject([
      { code: 'INVALID_STATE', argument: ['ids', '0'] },
      { code: 'NOT_FOUND', argument: ['ids', '2'] },
      { code: 'NOT_FOUND', argument: ['ids', '3'] },
    ]);
    expect(problems[0]?.message).toMatch(/^campaign:north:4: A campaign that is SENDING/);
    expect(world.north.changed()).toEqual(['delete 1 2']);
  });

  test('asks nobody to delete where none can be', async () => {
    await using world = await openWorld({ actions: {} });
    const refs = await knowAll(world);
    const result = await world.remove(refs, false);
    expect([result.keys, codes(result)]).toEqual([[], refs.map(() => 'NOT_SUPPORTED')]);
    expect([...world.north.asked, ...world.south.asked]).toEqual([]);
  });

  test('takes an id that is named twice once, and tells what is wrong at each of its places', async () => {
    await using world = await openWorld();
    const [one, two] = await knowAll(world);
    if (!one || !two) throw new Error('There are some.');
    expect(await world.remove([one, one], false)).toEqual({ keys: ['north:1'], problems: [] });
    expect(world.north.changed()).toEqual(['delete 1']);
    const { problems } = await world.remove([one, two, one], false);
    expect(problems.map(({ code, argument }) => [code, argument])).toEqual([
      ['NOT_FOUND', ['ids', '0']],
      ['NOT_FOUND', ['ids', '2']],
    ]);
  });

  test.each([0, 101])('of %i at once is BAD_INPUT', async (count) => {
    await using world = await openWorld();
    const refs = Array.from({ length: count }, (_, place) => ofNorth(String(place)));
    for (const dryRun of [false, true]) {
      const problem = await problemOf(world.remove(refs, dryRun));
      expect(problem).toMatchObject({ code: 'BAD_INPUT', argument: ['ids'] });
    }
    expect(world.north.asked).toEqual([]);
  });

  test('of 100 at once works', async () => {
    await using world = await openWorld();
    const refs = Array.from({ length: 100 }, (_, place) => world.north.add(String(place)));
    for (const ref of refs) await world.know(ref);
    const { keys, problems } = await world.remove(refs, false);
    expect([keys.length, problems]).toEqual([100, []]);
    expect(world.north.changed()).toHaveLength(1);
  });

  test('where some are still there tells which', async () => {
    await using world = await openWorld({
      offers: (all) => ({ ...all, delete: ([first = '']) => all.delete([first]) }),
    });
    const refs = await knowAll(world);
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['north:1', 'south:3']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_REJECTED', argument: ['ids', '1'] }]);
    expect(problems[0]?.message).toMatch(/^campaign:north:2: Sample accepted the deletion, and still has/);
  });

  test('whose answer was lost: some are gone, and some are not', async () => {
    await using world = await openWorld({
      offers: (all) => ({ ...all, delete: ([first = '']) => all.delete([first]) }),
    });
    const refs = await knowAll(world);
    const garbage = new ProblemError('PROVIDER_BAD_RESPONSE', 'Garbage.', { providerCode: '8' });
    world.north.fail('delete', garbage, { isDone: true });
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['north:1', 'south:3']);
    const code = 'PROVIDER_BAD_RESPONSE';
    expect(problems).toMatchObject([{ code, providerCode: '8', argument: ['ids', '1'] }]);
    expect(problems[0]?.message).toMatch(/^campaign:north:2: Garbage\. .*it was not deleted so far/);
    expect(world.north.changed()).toEqual(['delete 1']);
  });

  test('whose answer was lost, where one can not be read back: that one can not be told', async () => {
    await using world = await openWorld();
    const refs = await knowAll(world);
    world.north.loseAnswersOf('delete');
    world.north.fail('read', lost, { about: '2' });
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['north:1', 'south:3']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE', argument: ['ids', '1'] }]);
    expect(problems[0]?.message).toMatch(cantBeTold);
    expect(world.soon).toEqual(['north:2']);
  });

  test('that was accepted, where one can not be read back, says so, and has it polled soon', async () => {
    await using world = await openWorld();
    const refs = await knowAll(world);
    world.north.fail('read', lost, { about: '2' });
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['north:1', 'south:3']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE', argument: ['ids', '1'] }]);
    expect(problems[0]?.message).toContain('accepted the deletion');
    expect(world.soon).toEqual(['north:2']);
  });

  test('that one account refuses leaves that of the other alone', async () => {
    await using world = await openWorld();
    const refs = await knowAll(world);
    world.north.fail('delete', new ProblemError('PROVIDER_FORBIDDEN', 'Not with this key.'));
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['south:3']);
    expect(problems).toMatchObject([
      { code: 'PROVIDER_FORBIDDEN', argument: ['ids', '0'] },
      { code: 'PROVIDER_FORBIDDEN', argument: ['ids', '1'] },
    ]);
    expect(world.north.asked).toEqual(['delete 1 2']);
  });

  test('a poll that finds one gone before it is read back does not tell of it', async () => {
    await using world = await openWorld();
    const [one] = await knowAll(world);
    if (!one) throw new Error('There are some.');
    const letRead = world.north.hold('read');
    const removing = world.remove([one], false);
    await until(() => world.north.asked.includes('read 1'));
    const poll = world.observer.observe([
      { ...one, channel: 'EMAIL', reading: null, askedAt: startedAt, cause: 'POLL' },
    ]);
    letRead();
    await removing;
    await poll;
    expect(world.told()).toEqual(['MUTATION north:1 gone']);
  });

  test('in a dry run looks at each, and deletes none', async () => {
    await using world = await openWorld();
    const refs = await knowAll(world);
    world.north.campaigns.delete('2');
    const { keys, problems } = await world.remove(refs, true);
    expect(keys).toEqual([]);
    expect(problems).toMatchObject([{ code: 'NOT_FOUND', argument: ['ids', '1'] }]);
    expect([...world.north.changed(), ...world.south.changed()]).toEqual([]);
    expect(world.north.campaigns.size + world.south.campaigns.size).toBe(2);
  });
});

test('what can be done with a campaign is what the provider says, and nothing is asked for the rest', async () => {
  await using world = await openWorld({ actions: {} });
  const id = await world.know(world.north.add('7'));
  const tries: Partial<Record<ActionName, () => Promise<Result>>> = {
    UPDATE: () => world.update(id, { name: 'New' }, false),
    COPY: () => world.copy(id, false),
    APPROVE: () => world.act('APPROVE', id, false),
    PAUSE: () => world.act('PAUSE', id, false),
    RESUME: () => world.act('RESUME', id, false),
    CANCEL: () => world.act('CANCEL', id, false),
  };
  for (const action of actionNames) {
    const attempt = tries[action];
    if (attempt) expect([action, (await problemOf(attempt())).code]).toEqual([action, 'NOT_SUPPORTED']);
  }
  expect(world.north.asked).toEqual([]);
});
