import { expect, test } from 'vitest';
import { openConnection, readSample, startSampleServer } from '../../../test/support/sample-server.ts';
import type { CampaignUpdate, ListRules, Recurrence } from '../../model/action.ts';
import { octeth } from './index.ts';

const call = { priority: 'person' } as const;

/** The parameters that an update of campaign 123 sends, without what every command has. */
async function sentBy(update: CampaignUpdate) {
  const sample = await readSample('octeth', 'update');
  await using server = await startSampleServer(() => sample);
  const { changes } = octeth.open({ baseUrl: server.url, apiKey: 'key-1' }, openConnection());
  await changes?.update?.('123', update, call);
  const [received] = server.received;
  const form = Object.fromEntries(new URLSearchParams(received?.body));
  const { APIKey, ResponseFormat, Command, CampaignID, ...parameters } = form;
  expect({ Command, CampaignID }).toEqual({ Command: 'Campaign.Update', CampaignID: '123' });
  return parameters;
}

const recurrence = {
  daysOfWeek: [1, 5],
  daysOfMonth: [1, 15, 31],
  months: [1, 12],
  hours: [8, 20],
  minutes: [0, 30],
  maxInstances: 10,
  timeZone: 'America/New_York',
} satisfies Recurrence;

const recurrenceSent = {
  ScheduleType: 'Recursive',
  SendTimeZone: 'America/New_York',
  ScheduleRecDaysOfWeek: '1,5',
  ScheduleRecDaysOfMonth: '1,15,31',
  ScheduleRecMonths: '1,12',
  ScheduleRecHours: '8,20',
  ScheduleRecMinutes: '0,30',
  ScheduleRecSendMaxInstance: '10',
};

function rule(value: string) {
  return { type: 'fields', fieldId: 'EmailAddress', operator: 'contains', value };
}

const listRules: readonly ListRules[] = [
  { listId: 1, operator: 'AND', rules: [rule('user1'), rule('.net')] },
  { listId: 2, operator: 'OR', rules: [rule('@test'), rule('@gmail')] },
];

/** The document's own example, "RulesJsonBundle Instructions". */
const bundle =
  '{"operator":"or","criteria":[' +
  '{"list_id":1,"operator":"and","rules":[' +
  '{"type":"fields","field_id":"EmailAddress","operator":"contains","value":"user1"},' +
  '{"type":"fields","field_id":"EmailAddress","operator":"contains","value":".net"}]},' +
  '{"list_id":2,"operator":"or","rules":[' +
  '{"type":"fields","field_id":"EmailAddress","operator":"contains","value":"@test"},' +
  '{"type":"fields","field_id":"EmailAddress","operator":"contains","value":"@gmail"}]}]}';

test.each<[CampaignUpdate, object]>([
  [{}, {}],
  [{ settings: {} }, {}],
  [{ name: 'Söhne & Co' }, { CampaignName: 'Söhne & Co' }],
  [{ name: '' }, { CampaignName: '' }],
  [{ status: 'DRAFT' }, { CampaignStatus: 'Draft' }],
  [{ status: 'READY' }, { CampaignStatus: 'Ready' }],
  [{ status: 'SENDING' }, { CampaignStatus: 'Sending' }],
])('the update %j sends %j', async (update, parameters) => {
  expect(await sentBy(update)).toEqual(parameters);
});

