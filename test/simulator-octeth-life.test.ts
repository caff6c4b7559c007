import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type CampaignState,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../src/simulator/simulator.ts';
import { until } from './support/wait.ts';

const body = z.record(z.string(), z.unknown());
const id = z.union([z.string(), z.number()]).transform(String);

type Fields = Record<string, string>;

async function send({ providers }: Simulator, Command: string, fields: Fields) {
  const { baseUrl, apiKey } = providers.octeth;
  const response = await fetch(`${baseUrl}/api.php`, {
    method: 'POST',
    body: new URLSearchParams({ Command, APIKey: apiKey, ResponseFormat: 'JSON', ...fields }),
  });
  return body.parse(await response.json());
}

const start = Date.parse('2026-03-01T10:00:00Z');
const minute = 60_000;

/** A simulator whose time stands until it is moved on. Only what is created or added lives there. */
async function openScene(options: SimulatorOptions = {}) {
  let now = start;
  const simulator = await startSimulator({ campaigns: 0, now: () => now, ...options });
  const { octeth } = simulator.providers;
  const done = async (command: string, fields: Fields = {}) => {
    const answer = await send(simulator, command, fields);
    expect([command, answer]).toEqual([command, expect.objectContaining({ Success: true, ErrorCode: 0 })]);
    return answer;
  };
  return {
    simulator,
    octeth,
    later(ms: number) {
      now += ms;
    },
    now: () => now,
    done,
    async refused(command: string, fields: Fields) {
      const { Success, ErrorCode } = await send(simulator, command, fields);
      expect(Success).toBe(false);
      return ErrorCode;
    },
    create: async () => id.parse((await done('Campaign.Create', { CampaignName: 'Spring' })).CampaignID),
    update: (CampaignID: string, fields: Fields) => done('Campaign.Update', { CampaignID, ...fields }),
    state: (externalId: string): CampaignState => octeth.campaigns.get(externalId) ?? missing(externalId),
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

function missing(externalId: string): never {
  throw new Error(`There is no campaign ${externalId}.`);
}

function at(date: string, time: string, timeZone = 'UTC'): Fields {
  return { ScheduleType: 'Future', SendDate: date, SendTime: time, SendTimeZone: timeZone };
}

const ready = { CampaignStatus: 'Ready' };
const immediately = { ...ready, ScheduleType: 'Immediate' };
const inTenMinutes = at('2026-03-01', '10:10:00');

describe('a campaign that the API created', () => {
  test('lives from draft to deletion by commands alone', async () => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    const state = () => scene.state(CampaignID);
    expect(state()).toMatchObject({ name: 'Spring', status: 'Draft', scheduleType: 'Not Scheduled' });
    await scene.update(CampaignID, { ...ready, ...inTenMinutes });

    scene.later(10 * minute - 1);
    expect(state()).toMatchObject({ status: 'Ready', scheduleType: 'Future', startedAt: null });
    scene.later(1);
    const begun = { startedAt: start + 10 * minute, scheduledAt: start + 10 * minute };
    expect(state()).toMatchObject({ status: 'Sending', scheduleType: 'Future', ...begun });
    scene.later(20_000);
    const paused = state().counters;
    expect(paused.sent).toBeGreaterThan(paused.recipients / 4);
    expect(paused.sent).toBeLessThan(paused.recipients / 2);

    await scene.done('Campaign.Pause', { CampaignID });
    scene.later(60 * minute);
    expect(state()).toMatchObject({ status: 'Paused', statusReason: 'Paused by the user', counters: paused });
    await scene.done('Campaign.Resume', { CampaignID });
    scene.later(4_999);
    expect(state()).toMatchObject({ status: 'Ready', scheduleType: 'Immediate', counters: paused });
    scene.later(1);
    expect(state()).toMatchObject({ status: 'Sending', statusReason: null, counters: paused, ...begun });
    scene.later(10_000);
    expect(state().counters.sent).toBeGreaterThan(paused.sent);
    expect(state().counters.sent).toBeLessThan(paused.recipients);

    scene.later(45_000);
    const sent = state();
    expect(sent).toMatchObject({ status: 'Sent', finishedAt: expect.any(Number), ...begun });
    expect(sent.counters.sent + sent.counters.failed).toBe(sent.counters.recipients);
    scene.later(5 * minute);
    const final = state();
    expect(final.counters.opened).toBeGreaterThan(sent.counters.opened);
    expect(final.counters.clicked).toBeGreaterThan(sent.counters.clicked);
    const { delivered, hardBounced, softBounced } = final.counters;
    expect(delivered + hardBounced + softBounced).toBe(final.counters.sent);
    scene.later(60 * minute);
    expect(state()).toEqual(final);

    const copied = id.parse((await scene.done('Campaign.Copy', { CampaignID })).NewCampaignID);
    const { recipients } = final.counters;
    const unsent = { status: 'Draft', scheduleType: 'Not Scheduled', scheduledAt: null, startedAt: null };
    expect(scene.state(copied)).toMatchObject({
      ...unsent,
      name: 'Spring',
      counters: { recipients, sent: 0 },
    });
    await scene.update(copied, immediately);
    await scene.done('Campaign.Cancel', { CampaignID: copied });
    expect(scene.state(copied)).toMatchObject(unsent);
    await scene.done('Campaigns.Delete', { Campaigns: `${CampaignID},${copied}` });
    expect((await scene.done('Campaign.Get', { campaignid: copied })).Campaign).toEqual([]);
    expect(scene.octeth.campaigns.size).toBe(0);
  });

  test('that has a date waits for its approval', async () => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, inTenMinutes);
    scene.later(60 * minute);
    expect(scene.state(CampaignID)).toMatchObject({ status: 'Draft', scheduleType: 'Future' });
    await scene.update(CampaignID, at('2026-03-01', '12:00'));
    await scene.done('Campaign.Approve', { CampaignID });
    expect(scene.state(CampaignID).status).toBe('Ready');
    scene.later(60 * minute);
    expect(scene.state(CampaignID)).toMatchObject({ status: 'Sending', startedAt: start + 120 * minute });
  });

  test('of an account that is not trusted waits for it, too', async () => {
    await using scene = await openScene({ octethQuirks: { approvalNeeded: true } });
    const CampaignID = await scene.create();
    await scene.update(CampaignID, immediately);
    scene.later(60 * minute);
    expect(scene.state(CampaignID).status).toBe('Pending Approval');
    await scene.done('Campaign.Approve', { CampaignID });
    scene.later(5_000);
    expect(scene.state(CampaignID).status).toBe('Sending');
  });

  test.each([1, 10, 50])(
    'begins a moment after "Immediate", and speed %d makes all of it faster',
    async (speed) => {
      await using scene = await openScene({ speed });
      const CampaignID = await scene.create();
      await scene.update(CampaignID, immediately);
      scene.later(5_000 / speed - 1);
      expect(scene.state(CampaignID).status).toBe('Ready');
      scene.later(1);
      expect(scene.state(CampaignID).status).toBe('Sending');
      scene.later(58_000 / speed);
      expect(scene.state(CampaignID)).toMatchObject({ status: 'Sending', finishedAt: null });
      scene.later(4_000 / speed);
      expect(scene.state(CampaignID)).toMatchObject({ status: 'Sent', finishedAt: expect.any(Number) });
    },
  );

  test('begins at once with the status Sending, and goes on at once where Resume leads there', async () => {
    await using scene = await openScene({ octethQuirks: { resumedStatus: 'Sending' } });
    const CampaignID = await scene.create();
    await scene.update(CampaignID, { CampaignStatus: 'Sending' });
    expect(scene.state(CampaignID)).toMatchObject({ status: 'Sending', startedAt: start });
    scene.later(20_000);
    await scene.done('Campaign.Pause', { CampaignID });
    await scene.done('Campaign.Resume', { CampaignID });
    const { sent } = scene.state(CampaignID).counters;
    scene.later(1_000);
    expect(scene.state(CampaignID).status).toBe('Sending');
    expect(scene.state(CampaignID).counters.sent).toBeGreaterThan(sent);
  });

  test('whose date has passed begins a moment later', async () => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, { ...ready, ...at('2026-02-28', '10:00:00') });
    expect(scene.state(CampaignID).status).toBe('Ready');
    scene.later(5_000);
    expect(scene.state(CampaignID)).toMatchObject({ status: 'Sending', startedAt: start + 5_000 });
  });

  test('begins when it was last told to', async () => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, { ...ready, ...inTenMinutes });
    await scene.update(CampaignID, at('2026-03-01', '10:20:00'));
    scene.later(20 * minute - 1);
    expect(scene.state(CampaignID).status).toBe('Ready');
    scene.later(1);
    expect(scene.state(CampaignID).status).toBe('Sending');
  });

  const recursive = {
    ScheduleType: 'Recursive',
    SendTimeZone: 'UTC',
    ScheduleRecDaysOfWeek: '1',
    ScheduleRecMonths: '1',
    ScheduleRecHours: '1',
    ScheduleRecMinutes: '0',
    ScheduleRecSendMaxInstance: '3',
  };
  test.each([
    ['has no schedule', {}],
    ['recurs', recursive],
  ])('that %s stays Ready', async (_, schedule) => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, { ...ready, ...schedule });
    scene.later(24 * 60 * minute);
    expect(scene.state(CampaignID)).toMatchObject({ status: 'Ready', startedAt: null });
  });

  test('that is canceled before its time does not begin', async () => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, { ...ready, ...inTenMinutes });
    await scene.done('Campaign.Cancel', { CampaignID });
    scene.later(60 * minute);
    expect(scene.state(CampaignID)).toMatchObject({ status: 'Draft', scheduledAt: null, startedAt: null });
  });

  test('that is canceled while it is sent keeps its counters, and goes on from there when it is Ready again', async () => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, { CampaignStatus: 'Sending' });
    scene.later(30_000);
    const { counters, startedAt } = scene.state(CampaignID);
    await scene.done('Campaign.Cancel', { CampaignID });
    scene.later(60 * minute);
    expect(scene.state(CampaignID)).toMatchObject({ status: 'Draft', counters, startedAt });
    await scene.update(CampaignID, immediately);
    scene.later(5_000);
    expect(scene.state(CampaignID)).toMatchObject({ status: 'Sending', counters, startedAt });
    scene.later(5 * minute);
    expect(scene.state(CampaignID).status).toBe('Sent');
  });

  test('that was sent to everybody is soon Sent again when it is made Ready', async () => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, { CampaignStatus: 'Sending' });
    scene.later(10 * minute);
    const sent = scene.state(CampaignID);
    await scene.update(CampaignID, immediately);
    expect(scene.state(CampaignID).status).toBe('Ready');
    scene.later(5_000);
    expect(scene.state(CampaignID)).toEqual({ ...sent, scheduleType: 'Immediate' });
  });

  test('that is renamed goes on as it did', async () => {
    await using scene = await openScene();
    const [renamed, other] = [await scene.create(), await scene.create()];
    await scene.update(renamed, immediately);
    scene.later(4_000);
    await scene.update(renamed, { CampaignName: 'Summer' });
    scene.later(1_000);
    expect(scene.state(renamed)).toMatchObject({ name: 'Summer', status: 'Sending' });
    scene.later(20_000);
    const before = scene.state(renamed);
    await scene.update(renamed, { CampaignName: 'Autumn', RelEmailID: '7' });
    expect(scene.state(renamed)).toEqual({ ...before, name: 'Autumn' });
    scene.later(5 * minute);
    expect(scene.state(renamed)).toMatchObject({ name: 'Autumn', status: 'Sent', startedAt: start + 5_000 });
    expect(scene.state(other)).toMatchObject({ name: 'Spring', status: 'Draft' });
  });

  test('never counts backwards, however often it is paused', async () => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, immediately);
    let before = Object.entries(scene.state(CampaignID).counters);
    for (let second = 0; scene.state(CampaignID).status !== 'Sent'; second += 1) {
      scene.later(1_000);
      const { status, counters } = scene.state(CampaignID);
      const falls = before.filter(
        ([name, count]) => count > (new Map(Object.entries(counters)).get(name) ?? 0),
      );
      expect([second, falls]).toEqual([second, []]);
      before = Object.entries(counters);
      if (status === 'Sending' && second % 7 === 0) await scene.done('Campaign.Pause', { CampaignID });
      if (status === 'Paused') await scene.done('Campaign.Resume', { CampaignID });
    }
  });

  test('is the same for the same seed', async () => {
    await using one = await openScene({ seed: 5 });
    await using same = await openScene({ seed: 5 });
    await using other = await openScene({ seed: 6 });
    const states: CampaignState[] = [];
    for (const scene of [one, same, other]) {
      const CampaignID = await scene.create();
      await scene.update(CampaignID, { CampaignStatus: 'Sending' });
      scene.later(2 * minute);
      states.push(scene.state(CampaignID));
    }
    expect(states[1]).toEqual(states[0]);
    expect(states[2]?.counters).not.toEqual(states[0]?.counters);
  });

  test('can be watched in real time', async () => {
    await using simulator = await startSimulator({ campaigns: 0, speed: 40 });
    const created = await send(simulator, 'Campaign.Create', { CampaignName: 'Spring' });
    const CampaignID = id.parse(created.CampaignID);
    const is = (status: string) => simulator.providers.octeth.campaigns.get(CampaignID)?.status === status;
    await send(simulator, 'Campaign.Update', { CampaignID, ...immediately });
    await until(() => is('Sending'));
    await send(simulator, 'Campaign.Pause', { CampaignID });
    expect(is('Paused')).toBe(true);
    await send(simulator, 'Campaign.Resume', { CampaignID });
    await until(() => is('Sent'));
  });
});

