export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** How a span begins; names and attributes follow OpenTelemetry's semantic conventions. */
export interface SpanStart {
  readonly name: string;
  /** `server`: asked of us; `client`: asked by us. */
  readonly kind: 'server' | 'client' | 'internal';
  readonly attributes: Attributes;
  /** As `performance.now()` has it; now unless said. */
  readonly startedAt?: number;
}

/** A piece of work that is traced. */
export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  child(start: SpanStart): Span;
  set(attributes: Attributes): void;
  /**
   * Only the first time counts.
   * @param error why it failed, as `error.type` has it; none: it did not
   */
  end(error?: string): void;
}

export interface Tracing {
  /** Whether anything is traced: what it would take to tell of it can be spared if not. */
  readonly isOn: boolean;
  /**
   * Begins a trace, or goes on with somebody else's.
   * @param traceparent the header of that name (W3C Trace Context), if there is one
   * @returns null: nothing is traced
   */
  begin(start: SpanStart, traceparent?: string): Span | null;
  /** Sends what has not been sent yet, as far as a few seconds allow; it never fails. */
  stop(): Promise<void>;
}

export const noTracing: Tracing = { isOn: false, begin: () => null, stop: async () => {} };
