import { once } from 'node:events';
import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga, type YogaInitialContext } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { changeOf, turns, typeDefs } from '../support/fanout-message.ts';
import { serveFanout } from '../support/fanout-server.ts';

/** graphql-yoga and graphql-ws with Yoga's own PubSub, as their documentation shows it. */

type Change = ReturnType<typeof changeOf>;

const pubSub = createPubSub<{ campaignUpdated: [id: string, change: Change] }>();

const yoga = createYoga({
  schema: createSchema<YogaInitialContext>({
    typeDefs,
    resolvers: {
      Subscription: {
        campaignUpdated: {
          subscribe: (_root: unknown, { ids: [id] }: { ids: [string] }) =>
            pubSub.subscribe('campaignUpdated', id),
          resolve: (change: Change) => change,
        },
      },
    },
  }),
  logging: false,
});
const server = createServer(yoga);
const sockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint });

interface Pipeline {
  readonly execute: ReturnType<typeof yoga.getEnveloped>['execute'];
  readonly subscribe: ReturnType<typeof yoga.getEnveloped>['subscribe'];
}

const pipelines = new WeakMap<object, Pipeline>();

useServer(
  {
    execute: (args) => pipelines.get(args)?.execute(args),
    subscribe: (args) => pipelines.get(args)?.subscribe(args),
    async onSubscribe({ extra, ...context }, _id, params) {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: extra.request,
        socket: extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
      };
      const errors = validate(args.schema, args.document);
      if (errors.length) return errors;
      pipelines.set(args, { execute, subscribe });
      return args;
    },
  },
  sockets,
);

let next = turns(1);

serveFanout({
  async start(campaigns) {
    next = turns(campaigns);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = z.object({ port: z.number() }).parse(server.address());
    return `ws://127.0.0.1:${port}${yoga.graphqlEndpoint}`;
  },
  publish(changes) {
    for (let left = changes; left > 0; left -= 1) {
      const { place, revision } = next();
      const change = changeOf(place, revision);
      pubSub.publish('campaignUpdated', change.campaign.id, change);
    }
  },
  async stop() {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  },
});
