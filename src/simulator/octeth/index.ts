import { type Answer, bodyFields, formFields, type Incoming, json } from '../http.ts';
import { type Call, type Protocol, type Refusal, retryAfter } from '../protocol.ts';
import type { World } from '../world.ts';
import { calls } from './calls.ts';
import { failure, hardFailure } from './envelope.ts';
import { parametersOf } from './parameters.ts';
import type { OctethQuirks } from './quirks.ts';

export interface OctethProtocol extends Protocol {
  /** A session that is always open. */
  sessionId: string;
}

const mount = '/octeth';
const apiKey = 'octeth-simulator-key';
const restrictedKey = 'octeth-simulator-restricted-key';
const sessionId = 'octeth-simulator-session';

function read(incoming: Incoming): Call {
  const fields = { ...formFields(incoming.query), ...bodyFields(incoming) };
  const parameters = parametersOf(fields);
  const command = parameters.text('Command');
  const known = [...calls.keys()].find((name) => name.toLowerCase() === command.toLowerCase());
  const key = parameters.text('APIKey');
  return {
    operation: known ?? command,
    externalId: parameters.text('CampaignID') || null,
    parameters: fields,
    authorized: [apiKey, restrictedKey].includes(key) || parameters.text('SessionID') === sessionId,
    client: key,
    incoming,
  };
}

/** Octeth, from octeth-email-campaigns.txt and part 3 of providers/README.md. `quirks` may change under it. */
export function createOcteth(world: World, quirks: OctethQuirks): OctethProtocol {
  function refuse(refusal: Refusal): Answer {
    switch (refusal.kind) {
      case 'unauthorized':
        // A scalar even where other codes are arrays.
        return failure({ code: 99998 }, { ...quirks, errorCodes: 'scalar' });
      case 'rateLimited': {
        const body = { Success: false, ErrorCode: 429, ErrorText: 'Rate limit exceeded' };
        return json(200, body, retryAfter(refusal.retryAfterSeconds));
      }
      case 'status': {
        const answer = hardFailure(refusal.status, 100005, `HTTP status ${refusal.status}`, quirks);
        return { ...answer, headers: { ...answer.headers, ...retryAfter(refusal.retryAfterSeconds) } };
      }
      case 'error':
        return failure(
          { code: Number(refusal.code), text: refusal.message ?? `Error ${refusal.code}` },
          quirks,
        );
    }
  }

  function answer(call: Call): Answer {
    const { path, method } = call.incoming;
    if (path !== '/api.php') return json(404, { Success: false, ErrorText: 'Not found' });
    if (method !== 'POST') return hardFailure(400, 100001, 'Invalid request method.', quirks);
    if (!call.authorized) return refuse({ kind: 'unauthorized' });
    if (call.operation === '') return hardFailure(400, 100000, 'API command is missing.', quirks);
    const serve = calls.get(call.operation);
    if (!serve)
      return hardFailure(400, 100003, `Invalid API command: "${call.operation}" not found.`, quirks);
    if (call.client === restrictedKey) {
      return json(200, { success: 'false', errors: { code: 99999, message: 'Not enough privileges' } });
    }
    return serve(world, parametersOf(call.parameters), quirks);
  }

  return { mount, basePath: mount, apiKey, restrictedKey, sessionId, read, refuse, answer };
}