describe('SendDate and SendTime', () => {
  test.each([
    ['UTC', '2026-07-01', '12:00:00', '2026-07-01T12:00:00Z'],
    ['Europe/Berlin', '2026-07-01', '12:00:00', '2026-07-01T10:00:00Z'],
    ['Europe/Berlin', '2026-12-01', '12:00:00', '2026-12-01T11:00:00Z'],
    ['America/New_York', '2026-07-01', '22:30:00', '2026-07-02T02:30:00Z'],
    ['Asia/Kolkata', '2026-07-01', '00:15:00', '2026-06-30T18:45:00Z'],
    // Either side of the hour that is missing, and after the one that comes twice.
    ['Europe/Berlin', '2026-03-29', '01:59:00', '2026-03-29T00:59:00Z'],
    ['Europe/Berlin', '2026-03-29', '03:00:00', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '2026-10-25', '03:00:00', '2026-10-25T02:00:00Z'],
  ])('are on the clock of %s: %s %s is %s', async (zone, date, time, moment) => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, { ...ready, ...at(date, time, zone) });
    expect(scene.state(CampaignID).scheduledAt).toBe(Date.parse(moment));
    const { Campaign } = await scene.done('Campaign.Get', { campaignid: CampaignID });
    expect(Campaign).toMatchObject({ SendDate: date, SendTime: time, SendTimeZone: zone });
  });

  test.each([
    [6, at('soon', '12:00:00')],
    [6, at('2026-13-01', '12:00:00')],
    [7, at('2026-07-01', 'noon')],
    [7, at('2026-07-01', '25:00:00')],
    [13, at('2026-07-01', '12:00:00', 'Mars/Phobos')],
    [13, at('2026-07-01', '12:00:00', '')],
  ])('that say nothing are refused with %d: %j', async (code, schedule) => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    expect(await scene.refused('Campaign.Update', { CampaignID, ...ready, ...schedule })).toBe(code);
    expect(scene.state(CampaignID).status).toBe('Draft');
  });
});

