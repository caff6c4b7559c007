import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLDateTimeISO, GraphQLJSON, GraphQLURL } from 'graphql-scalars';
import { createYoga } from 'graphql-yoga';
import { z } from 'zod';
import { answerParent, cpuMs } from './child.ts';

/** What is compared with: the same schema over objects in memory, with Yoga as it comes and plain resolvers. */

const counter = z.number().nullable();
const stats = z.object({
  ...{ recipients: counter, messages: counter, queued: counter, sent: counter, delivered: counter },
  ...{ undelivered: counter, failed: counter, unreported: counter, opened: counter, openedTotal: counter },
  ...{ clicked: counter, clickedTotal: counter, hardBounced: counter, softBounced: counter },
  ...{ unsubscribed: counter, complained: counter },
  final: z.boolean(),
  asOf: z.number(),
  source: z.string(),
});
const campaign = z.object({
  id: z.string(),
  externalId: z.string(),
  name: z.string().nullable(),
  sender: z.string().nullable(),
  channel: z.string(),
  status: z.string(),
  providerStatus: z.string(),
  progress: z.number().nullable(),
  createdAt: z.number().nullable(),
  scheduledAt: z.number().nullable(),
  startedAt: z.number().nullable(),
  changedAt: z.number(),
  tags: z.array(z.string()),
  cost: z.object({ amount: z.string(), currency: z.string().nullable() }).nullable(),
  stats: stats.nullable(),
});

type Campaign = z.output<typeof campaign>;
type Stats = z.output<typeof stats>;

interface Arguments {
  readonly first?: number;
  readonly after?: string;
  readonly filter?: { readonly statuses?: readonly string[]; readonly search?: string };
}

let campaigns: readonly Campaign[] = [];

function fits({ status, name }: Campaign, filter: Arguments['filter']): boolean {
  if (filter?.statuses && !filter.statuses.includes(status)) return false;
  return !filter?.search || (name ?? '').toLowerCase().includes(filter.search.toLowerCase());
}

function ratio(part: number | null, whole: number | null): number | null {
  return part === null || !whole ? null : part / whole;
}

const resolvers = {
  DateTime: GraphQLDateTimeISO,
  JSON: GraphQLJSON,
  URL: GraphQLURL,
  Query: {
    campaigns(_root: unknown, { first = 50, after, filter }: Arguments) {
      const found = campaigns
        .filter((one) => fits(one, filter))
        .sort((one, other) => other.changedAt - one.changedAt);
      const start = after ? found.findIndex(({ id }) => id === after) + 1 : 0;
      const nodes = found.slice(start, start + first);
      return {
        nodes,
        totalCount: found.length,
        pageInfo: { hasNextPage: start + first < found.length, endCursor: nodes.at(-1)?.id },
      };
    },
  },
  Stats: {
    rates({ sent, delivered, recipients, hardBounced, softBounced, opened, clicked, ...rest }: Stats) {
      const bounced =
        hardBounced === null && softBounced === null ? null : (hardBounced ?? 0) + (softBounced ?? 0);
      return {
        delivery: ratio(delivered, sent),
        open: ratio(opened, delivered),
        click: ratio(clicked, delivered),
        bounce: ratio(bounced, sent),
        failure: ratio(rest.failed, recipients),
        unsubscribe: ratio(rest.unsubscribed, delivered),
      };
    },
  },
};

const folder = new URL('../../schema/', import.meta.url);
const typeDefs = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
const server = createServer(createYoga({ schema: makeExecutableSchema({ typeDefs, resolvers }) }));

answerParent(
  {
    cpuMs,
    async start(objects) {
      campaigns = z.array(campaign).parse(objects);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
      return `http://127.0.0.1:${address.port}`;
    },
  },
  async () => {
    server.closeAllConnections();
    server.close();
  },
);
