import { hash } from 'node:crypto';
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  executeSubscriptionEvent,
  GraphQLError,
  getOperationAST,
  OperationTypeNode,
  type ValidatedSubscriptionArgs,
  validateSubscriptionArgs,
} from 'graphql';
import type { Logger } from 'pino';
import { type GraphQLContext, type Viewer, visibleAccounts } from '../graphql/context.ts';
import { toClientError, withoutHttp } from '../graphql/errors.ts';
import { FeedSource } from '../live/feed.ts';
import type { OpenOperation } from '../live/group.ts';
import type { LiveOperation } from '../live/moves.ts';
import { tooLate, within } from './deadline.ts';
import type { GraphQLServer } from './graphql.ts';
import { refusal } from './refuse.ts';
import type { OperationRequest } from './request.ts';
import type { Limits } from './settings.ts';
import { type SubscriptionCounts, weightOf } from './subscription-limits.ts';

/** An operation that has been parsed and validated. */
export interface Operation {
  readonly request: OperationRequest;
  readonly args: ExecutionArgs;
  readonly context: GraphQLContext;
  /** Runs a query or a mutation through the pipeline that prepared it; null: it is a subscription. */
  readonly execute: (() => ReturnType<Pipeline['execute']>) | null;
}

type Pipeline = ReturnType<GraphQLServer['getEnveloped']>;

/** Parses and validates an operation; gives what is wrong with it, if anything. */
export async function prepareOperation(
  graphql: GraphQLServer,
  request: OperationRequest,
  viewer: Viewer,
): Promise<Operation | readonly GraphQLError[]> {
  const pipeline = graphql.getEnveloped({ params: request, viewer: () => viewer });
  const { query, operationName, variables } = request;
  try {
    const document: DocumentNode = pipeline.parse(query);
    const errors: readonly GraphQLError[] = pipeline.validate(pipeline.schema, document);
    if (errors.length > 0) return errors.map(withoutHttp);
    const context = await pipeline.contextFactory();
    const args: ExecutionArgs = {
      schema: pipeline.schema,
      document,
      contextValue: context,
      ...(operationName && { operationName }),
      ...(variables && { variableValues: variables }),
    };
    const operation = getOperationAST(document, operationName);
    if (!operation) return [noOperation(operationName)];
    const isSubscription = operation.operation === OperationTypeNode.SUBSCRIPTION;
    return {
      request,
      args,
      context,
      execute: isSubscription ? null : executionOf(pipeline, args),
    };
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return [withoutHttp(toClientError(error, () => {}))];
  }
}

function noOperation(name: string | null | undefined): GraphQLError {
  const message = name
    ? `The document has no operation ${name}.`
    : 'Name one of the document’s operations by operationName.';
  return refusal('BAD_INPUT', message);
}

/** Outside of where it is prepared, so that a subscription keeps nothing of its pipeline for as long as it lasts. */
function executionOf(pipeline: Pipeline, args: ExecutionArgs) {
  return () => pipeline.execute(args);
}

export interface SubscriptionRequest {
  readonly operation: Operation;
  /** What it came over. */
  readonly connection: object;
  /** Who asks, as of now; null: nobody who may any more. */
  readonly viewerNow: () => Viewer | null;
  /** Where a client comes back to, told outside of the operation (`Last-Event-ID`). */
  readonly after?: string | null;
}

export interface OpeningParts {
  readonly counts: SubscriptionCounts;
  readonly limits: Pick<Limits, 'operationSeconds'>;
  readonly logger: Logger;
}

/**
 * Opens what a subscription listens to. Whoever gets it must see to it that its `onEnd` is called.
 * @returns what is wrong, if anything
 */
export async function openSubscription(
  asked: SubscriptionRequest,
  { counts, limits: { operationSeconds }, logger }: OpeningParts,
): Promise<LiveOperation | readonly GraphQLError[]> {
  const { request, args, context } = asked.operation;
  const countOff = counts.add(asked.connection, context.viewer.id, weightOf(request, args.document));
  if (countOff instanceof GraphQLError) return [countOff];
  const opening = openCounted(asked, countOff, logger);
  return within(operationSeconds, opening, () => {
    // Until it has ended it counts: it still takes what an opening takes.
    opening.then(end, (error) => logUnforeseen(logger, error));
    return [withoutHttp(tooLate(operationSeconds))];
  });
}

/** Nobody waits for it any more. */
function end(opened: LiveOperation | readonly GraphQLError[]): void {
  if (!('feed' in opened)) return;
  opened.start.end();
  opened.onEnd();
}

