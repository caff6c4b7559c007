import type { CampaignState } from '../campaign.ts';
import { knownTags } from '../copy.ts';
import { overlay, type WireObject } from '../overlay.ts';
import { wireTime } from '../wire-time.ts';
import type { OctethQuirks } from './quirks.ts';
import { wireTimeIn } from './time-zone.ts';

/** What MySQL gives for a date that was never set. */
const zeroTime = '0000-00-00 00:00:00';

function time(ms: number | null): string {
  return ms === null ? zeroTime : wireTime(ms);
}

/** A percentage of what was sent, as a string of two digits. */
function percent(part: number, whole: number): string {
  return (whole === 0 ? 0 : (part / whole) * 100).toFixed(2);
}

function totals({ counters }: CampaignState): WireObject {
  return {
    TotalRecipients: counters.recipients,
    TotalSent: counters.sent,
    TotalFailed: counters.failed,
    TotalDelivered: counters.delivered,
    TotalOpens: counters.openedTotal,
    UniqueOpens: counters.opened,
    TotalClicks: counters.clickedTotal,
    UniqueClicks: counters.clicked,
    TotalConversions: 0,
    UniqueConversions: 0,
    TotalForwards: 0,
    UniqueForwards: 0,
    TotalViewsOnBrowser: 0,
    UniqueViewsOnBrowser: 0,
    TotalUnsubscriptions: counters.unsubscribed,
    TotalHardBounces: counters.hardBounced,
    TotalSoftBounces: counters.softBounced,
    HardBounceRatio: percent(counters.hardBounced, counters.sent),
    SoftBounceRatio: percent(counters.softBounced, counters.sent),
  };
}

/** On the clock of the zone that it was given in. */
function sendTime({ scheduleType, scheduledAt, sendTimeZone }: CampaignState): string {
  if (scheduleType === 'Not Scheduled' || scheduledAt === null) return zeroTime;
  return sendTimeZone === null ? wireTime(scheduledAt) : wireTimeIn(sendTimeZone, scheduledAt);
}

function schedule(state: CampaignState): WireObject {
  const [SendDate, SendTime] = sendTime(state).split(' ');
  return {
    ScheduleType: state.scheduleType ?? 'Not Scheduled',
    SendDate,
    SendTime,
    SendTimeZone: state.sendTimeZone ?? 'UTC',
    CreateDateTime: time(state.createdAt),
    SendProcessStartedOn: time(state.startedAt),
    SendProcessFinishedOn: time(state.finishedAt),
    LastActivityDateTime: time(state.finishedAt ?? state.startedAt),
  };
}

/** By day, as the real ones are; here all falls on the day the sending began. */
function statistics({ counters, startedAt }: CampaignState): WireObject {
  if (startedAt === null) return { OpenStatistics: [], ClickStatistics: [], UnsubscriptionStatistics: [] };
  const day = wireTime(startedAt).slice(0, 10);
  return {
    OpenStatistics: { [day]: { Unique: counters.opened, Total: counters.openedTotal } },
    ClickStatistics: { [day]: { Unique: counters.clicked, Total: counters.clickedTotal } },
    UnsubscriptionStatistics: { [day]: { Unique: counters.unsubscribed, Total: counters.unsubscribed } },
    BounceStatistics: { Hard: counters.hardBounced, Soft: counters.softBounced },
  };
}

function isNumeric(id: string): boolean {
  return /^\d{1,15}$/.test(id);
}

export interface Wanted {
  statistics: boolean;
  tags: boolean;
}

/** The `Campaign` of octeth-email-campaigns.txt, "Retrieve Campaign Details". */
export function campaignWire(state: CampaignState, wanted: Wanted, quirks: OctethQuirks): WireObject {
  const names =
    quirks.names === 'v5.5'
      ? { Name: state.name, Status: state.status }
      : { CampaignName: state.name, CampaignStatus: state.status };
  const wire = {
    CampaignID: isNumeric(state.externalId) ? Number(state.externalId) : state.externalId,
    ...names,
    CampaignStatusReason: state.statusReason ?? '',
    ...schedule(state),
    ...totals(state),
    ...(wanted.statistics && quirks.statistics === 'nested' ? { Statistics: statistics(state) } : {}),
    ...(wanted.statistics && quirks.statistics === 'flat' ? statistics(state) : {}),
    ...(wanted.tags ? { Tags: state.tags } : {}),
  };
  return overlay(wire, state.extra);
}

/** One of `Campaigns` of "Retrieve Campaigns": there the id is a string, and the names have always been the longer ones. */
export function listedWire(state: CampaignState, wanted: Wanted, quirks: OctethQuirks): WireObject {
  const wire = campaignWire({ ...state, extra: {} }, wanted, { ...quirks, names: 'v5.7.2' });
  return overlay({ ...wire, CampaignID: state.externalId }, state.extra);
}

/** Of a campaign that has not begun, both are 0. */
export function throughputWire(state: CampaignState, now: number): WireObject {
  if (state.startedAt === null) return { EmailsPerSecond: 0, Duration: 0 };
  const seconds = Math.max(1, Math.round(((state.finishedAt ?? now) - state.startedAt) / 1_000));
  return { EmailsPerSecond: Math.round((state.counters.sent / seconds) * 10) / 10, Duration: seconds };
}

/** Whether a campaign has one of the tags, each given by its id or its name. */
export function hasTag(state: CampaignState, wanted: readonly string[]): boolean {
  return state.tags.some(
    (tag) => wanted.includes(tag) || wanted.includes(String(knownTags.indexOf(tag) + 1)),
  );
}
