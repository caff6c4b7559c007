import { describe, expect, test } from 'vitest';
import type { ActionName, CampaignUpdate } from '../model/action.ts';
import { type CampaignStatus, campaignStatuses } from '../model/campaign.ts';
import { type ProblemCode, ProblemError, problemCodes } from '../model/problem.ts';
import { isShut, leavesDoubt, type Outcome, outcomeOf, type Telling, verdict } from './outcome.ts';

/** A campaign in a status; its provider's word is the status's own, unless told. */
function campaign(status: CampaignStatus, over: Partial<Telling> = {}): Telling {
  return { name: 'Sale', status, providerStatus: status, scheduledAt: null, deletedAt: null, ...over };
}

/** What became of an action, for every status after it: those that tell "done", all others "unknown". */
function outcomesFrom(action: ActionName, before: Telling, done: readonly CampaignStatus[]) {
  return campaignStatuses
    .filter((status) => status !== before.status)
    .map((status) => [status, outcomeOf(action, before, campaign(status)), expected(done, status)]);
}

function expected(done: readonly CampaignStatus[], status: CampaignStatus): Outcome {
  return done.includes(status) ? 'done' : 'unknown';
}

const begun: readonly CampaignStatus[] = ['SCHEDULED', 'QUEUED', 'SENDING', 'COMPLETED'];

describe('an action whose answer was lost', () => {
  test.each<readonly [ActionName, before: CampaignStatus, done: readonly CampaignStatus[]]>([
    ['APPROVE', 'DRAFT', begun],
    ['APPROVE', 'PENDING_APPROVAL', begun],
    ['PAUSE', 'SENDING', ['PAUSED']],
    ['RESUME', 'PAUSED', begun],
    ['CANCEL', 'PENDING_APPROVAL', ['DRAFT', 'CANCELED']],
    ['CANCEL', 'SCHEDULED', ['DRAFT', 'CANCELED']],
    ['CANCEL', 'QUEUED', ['DRAFT', 'CANCELED']],
    ['CANCEL', 'SENDING', ['DRAFT', 'CANCELED']],
    ['CANCEL', 'PAUSED', ['DRAFT', 'CANCELED']],
  ])(
    '%s of one that was %s: done where it now is what was wanted, not done where all is as before',
    (action, from, done) => {
      const before = campaign(from);
      for (const [status, outcome, wanted] of outcomesFrom(action, before, done)) {
        expect([status, outcome]).toEqual([status, wanted]);
      }
      expect(outcomeOf(action, before, before)).toBe('not done');
      // Another word for the same status: something has happened, and nobody knows what.
      expect(outcomeOf(action, before, campaign(from, { providerStatus: 'another word' }))).toBe('unknown');
    },
  );

  test.each<readonly [ActionName, CampaignStatus]>([
    ['APPROVE', 'SCHEDULED'],
    ['PAUSE', 'PAUSED'],
    ['RESUME', 'SENDING'],
    ['CANCEL', 'DRAFT'],
    ['CANCEL', 'CANCELED'],
  ])('%s of one that was %s already: that it still is tells nothing', (action, status) => {
    expect(outcomeOf(action, campaign(status), campaign(status))).toBe('unknown');
  });

  test('a draft that was ready is canceled once its word is another', () => {
    const ready = campaign('DRAFT', { providerStatus: 'Ready' });
    expect(outcomeOf('CANCEL', ready, campaign('DRAFT', { providerStatus: 'Draft' }))).toBe('done');
    expect(outcomeOf('CANCEL', ready, ready)).toBe('unknown');
  });

  test.each<ActionName>(['APPROVE', 'PAUSE', 'RESUME', 'CANCEL'])(
    '%s of one of which nobody knew what it was: nothing tells',
    (action) => {
      for (const status of campaignStatuses)
        expect(outcomeOf(action, campaign('UNKNOWN'), campaign(status))).toBe('unknown');
    },
  );

  test.each<ActionName>([
    'UPDATE',
    'COPY',
    'APPROVE',
    'PAUSE',
    'RESUME',
    'CANCEL',
    'REQUEST_DELIVERY_REPORT',
  ])('%s of one that is deleted by now: nobody can tell', (action) => {
    const gone = campaign('PAUSED', { name: 'New', deletedAt: 1_000 });
    expect(outcomeOf(action, campaign('SENDING'), gone, { name: 'New' })).toBe('unknown');
  });

  test.each<ActionName>(['COPY', 'REQUEST_DELIVERY_REPORT'])('%s shows nothing in the campaign', (action) => {
    expect(outcomeOf(action, campaign('DRAFT'), campaign('DRAFT'))).toBe('unknown');
    expect(outcomeOf(action, campaign('DRAFT'), campaign('SENDING'))).toBe('unknown');
  });

  test('DELETE is done where the campaign is gone, and only there', () => {
    for (const status of campaignStatuses) {
      expect(outcomeOf('DELETE', campaign('DRAFT'), campaign(status, { deletedAt: 5 }))).toBe('done');
      expect(outcomeOf('DELETE', campaign('DRAFT'), campaign(status))).toBe('not done');
    }
  });
});

