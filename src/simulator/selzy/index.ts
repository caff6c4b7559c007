import { type Answer, bodyFields, formFields, type Incoming } from '../http.ts';
import { type Call, type Endpoint, type Protocol, type Refusal, retryAfter } from '../protocol.ts';
import { createRateLimit } from '../rate-limit.ts';
import type { World } from '../world.ts';
import { calls, type Selzy } from './calls.ts';
import { createFiles, filesMount } from './files.ts';
import { createLinks } from './links.ts';
import type { SelzyQuirks } from './quirks.ts';
import { createTasks } from './tasks.ts';
import { failure } from './wire.ts';

export interface SelzyOptions {
  callsPerMinute: number;
  /** How long a delivery report takes. */
  taskMs: number;
  /** May change under it. */
  quirks: SelzyQuirks;
  /** The server's own address. */
  origin: () => string;
  /** Ends what is still to be notified. */
  stopped: AbortSignal;
}

export interface SelzyProtocol extends Protocol {
  files: Endpoint;
}

const mount = '/selzy/en/api';
const apiKey = 'selzy-simulator-key';
const restrictedKey = 'selzy-simulator-restricted-key';

function read(incoming: Incoming): Call {
  const posted = incoming.method === 'POST' ? bodyFields(incoming) : {};
  const parameters = { ...formFields(incoming.query), ...posted };
  const key = parameters.api_key ?? '';
  return {
    operation: incoming.path.slice(1),
    externalId: parameters.campaign_id ?? null,
    parameters,
    authorized: key === apiKey || key === restrictedKey,
    client: key,
    incoming,
  };
}

function answer(selzy: Selzy, call: Call): Answer {
  const { method, query, body } = call.incoming;
  if (method !== 'GET' && method !== 'POST') return failure('unspecified', 'Method not allowed', 405);
  // providers/README.md 1.2: never mix a query with a POST body.
  if (method === 'POST' && query.size > 0 && body !== '') {
    return failure('unspecified', 'Call to a member function getMessage() on boolean');
  }
  if (!call.authorized) return refuse({ kind: 'unauthorized' });
  const serve = calls.get(call.operation);
  if (!serve) return failure('unknown_method', `Unknown method: ${call.operation}`);
  if (call.parameters.api_key === restrictedKey) return failure('access_denied', 'Access denied');
  return serve(selzy, call.parameters);
}

function refuse(refusal: Refusal): Answer {
  switch (refusal.kind) {
    case 'unauthorized':
      return failure('invalid_api_key', 'Invalid API key');
    case 'rateLimited':
      // A 200 with nothing in its headers: Selzy does not say when to come back.
      return failure('api_call_limit_exceeded_for_api_key', 'API call limit exceeded for API key');
    case 'status':
      return failure(
        'unspecified',
        `HTTP status ${refusal.status}`,
        refusal.status,
        retryAfter(refusal.retryAfterSeconds),
      );
    case 'error':
      return failure(String(refusal.code), refusal.message ?? `Error ${refusal.code}`);
  }
}

/** Selzy, from selzy-getCampaignStatus.txt, selzy-getCampaignDeliveryStats.txt and part 1 of providers/README.md. */
export function createSelzy(
  world: World,
  { callsPerMinute, taskMs, quirks, origin, stopped }: SelzyOptions,
): SelzyProtocol {
  const { now } = world;
  const links = createLinks({ quirks, now, baseUrl: () => `${origin()}${filesMount}` });
  const tasks = createTasks({ taskMs, quirks, now, fileUrl: links.issue, stopped });
  return {
    mount,
    basePath: mount,
    apiKey,
    restrictedKey,
    read,
    refuse,
    answer: (call) => answer({ world, tasks }, call),
    limit: createRateLimit(callsPerMinute, now),
    files: createFiles({ tasks, links, quirks, now }),
  };
}