describe('the recipients of a campaign', () => {
  test('are some at first', async () => {
    await using scene = await openScene();
    const numbers = new Set<number>();
    for (let index = 0; index < 20; index += 1) {
      const { recipients } = scene.state(await scene.create()).counters;
      expect(recipients).toBeGreaterThanOrEqual(500);
      expect(recipients).toBeLessThanOrEqual(5_000);
      numbers.add(recipients);
    }
    expect(numbers.size).toBeGreaterThan(10);
  });

  const rules = (...lists: unknown[]) =>
    JSON.stringify({ operator: 'or', criteria: lists.map((list_id) => ({ list_id, operator: 'and' })) });
  test.each<[Fields, number]>([
    [{ RecipientListsAndSegments: '7' }, 1_000],
    [{ RecipientListsAndSegments: '7, 8,9', Exclude_RecipientListsAndSegments: '10' }, 3_000],
    [{ RecipientListsAndSegments: '7:1,7:2,8:0' }, 2_000],
    [{ RulesJsonBundle: rules(1, '2') }, 2_000],
    [{ RulesJsonBundle: rules(1, 2, 2, 3), RecipientListsAndSegments: '9' }, 3_000],
  ])('follow from %j: %d', async (audience, recipients) => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, audience);
    expect(scene.state(CampaignID)).toMatchObject({ status: 'Draft', counters: { recipients, sent: 0 } });
    await scene.update(CampaignID, immediately);
    scene.later(5 * minute);
    const { sent, failed } = scene.state(CampaignID).counters;
    expect(sent + failed).toBe(recipients);
    const copied = id.parse((await scene.done('Campaign.Copy', { CampaignID })).NewCampaignID);
    expect(scene.state(copied).counters.recipients).toBe(recipients);
  });

  test.each<Fields>([
    { RulesJsonBundle: '{"criteria"' },
    { RulesJsonBundle: '{"criteria": [{}]}', RecipientListsAndSegments: '9' },
    { RecipientListsAndSegments: '' },
  ])('stay as they are for %j', async (audience) => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    const before = scene.state(CampaignID);
    await scene.update(CampaignID, audience);
    expect(scene.state(CampaignID)).toEqual(before);
  });

  test('can no longer be changed once it has begun', async () => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, { CampaignStatus: 'Sending', RecipientListsAndSegments: '1,2' });
    scene.later(1_000);
    await scene.update(CampaignID, { RecipientListsAndSegments: '7' });
    expect(scene.state(CampaignID).counters.recipients).toBe(2_000);
  });
});