describe('an update whose answer was lost', () => {
  const draft = campaign('DRAFT', { name: 'Old' });
  const eve = Date.UTC(2026, 11, 24, 7, 30);
  const onEve = at('2026-12-24', '08:30', 'Europe/Berlin');

  function at(date: string, time: string, timeZone: string): CampaignUpdate {
    return { settings: { schedule: { at: { date, time, timeZone } } } };
  }

  test.each<readonly [what: string, update: CampaignUpdate, before: Telling, after: Telling, Outcome]>([
    ['a name that is there', { name: 'New' }, draft, { ...draft, name: 'New' }, 'done'],
    ['a name that is as before', { name: 'New' }, draft, draft, 'not done'],
    ['a first name', { name: 'New' }, { ...draft, name: null }, { ...draft, name: 'New' }, 'done'],
    ['a name that was so before', { name: 'Old' }, draft, draft, 'unknown'],

    ['a time that is planned', onEve, draft, { ...draft, scheduledAt: eve }, 'done'],
    ['a time that is not', onEve, draft, draft, 'not done'],
    [
      'a time that was planned before',
      onEve,
      { ...draft, scheduledAt: eve },
      { ...draft, scheduledAt: eve },
      'unknown',
    ],
    [
      'a time to the second',
      at('2026-12-24', '08:30:05', 'Europe/Berlin'),
      draft,
      { ...draft, scheduledAt: eve + 5_000 },
      'done',
    ],
    [
      'a time in summer',
      at('2026-07-01', '08:30', 'Europe/Berlin'),
      draft,
      { ...draft, scheduledAt: Date.UTC(2026, 6, 1, 6, 30) },
      'done',
    ],
    ['a time in UTC', at('2026-12-24', '07:30', 'UTC'), draft, { ...draft, scheduledAt: eve }, 'done'],
    ['a time that is none', at('', '08:30', 'UTC'), draft, draft, 'unknown'],

    ['READY, and it is scheduled', { status: 'READY' }, draft, { ...draft, status: 'SCHEDULED' }, 'done'],
    [
      'READY, and it is to be approved',
      { status: 'READY' },
      draft,
      { ...draft, status: 'PENDING_APPROVAL' },
      'done',
    ],
    ['READY, and it is queued', { status: 'READY' }, draft, { ...draft, status: 'QUEUED' }, 'done'],
    ['READY, and it is sent already', { status: 'READY' }, draft, { ...draft, status: 'COMPLETED' }, 'done'],
    ['READY, and it is as before', { status: 'READY' }, draft, draft, 'not done'],
    ['READY, as it was before', { status: 'READY' }, campaign('SCHEDULED'), campaign('SCHEDULED'), 'unknown'],
    [
      'READY, as it was before, and has gone on',
      { status: 'READY' },
      campaign('SCHEDULED'),
      campaign('SENDING'),
      'unknown',
    ],
    ['SENDING, and it is', { status: 'SENDING' }, draft, { ...draft, status: 'SENDING' }, 'done'],
    [
      'SENDING, and it is done already',
      { status: 'SENDING' },
      draft,
      { ...draft, status: 'COMPLETED' },
      'done',
    ],
    ['SENDING, and it is as before', { status: 'SENDING' }, draft, draft, 'not done'],
    ['DRAFT, and it is', { status: 'DRAFT' }, campaign('SCHEDULED'), campaign('DRAFT'), 'done'],
    [
      'DRAFT, and it is as before',
      { status: 'DRAFT' },
      campaign('SCHEDULED'),
      campaign('SCHEDULED'),
      'not done',
    ],

    ['what nobody can see', { settings: { sendToSend: true, emailId: '4' } }, draft, draft, 'unknown'],
    ['no schedule any more', { settings: { schedule: { notScheduled: true } } }, draft, draft, 'unknown'],
    [
      'another name beside what nobody can see',
      { name: 'New', settings: { emailId: '4' } },
      draft,
      { ...draft, name: 'New' },
      'done',
    ],
    [
      'a name as before, and another time',
      { name: 'Old', ...onEve },
      draft,
      { ...draft, scheduledAt: eve },
      'done',
    ],
    ['a name as before, and a time that is not there', { name: 'Old', ...onEve }, draft, draft, 'not done'],
    [
      'name, time and status, all there',
      { name: 'New', status: 'READY', ...onEve },
      draft,
      campaign('SCHEDULED', { name: 'New', scheduledAt: eve }),
      'done',
    ],
    [
      'name, time and status, none there',
      { name: 'New', status: 'READY', ...onEve },
      draft,
      draft,
      'not done',
    ],
  ])('%s', (_what, update, before, after, outcome) => {
    expect(outcomeOf('UPDATE', before, after, update)).toBe(outcome);
  });

  test.each<readonly [what: string, update: CampaignUpdate, before: Telling, after: Telling]>([
    [
      'READY, and the status is DRAFT still, by another word',
      { status: 'READY' },
      campaign('DRAFT', { providerStatus: 'Draft' }),
      campaign('DRAFT', { providerStatus: 'Ready' }),
    ],
    [
      'READY, and it is a word that nobody knows',
      { status: 'READY' },
      draft,
      campaign('UNKNOWN', { name: 'Old' }),
    ],
    [
      'READY, and it was paused or failed meanwhile',
      { status: 'READY' },
      draft,
      campaign('FAILED', { name: 'Old' }),
    ],
    [
      'SENDING, and it is to be approved',
      { status: 'SENDING' },
      draft,
      campaign('PENDING_APPROVAL', { name: 'Old' }),
    ],
    ['a name, and it has a third', { name: 'New' }, draft, { ...draft, name: 'Another' }],
    ['a time, and another is planned', onEve, draft, { ...draft, scheduledAt: eve + 60_000 }],
    [
      'a name that is there, with a time that is not',
      { name: 'New', ...onEve },
      draft,
      { ...draft, name: 'New' },
    ],
  ])('what is neither as before nor as wanted tells nothing: %s', (_what, update, before, after) => {
    expect(outcomeOf('UPDATE', before, after, update)).toBe('unknown');
  });

  test('a status of which nobody knew whether it was so before tells nothing', () => {
    expect(outcomeOf('UPDATE', campaign('UNKNOWN'), campaign('UNKNOWN'), { status: 'READY' })).toBe(
      'unknown',
    );
  });
});

