import { z } from 'zod';
import { documentsFile } from './documents-file.ts';

const count = z.int().positive();

/** What is refused beyond, each with its error code (SECURITY.md). */
export const limitsSettings = z
  .strictObject({
    /** Bytes of a request over HTTP, and of a message over WebSocket. */
    bodyBytes: count.default(1024 * 1024),
    messageBytes: count.default(1024 * 1024),
    /** Of a document; see `DocumentLimits`. */
    documentTokens: count.default(2_000),
    documentDepth: count.default(12),
    documentAliases: count.default(50),
    documentCost: count.default(100_000),
    /** How many may be open at a time. */
    subscriptionsPerConnection: count.default(1_000),
    subscriptionsPerToken: count.default(50_000),
    connectionsPerToken: count.default(20_000),
    connectionsPerAddress: count.default(20_000),
    /** Operations, by whichever way they come. */
    requestsPerMinute: count.default(60_000),
    /** Tokens that are not valid, from one address. */
    failedSignInsPerMinute: count.default(60),
    /** How long a query or a mutation may take, and how long a subscription until it is open. */
    operationSeconds: z.number().positive().max(600).default(30),
  })
  .prefault({});

export type Limits = z.output<typeof limitsSettings>;

export const graphqlSettings = z
  .strictObject({
    /** Whether the schema can be asked for. */
    introspection: z.boolean().default(true),
    graphiql: z.boolean().default(true),
    /** A JSON file of the only documents that are run, by the SHA-256 of each; all are, where none is named. */
    persistedDocuments: documentsFile.optional(),
  })
  .prefault({});

export type GraphQLSettings = z.output<typeof graphqlSettings>;
