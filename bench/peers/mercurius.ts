import fastify from 'fastify';
import mercurius from 'mercurius';
import { changeOf, turns, typeDefs } from '../support/fanout-message.ts';
import { serveFanout } from '../support/fanout-server.ts';

/** Mercurius with JIT and its own PubSub, as its documentation shows it. */

const app = fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers: {
    Subscription: {
      campaignUpdated: {
        subscribe: (_root, { ids: [id] }, { pubsub }) => pubsub.subscribe(id),
      },
    },
  },
  jit: 1,
  subscription: true,
});

let next = turns(1);

serveFanout({
  async start(campaigns) {
    next = turns(campaigns);
    const address = await app.listen({ port: 0, host: '127.0.0.1' });
    return `${address.replace('http', 'ws')}/graphql`;
  },
  publish(changes) {
    for (let left = changes; left > 0; left -= 1) {
      const { place, revision } = next();
      const change = changeOf(place, revision);
      app.graphql.pubsub.publish({ topic: change.campaign.id, payload: { campaignUpdated: change } });
    }
  },
  stop: () => app.close(),
});