describe('a campaign that is not in the right status', () => {
  const pause = 'Campaign.Pause';
  const resume = 'Campaign.Resume';
  test.each([
    ['Draft', {}, 0, [pause, resume]],
    ['Ready', immediately, 0, [pause, resume]],
    ['Sending', immediately, 10_000, [resume]],
    ['Paused', { CampaignStatus: 'Paused' }, 0, [pause]],
    ['Sent', immediately, 5 * minute, [pause, resume]],
  ])('%s: code 3, and nothing happens', async (status, fields, ms, commands) => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, fields);
    scene.later(ms);
    const before = scene.state(CampaignID);
    expect(before.status).toBe(status);
    for (const command of commands) expect(await scene.refused(command, { CampaignID })).toBe(3);
    expect(scene.state(CampaignID)).toEqual(before);
  });
});

describe('orders from tests', () => {
  test.each<[string, Fields, string]>([
    ['Campaign.Approve', {}, 'Draft'],
    ['Campaign.Resume', {}, 'Paused'],
    ['Campaign.Update', immediately, 'Draft'],
    ['Campaign.Update', { ...ready, ...inTenMinutes }, 'Draft'],
    ['Campaign.Update', { CampaignStatus: 'Sending' }, 'Draft'],
    ['Campaign.Update', { RecipientListsAndSegments: '1,2', CampaignName: 'New' }, 'Sending'],
  ])('an added campaign stays where %s %j puts it', async (command, fields, status) => {
    await using scene = await openScene();
    const counters = { recipients: 100, sent: 40 };
    const CampaignID = scene.octeth.add({ status, scheduleType: 'Immediate', counters });
    await scene.done(command, { CampaignID, ...fields });
    const put = scene.state(CampaignID);
    scene.later(24 * 60 * minute);
    expect(scene.state(CampaignID)).toEqual(put);
    expect(put.counters).toMatchObject(counters);
  });

  test('its copy lives', async () => {
    await using scene = await openScene();
    const source = scene.octeth.add({
      name: 'Old',
      tags: ['sale'],
      counters: { recipients: 300, sent: 300 },
    });
    const copied = id.parse((await scene.done('Campaign.Copy', { CampaignID: source })).NewCampaignID);
    await scene.update(copied, immediately);
    scene.later(15_000);
    expect(scene.state(copied)).toMatchObject({ name: 'Old', tags: ['sale'], status: 'Sending' });
    expect(scene.state(copied).counters).toMatchObject({ recipients: 300 });
    expect(scene.state(copied).counters.sent).toBeGreaterThan(0);
  });

  test('set freezes a created campaign, until a command moves it on', async () => {
    await using scene = await openScene();
    const CampaignID = await scene.create();
    await scene.update(CampaignID, { CampaignStatus: 'Sending' });
    scene.later(20_000);
    scene.octeth.set(CampaignID, { extra: { Novel: true } });
    const frozen = scene.state(CampaignID);
    scene.later(60 * minute);
    expect(scene.state(CampaignID)).toEqual(frozen);
    await scene.done('Campaign.Pause', { CampaignID });
    await scene.done('Campaign.Resume', { CampaignID });
    scene.later(5 * minute);
    expect(scene.state(CampaignID)).toMatchObject({ status: 'Sent', extra: { Novel: true } });
  });

  test('add replaces a campaign that lived, and it stands still', async () => {
    await using scene = await openScene({ campaigns: 3 });
    const created = await scene.create();
    const [scripted = ''] = scene.octeth.campaigns.keys();
    for (const externalId of [created, scripted]) {
      scene.octeth.add({ externalId, status: 'Paused' });
      await scene.done('Campaign.Resume', { CampaignID: externalId });
      scene.later(60 * minute);
      expect(scene.state(externalId)).toMatchObject({ status: 'Ready', counters: { sent: 0 } });
    }
  });
});

