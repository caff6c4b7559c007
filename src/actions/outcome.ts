import type { ActionName, CampaignUpdate, Schedule } from '../model/action.ts';
import type { Campaign, CampaignStatus } from '../model/campaign.ts';
import { ProblemError, reworded } from '../model/problem.ts';
import { fromLocal } from '../model/time-zone.ts';

/** What of a campaign tells whether something was done to it. */
export type Telling = Pick<Campaign, 'name' | 'status' | 'providerStatus' | 'scheduledAt' | 'deletedAt'>;

export type Outcome = 'done' | 'not done' | 'unknown';

/** After a failure of this kind nobody knows whether the provider did what it was asked for. */
export function leavesDoubt({ code }: ProblemError): boolean {
  return code === 'PROVIDER_UNAVAILABLE' || code === 'PROVIDER_BAD_RESPONSE';
}

/** After a failure of this kind the provider would not answer a read either. */
export function isShut({ code }: ProblemError): boolean {
  return code === 'PROVIDER_RATE_LIMITED' || code === 'PROVIDER_UNAUTHENTICATED';
}

/** Whether an action whose answer was lost has been done, as far as the campaign before and after it tells. */
export function outcomeOf(
  action: ActionName,
  before: Telling,
  after: Telling,
  update: CampaignUpdate = {},
): Outcome {
  if (action === 'DELETE') return after.deletedAt === null ? 'not done' : 'done';
  if (after.deletedAt !== null) return 'unknown';
  if (action === 'UPDATE') return outcomeOfUpdate(update, before, after);
  const wanted = statusesAfter[action];
  if (!wanted || before.status === 'UNKNOWN') return 'unknown';
  const isAsBefore = after.status === before.status && after.providerStatus === before.providerStatus;
  if (wanted.includes(after.status) && !(isAsBefore && wanted.includes(before.status))) return 'done';
  // What it was before may also be what it has become again.
  return isAsBefore && !wanted.includes(before.status) ? 'not done' : 'unknown';
}

/** What to say of an action whose answer was lost; null: it was done all the same. */
export function verdict(trouble: ProblemError, outcome: Outcome, what: string): ProblemError | null {
  if (outcome === 'done') return null;
  const advice =
    outcome === 'not done'
      ? `The campaign was read again, and it was not ${what} so far; what was asked for is not sent again by itself.`
      : `Whether it was ${what} can't be told: look at the campaign at the provider before trying again.`;
  const code = outcome === 'unknown' ? 'PROVIDER_UNAVAILABLE' : trouble.code;
  return reworded(trouble, { code, message: `${trouble.message} ${advice}` });
}

/** What to say of an action that the provider accepted, where the campaign can't be read back. */
export function unconfirmed(provider: string, what: string): ProblemError {
  const message = `${provider} accepted that the campaign is ${what}, but can't be asked how it is now. It is read again as soon as it can be.`;
  return new ProblemError('PROVIDER_UNAVAILABLE', message);
}

const statusesAfter: Partial<Record<ActionName, readonly CampaignStatus[]>> = {
  APPROVE: ['SCHEDULED', 'QUEUED', 'SENDING', 'COMPLETED'],
  PAUSE: ['PAUSED'],
  RESUME: ['SCHEDULED', 'QUEUED', 'SENDING', 'COMPLETED'],
  CANCEL: ['DRAFT', 'CANCELED'],
};

const statusesWanted: Readonly<Record<NonNullable<CampaignUpdate['status']>, readonly CampaignStatus[]>> = {
  DRAFT: ['DRAFT'],
  READY: ['PENDING_APPROVAL', 'SCHEDULED', 'QUEUED', 'SENDING', 'COMPLETED'],
  SENDING: ['SENDING', 'COMPLETED'],
};

/** A part of an update that can be seen in the campaign. */
interface Trace {
  readonly isAsWanted: (campaign: Telling) => boolean;
  /** What would have to differ, had it been done. */
  readonly evidence: (campaign: Telling) => unknown;
}

/**
 * An update is done whole or not at all. Each of its parts that was otherwise before tells: it is as wanted now, or as it
 * was; where one is neither, or they disagree, somebody else was at work, and nothing is certain.
 */
function outcomeOfUpdate(update: CampaignUpdate, before: Telling, after: Telling): Outcome {
  const telling = tracesOf(update, before).filter(({ isAsWanted }) => !isAsWanted(before));
  if (telling.length === 0) return 'unknown';
  if (telling.every(({ isAsWanted }) => isAsWanted(after))) return 'done';
  return telling.every(({ evidence }) => evidence(after) === evidence(before)) ? 'not done' : 'unknown';
}

function tracesOf({ name, status, settings }: CampaignUpdate, before: Telling): Trace[] {
  const plannedAt = plannedTime(settings?.schedule);
  const statuses = status && before.status !== 'UNKNOWN' ? statusesWanted[status] : null;
  const traces: Trace[] = [];
  if (name !== undefined) {
    traces.push({ isAsWanted: (campaign) => campaign.name === name, evidence: (campaign) => campaign.name });
  }
  if (plannedAt !== null) {
    const isAsWanted = ({ scheduledAt }: Telling) => scheduledAt === plannedAt;
    traces.push({ isAsWanted, evidence: ({ scheduledAt }) => scheduledAt });
  }
  if (statuses) {
    const isAsWanted = (campaign: Telling) => statuses.includes(campaign.status);
    traces.push({ isAsWanted, evidence: (campaign) => `${campaign.status} ${campaign.providerStatus}` });
  }
  return traces;
}

function plannedTime(schedule: Schedule | undefined): number | null {
  if (!schedule?.at) return null;
  const { date, time, timeZone } = schedule.at;
  const asUtc = Date.parse(`${date}T${time}Z`);
  return Number.isNaN(asUtc) ? null : fromLocal(asUtc, timeZone);
}