test.each<[CampaignUpdate['settings'], object]>([
  [{ emailId: '42' }, { RelEmailID: '42' }],
  [{ approvalExplanation: 'They asked for it' }, { ApprovalUserExplanation: 'They asked for it' }],
  [{ approvalExplanation: '' }, { ApprovalUserExplanation: '' }],
  [{ googleAnalyticsDomains: ['a.example', 'b.example'] }, { GoogleAnalyticsDomains: 'a.example,b.example' }],
  [{ googleAnalyticsDomains: [] }, { GoogleAnalyticsDomains: '' }],
  [{ publishOnRss: true }, { PublishOnRSS: 'Enabled' }],
  [{ publishOnRss: false }, { PublishOnRSS: 'Disabled' }],
  [{ sendToSend: true }, { S2SEnabled: 'true' }],
  [{ sendToSend: false }, { S2SEnabled: 'false' }],
  [{ audience: { lists: { include: ['1', '2:3'] } } }, { RecipientListsAndSegments: '1,2:3' }],
  [
    { audience: { lists: { include: ['1'], exclude: ['4', '5'] } } },
    { RecipientListsAndSegments: '1', Exclude_RecipientListsAndSegments: '4,5' },
  ],
  [
    { audience: { lists: { include: ['1'], exclude: [] } } },
    { RecipientListsAndSegments: '1', Exclude_RecipientListsAndSegments: '' },
  ],
  [{ audience: { rules: { lists: listRules } } }, { RulesJsonBundle: bundle }],
])('the settings %j send %j', async (settings, parameters) => {
  expect(await sentBy({ ...(settings && { settings }) })).toEqual(parameters);
});

const { daysOfWeek, daysOfMonth, ...always } = recurrence;
const { ScheduleRecDaysOfWeek, ScheduleRecDaysOfMonth, ...alwaysSent } = recurrenceSent;

test.each([
  [{ notScheduled: true }, { ScheduleType: 'Not Scheduled' }],
  [{ immediate: true }, { ScheduleType: 'Immediate' }],
  [{ immediate: false }, {}],
  [
    { at: { date: '2026-12-24', time: '08:30', timeZone: 'Europe/Berlin' } },
    {
      ScheduleType: 'Future',
      SendDate: '2026-12-24',
      SendTime: '08:30:00',
      SendTimeZone: 'Europe/Berlin',
    },
  ],
  [
    { at: { date: '2026-12-24', time: '08:30:15', timeZone: 'UTC' } },
    { ScheduleType: 'Future', SendDate: '2026-12-24', SendTime: '08:30:15', SendTimeZone: 'UTC' },
  ],
  [
    { at: { date: '', time: '', timeZone: '' } },
    { ScheduleType: 'Future', SendDate: '', SendTime: '', SendTimeZone: '' },
  ],
  [{ recurring: recurrence }, recurrenceSent],
  [{ recurring: { ...always, daysOfWeek } }, { ...alwaysSent, ScheduleRecDaysOfWeek }],
  [{ recurring: { ...always, daysOfMonth } }, { ...alwaysSent, ScheduleRecDaysOfMonth }],
  [
    { recurring: { ...recurrence, daysOfWeek: [], minutes: [] } },
    { ...recurrenceSent, ScheduleRecDaysOfWeek: '', ScheduleRecMinutes: '' },
  ],
])('the schedule %j sends %j', async (schedule, parameters) => {
  expect(await sentBy({ settings: { schedule } })).toEqual(parameters);
});

test('everything at once is sent at once', async () => {
  const update: CampaignUpdate = {
    name: 'Autumn',
    status: 'READY',
    settings: {
      emailId: '42',
      schedule: { recurring: recurrence },
      approvalExplanation: 'They asked for it',
      googleAnalyticsDomains: ['a.example'],
      publishOnRss: true,
      audience: { lists: { include: ['1', '2'], exclude: ['3'] } },
      sendToSend: true,
    },
  };
  const settings = { ...update.settings, audience: { rules: { lists: listRules } } };
  const sent = {
    CampaignStatus: 'Ready',
    CampaignName: 'Autumn',
    RelEmailID: '42',
    ...recurrenceSent,
    ApprovalUserExplanation: 'They asked for it',
    GoogleAnalyticsDomains: 'a.example',
    PublishOnRSS: 'Enabled',
    S2SEnabled: 'true',
  };
  expect(await sentBy(update)).toEqual({
    ...sent,
    RecipientListsAndSegments: '1,2',
    Exclude_RecipientListsAndSegments: '3',
  });
  expect(await sentBy({ ...update, settings })).toEqual({ ...sent, RulesJsonBundle: bundle });
});
