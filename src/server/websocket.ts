import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { toClientError, withoutHttp } from '../graphql/errors.ts';
import type { GraphQLServer } from './graphql.ts';
import { type AccessRules, isAllowed } from './origin.ts';
import { pathOf } from './path.ts';

type Enveloped = ReturnType<GraphQLServer['getEnveloped']>;

/** Largest message a client may send. */
const maxPayload = 1024 * 1024;
/** How long clients have for closing their connections. */
const closingMs = 2_000;

/**
 * GraphQL over WebSocket (graphql-transport-ws) at the path of the HTTP endpoint, through the same pipeline.
 * @returns a function that closes all connections
 */
export function serveWebSocket(server: Server, graphql: GraphQLServer, access: AccessRules) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload });
  /** The pipeline that an operation was prepared with is also the one that runs it. */
  const pipelines = new WeakMap<ExecutionArgs, Enveloped>();
  const pipelineOf = (args: ExecutionArgs) => {
    const pipeline = pipelines.get(args);
    if (!pipeline) throw new Error('An operation was not prepared.');
    return pipeline;
  };

  async function prepare(payload: SubscribePayload): Promise<ExecutionArgs | readonly GraphQLError[]> {
    // Not the upgrade's request: it is a GET, and mutations are refused to those.
    const pipeline = graphql.getEnveloped({ params: payload });
    try {
      const document = pipeline.parse(payload.query);
      const errors: readonly GraphQLError[] = pipeline.validate(pipeline.schema, document);
      if (errors.length > 0) return errors.map(withoutHttp);
      const args: ExecutionArgs = {
        schema: pipeline.schema,
        document,
        contextValue: await pipeline.contextFactory(),
        ...(payload.operationName && { operationName: payload.operationName }),
        ...(payload.variables && { variableValues: payload.variables }),
      };
      pipelines.set(args, pipeline);
      return args;
    } catch (error) {
      return [syntaxError(error)];
    }
  }

  const graphqlWs = useServer(
    {
      onSubscribe: (_context, _id, payload) => prepare(payload),
      onNext: (_context, _id, _payload, _args, { data, errors, extensions }) =>
        errors && {
          errors: errors.map(format),
          ...(data !== undefined && { data }),
          ...(extensions && { extensions }),
        },
      onError: (_context, _id, _payload, errors) => errors.map(format),
      execute: (args) => pipelineOf(args).execute(args),
      subscribe: (args) => pipelineOf(args).subscribe(args),
    },
    sockets,
  );

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // A client that is gone before it is refused is no reason to end the process.
    socket.on('error', () => socket.destroy());
    if (pathOf(request) !== '/graphql') return refuse(socket, '404 Not Found');
    if (!isAllowed(request, access)) return refuse(socket, '403 Forbidden');
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      sockets.emit('connection', webSocket, request),
    );
  };
  server.on('upgrade', upgrade);

  return async () => {
    server.off('upgrade', upgrade);
    // Who does not read does not answer to being closed either.
    const impatience = setTimeout(() => {
      for (const client of sockets.clients) client.terminate();
    }, closingMs);
    await graphqlWs.dispose();
    clearTimeout(impatience);
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function syntaxError(error: unknown): GraphQLError {
  if (!(error instanceof GraphQLError)) throw error;
  return withoutHttp(toClientError(error, () => {}));
}

function format(error: GraphQLError) {
  return withoutHttp(error).toJSON();
}
