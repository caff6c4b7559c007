import { type Answer, bearerOf, formFields, type Incoming, json } from '../http.ts';
import { type Call, type Protocol, type Refusal, retryAfter } from '../protocol.ts';
import { createRateLimit } from '../rate-limit.ts';
import type { World } from '../world.ts';
import { campaignWire, failure } from './wire.ts';

export interface AppizerOptions {
  callsPerMinute: number;
}

const mount = '/appizer/v1';
const apiKey = 'appizer-simulator-key';
const restrictedKey = 'appizer-simulator-restricted-key';
const revokedKey = 'appizer-simulator-revoked-key';

function read(incoming: Incoming): Call {
  const key = bearerOf(incoming.headers) ?? '';
  const segment = /^\/notifications\/campaigns\/([^/]+)$/.exec(incoming.path)?.[1];
  const id = segment === undefined ? null : decodeURIComponent(segment);
  return {
    operation: id === null ? incoming.path : 'getCampaignStatus',
    externalId: id,
    parameters: formFields(incoming.query),
    authorized: key === apiKey || key === restrictedKey,
    client: key,
    incoming,
  };
}

function answer(world: World, call: Call): Answer {
  if (call.client === '')
    return failure(401, { code: 'MISSING_AUTH', message: 'Missing Authorization header' });
  if (call.client === revokedKey) {
    return failure(401, { code: 'REVOKED_API_KEY', message: 'API key has been revoked' });
  }
  if (!call.authorized) return failure(401);
  if (call.externalId === null) return failure(404, { message: 'Endpoint not found' });
  if (call.incoming.method !== 'GET') return failure(405);
  if (call.client === restrictedKey) {
    return failure(403, { details: { required_permission: 'read', current_permissions: [] } });
  }
  const state = world.get(call.externalId);
  return state && !state.foreign ? json(200, campaignWire(state)) : failure(404);
}

/** Appizer, from appizer-campaign-status.txt and part 4 of providers/README.md. */
export function createAppizer(world: World, { callsPerMinute }: AppizerOptions): Protocol {
  const limit = createRateLimit(callsPerMinute, world.now);

  function refuse(refusal: Refusal): Answer {
    switch (refusal.kind) {
      case 'unauthorized':
        return failure(401);
      case 'rateLimited':
        return failure(429, {
          details: {
            limit: callsPerMinute,
            window: '1 minute',
            retry_after: refusal.retryAfterSeconds ?? limit.retryAfterSeconds(apiKey),
          },
        });
      case 'status':
        return failure(refusal.status, { headers: retryAfter(refusal.retryAfterSeconds) });
      case 'error':
        return failure(400, {
          code: String(refusal.code),
          message: refusal.message ?? `Error ${refusal.code}`,
        });
    }
  }

  return {
    mount,
    basePath: mount,
    apiKey,
    restrictedKey,
    read,
    refuse,
    answer: (call) => answer(world, call),
    limit: {
      take: limit.take,
      retryAfterSeconds: limit.retryAfterSeconds,
      headers: (client) => ({
        'x-ratelimit-limit': String(callsPerMinute),
        'x-ratelimit-remaining': String(limit.remaining(client)),
        'x-ratelimit-reset': String(Math.ceil(limit.resetsAt(client) / 1_000)),
      }),
    },
  };
}
