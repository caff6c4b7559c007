import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Door } from './door.ts';
import type { Graphiql } from './graphiql.ts';
import type { GraphQLServer } from './graphql.ts';
import { type AccessRules, isAllowed } from './origin.ts';
import { notOurs, refusal, refuse } from './refuse.ts';
import { type Sse, wantsEvents } from './sse.ts';

export interface GraphqlRouteParts extends AccessRules {
  readonly graphql: GraphQLServer;
  readonly sse: Sse;
  /** null: there is no page. */
  readonly graphiql: Graphiql | null;
  readonly door: Door;
}

/** /graphql over HTTP and SSE: who may come in, and by which way the answer goes out. */
export function createGraphqlRoute({ graphql, sse, graphiql, door, ...rules }: GraphqlRouteParts) {
  /** A page that may read answers may read why there is none, too. */
  function grantOrigin({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
    response.setHeader('vary', 'Origin');
    if (origin !== undefined && rules.allowedOrigins.includes(origin))
      response.setHeader('access-control-allow-origin', origin);
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    grantOrigin(request, response);
    if (!isAllowed(request, rules)) return refuse(response, notOurs());
    // A browser asks first whether it may ask, without a token; and GraphiQL is where people enter theirs.
    if (request.method === 'OPTIONS') return void (await graphql(request, response));
    if (isForPage(request)) {
      if (graphiql) return graphiql(response);
      if (!request.url?.includes('?')) return refuse(response, noPage(), 406);
    }
    if (request.method === 'POST' && !isJson(request))
      return refuse(response, refusal('BAD_INPUT', 'Send JSON, with "content-type: application/json".'), 415);
    const grant = await door.signIn(request.headers.authorization, request);
    if (grant instanceof GraphQLError) return refuse(response, grant);
    const unreadable = request.method === 'GET' ? unreadableParameter(request) : null;
    if (unreadable)
      return refuse(response, refusal('BAD_INPUT', `${unreadable} must be an object, as JSON.`), 400);
    const refused = await door.count(grant);
    if (refused) return refuse(response, refused);
    if (wantsEvents(request)) await sse(request, response, grant);
    else await graphql(request, response, { viewer: () => door.viewerNow(grant) });
  };
}

/** Any page can send the other types, without having to ask first. */
function isJson({ headers }: IncomingMessage): boolean {
  return /^application\/(graphql\+)?json\b/i.test(headers['content-type'] ?? '');
}

/** The first of those that have to be JSON, and is not. */
function unreadableParameter({ url = '' }: IncomingMessage): string | null {
  const { searchParams } = new URL(url, 'http://localhost');
  for (const name of ['variables', 'extensions']) {
    const text = searchParams.get(name);
    if (text !== null && text !== '' && !isObject(text)) return name;
  }
  return null;
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return value === null || (typeof value === 'object' && !Array.isArray(value));
  } catch {
    return false;
  }
}

/** As a browser asks for GraphiQL, also with a query in its address: it can't show a token then. */
function isForPage({ method, headers: { accept, authorization } }: IncomingMessage): boolean {
  return method === 'GET' && authorization === undefined && accept?.includes('text/html') === true;
}

function noPage(): GraphQLError {
  return refusal('BAD_INPUT', 'There is no page here (graphql.graphiql is false): POST a query, as JSON.');
}
