import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import type { Live } from '../live/live.ts';
import { createCount } from './count.ts';
import type { Door } from './door.ts';
import type { Graphiql } from './graphiql.ts';
import type { GraphQLServer } from './graphql.ts';
import { createGraphqlRoute } from './graphql-route.ts';
import { setSecurityHeaders } from './headers.ts';
import type { Metrics } from './metrics.ts';
import { type AccessRules, isAllowed } from './origin.ts';
import { pathOf } from './path.ts';
import type { PersistedDocuments } from './persisted.ts';
import { notOurs, refusal, refuse } from './refuse.ts';
import type { RequestLog } from './request-log.ts';
import type { Limits } from './settings.ts';
import { createSse } from './sse.ts';
import { createSubscriptionCounts } from './subscription-limits.ts';
import { serveWebSocket } from './websocket.ts';

export interface HttpServerParts extends AccessRules {
  readonly host: string;
  readonly port: number;
  readonly graphql: GraphQLServer;
  /** null: there is no page. */
  readonly graphiql: Graphiql | null;
  readonly door: Door;
  readonly persisted: PersistedDocuments | null;
  readonly live: Live;
  readonly metrics: Metrics;
  /** Resolves if the service can do its work; the message of what it rejects with tells everybody why not. */
  readonly checkReady: () => Promise<void>;
  /** Resolves once no change is under way any more. */
  readonly idle: () => Promise<void>;
  readonly notifications: Notifications;
  readonly limits: Limits;
  readonly requests: RequestLog;
  readonly logger: Logger;
}

/** What becomes of a provider's notification. */
export interface Notifications {
  /** @returns whether somebody waits for it */
  notified(account: string, secret: string): boolean;
  /** Whether somebody did once, or does elsewhere; this costs more. */
  knows(account: string, secret: string): Promise<string | null>;
}

/** How long changes that are under way may take when the service stops. */
const patienceMs = 4_000;

/** /webhooks/<account>/<secret> */
const webhookPath = /^\/webhooks\/([^/]+)\/([\w-]{1,200})$/;

/** The service's one port: GraphQL, health and metrics. */
export function createHttpServer(parts: HttpServerParts) {
  const { door, metrics, limits, logger } = parts;
  const counts = createSubscriptionCounts(limits);
  const addresses = createCount(limits.connectionsPerAddress);
  const serveGraphql = createGraphqlRoute({ ...parts, sse: createSse({ ...parts, counts }) });
  let stopping = false;

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request);
    const [, account, secret] = webhookPath.exec(path) ?? [];
    if (account && secret) return hearWebhook(request, response, account, secret);
    switch (path) {
      case '/graphql':
        return serveGraphql(request, response);
      case '/health/live':
        return sendJson(response, 200, { status: 'live' });
      case '/health/ready':
        return sendReadiness(response);
      case '/metrics':
        return sendMetrics(request, response);
      case '/':
        response.writeHead(302, { location: '/graphql' }).end();
        return;
      default:
        sendJson(response, 404, { message: 'There is nothing here. The API is at /graphql.' });
    }
  }

  /** They name accounts, and how much they do: only who sees all accounts sees them. */
  async function sendMetrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isAllowed(request, parts)) return refuse(response, notOurs());
    const grant = await door.signIn(request.headers.authorization, request);
    if (grant instanceof GraphQLError) return refuse(response, grant);
    if (grant.accounts !== '*') return refuse(response, notForAll());
    response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.text());
  }

  /**
   * Its body is not read: the provider is asked instead. What nobody waits for is as good as a guess: from one address
   * it is looked up only so often.
   */
  async function hearWebhook(
    request: IncomingMessage,
    response: ServerResponse,
    account: string,
    secret: string,
  ): Promise<void> {
    request.resume();
    if (request.method !== 'POST')
      return sendJson(response, 405, { message: 'Notifications are sent by POST.' });
    const { notifications } = parts;
    const known =
      notifications.notified(account, secret) ||
      (await door.lookUp(request, async () => (await notifications.knows(account, secret)) !== null));
    if (known instanceof GraphQLError) return refuse(response, known);
    if (known) return sendJson(response, 200, { message: 'Thank you.' });
    sendJson(response, 404, { message: 'Nobody waits for this.' });
  }

  async function sendReadiness(response: ServerResponse): Promise<void> {
    try {
      if (stopping) throw new Error('The service is stopping.');
      await parts.checkReady();
      sendJson(response, 200, { status: 'ready' });
    } catch (error) {
      logger.warn({ err: error }, 'not ready');
      sendJson(response, 503, {
        status: 'not ready',
        reason: stopping ? 'stopping' : error instanceof Error ? error.message : 'unknown',
      });
    }
  }

  function unforeseen(error: unknown, response: ServerResponse): void {
    logger.error({ err: error }, 'a request failed in a way nobody foresaw');
    if (!response.headersSent)
      sendJson(response, 500, { message: 'Something went wrong here, and has been logged.' });
    else response.destroy();
  }

  const server = createServer((request, response) => {
    setSecurityHeaders(response);
    parts.requests.http(request, response, () =>
      respond(request, response).catch((error: unknown) => unforeseen(error, response)),
    );
  });
  server.on('connection', (socket) => {
    const countOff = addresses.add(socket.remoteAddress ?? '');
    if (countOff) socket.once('close', countOff);
    else socket.destroy();
  });
  const closeWebSockets = serveWebSocket(server, { ...parts, counts });

  return {
    /**
     * @returns the URL that it answers at
     * @throws when the port is taken or the address is not ours
     */
    async start(): Promise<string> {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(parts.port, parts.host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : parts.port;
      return `http://${parts.host.includes(':') ? `[${parts.host}]` : parts.host}:${port}`;
    },

    /** Takes no new connections, tells those that are open to come back later, and closes them. */
    async stop(): Promise<void> {
      stopping = true;
      const closed = new Promise((resolve) => server.close(resolve));
      // Whoever has asked for a change is told what came of it, if that is soon.
      await Promise.race([parts.idle(), delay(patienceMs, undefined, { ref: false })]);
      await door.leave();
      await closeWebSockets();
      server.closeAllConnections();
      await closed;
    },
  };
}

function notForAll(): GraphQLError {
  return refusal('FORBIDDEN', 'The metrics are of all accounts: they need a token that sees all ("*").');
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
