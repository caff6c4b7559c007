import { describe, expect, test } from 'vitest';
import type { Campaign, CampaignReading, CampaignStatus } from '../model/campaign.ts';
import { type Counters, countersOf } from '../model/stats.ts';
import { fieldNames, nextStep, type Observation, type Step } from './changes.ts';

function reading(over: Partial<CampaignReading> = {}): CampaignReading {
  return { externalId: '7', status: 'SENDING', providerStatus: 'sending', raw: {}, ...over };
}

function counted(counters: Partial<Counters>, final = false): Pick<CampaignReading, 'stats'> {
  return { stats: { counters: countersOf(counters), final } };
}

function observation(read: CampaignReading | null, over: Partial<Observation> = {}): Observation {
  return {
    account: 'main',
    channel: 'EMAIL',
    reading: read,
    at: 2_000,
    cause: 'POLL',
    previousAt: null,
    ...over,
  };
}

/** The step that must be there. */
function step(known: Campaign | null, seen: Observation, seq = 2): Step {
  const next = nextStep(known, seen, seq);
  if (!next) throw new Error('There is no step.');
  return next;
}

/** A stored campaign as its first reading makes it. */
function stored(over: Partial<CampaignReading> = {}): Campaign {
  return step(null, observation(reading(over), { at: 1_000 }), 1).campaign;
}

const whole = {
  channel: 'SMS',
  name: 'Autumn',
  sender: 'Nordlys',
  statusReason: 'resumed',
  createdAt: 100,
  scheduledAt: 200,
  startedAt: 300,
  finishedAt: null,
  cost: { amount: '1.50', currency: 'EUR' },
  tags: ['a', 'b'],
  ...counted({ recipients: 10, sent: 4 }),
} satisfies Partial<CampaignReading>;

describe('the first reading', () => {
  test('makes a campaign at revision 1, followed, and the entry that tells of it', () => {
    const { campaign, entry } = step(null, observation(reading(whole), { at: 1_000, cause: 'QUERY' }), 41);
    expect(campaign).toMatchObject({
      key: 'main:7',
      account: 'main',
      externalId: '7',
      channel: 'SMS',
      status: 'SENDING',
      revision: 1,
      seq: 41,
      changedAt: 1_000,
      observedAt: 1_000,
      deletedAt: null,
      followed: true,
      stats: { recipients: 10, sent: 4, delivered: null, final: false, source: 'PROVIDER', asOf: 1_000 },
    });
    expect(entry).toMatchObject({
      seq: 41,
      key: 'main:7',
      fromRevision: 0,
      revision: 1,
      at: 1_000,
      cause: 'QUERY',
      kinds: ['FOLLOWED'],
      transitions: [{ from: null, to: 'SENDING', providerStatus: 'sending', at: 1_000 }],
      before: null,
      after: {
        channel: 'SMS',
        name: 'Autumn',
        status: 'SENDING',
        tags: ['a', 'b'],
        createdAt: 100,
        deletedAt: null,
      },
    });
    expect(entry.fields).toEqual(expect.arrayContaining(['status', 'name', 'active', 'cost', 'stats.sent']));
    expect(entry.fields).not.toContain('finishedAt');
  });

  test('that tells little leaves the rest empty, and takes the channel of the account', () => {
    const { campaign } = step(null, observation(reading()));
    expect(campaign).toMatchObject({ channel: 'EMAIL', name: null, stats: null, cost: null, tags: [] });
  });

  test('of what is not there makes nothing', () => {
    expect(nextStep(null, observation(null), 1)).toBeNull();
  });
});

describe('an equal reading makes no step', () => {
  test.each<[string, Partial<CampaignReading>, Partial<CampaignReading>]>([
    ['with all that was told', whole, whole],
    ['with less than was told', whole, {}],
    ['with the same counters in another object', whole, counted({ sent: 4, recipients: 10 })],
    ['with another raw answer and a warning', {}, { raw: { other: true }, warnings: ['odd'] }],
    ['with null where nothing was known', {}, { name: null, stats: null, cost: null, tags: [] }],
  ])('%s', (_what, first, second) => {
    const known = stored(first);
    expect(nextStep(known, observation(reading(second), { previousAt: 1_000 }), 2)).toBeNull();
  });

  test('of a campaign that is gone, and is still gone', () => {
    const gone = step(stored(), observation(null)).campaign;
    expect(nextStep(gone, observation(null, { at: 3_000 }), 3)).toBeNull();
  });
});

