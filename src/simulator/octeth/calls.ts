import { type CampaignChange, type CampaignState, changed } from '../campaign.ts';
import type { Answer } from '../http.ts';
import type { CreatedLife, World } from '../world.ts';
import { recipientsOf } from './audience.ts';
import { beginsAt } from './begin.ts';
import { type CodeShape, failure, success } from './envelope.ts';
import { createdLife } from './life.ts';
import { listCampaigns } from './list.ts';
import type { Parameters } from './parameters.ts';
import type { OctethQuirks } from './quirks.ts';
import { updateOf, updateProblem } from './update.ts';
import { campaignWire, throughputWire } from './wire.ts';

export type OctethCall = (world: World, parameters: Parameters, quirks: OctethQuirks) => Answer;

function own(world: World, externalId: string): CampaignState | null {
  const state = world.get(externalId);
  return state && !state.foreign ? state : null;
}

/** Changes a campaign, which from then on does what its new status and schedule say. */
function move(world: World, state: CampaignState, change: CampaignChange): void {
  world.move(state.externalId, change, beginsAt(changed(state, change), world));
}

/** What Create and Copy make, and Cancel leads back to. */
const draft = { status: 'Draft', scheduleType: 'Not Scheduled', scheduledAt: null };

/** A command that changes one campaign: gives an error code, or null when it was done. */
type Change = (
  state: CampaignState,
  world: World,
  parameters: Parameters,
  quirks: OctethQuirks,
) => number | null;

/** Codes 1 (no CampaignID) and 2 (not there, or not the user's) are the same for all of them. */
function changing(change: Change): OctethCall {
  return (world, parameters, quirks) => {
    const externalId = parameters.text('CampaignID');
    if (externalId === '') return failure({ code: 1 }, quirks);
    const state = own(world, externalId);
    const code = state ? change(state, world, parameters, quirks) : 2;
    return code === null ? success({}, quirks) : failure({ code }, quirks);
  };
}

const pause: Change = (state, world, _parameters, quirks) => {
  const fromReady = quirks.pauseFromReady && state.status === 'Ready';
  if (state.status !== 'Sending' && !fromReady) return 3;
  move(world, state, { status: 'Paused', statusReason: 'Paused by the user' });
  return null;
};

const resume: Change = (state, world, _parameters, { resumedStatus }) => {
  if (state.status !== 'Paused') return 3;
  move(world, state, { status: resumedStatus, scheduleType: 'Immediate', statusReason: null });
  return null;
};

/** No error is documented for a campaign that needs no approval: nothing happens to it. */
const approve: Change = (state, world) => {
  if (state.status !== 'Pending Approval' && state.status !== 'Draft') return null;
  move(world, state, { status: 'Ready' });
  return null;
};

/** Back to Draft; what was sent stays counted. No error is documented for one that has ended: nothing happens to it. */
const cancel: Change = (state, world) => {
  if (state.status === 'Sent' || state.status === 'Failed') return null;
  move(world, state, { ...draft, statusReason: null });
  return null;
};

const update: Change = (state, world, parameters, quirks) => {
  const problem = updateProblem(parameters);
  if (problem !== null) return problem;
  const recipients = recipientsOf(parameters);
  if (recipients !== null) world.setRecipients(state.externalId, recipients);
  const change = updateOf(state, parameters, quirks);
  const moves = 'status' in change || 'scheduleType' in change || 'scheduledAt' in change;
  if (moves) move(world, state, change);
  else world.amend(state.externalId, change);
  return null;
};

const get: OctethCall = (world, parameters, quirks) => {
  const externalId = parameters.text('campaignid');
  if (externalId === '') {
    return failure({ code: 1, message: "Required parameter 'campaignid' is missing." }, quirks);
  }
  if (!/^\d+$/.test(externalId)) {
    return failure({ code: 2, message: "The 'campaignid' parameter must be numeric." }, quirks);
  }
  const state = own(world, externalId);
  if (!state) {
    const fails = quirks.failOnNotFound || parameters.flag('FailOnNotFound');
    return fails
      ? failure({ code: 3, message: 'Campaign not found.' }, quirks)
      : success({ Campaign: [] }, quirks);
  }
  const wanted = { statistics: parameters.flag('retrievestatistics'), tags: parameters.flag('retrievetags') };
  return success(
    {
      Campaign: campaignWire(state, wanted, quirks),
      CampaignThroughput: throughputWire(state, world.now()),
    },
    quirks,
  );
};

const create: OctethCall = (world, parameters, quirks) => {
  const name = parameters.text('CampaignName');
  if (name === '') return failure({ code: 1, text: 'The campaign name is required.' }, quirks);
  return success({ CampaignID: Number(world.create({ name, ...draft }, createdLife)) }, quirks);
};

/** Everything but the schedule, and nothing of what has happened to the original. */
const copy: OctethCall = (world, parameters, quirks) => {
  const source = own(world, parameters.text('CampaignID'));
  if (!source) return failure({ code: 1, text: 'Invalid source campaign', documented: 'array' }, quirks);
  const { name, subject, sender, senderAddress, tags } = source;
  const { recipients } = source.counters;
  const life: CreatedLife =
    recipients === 0 ? createdLife : { ...createdLife, recipients: [recipients, recipients] };
  const created = world.create({ name, subject, sender, senderAddress, tags, ...draft }, life);
  return success({ NewCampaignID: created }, quirks);
};

const remove: OctethCall = (world, parameters, quirks) => {
  const ids = parameters.list('Campaigns');
  const documented: CodeShape = { object: 'campaigns' };
  if (ids.length === 0 || !ids.every((id) => /^\d+$/.test(id))) {
    return failure({ code: 1, documented }, quirks);
  }
  for (const id of ids) if (own(world, id)) world.remove(id);
  return success({ ErrorText: '' }, quirks);
};

/** Every command of octeth-email-campaigns.txt. */
export const calls: ReadonlyMap<string, OctethCall> = new Map<string, OctethCall>([
  ['Campaign.Approve', changing(approve)],
  ['Campaign.Cancel', changing(cancel)],
  ['Campaign.Copy', copy],
  ['Campaign.Create', create],
  ['Campaign.Get', get],
  ['Campaign.Pause', changing(pause)],
  ['Campaign.Resume', changing(resume)],
  ['Campaign.Update', changing(update)],
  ['Campaigns.Delete', remove],
  ['Campaigns.Get', (world, parameters, quirks) => listCampaigns(world.all(), parameters, quirks)],
]);
