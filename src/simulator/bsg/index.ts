import { type Answer, bearerOf, bodyFields, formFields, type Incoming, json } from '../http.ts';
import { type Call, type Protocol, type Refusal, retryAfter } from '../protocol.ts';
import type { World } from '../world.ts';
import { aboutCampaign, routeOf } from './calls.ts';
import { listCampaigns } from './list.ts';
import { createTokens } from './tokens.ts';
import { failure, invalid } from './wire.ts';

export interface BsgOptions {
  tokenSeconds: number;
}

export interface BsgProtocol extends Protocol {
  /** Every token given out so far is refused from now on. */
  expireTokens(): void;
}

const mount = '/bsg';
const apiKey = 'live_bsg-simulator-key';
const restrictedKey = 'live_bsg-simulator-restricted-key';

function refuse(refusal: Refusal): Answer {
  switch (refusal.kind) {
    case 'unauthorized':
      return failure(401, 'Unauthorized');
    case 'rateLimited':
      return failure(429, 'Too many requests', [], retryAfter(refusal.retryAfterSeconds));
    case 'status':
      return failure(
        refusal.status,
        `HTTP status ${refusal.status}`,
        [],
        retryAfter(refusal.retryAfterSeconds),
      );
    case 'error':
      // The older envelope, with HTTP 200, that parts of the API still use (providers/README.md 2.2).
      return json(200, {
        error: refusal.code,
        errorDescription: refusal.message ?? `Error ${refusal.code}`,
      });
  }
}

/** BSG, from bsg-campaign-detail.txt, bsg-openapi.yaml and part 2 of providers/README.md. */
export function createBsg(world: World, { tokenSeconds }: BsgOptions): BsgProtocol {
  const tokens = createTokens(tokenSeconds, world.now);

  function read(incoming: Incoming): Call {
    const route = routeOf(incoming.path);
    const parameters = { ...formFields(incoming.query), ...bodyFields(incoming) };
    const bearer = bearerOf(incoming.headers);
    const isLogin = route?.operation === 'login';
    const knownKey = parameters.api_key === apiKey || parameters.api_key === restrictedKey;
    return {
      operation: route?.operation ?? incoming.path,
      externalId: route?.externalId ?? null,
      parameters,
      authorized: isLogin ? knownKey : bearer !== null && tokens.check(bearer) !== null,
      client: bearer ?? '',
      incoming,
    };
  }

  function login({ parameters, authorized }: Call): Answer {
    if (!parameters.api_key) return invalid('api_key', 'This value should not be blank.');
    if (!authorized) return failure(401, 'Invalid credentials.');
    return json(200, { bearer: tokens.issue(parameters.api_key === restrictedKey) });
  }

  function answer(call: Call): Answer {
    const route = routeOf(call.incoming.path);
    if (!route) return failure(404, 'Not Found');
    if (route.method !== call.incoming.method) return failure(405, 'Method Not Allowed');
    if (route.operation === 'login') return login(call);
    const allowed = tokens.check(call.client);
    if (!allowed) return refuse({ kind: 'unauthorized' });
    if (route.operation === 'refresh_token') return json(200, { bearer: tokens.issue(allowed.restricted) });
    if (allowed.restricted) return failure(403, 'Forbidden');
    if (route.externalId === null) return listCampaigns(world.all(), call.incoming.query, world.now());
    return aboutCampaign(route.operation, route.externalId, world);
  }

  return {
    mount,
    basePath: mount,
    apiKey,
    restrictedKey,
    read,
    refuse,
    answer,
    expireTokens: tokens.expireAll,
  };
}