describe('what a reading does not tell stays as it was', () => {
  test('and what it says is none, goes', () => {
    const known = stored(whole);
    const { campaign } = step(known, observation(reading({ sender: 'Other', cost: null, createdAt: null })));
    expect(campaign).toMatchObject({
      channel: 'SMS',
      name: 'Autumn',
      sender: 'Other',
      createdAt: null,
      scheduledAt: 200,
      cost: null,
      tags: ['a', 'b'],
      stats: known.stats,
    });
  });

  test('a reading without counters keeps them, and when they were read', () => {
    const { campaign, entry } = step(stored(whole), observation(reading({ name: 'Winter' })));
    expect(campaign.stats).toMatchObject({ sent: 4, asOf: 1_000 });
    expect(entry.stats).toEqual(campaign.stats);
    expect(entry.kinds).toEqual(['DETAILS']);
  });

  test('counters that the provider no longer tells are gone', () => {
    const { campaign, entry } = step(stored(whole), observation(reading({ stats: null })));
    expect(campaign.stats).toBeNull();
    expect(entry.fields).toEqual([
      'progress',
      'stats.recipients',
      'stats.sent',
      'stats.final',
      'stats.source',
    ]);
  });

  test('an unfollowed campaign stays unfollowed', () => {
    const known = { ...stored(), followed: false };
    expect(step(known, observation(reading({ name: 'New' }))).campaign.followed).toBe(false);
  });
});

describe('kinds and changed fields', () => {
  test.each<[string, Partial<CampaignReading>, readonly string[], readonly string[]]>([
    ['another name', { name: 'Winter' }, ['DETAILS'], ['name']],
    ['another sender', { sender: 'Other' }, ['DETAILS'], ['sender']],
    ['another channel', { channel: 'EMAIL' }, ['DETAILS'], ['channel']],
    ['another plan', { scheduledAt: 250 }, ['DETAILS'], ['scheduledAt']],
    ['another currency', { cost: { amount: '1.50', currency: 'USD' } }, ['DETAILS'], ['cost']],
    ['tags in another order', { tags: ['b', 'a'] }, ['DETAILS'], ['tags']],
    ['one tag more', { tags: ['a', 'b', 'c'] }, ['DETAILS'], ['tags']],
    ['another reason', { statusReason: 'slowly' }, ['DETAILS'], ['statusReason']],
    ['another word for the status', { providerStatus: 'running' }, ['DETAILS'], ['providerStatus']],
    ['a counter', counted({ recipients: 10, sent: 4, opened: 0 }), ['STATS'], ['stats.opened']],
    ['final counters', counted({ recipients: 10, sent: 4 }, true), ['STATS'], ['stats.final']],
    ['a speed', { throughputPerSecond: 12 }, ['STATS'], ['throughput']],
    [
      'a pause',
      { status: 'PAUSED', providerStatus: 'paused', statusReason: 'resumed' },
      ['STATUS'],
      ['status', 'providerStatus', 'active'],
    ],
    [
      'the end, with new counters and a time',
      {
        status: 'COMPLETED',
        providerStatus: 'sent',
        finishedAt: 1_900,
        ...counted({ recipients: 10, sent: 10 }),
      },
      ['STATUS', 'STATS', 'DETAILS'],
      ['status', 'providerStatus', 'statusReason', 'finishedAt', 'active', 'progress', 'stats.sent'],
    ],
  ])('of %s', (_what, change, kinds, fields) => {
    const { entry } = step(stored(whole), observation(reading({ ...change })));
    expect(entry.kinds).toEqual(kinds);
    expect([...entry.fields].sort()).toEqual([...fields].sort());
  });

  test('every changed field can be asked for by its name', () => {
    const ended = { status: 'FAILED', providerStatus: 'failed', finishedAt: 1 } as const;
    const all = [
      step(null, observation(reading(whole))),
      step(stored(), observation(reading({ ...whole, ...ended, throughputPerSecond: 1 }))),
      step(stored(), observation(null)),
    ].flatMap(({ entry }) => entry.fields);
    for (const field of all) expect(fieldNames).toContain(field);
  });

  test('the steps of a campaign follow on one another', () => {
    const first = stored(whole);
    const { campaign, entry } = step(first, observation(reading({ name: 'Winter', tags: [] })), 9);
    expect(campaign).toMatchObject({ revision: 2, seq: 9, changedAt: 2_000, observedAt: 2_000 });
    expect(entry).toMatchObject({ fromRevision: 1, revision: 2, seq: 9 });
    expect(entry.before).toMatchObject({ name: 'Autumn', tags: ['a', 'b'] });
    expect(entry.after).toMatchObject({ name: 'Winter', tags: [] });
  });
});

