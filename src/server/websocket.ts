import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { GraphQLServer } from './graphql.ts';
import { isAllowedOrigin } from './origin.ts';

type Enveloped = ReturnType<GraphQLServer['getEnveloped']>;

/** Largest message a client may send. */
const maxPayload = 1024 * 1024;

/**
 * GraphQL over WebSocket (graphql-transport-ws) at the path of the HTTP endpoint, through the same pipeline.
 * @returns a function that closes all connections
 */
export function serveWebSocket(server: Server, graphql: GraphQLServer, allowedOrigins: readonly string[]) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload });
  /** The pipeline that an operation was prepared with is also the one that runs it. */
  const pipelines = new WeakMap<ExecutionArgs, Enveloped>();
  const pipelineOf = (args: ExecutionArgs) => {
    const pipeline = pipelines.get(args);
    if (!pipeline) throw new Error('An operation was not prepared.');
    return pipeline;
  };

  async function prepare(
    extra: object,
    payload: SubscribePayload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const pipeline = graphql.getEnveloped({ ...extra, params: payload });
    try {
      const document = pipeline.parse(payload.query);
      const errors: readonly GraphQLError[] = pipeline.validate(pipeline.schema, document);
      if (errors.length > 0) return errors.map(withoutTransport);
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
      onSubscribe: ({ extra }, _id, payload) => prepare(extra, payload),
      execute: (args) => pipelineOf(args).execute(args),
      subscribe: (args) => pipelineOf(args).subscribe(args),
    },
    sockets,
  );

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname !== '/graphql') return refuse(socket, '404 Not Found');
    if (!isAllowedOrigin(request, allowedOrigins)) return refuse(socket, '403 Forbidden');
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      sockets.emit('connection', webSocket, request),
    );
  };
  server.on('upgrade', upgrade);

  return async () => {
    server.off('upgrade', upgrade);
    await graphqlWs.dispose();
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Validation marks its errors for HTTP; over WebSocket that says nothing. */
function withoutTransport(error: GraphQLError): GraphQLError {
  const { http: _http, ...extensions } = error.extensions;
  const { nodes, source, positions, path } = error;
  return new GraphQLError(error.message, { nodes, source, positions, path, extensions });
}

function syntaxError(error: unknown): GraphQLError {
  if (!(error instanceof GraphQLError)) throw error;
  return withoutTransport(error);
}
