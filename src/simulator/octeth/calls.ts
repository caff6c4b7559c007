import type { CampaignState } from '../campaign.ts';
import type { Answer } from '../http.ts';
import type { World } from '../world.ts';
import { type CodeShape, failure, success } from './envelope.ts';
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
  world.set(state.externalId, { status: 'Paused', statusReason: 'Paused by the user' });
  return null;
};

const resume: Change = (state, world, _parameters, { resumedStatus }) => {
  if (state.status !== 'Paused') return 3;
  const change = { status: resumedStatus, scheduleType: 'Immediate', statusReason: null };
  world.release(state.externalId, change, 'same stage');
  return null;
};

/** No error is documented for a campaign that needs no approval: nothing happens to it. */
const approve: Change = (state, world) => {
  if (state.status !== 'Pending Approval' && state.status !== 'Draft') return null;
  world.release(state.externalId, { status: 'Ready' }, 'next stage');
  return null;
};

/** Back to Draft. No error is documented for one that has ended: nothing happens to it. */
const cancel: Change = (state, world) => {
  if (state.status === 'Sent' || state.status === 'Failed') return null;
  const change = { status: 'Draft', scheduleType: 'Not Scheduled', scheduledAt: null, statusReason: null };
  world.set(state.externalId, change);
  return null;
};

const update: Change = (state, world, parameters, quirks) => {
  const problem = updateProblem(parameters);
  if (problem !== null) return problem;
  world.set(state.externalId, updateOf(state, parameters, quirks));
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
  const draft = { name, status: 'Draft', scheduleType: 'Not Scheduled', scheduledAt: null };
  return success({ CampaignID: Number(world.add(draft)) }, quirks);
};

/** Everything but the schedule, and nothing of what has happened to the original. */
const copy: OctethCall = (world, parameters, quirks) => {
  const source = own(world, parameters.text('CampaignID'));
  if (!source) return failure({ code: 1, text: 'Invalid source campaign', documented: 'array' }, quirks);
  const { name, subject, sender, senderAddress, tags, counters } = source;
  const draft = { status: 'Draft', scheduleType: 'Not Scheduled', scheduledAt: null };
  const recipients = { recipients: counters.recipients };
  const added = world.add({ name, subject, sender, senderAddress, tags, counters: recipients, ...draft });
  return success({ NewCampaignID: added }, quirks);
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
