import { type ExecutionArgs, type GraphQLError, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Span } from './span.ts';
import { during, type OperationName, type Work, workAtHand } from './work.ts';

/** An operation over WebSocket, or a subscription over either way, from its beginning to its end. */
export interface OperationLog {
  /** Runs what belongs to it. */
  during<T>(run: () => T): T;
  /** It is a subscription, and is listened to from now on. */
  opened(): void;
  /** @param deliveries how many events a subscription was told */
  ended(deliveries?: number): void;
  refused(errors: readonly GraphQLError[]): void;
}

export type OperationArgs = Pick<ExecutionArgs, 'document' | 'operationName'>;

/** It is chosen by the client, who may send a million letters. */
const longestName = 100;

/** @param span the operation's own, or that of the request which it came by */
export function createOperationLog(
  logger: Logger,
  work: Work,
  span: Span | null,
  transport: 'websocket' | 'sse',
): OperationLog {
  const elapsed = stopwatch();
  let isOpen = false;
  const tell = (message: string, more: object = {}) => {
    if (!logger.isLevelEnabled('info')) return;
    logger.info({ transport, ...fieldsOf(work, span), ms: elapsed(), ...more }, message);
  };
  return {
    during: (run) => during(work, run),
    opened() {
      isOpen = true;
      // It may last for days: what is traced is how it was opened.
      span?.end();
      tell('subscription begun');
    },
    ended(deliveries) {
      span?.end(work.errors > 0 ? 'graphql' : undefined);
      tell(isOpen ? 'subscription ended' : 'operation', { ...(deliveries !== undefined && { deliveries }) });
    },
    refused(errors) {
      work.errors = errors.length;
      const codes = [...new Set(errors.map(({ extensions }) => extensions.code))];
      span?.end(String(codes[0] ?? 'graphql'));
      tell('operation refused', { codes });
    },
  };
}

/** Notes what is executed for the work at hand, by whichever way it came. */
export const noteOperation: Plugin = {
  onExecute({ args }) {
    const work = workAtHand();
    if (!work) return undefined;
    const outer = work.span;
    const operation = operationOf(args);
    const attributes = attributesOf(operation);
    const span = outer?.child({ name: operation?.type ?? 'operation', kind: 'internal', attributes }) ?? null;
    Object.assign(work, { operation, span });
    return {
      onExecuteDone({ result }) {
        work.errors = 'errors' in result ? (result.errors?.length ?? 0) : 0;
        span?.end(work.errors > 0 ? 'graphql' : undefined);
        work.span = outer;
      },
    };
  },
};

/** Which of its operations a document is to run; null: none can be told. */
export function operationOf({ document, operationName }: OperationArgs): OperationName | null {
  const operation = getOperationAST(document, operationName);
  if (!operation) return null;
  return { type: operation.operation, name: operation.name?.value.slice(0, longestName) ?? null };
}

/** What logs tell of all work alike; what is not known of it is left out. */
export function fieldsOf({ requestId, who, operation, errors }: Work, span: Span | null) {
  return {
    requestId,
    ...(who !== null && { who }),
    ...(operation && { type: operation.type }),
    ...(operation?.name != null && { operation: operation.name }),
    ...(errors > 0 && { errors }),
    ...(span && { traceId: span.traceId }),
  };
}

/** What spans tell of an operation. */
export function attributesOf(operation: OperationName | null) {
  return {
    ...(operation && { 'graphql.operation.type': operation.type }),
    ...(operation?.name != null && { 'graphql.operation.name': operation.name }),
  };
}

/** @returns gives the ms since now, to a tenth */
export function stopwatch(): () => number {
  const started = performance.now();
  return () => Math.round((performance.now() - started) * 10) / 10;
}
