import type { Refusal } from './protocol.ts';

/**
 * What can go wrong. `delay`, `dropMidBody`, `dropAnswer` and `hangAnswer` still do what the request asked for, and
 * the last three then lose half or all of the answer; the others don't get that far. `error` is the provider's own
 * error envelope with any of its documented codes.
 */
export type Fault =
  | { kind: 'delay'; ms: number }
  | Refusal
  | { kind: 'hang' }
  | { kind: 'drop' }
  | { kind: 'dropMidBody' }
  | { kind: 'dropAnswer' }
  | { kind: 'hangAnswer' }
  | { kind: 'html' }
  | { kind: 'garbage' }
  | { kind: 'empty' };

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
