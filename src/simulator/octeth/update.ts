import type { CampaignChange, CampaignState } from '../campaign.ts';
import { parseWireTime } from '../wire-time.ts';
import type { Parameters } from './parameters.ts';
import type { OctethQuirks } from './quirks.ts';
import { isTimeZone, parseTimeIn } from './time-zone.ts';

const statuses = ['Draft', 'Ready', 'Sending', 'Paused', 'Pending Approval', 'Sent', 'Failed'];
const scheduleTypes = ['Not Scheduled', 'Immediate', 'Future', 'Recursive'];

/** The team's emails have the ids 1 to 500. */
function isOwnEmail(id: string): boolean {
  return /^\d+$/.test(id) && Number(id) >= 1 && Number(id) <= 500;
}

/** What can't be read counts as missing; there are no codes of its own for it. */
function futureProblem(parameters: Parameters): number | null {
  const [date, time] = [parameters.text('SendDate'), parameters.text('SendTime')];
  if (parseWireTime(`${date} 00:00:00`) === null) return 6;
  if (parseWireTime(`2000-01-01 ${time}`) === null) return 7;
  return isTimeZone(parameters.text('SendTimeZone')) ? null : 13;
}

function recursiveProblem(parameters: Parameters): number | null {
  if (!parameters.has('ScheduleRecDaysOfWeek') && !parameters.has('ScheduleRecDaysOfMonth')) return 8;
  if (!parameters.has('ScheduleRecMonths')) return 9;
  if (!parameters.has('ScheduleRecHours')) return 10;
  if (!parameters.has('ScheduleRecMinutes')) return 11;
  if (!parameters.has('ScheduleRecSendMaxInstance')) return 12;
  return isTimeZone(parameters.text('SendTimeZone')) ? null : 13;
}

/** The error code (3 to 13) of an update that is not acceptable, "Update Campaign Details"; null for one that is. */
export function updateProblem(parameters: Parameters): number | null {
  const status = parameters.text('CampaignStatus');
  const scheduleType = parameters.text('ScheduleType');
  if (status !== '' && !statuses.includes(status)) return 3;
  if (parameters.has('RelEmailID') && !isOwnEmail(parameters.text('RelEmailID'))) return 4;
  if (scheduleType !== '' && !scheduleTypes.includes(scheduleType)) return 5;
  if (scheduleType === 'Future') return futureProblem(parameters);
  if (scheduleType === 'Recursive') return recursiveProblem(parameters);
  return null;
}

/** What an acceptable update changes, besides the recipients. */
export function updateOf(state: CampaignState, parameters: Parameters, quirks: OctethQuirks): CampaignChange {
  const change: CampaignChange = {};
  const status = parameters.text('CampaignStatus');
  if (status !== '') change.status = status;
  if (status === 'Ready' && state.status === 'Draft' && quirks.approvalNeeded) {
    change.status = 'Pending Approval';
  }
  if (parameters.has('CampaignName')) change.name = parameters.text('CampaignName');
  return { ...change, ...scheduleOf(state, parameters) };
}

function scheduleOf(state: CampaignState, parameters: Parameters): CampaignChange {
  const change: CampaignChange = {};
  const [scheduleType, timeZone] = [parameters.text('ScheduleType'), parameters.text('SendTimeZone')];
  if (isTimeZone(timeZone)) change.sendTimeZone = timeZone;
  if (scheduleType !== '') change.scheduleType = scheduleType;
  // Only "Future" has a date; that of an earlier schedule says nothing any more.
  if (scheduleType !== '' && scheduleType !== 'Future') change.scheduledAt = null;
  const sendTime = `${parameters.text('SendDate')} ${parameters.text('SendTime')}`.trim();
  const sendAt = parseTimeIn(change.sendTimeZone ?? state.sendTimeZone ?? 'UTC', sendTime);
  if (sendAt !== null) change.scheduledAt = sendAt;
  return change;
}
