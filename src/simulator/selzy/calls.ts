import type { CampaignState } from '../campaign.ts';
import type { Answer } from '../http.ts';
import { parseWireTime } from '../wire-time.ts';
import type { World } from '../world.ts';
import type { Tasks } from './tasks.ts';
import { failure, listedWire, statsWire, statusWire, success } from './wire.ts';

type Parameters = Readonly<Record<string, string>>;
export type SelzyCall = (selzy: Selzy, parameters: Parameters) => Answer;

/** What calls work on. */
export interface Selzy {
  world: World;
  tasks: Tasks;
}

const cancelable = ['waits_schedule', 'scheduled', 'censor_hold', 'waits_censor'];

/** The account's additional fields are numbered from 1. */
const lastFieldId = 100;

function wholeNumber(text: string, low: number, high: number): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= low && value <= high ? value : null;
}

/** A call about one campaign: its id is checked and it is looked up first. */
function about(answer: (state: CampaignState, selzy: Selzy, parameters: Parameters) => Answer): SelzyCall {
  return (selzy, parameters) => {
    const { campaign_id: id = '' } = parameters;
    if (!/^\d+$/.test(id)) return failure('invalid_arg', 'invalid arg campaign_id');
    const state = selzy.world.get(id);
    if (!state) return failure('unspecified', `SB140212-01. [Burst not found. Provided Id: ${id}]`);
    if (state.foreign) return failure('unspecified', 'Access denied to this resource');
    return answer(state, selzy, parameters);
  };
}

function listCampaigns({ world }: Selzy, parameters: Parameters): Answer {
  const from = parameters.from ? parseWireTime(parameters.from) : Number.NEGATIVE_INFINITY;
  const to = parameters.to ? parseWireTime(parameters.to) : Number.POSITIVE_INFINITY;
  const limit = wholeNumber(parameters.limit ?? '50', 1, 10_000);
  const offset = wholeNumber(parameters.offset ?? '0', 0, Number.MAX_SAFE_INTEGER);
  if (from === null) return failure('invalid_arg', 'invalid arg from');
  if (to === null) return failure('invalid_arg', 'invalid arg to');
  if (limit === null) return failure('invalid_arg', 'invalid arg limit');
  if (offset === null) return failure('invalid_arg', 'invalid arg offset');
  const fitting = world.all().filter((state) => {
    const start = state.scheduledAt ?? state.startedAt ?? state.createdAt;
    return !state.foreign && start >= from && start <= to;
  });
  return success(fitting.slice(offset, offset + limit).map(listedWire));
}

function cancel(state: CampaignState, { world }: Selzy): Answer {
  if (!cancelable.includes(state.status)) {
    return failure('unspecified', `SF161129-03 [Campaign in status "${state.status}" can't be cancelled]`);
  }
  world.set(state.externalId, { status: 'canceled', finishedAt: null });
  return success([]);
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** selzy-getCampaignDeliveryStats.txt, "Arguments"; `field_ids[]` is what a form calls them, `field_ids` JSON. */
function requestReport(state: CampaignState, { tasks }: Selzy, parameters: Parameters): Answer {
  const { notify_url: notifyUrl = '', changed_since: since = '' } = parameters;
  const changedSince = since === '' ? Number.NEGATIVE_INFINITY : parseWireTime(since);
  const listed = (parameters['field_ids[]'] ?? parameters.field_ids ?? '').split(',').filter(Boolean);
  const fieldIds = [...new Set(listed)].map((id) => wholeNumber(id, 1, lastFieldId));
  const knownIds = fieldIds.filter((id) => id !== null);
  if (notifyUrl !== '' && !isWebAddress(notifyUrl)) return failure('invalid_arg', 'invalid arg notify_url');
  if (changedSince === null) return failure('invalid_arg', 'invalid arg changed_since');
  if (knownIds.length < fieldIds.length) return failure('invalid_arg', 'invalid arg field_ids');
  const order = { notifyUrl: notifyUrl || null, changedSince, fieldIds: knownIds };
  return success({ task_uuid: tasks.start(state, order), status: 'new' }, state.warnings);
}

function taskResult({ tasks }: Selzy, { task_uuid: uuid = '' }: Parameters): Answer {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(uuid)) {
    return failure('invalid_arg', 'invalid arg task_uuid');
  }
  const result = tasks.result(uuid);
  return result ? success(result) : failure('unspecified', `Task not found. Provided uuid: ${uuid}`);
}

/** Every method that is served, by its name in the URL. */
export const calls: ReadonlyMap<string, SelzyCall> = new Map([
  ['getCampaignStatus', about((state) => success(statusWire(state), state.warnings))],
  ['getCampaignCommonStats', about((state) => success(statsWire(state), state.warnings))],
  ['getCampaigns', listCampaigns],
  ['cancelCampaign', about(cancel)],
  ['async/getCampaignDeliveryStats', about(requestReport)],
  ['async/getTaskResult', taskResult],
]);