describe('a failure', () => {
  const kinds: Partial<Record<ProblemCode, string>> = {
    PROVIDER_UNAVAILABLE: 'doubt',
    PROVIDER_BAD_RESPONSE: 'doubt',
    PROVIDER_RATE_LIMITED: 'shut',
    PROVIDER_UNAUTHENTICATED: 'shut',
  };

  test.each(problemCodes)('%s leaves doubt, or means that the provider is shut, or neither', (code) => {
    const problem = new ProblemError(code, 'No.');
    const kind = kinds[code] ?? 'neither';
    expect([leavesDoubt(problem), isShut(problem)]).toEqual([kind === 'doubt', kind === 'shut']);
  });

  const trouble = new ProblemError('PROVIDER_BAD_RESPONSE', 'The answer was cut off.', {
    providerCode: '7',
    retryAfterMs: 500,
    argument: ['id'],
  });

  test('of something that was done is none', () => {
    expect(verdict(trouble, 'done', 'paused')).toBeNull();
  });

  test('of something that was not done stays what it was, and says so', () => {
    const problem = verdict(trouble, 'not done', 'paused');
    expect(problem).toMatchObject({
      code: 'PROVIDER_BAD_RESPONSE',
      providerCode: '7',
      retryAfterMs: 500,
      argument: ['id'],
    });
    expect(problem?.message).toMatch(/^The answer was cut off\. .*it was not paused so far/);
    expect(problem?.cause).toBe(trouble);
  });

  test('of something that may have been done is PROVIDER_UNAVAILABLE, with the advice to look', () => {
    const problem = verdict(trouble, 'unknown', 'paused');
    expect(problem).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', providerCode: '7', argument: ['id'] });
    expect(problem?.message).toMatch(/^The answer was cut off\. Whether it was paused can't be told: look /);
  });
});