describe('transitions', () => {
  test.each<[CampaignStatus, CampaignStatus]>([
    ['SCHEDULED', 'SENDING'],
    ['COMPLETED', 'SENDING'],
    ['SENDING', 'UNKNOWN'],
    ['CANCELED', 'DRAFT'],
  ])('%s to %s is told, forward or back', (from, to) => {
    const { entry } = step(
      stored({ status: from }),
      observation(reading({ status: to, providerStatus: 'word' })),
    );
    expect(entry.transitions).toEqual([{ from, to, providerStatus: 'word', at: 2_000 }]);
    expect(entry.kinds).toContain('STATUS');
  });

  test('there is none where only the word for the status is another', () => {
    const { entry } = step(stored(), observation(reading({ providerStatus: 'active' })));
    expect(entry.transitions).toEqual([]);
  });

  test.each<[string, Partial<CampaignReading>, string | null]>([
    ['goes with the status that it explains', { status: 'PAUSED' }, null],
    ['stays while that status lasts', { name: 'Winter' }, 'resumed'],
    ['is taken from the reading', { status: 'PAUSED', statusReason: 'no credit' }, 'no credit'],
    ['goes when the provider says that there is none', { statusReason: null }, null],
  ])('the reason of a status %s', (_what, change, reason) => {
    expect(step(stored(whole), observation(reading(change))).campaign.statusReason).toBe(reason);
  });
});

describe('a campaign that the provider no longer knows', () => {
  test('is marked as deleted and keeps its last state', () => {
    const { campaign, entry } = step(stored(whole), observation(null));
    expect(campaign).toMatchObject({ deletedAt: 2_000, status: 'SENDING', name: 'Autumn', revision: 2 });
    expect(entry).toMatchObject({ kinds: ['DELETED'], fields: ['deletedAt', 'active'], transitions: [] });
    expect(entry.before?.deletedAt).toBeNull();
    expect(entry.after.deletedAt).toBe(2_000);
  });

  test('comes back with what has become of it', () => {
    const gone = step(stored(whole), observation(null)).campaign;
    const back = reading({ status: 'COMPLETED', providerStatus: 'sent' });
    const { campaign, entry } = step(gone, observation(back, { at: 3_000 }), 3);
    expect(campaign).toMatchObject({ deletedAt: null, status: 'COMPLETED', revision: 3 });
    expect(entry.kinds).toEqual(['RESTORED', 'STATUS', 'DETAILS']);
    expect(entry.transitions).toMatchObject([{ from: 'SENDING', to: 'COMPLETED' }]);
  });

  test('comes back just as it was', () => {
    const gone = step(stored(), observation(null)).campaign;
    const { entry } = step(gone, observation(reading(), { at: 3_000 }), 3);
    expect(entry).toMatchObject({ kinds: ['RESTORED'], fields: ['deletedAt', 'active'], transitions: [] });
  });

  test('no longer has a speed', () => {
    const gone = step(stored({ throughputPerSecond: 5 }), observation(null));
    expect(gone.campaign.throughput).toBeNull();
    expect(gone.entry.fields).toContain('throughput');
  });
});
