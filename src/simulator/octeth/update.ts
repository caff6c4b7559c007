import type { CampaignChange, CampaignState } from '../campaign.ts';
import { parseWireTime } from '../wire-time.ts';
import type { Parameters } from './parameters.ts';
import type { OctethQuirks } from './quirks.ts';

const statuses = ['Draft', 'Ready', 'Sending', 'Paused', 'Pending Approval', 'Sent', 'Failed'];
const scheduleTypes = ['Not Scheduled', 'Immediate', 'Future', 'Recursive'];

/** The team's emails have the ids 1 to 500. */
function isOwnEmail(id: string): boolean {
  return /^\d+$/.test(id) && Number(id) >= 1 && Number(id) <= 500;
}

function futureProblem(parameters: Parameters): number | null {
  if (!parameters.has('SendDate')) return 6;
  if (!parameters.has('SendTime')) return 7;
  return parameters.has('SendTimeZone') ? null : 13;
}

function recursiveProblem(parameters: Parameters): number | null {
  if (!parameters.has('ScheduleRecDaysOfWeek') && !parameters.has('ScheduleRecDaysOfMonth')) return 8;
  if (!parameters.has('ScheduleRecMonths')) return 9;
  if (!parameters.has('ScheduleRecHours')) return 10;
  if (!parameters.has('ScheduleRecMinutes')) return 11;
  if (!parameters.has('ScheduleRecSendMaxInstance')) return 12;
  return parameters.has('SendTimeZone') ? null : 13;
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

/** What an acceptable update changes. Times are read as UTC, whatever zone was named. */
export function updateOf(state: CampaignState, parameters: Parameters, quirks: OctethQuirks): CampaignChange {
  const change: CampaignChange = {};
  const status = parameters.text('CampaignStatus');
  if (status !== '') change.status = status;
  if (status === 'Ready' && state.status === 'Draft' && quirks.approvalNeeded) {
    change.status = 'Pending Approval';
  }
  if (parameters.has('CampaignName')) change.name = parameters.text('CampaignName');
  if (parameters.has('ScheduleType')) change.scheduleType = parameters.text('ScheduleType');
  const sendAt = parseWireTime(`${parameters.text('SendDate')} ${parameters.text('SendTime')}`.trim());
  if (sendAt !== null) change.scheduledAt = sendAt;
  return change;
}
