import type { Refusal } from './protocol.ts';

/**
 * What can go wrong. With `delay`, with what is named for the answer and with what breaks an answer, what the request
 * asked for is still done; with the others it does not get that far.
 */
export type Fault =
  | { kind: 'delay'; ms: number }
  /** The provider's own words for no; `error` has any of its documented codes. */
  | Refusal
  /** No answer; no answer and a closed connection. */
  | { kind: 'hang' | 'drop' }
  /** Neither, though it is done. */
  | { kind: 'hangAnswer' | 'dropAnswer' }
  /** Something else than an answer: a page, a text that looks like JSON, nothing. */
  | { kind: 'html' | 'garbage' | 'empty' }
  | BrokenAnswer;

/** What becomes of the true answer on its way. */
export interface BrokenAnswer {
  kind: BrokenKind;
}

/**
 * Half of it, and then the connection is closed (`dropMidBody`) or reset (`reset`); a byte every 100 ms (`drip`); half
 * of its JSON as if that were all (`halfJson`); 50 MB of blanks before it (`huge`); members of other types: an object or
 * a list is a text, a text an object, a number a list (`wrongTypes`); or objects and lists as they should be, and only
 * the texts and numbers in them are others (`wrongValues`).
 */
export type BrokenKind = (typeof brokenKinds)[number];

export const brokenKinds = [
  'dropMidBody',
  'reset',
  'drip',
  'halfJson',
  'huge',
  'wrongTypes',
  'wrongValues',
] as const;

export function isBroken(fault: Fault | null): fault is BrokenAnswer {
  return brokenKinds.some((kind) => kind === fault?.kind);
}

/** Which requests a fault applies to: the next `times` (all, until cleared, when absent) that fit. */
export interface FaultScope {
  times?: number;
  operation?: string;
  externalId?: string;
}

export interface Faults {
  add(fault: Fault, scope?: FaultScope): void;
  clear(): void;
  /** The fault for this request, counted as used; the one added last goes first. */
  take(operation: string, externalId: string | null): Fault | null;
}

interface Planned {
  fault: Fault;
  scope: FaultScope;
  left: number;
}

export function createFaults(): Faults {
  let planned: Planned[] = [];
  return {
    add(fault, scope = {}) {
      planned.unshift({ fault, scope, left: scope.times ?? Number.POSITIVE_INFINITY });
    },
    clear() {
      planned = [];
    },
    take(operation, externalId) {
      const next = planned.find(
        ({ scope }) =>
          (scope.operation === undefined || scope.operation === operation) &&
          (scope.externalId === undefined || scope.externalId === externalId),
      );
      if (!next) return null;
      next.left -= 1;
      if (next.left <= 0) planned = planned.filter((other) => other !== next);
      return next.fault;
    },
  };
}
