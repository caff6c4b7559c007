import { expect, test } from 'vitest';
import { readCampaign } from './campaign.ts';

const reading = { timeZone: 'UTC', now: Date.UTC(2025, 5, 1), clean: (value: unknown) => value };

function read(campaign: object, rest: object = {}, settings: object = {}) {
  const body = { Success: true, ErrorCode: 0, Campaign: { CampaignID: 1, ...campaign }, ...rest };
  return readCampaign(body, '1', { ...reading, ...settings });
}

test.each([
  ['Draft', null, 'DRAFT'],
  ['Draft', 'Future', 'DRAFT'],
  ['Ready', 'Not Scheduled', 'DRAFT'],
  ['Ready', 'Immediate', 'QUEUED'],
  ['Ready', 'Future', 'SCHEDULED'],
  ['Ready', 'Recursive', 'SCHEDULED'],
  ['Pending Approval', null, 'PENDING_APPROVAL'],
  ['PendingApproval', null, 'PENDING_APPROVAL'],
  ['Pending', null, 'PENDING_APPROVAL'],
  ['Scheduled', null, 'SCHEDULED'],
  ['Sending', null, 'SENDING'],
  ['Paused', null, 'PAUSED'],
  ['Sent', null, 'COMPLETED'],
  ['Completed', null, 'COMPLETED'],
  ['Failed', null, 'FAILED'],
])('status %s with ScheduleType %s is %s', (word, scheduleType, status) => {
  const campaign = read({ CampaignStatus: word, ScheduleType: scheduleType });
  expect(campaign).toMatchObject({ status, providerStatus: word, warnings: [] });
});

test('Ready without ScheduleType waits for its time, or for its turn', () => {
  expect(read({ Status: 'Ready', SendDate: '2025-06-01', SendTime: '00:00:01' })?.status).toBe('SCHEDULED');
  expect(read({ Status: 'Ready', SendDate: '2025-05-31', SendTime: '23:59:59' })?.status).toBe('QUEUED');
  expect(read({ Status: 'Ready' })?.status).toBe('QUEUED');
  expect(read({ Status: 'Ready', ScheduleType: 'Lunar' })).toMatchObject({
    status: 'QUEUED',
    warnings: ['The ScheduleType "Lunar" is in no document.'],
  });
});

test('an unknown status, and none at all, are UNKNOWN and told as warnings', () => {
  expect(read({ CampaignStatus: 'On Fire' })).toMatchObject({
    status: 'UNKNOWN',
    providerStatus: 'On Fire',
    warnings: [`UNDOCUMENTED_STATUS: "On Fire" is in no list of Octeth's statuses.`],
  });
  expect(read({})).toMatchObject({ status: 'UNKNOWN', warnings: ['The answer tells no status.'] });
});

test('times are local to the account; the schedule has its own zone; the zero date is none', () => {
  const settings = { timeZone: 'Europe/Berlin' };
  const campaign = {
    Status: 'Sending',
    CreateDateTime: '2025-01-10 09:00:00',
    SendDate: '2025-06-15',
    SendTime: '08:30:00',
    SendTimeZone: 'America/New_York',
    SendProcessStartedOn: '2025-06-15 14:30:05',
    SendProcessFinishedOn: '0000-00-00 00:00:00',
    CampaignStatusReason: '',
  };
  expect(read(campaign, {}, settings)).toMatchObject({
    createdAt: Date.UTC(2025, 0, 10, 8),
    scheduledAt: Date.UTC(2025, 5, 15, 12, 30),
    startedAt: Date.UTC(2025, 5, 15, 12, 30, 5),
    finishedAt: null,
    statusReason: null,
    warnings: [],
  });
  expect(read({ ...campaign, SendTimeZone: '(GMT+02:00) Athens' }, {}, settings)).toMatchObject({
    scheduledAt: Date.UTC(2025, 5, 15, 6, 30),
    warnings: [`The SendTimeZone "(GMT+02:00) Athens" is not known here; the account's zone is used.`],
  });
  expect(read({ Status: 'Draft', SendDate: '0000-00-00', SendTime: '00:00:00' })?.scheduledAt).toBeNull();
});

test('an unreadable time is null and told as a warning', () => {
  expect(read({ Status: 'Draft', CreateDateTime: 'yesterday', SendDate: 'soon' })).toMatchObject({
    createdAt: null,
    scheduledAt: null,
    warnings: ["CreateDateTime can't be read as a time.", "SendDate can't be read as a time."],
  });
});

test('keys are read in any case, numbers also as strings, and a pause has its reason', () => {
  const body = {
    success: true,
    campaign: [
      {
        campaignid: '1',
        CAMPAIGNNAME: 'X',
        campaignStatus: 'Paused',
        campaignstatusreason: 'Credits',
        totalSent: '1 000',
      },
    ],
    campaignthroughput: { emailspersecond: '12.5' },
  };
  expect(readCampaign(body, '1', reading)).toMatchObject({
    name: 'X',
    status: 'PAUSED',
    statusReason: 'Credits',
    throughputPerSecond: 12.5,
    stats: { counters: { sent: 1_000 } },
  });
});

test.each([
  [
    ['a', ' b ', 3, ''],
    ['a', 'b', '3'],
  ],
  [
    [{ TagID: 1, Tag: 'a' }, { TagName: 'b' }, { Name: 'c' }, {}],
    ['a', 'b', 'c'],
  ],
  [{ '1': 'a', '2': { Tag: 'b' } }, ['a', 'b']],
  [{ TagID: 1, Tag: 'a' }, ['a']],
  ['a, b', ['a', 'b']],
  ['', []],
  [null, []],
])('tags %j are %j', (tags, names) => {
  expect(read({ Status: 'Draft', Tags: tags })?.tags).toEqual(names);
});

test('an empty name is none, and one that is not told stays as it was', () => {
  expect(read({ Status: 'Draft', CampaignName: null })?.name).toBeNull();
  expect(read({ Status: 'Draft', CampaignName: '', Name: 'Summer Sale' })?.name).toBe('Summer Sale');
  expect(read({ Status: 'Draft' })).not.toHaveProperty('name');
});

test('an id that differs from the one asked for is told as a warning', () => {
  expect(read({ CampaignID: 9, Status: 'Draft' })).toMatchObject({
    externalId: '1',
    warnings: ['The answer is headed with the id 9.'],
  });
});
