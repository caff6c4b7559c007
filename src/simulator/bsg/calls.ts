import type { CampaignState } from '../campaign.ts';
import { type Answer, json } from '../http.ts';
import type { World } from '../world.ts';
import { detailWire, failure, shortWire } from './wire.ts';

/** What a path means, in the OpenAPI file's own operation names. */
export interface Route {
  operation: string;
  method: string;
  externalId: string | null;
}

const fixed: ReadonlyMap<string, Route> = new Map(
  [
    { path: '/api/auth/login', operation: 'login', method: 'POST' },
    { path: '/api/auth/refresh', operation: 'refresh_token', method: 'POST' },
    { path: '/api/campaigns', operation: 'campaigns', method: 'GET' },
  ].map(({ path, ...route }) => [path, { ...route, externalId: null }]),
);

const perCampaign: Readonly<Record<string, readonly [operation: string, method: string]>> = {
  '': ['campaign', 'GET'],
  '/detail': ['campaign_details', 'GET'],
  '/stop': ['campaign_stop', 'PATCH'],
};

export function routeOf(path: string): Route | null {
  const match = /^\/api\/campaigns\/([^/]+)(\/detail|\/stop)?$/.exec(path);
  const [operation, method] = perCampaign[match?.[2] ?? ''] ?? [];
  if (!match || !operation || !method) return fixed.get(path) ?? null;
  return { operation, method, externalId: match[1] ?? '' };
}

const stoppable = ['scheduled', 'sending', 'paused', 'moderation'];

function stop(state: CampaignState, world: World): Answer {
  if (!stoppable.includes(state.status)) return failure(422, 'Invalid campaign status');
  const finishedAt = state.startedAt === null ? null : world.now();
  world.set(state.externalId, { status: 'stopped', finishedAt });
  return json(200, { data: shortWire({ ...state, status: 'stopped', finishedAt }) });
}

/** The three calls about one campaign. */
export function aboutCampaign(operation: string, externalId: string, world: World): Answer {
  const state = world.get(externalId);
  if (!state || state.foreign) return failure(404, 'Campaign not found');
  switch (operation) {
    case 'campaign_details':
      return json(200, { data: detailWire(state) });
    case 'campaign_stop':
      return stop(state, world);
    default:
      return json(200, { data: shortWire(state) });
  }
}
