import type { CampaignState } from '../campaign.ts';
import type { Answer } from '../http.ts';
import { success } from './envelope.ts';
import type { Parameters } from './parameters.ts';
import type { OctethQuirks } from './quirks.ts';
import { hasTag, listedWire } from './wire.ts';

/** How many come when RecordsPerRequest is left out; 0 asks for all. */
const usualRecords = 25;

function isScheduled({ status, scheduleType }: CampaignState): boolean {
  return status === 'Ready' && (scheduleType === 'Future' || scheduleType === 'Recursive');
}

/** The filter's words are not all statuses: see the buckets in providers/README.md 3.2. */
function hasStatus(state: CampaignState, filter: string): boolean {
  switch (filter) {
    case '':
    case 'All':
      return true;
    case 'Pending':
    case 'PendingApproval':
      return state.status === 'Pending Approval';
    case 'Scheduled':
      return isScheduled(state);
    case 'Draft':
      return state.status === 'Draft' || (state.status === 'Ready' && state.scheduleType === 'Not Scheduled');
    default:
      return state.status === filter;
  }
}

function count(text: string, otherwise: number): number {
  return /^\d+$/.test(text) ? Number(text) : otherwise;
}

type Key = (state: CampaignState) => string | number;

const keys: ReadonlyMap<string, Key> = new Map<string, Key>([
  ['campaignid', (state) => Number(state.externalId)],
  ['campaignname', (state) => state.name.toLowerCase()],
  ['campaignstatus', (state) => state.status],
  ['createdatetime', (state) => state.createdAt],
  ['senddate', (state) => state.scheduledAt ?? 0],
  ['sendprocessstartedon', (state) => state.startedAt ?? 0],
  ['sendprocessfinishedon', (state) => state.finishedAt ?? 0],
]);

function ordered(states: readonly CampaignState[], parameters: Parameters): CampaignState[] {
  const key = keys.get(parameters.text('OrderField').toLowerCase()) ?? ((state) => Number(state.externalId));
  const sign = parameters.text('OrderType').toUpperCase() === 'DESC' ? -1 : 1;
  return states.toSorted((a, b) => {
    const [left, right] = [key(a), key(b)];
    if (left === right) return 0;
    return left < right ? -sign : sign;
  });
}

/** "Retrieve Campaigns". It has no errors: what it does not understand, it ignores. */
export function listCampaigns(
  campaigns: readonly CampaignState[],
  parameters: Parameters,
  quirks: OctethQuirks,
): Answer {
  const ids = quirks.campaignIds ? parameters.list('CampaignIDs') : [];
  const tags = parameters.list('Tags');
  const keyword = parameters.text('SearchKeyword').toLowerCase();
  const fitting = campaigns.filter(
    (state) =>
      !state.foreign &&
      hasStatus(state, parameters.text('CampaignStatus')) &&
      (ids.length === 0 || ids.includes(state.externalId)) &&
      (tags.length === 0 || hasTag(state, tags)) &&
      state.name.toLowerCase().includes(keyword),
  );
  const from = count(parameters.text('RecordsFrom'), 0);
  const records = count(parameters.text('RecordsPerRequest'), usualRecords);
  const page = ordered(fitting, parameters).slice(from, records === 0 ? undefined : from + records);
  const wanted = { statistics: parameters.flag('RetrieveStatistics'), tags: parameters.flag('RetrieveTags') };
  return success(
    {
      ErrorText: '',
      Campaigns: page.map((state) => listedWire(state, wanted, quirks)),
      TotalCampaigns: fitting.length,
    },
    quirks,
  );
}
