import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { sendBroken } from './break-answer.ts';
import type { CampaignChange, CampaignState, NewCampaign } from './campaign.ts';
import { createFaults, type Fault, type FaultScope, isBroken } from './faults.ts';
import { type Answer, html, type Incoming, json, send } from './http.ts';
import type { Call, Endpoint, Protocol } from './protocol.ts';
import type { World } from './world.ts';

/** One request as it was understood and answered; `status` is null until then, and for ever without an answer that is whole. */
export interface RecordedRequest {
  at: number;
  /** When it was answered or its connection ended; null until then. */
  endedAt: number | null;
  /** The address that it came to: one server has many on the loopback network. */
  to: string;
  method: string;
  /** Path and query as sent, below the provider's prefix. */
  target: string;
  operation: string;
  externalId: string | null;
  parameters: Record<string, string>;
  status: number | null;
  authorized: boolean;
}

/** One provider of the simulator, as tests hold it. */
export interface SimulatedProvider {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** A key that is known and may do nothing: "access denied" in the provider's own way. */
  readonly restrictedKey: string;
  /** The last 20,000, newest last. */
  readonly requests: readonly RecordedRequest[];
  /** The present state of every campaign, by external id. A copy; change it with `set`. */
  readonly campaigns: ReadonlyMap<string, CampaignState>;
  /** Adds a campaign that stands still until it is set, and gives its external id. */
  add(campaign?: NewCampaign): string;
  /** Changes a campaign, and stops its scripted life. Throws a RangeError for an unknown id. */
  set(externalId: string, change: CampaignChange): void;
  /** From now on it is not found. Throws a RangeError for an unknown id. */
  remove(externalId: string): void;
  /** Applies to the next requests that fit the scope: all, until cleared, when it names no `times`. */
  fault(fault: Fault, scope?: FaultScope): void;
  clearFaults(): void;
}

export interface ProviderServer {
  provider: SimulatedProvider;
  /** All that the provider serves. */
  endpoints: readonly Endpoint[];
  handle(endpoint: Endpoint, incoming: Incoming, response: ServerResponse): Promise<void>;
}

const requestsKept = 20_000;

/** Puts a protocol over a world: records, limits, faults, answers. `stopped` ends delays. */
export function createProvider(
  protocol: Protocol,
  world: World,
  origin: () => string,
  stopped: AbortSignal,
): ProviderServer {
  const faults = createFaults();
  const requests: RecordedRequest[] = [];

  function record(call: Call): RecordedRequest {
    const { operation, externalId, parameters, authorized, incoming } = call;
    const query = incoming.query.size > 0 ? `?${incoming.query}` : '';
    const request: RecordedRequest = {
      at: world.now(),
      endedAt: null,
      to: incoming.to,
      method: incoming.method,
      target: `${incoming.path}${query}`,
      operation,
      externalId,
      parameters,
      status: null,
      authorized,
    };
    requests.push(request);
    if (requests.length > requestsKept) requests.shift();
    return request;
  }

  function serve({ limit, answer }: Endpoint, call: Call): Answer {
    if (limit && !limit.take(call.client)) {
      return protocol.refuse({
        kind: 'rateLimited',
        retryAfterSeconds: limit.retryAfterSeconds(call.client),
      });
    }
    return answer(call);
  }

  function faulty(fault: Fault | null, endpoint: Endpoint, call: Call): Answer {
    switch (fault?.kind) {
      case 'html':
        return html(200, 'Down for maintenance');
      case 'garbage':
        return { ...json(200, null), body: '{"result": {“status”: “comple' };
      case 'empty':
        return { ...json(200, null), body: '' };
      case 'unauthorized':
      case 'rateLimited':
      case 'status':
      case 'error':
        return protocol.refuse(fault);
      default:
        return serve(endpoint, call);
    }
  }

  async function handle(endpoint: Endpoint, incoming: Incoming, response: ServerResponse): Promise<void> {
    const call = endpoint.read(incoming);
    const request = record(call);
    response.once('close', () => {
      request.endedAt = world.now();
    });
    const fault = faults.take(call.operation, call.externalId);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'drop') {
      response.destroy();
      return;
    }
    if (fault?.kind === 'delay') await wait(fault.ms, undefined, { signal: stopped });
    const plain = faulty(fault, endpoint, call);
    const answer = { ...plain, headers: { ...plain.headers, ...endpoint.limit?.headers?.(call.client) } };
    if (fault?.kind === 'hangAnswer') return;
    if (fault?.kind === 'dropAnswer') {
      response.destroy();
      return;
    }
    if (isBroken(fault)) return sendBroken(response, answer, fault, stopped);
    request.status = answer.status;
    send(response, answer);
  }

  return {
    endpoints: protocol.files ? [protocol, protocol.files] : [protocol],
    handle,
    provider: {
      get baseUrl() {
        return `${origin()}${protocol.basePath}`;
      },
      apiKey: protocol.apiKey,
      restrictedKey: protocol.restrictedKey,
      requests,
      get campaigns() {
        return new Map(world.all().map((state) => [state.externalId, state]));
      },
      add: (campaign = {}) => world.add(campaign),
      set: world.set,
      remove: world.remove,
      fault: faults.add,
      clearFaults: faults.clear,
    },
  };
}
