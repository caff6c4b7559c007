import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTimeISO, GraphQLJSON, GraphQLURL } from 'graphql-scalars';
import type { Resolvers } from '../../generated/graphql.ts';
import { Account } from './Account.ts';
import { Campaign } from './Campaign.ts';
import { CampaignChange } from './CampaignChange.ts';
import { CampaignConnection } from './CampaignConnection.ts';
import { CampaignSummary } from './CampaignSummary.ts';
import { DeliveryReport } from './DeliveryReport.ts';
import { DeliveryRowConnection } from './DeliveryRowConnection.ts';
import { Mutation } from './Mutation.ts';
import { Node } from './Node.ts';
import { Provider } from './Provider.ts';
import { Query } from './Query.ts';
import { Stats } from './Stats.ts';
import { Subscription } from './Subscription.ts';
import { Task } from './Task.ts';
import { TaskConnection } from './TaskConnection.ts';

/** The library's scalar under the schema's name: its own would take the place of that. */
const DateTime = new GraphQLScalarType({ ...GraphQLDateTimeISO.toConfig(), name: 'DateTime' });

export const resolvers: Resolvers = {
  Account,
  Campaign,
  CampaignChange,
  CampaignConnection,
  CampaignSummary,
  DateTime,
  DeliveryReport,
  DeliveryRowConnection,
  JSON: GraphQLJSON,
  Mutation,
  Node,
  Provider,
  Query,
  Stats,
  Subscription,
  Task,
  TaskConnection,
  URL: GraphQLURL,
};
