import type { CampaignState } from '../campaign.ts';
import { type Answer, json } from '../http.ts';
import { parseWireTime } from '../wire-time.ts';
import { invalid, shortWire } from './wire.ts';

const dayMs = 86_400_000;
const types = ['sms', 'rcs', 'whatsapp'];

type Order = (a: CampaignState, b: CampaignState) => number;

const orders: ReadonlyMap<string, Order> = new Map<string, Order>([
  ['id', (a, b) => Number(a.externalId) - Number(b.externalId)],
  ['sender', (a, b) => a.sender.localeCompare(b.sender)],
  ['type', (a, b) => a.channel.localeCompare(b.channel)],
  ['date', (a, b) => a.createdAt - b.createdAt],
  ['status', (a, b) => a.status.localeCompare(b.status)],
]);

function monthsBefore(ms: number, months: number): number {
  const date = new Date(ms);
  date.setUTCMonth(date.getUTCMonth() - months);
  return date.getTime();
}

function page(query: URLSearchParams): { offset: number; limit: number } | Answer {
  const offset = query.get('page[offset]') ?? '0';
  const limit = query.get('page[limit]') ?? '50';
  if (!/^\d+$/.test(offset)) return invalid('page[offset]', 'This value should be 0 or more.');
  if (!/^\d+$/.test(limit) || Number(limit) < 30 || Number(limit) > 500) {
    return invalid('page[limit]', 'This value should be between 30 and 500.');
  }
  return { offset: Number(offset), limit: Number(limit) };
}

/** At most three months up to `to`, and `to` at most 30 days ahead (providers/README.md 2.2). */
function span(query: URLSearchParams, now: number): { from: number; to: number } | Answer {
  const [from, to] = [query.get('filter[from]'), query.get('filter[to]')];
  const until = to === null ? now + 30 * dayMs : parseWireTime(to);
  if (until === null) return invalid('filter[to]', 'This value is not a valid datetime.');
  if (until > now + 30 * dayMs) return invalid('filter[to]', 'This value should be within 30 days.');
  const earliest = monthsBefore(to === null ? now : until, 3);
  const since = from === null ? earliest : parseWireTime(from);
  if (since === null) return invalid('filter[from]', 'This value is not a valid datetime.');
  if (since < earliest) return invalid('filter[from]', 'The period should not exceed 3 months.');
  return { from: since, to: until };
}

function match(query: URLSearchParams): ((state: CampaignState) => boolean) | Answer {
  const type = query.get('filter[type]');
  const [field, value] = [query.get('search[field]'), query.get('search[value]')];
  if (type !== null && !types.includes(type)) return invalid('filter[type]', 'This value is not valid.');
  if (field !== null && field !== 'sender' && field !== 'taskname') {
    return invalid('search[field]', 'This value is not valid.');
  }
  if (value !== null && (value.length < 1 || value.length > 255)) {
    return invalid('search[value]', 'This value should have 1 to 255 characters.');
  }
  return (state) => {
    if (state.foreign || (type !== null && state.channel !== type)) return false;
    if (field === null || value === null) return true;
    return (field === 'sender' ? state.sender : state.name).toLowerCase().includes(value.toLowerCase());
  };
}

/** GET /api/campaigns. The parameters are checked one after another; the first wrong one is told. */
export function listCampaigns(
  campaigns: readonly CampaignState[],
  query: URLSearchParams,
  now: number,
): Answer {
  const window = page(query);
  if ('status' in window) return window;
  const period = span(query, now);
  if ('status' in period) return period;
  const fits = match(query);
  if (typeof fits !== 'function') return fits;
  const order = orders.get(query.get('sort') ?? 'id');
  const way = query.get('way') ?? 'asc';
  if (!order) return invalid('sort', 'This value is not valid.');
  if (way !== 'asc' && way !== 'desc') return invalid('way', 'This value is not valid.');
  const fitting = campaigns
    .filter((state) => fits(state) && state.createdAt >= period.from && state.createdAt <= period.to)
    .sort((a, b) => (way === 'asc' ? order(a, b) : order(b, a)));
  const { offset, limit } = window;
  return json(200, {
    data: fitting.slice(offset, offset + limit).map(shortWire),
    meta: { page: { total: fitting.length, offset, limit } },
  });
}