describe('a campaign that was there from the beginning', () => {
  async function openDraft() {
    const scene = await openScene({ campaigns: 12 });
    const find = () => [...scene.octeth.campaigns.values()].find(({ status }) => status === 'Draft');
    while (!find()) scene.later(1_000);
    return { ...scene, draft: find()?.externalId ?? '' };
  }

  test('goes on with its life when it is renamed', async () => {
    await using scene = await openDraft();
    const { draft } = scene;
    await scene.update(draft, { CampaignName: 'Renamed' });
    scene.later(20 * minute);
    expect(scene.state(draft)).toMatchObject({ name: 'Renamed', finishedAt: expect.any(Number) });
    expect(scene.state(draft).counters.sent).toBeGreaterThan(0);
  });

  test('begins when it is told to', async () => {
    await using scene = await openDraft();
    const { draft } = scene;
    await scene.done('Campaign.Cancel', { CampaignID: draft });
    scene.later(60 * minute);
    expect(scene.state(draft)).toMatchObject({ status: 'Draft', startedAt: null });
    await scene.update(draft, { ...ready, ...at('2026-03-02', '00:00:00') });
    const moment = Date.parse('2026-03-02T00:00:00Z');
    scene.later(moment - scene.now());
    expect(scene.state(draft)).toMatchObject({ status: 'Sending', startedAt: moment, scheduledAt: moment });
  });
});
