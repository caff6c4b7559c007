import type { Answer, Incoming } from './http.ts';

/** Reasons not to serve a request, which every provider words in its own way. */
export type Refusal =
  | { kind: 'unauthorized' }
  | { kind: 'rateLimited'; retryAfterSeconds?: number }
  | { kind: 'status'; status: number; retryAfterSeconds?: number }
  | { kind: 'error'; code: string | number; message?: string };

/** A request as its provider understands it. */
export interface Call {
  /** The provider's own word for it: a method, a command, an operationId. */
  operation: string;
  externalId: string | null;
  /** Every parameter, wherever it stood, under the name that was sent. */
  parameters: Record<string, string>;
  authorized: boolean;
  /** Whose budget it counts against. */
  client: string;
  incoming: Incoming;
}

/** What answers the requests below one path. */
export interface Endpoint {
  mount: string;
  read(incoming: Incoming): Call;
  answer(call: Call): Answer;
  limit?: {
    /** Counts the request; false when there have been too many. */
    take(client: string): boolean;
    retryAfterSeconds(client: string): number;
    /** Headers that go on every answer. */
    headers?(client: string): Record<string, string>;
  };
}

/** How one provider talks: its API, and what it may serve beside that. */
export interface Protocol extends Endpoint {
  /** What clients take as their base URL, from the server's root. */
  basePath: string;
  apiKey: string;
  /** A key that is known and may do nothing. */
  restrictedKey: string;
  refuse(refusal: Refusal): Answer;
  /** Where the API's answers link to; no key is needed there. */
  files?: Endpoint;
}

export function retryAfter(seconds: number | undefined): Record<string, string> {
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}
