import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span } from './span.ts';

export interface OperationName {
  readonly type: 'query' | 'mutation' | 'subscription';
  /** As the document has it; null: it has none. */
  readonly name: string | null;
}

/** What a person waits for: a request over HTTP, or an operation over WebSocket. */
export interface Work {
  readonly requestId: string;
  /** The name of the grant it was let in by; null: nobody has signed in. */
  who: string | null;
  operation: OperationName | null;
  /** How many errors its answer tells. */
  errors: number;
  /** The innermost span that is open; null: it is not traced. */
  span: Span | null;
}

// One for the process: what is at hand follows from who calls, and an app can't meet another's.
const atHand = new AsyncLocalStorage<Work>();

/** What the caller runs for; null: nobody waits for it, as with a poll. */
export function workAtHand(): Work | null {
  return atHand.getStore() ?? null;
}

/** Runs something for a person's work, with all that it calls and leads to. */
export function during<T>(work: Work, run: () => T): T {
  return atHand.run(work, run);
}

/** Runs what outlives the work that it was begun by, and so must not be told of as a part of it. */
export function apart<T>(run: () => T): T {
  return atHand.exit(run);
}