async function openCounted(
  asked: SubscriptionRequest,
  countOff: () => void,
  logger: Logger,
): Promise<LiveOperation | readonly GraphQLError[]> {
  try {
    const opened = await open(asked, logger);
    if ('feed' in opened) return { ...opened, onEnd: countOff };
    countOff();
    return opened;
  } catch (error) {
    countOff();
    throw error;
  }
}

async function open(
  { operation: { request, args, context }, after = null, viewerNow }: SubscriptionRequest,
  logger: Logger,
): Promise<Omit<LiveOperation, 'onEnd'> | readonly GraphQLError[]> {
  const clean = (errors: readonly GraphQLError[]) =>
    errors.map((error) => withoutHttp(toClientError(error, (cause) => logUnforeseen(logger, cause))));
  const validated = validateSubscriptionArgs(args);
  if (!('schema' in validated)) return clean(validated);
  const opening = { request: keyOf(request, validated), after, clean };
  const opened = await openFor(context, validated, opening);
  if (!('feed' in opened)) return clean(opened);
  try {
    return {
      ...opened,
      start: await opened.feed.open(),
      sight() {
        const viewer = viewerNow();
        return viewer && sightOf({ ...context, viewer });
      },
      async reopen() {
        const viewer = viewerNow();
        if (!viewer) return null;
        const contextValue = { ...context, viewer };
        const reopened = await openFor(contextValue, { ...validated, contextValue }, opening);
        if (!('feed' in reopened)) throw reopened[0];
        return reopened;
      },
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return clean([new GraphQLError(error.message, { originalError: error })]);
  }
}

/** What of an operation is the same for whoever asks. */
interface Opening {
  readonly request: string;
  readonly after: string | null;
  readonly clean: (errors: readonly GraphQLError[]) => readonly GraphQLError[];
}

/** @param args with that context */
async function openFor(
  context: GraphQLContext,
  args: ValidatedSubscriptionArgs,
  { request, after, clean }: Opening,
): Promise<OpenOperation | readonly GraphQLError[]> {
  // Before anything is waited for: accounts may become others at any moment.
  const seen = sightOf(context);
  const source = await createSourceEventStream(args);
  if (!(source instanceof FeedSource))
    return ('errors' in source && source.errors) || [new GraphQLError('There is nothing to listen to.')];
  return {
    feed: after === null ? source.feed : source.feed.after(after),
    request,
    seen,
    async execute(event) {
      const result = await executeSubscriptionEvent({ ...args, rootValue: event });
      return textOf(result, clean);
    },
  };
}

/** An answer as JSON. */
export function textOf(
  { data, errors }: ExecutionResult,
  clean: (errors: readonly GraphQLError[]) => readonly GraphQLError[],
): string {
  return JSON.stringify({ ...(errors && { errors: clean(errors) }), ...(data !== undefined && { data }) });
}

function logUnforeseen(logger: Logger, error: unknown): void {
  logger.error({ err: error }, 'a subscription failed in a way nobody foresaw');
}

/** What answers depend on besides the event and who asks: all of the request but the place where it begins. */
function keyOf(
  { query, operationName, variables }: OperationRequest,
  validated: ValidatedSubscriptionArgs,
): string {
  const places = placeVariables(validated, query);
  const others = Object.entries(variables ?? {}).filter(([name]) => !places.includes(name));
  others.sort(([one], [other]) => (one < other ? -1 : 1));
  return hash('sha256', JSON.stringify([query, operationName ?? null, others]));
}

/** Who asks, as far as answers depend on it. */
function sightOf(context: GraphQLContext): string {
  const accounts = visibleAccounts(context).map(({ name, provider }) => [name, provider.name]);
  accounts.sort(([one = ''], [other = '']) => (one < other ? -1 : 1));
  return hash('sha256', JSON.stringify([context.viewer.role, accounts]));
}

/** The variables that stand for `after` and for nothing else. */
function placeVariables({ operation }: ValidatedSubscriptionArgs, query: string): string[] {
  return operation.selectionSet.selections.flatMap((selection) => {
    if (selection.kind !== 'Field') return [];
    const after = selection.arguments?.find(({ name }) => name.value === 'after')?.value;
    if (after?.kind !== 'Variable') return [];
    const name = after.name.value;
    // Once where it is declared, once where it is used.
    return query.split(new RegExp(`\\$${name}\\b`)).length === 3 ? [name] : [];
  });
}
