import { expect, test } from 'vitest';
import { openConnection, startSampleServer } from '../../../test/support/sample-server.ts';
import type { CampaignUpdate, Schedule } from '../../model/action.ts';
import { checkUpdate } from './check.ts';
import { octeth } from './index.ts';

const at = { date: '2026-12-24', time: '08:30', timeZone: 'Europe/Berlin' };

const recurring = {
  daysOfWeek: [1],
  months: [12],
  hours: [8],
  minutes: [0],
  maxInstances: 1,
  timeZone: 'Europe/Berlin',
};

const { daysOfWeek: _, ...withoutDays } = recurring;

/** Each fault as "code at field". */
function faultsOf(schedule: Schedule): string[] {
  return checkUpdate({ settings: { schedule } }).map(
    ({ providerCode, argument }) => `${providerCode} at ${argument?.join('.')}`,
  );
}

test.each<[Schedule, string[]]>([
  [{ notScheduled: true }, []],
  [{ immediate: true }, []],
  [{ at }, []],
  [{ at: { ...at, date: '' } }, ['6 at settings.schedule.at.date']],
  [{ at: { ...at, time: ' ' } }, ['7 at settings.schedule.at.time']],
  [{ at: { ...at, timeZone: '\t' } }, ['13 at settings.schedule.at.timeZone']],
  [
    { at: { date: ' ', time: '', timeZone: '' } },
    [
      '6 at settings.schedule.at.date',
      '7 at settings.schedule.at.time',
      '13 at settings.schedule.at.timeZone',
    ],
  ],
  [{ recurring }, []],
  [{ recurring: { ...withoutDays, daysOfMonth: [31] } }, []],
  [{ recurring: { ...recurring, daysOfWeek: [], daysOfMonth: [31] } }, []],
  [{ recurring: withoutDays }, ['8 at settings.schedule.recurring.daysOfWeek']],
  [
    { recurring: { ...recurring, daysOfWeek: [], daysOfMonth: [] } },
    ['8 at settings.schedule.recurring.daysOfWeek'],
  ],
  [{ recurring: { ...recurring, months: [] } }, ['9 at settings.schedule.recurring.months']],
  [{ recurring: { ...recurring, hours: [] } }, ['10 at settings.schedule.recurring.hours']],
  [{ recurring: { ...recurring, minutes: [] } }, ['11 at settings.schedule.recurring.minutes']],
  [{ recurring: { ...recurring, maxInstances: 0 } }, ['12 at settings.schedule.recurring.maxInstances']],
  [{ recurring: { ...recurring, maxInstances: -1 } }, ['12 at settings.schedule.recurring.maxInstances']],
  [{ recurring: { ...recurring, timeZone: '' } }, ['13 at settings.schedule.recurring.timeZone']],
  [
    { recurring: { months: [], hours: [], minutes: [], maxInstances: 0, timeZone: '' } },
    [
      '8 at settings.schedule.recurring.daysOfWeek',
      '9 at settings.schedule.recurring.months',
      '10 at settings.schedule.recurring.hours',
      '11 at settings.schedule.recurring.minutes',
      '12 at settings.schedule.recurring.maxInstances',
      '13 at settings.schedule.recurring.timeZone',
    ],
  ],
])('the schedule %j has the faults %j', (schedule, faults) => {
  expect(faultsOf(schedule)).toEqual(faults);
});

test.each<[CampaignUpdate]>([
  [{}],
  [{ name: 'x', status: 'READY' }],
  [{ settings: {} }],
  [{ settings: { emailId: '1', audience: { lists: { include: [] } } } }],
])('nothing is found in %j', (update) => {
  expect(checkUpdate(update)).toEqual([]);
});

test.each<[Schedule]>([
  [{ at: { date: '', time: '', timeZone: '' } }],
  [{ recurring: { months: [], hours: [], minutes: [], maxInstances: 0, timeZone: '' } }],
])('what is found in %j is what Octeth would have refused, in the same words', async (schedule) => {
  const update = { settings: { schedule } };
  let ErrorCode = '';
  await using server = await startSampleServer(() => ({ body: { Success: false, ErrorCode } }));
  const { changes } = octeth.open({ baseUrl: server.url, apiKey: 'key-1' }, openConnection());
  const found = changes?.check?.(update) ?? [];
  expect(server.received).toEqual([]);
  expect(found.length).toBeGreaterThan(0);
  for (const { code, message, argument, providerCode } of found) {
    ErrorCode = providerCode ?? '';
    const refused = changes?.update?.('1', update, { priority: 'person' });
    await expect(refused).rejects.toMatchObject({ code, message, argument, providerCode });
  }
});
