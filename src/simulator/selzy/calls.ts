import type { CampaignState } from '../campaign.ts';
import type { Answer } from '../http.ts';
import { parseWireTime } from '../wire-time.ts';
import type { World } from '../world.ts';
import { failure, listedWire, statsWire, statusWire, success } from './wire.ts';

type Parameters = Readonly<Record<string, string>>;
export type SelzyCall = (world: World, parameters: Parameters) => Answer;

const cancelable = ['waits_schedule', 'scheduled', 'censor_hold', 'waits_censor'];

function wholeNumber(text: string, low: number, high: number): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= low && value <= high ? value : null;
}

/** A call about one campaign: its id is checked and it is looked up first. */
function about(answer: (state: CampaignState, world: World) => Answer): SelzyCall {
  return (world, { campaign_id: id = '' }) => {
    if (!/^\d+$/.test(id)) return failure('invalid_arg', 'invalid arg campaign_id');
    const state = world.get(id);
    if (!state) return failure('unspecified', `SB140212-01. [Burst not found. Provided Id: ${id}]`);
    if (state.foreign) return failure('unspecified', 'Access denied to this resource');
    return answer(state, world);
  };
}

function listCampaigns(world: World, parameters: Parameters): Answer {
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

function cancel(state: CampaignState, world: World): Answer {
  if (!cancelable.includes(state.status)) {
    return failure('unspecified', `SF161129-03 [Campaign in status "${state.status}" can't be cancelled]`);
  }
  world.set(state.externalId, { status: 'canceled', finishedAt: null });
  return success([]);
}

/** Every method that is served, by its name in the URL. */
export const calls: ReadonlyMap<string, SelzyCall> = new Map([
  ['getCampaignStatus', about((state) => success(statusWire(state), state.warnings))],
  ['getCampaignCommonStats', about((state) => success(statsWire(state), state.warnings))],
  ['getCampaigns', listCampaigns],
  ['cancelCampaign', about(cancel)],
]);
