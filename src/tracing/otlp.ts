import {
  type Context,
  diag,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Redactor } from '../providers/redact.ts';
import type { Attributes, Span, SpanStart, Tracing } from './span.ts';

export interface OtlpOptions {
  /** Where spans are posted to; it ends in /v1/traces as a rule. */
  readonly url: string;
  readonly redactor: Pick<Redactor, 'text'>;
  /** Told in a sentence, once a minute at most, that spans can't be delivered. */
  readonly onTrouble: (problem: string) => void;
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;
/** What is longer comes from outside, and is cut. */
const longestValue = 200;
const exportMs = 5_000;
/** A collector that does not answer must not keep the service from stopping. */
const stoppingMs = 2_000;
const troubleEveryMs = 60_000;

/**
 * Sends spans to an OpenTelemetry collector, by OTLP over HTTP with JSON, in batches. Headers, time-outs and the
 * service's name come from the environment, as OpenTelemetry has it (OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME …).
 */
export function exportSpans({ url, redactor, onTrouble }: OtlpOptions): Tracing {
  tellTrouble(onTrouble);
  const exporter = new OTLPTraceExporter({ url });
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'campaign-graph' }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: exportMs })],
  });
  const source: Source = {
    tracer: provider.getTracer('campaign-graph'),
    // Before it is cut: half a secret would not be known as one.
    clean: (text) => redactor.text(text).slice(0, longestValue),
  };

  return {
    isOn: true,
    begin: (start, traceparent) => open(source, start, remoteContext(traceparent)),
    async stop() {
      let timer: NodeJS.Timeout | undefined;
      const impatience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, stoppingMs);
      });
      await Promise.race([provider.shutdown().catch(() => {}), impatience]);
      clearTimeout(timer);
      diag.disable();
    },
  };
}

interface Source {
  readonly tracer: Tracer;
  readonly clean: (text: string) => string;
}

function open(source: Source, { name, kind, attributes, startedAt }: SpanStart, parent: Context): Span {
  const span: OtelSpan = source.tracer.startSpan(
    source.clean(name),
    {
      kind: kinds[kind],
      attributes: cleanAttributes(attributes, source),
      ...(startedAt !== undefined && { startTime: startedAt }),
    },
    parent,
  );
  return {
    traceId: span.spanContext().traceId,
    child: (start) => open(source, start, trace.setSpan(parent, span)),
    set: (more) => void span.setAttributes(cleanAttributes(more, source)),
    end(error) {
      if (!span.isRecording()) return;
      if (error !== undefined) {
        span.setAttribute('error.type', source.clean(error));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      // The clock that its start may have been told by.
      span.end(performance.now());
    },
  };
}

function cleanAttributes(attributes: Attributes, { clean }: Source): Attributes {
  const entries = Object.entries(attributes);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? clean(value) : value]),
  );
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; later versions may have more at the end. */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;

/** Ids of zeros alone are taken by OpenTelemetry for none. */
function remoteContext(traceparent = ''): Context {
  const [, traceId, spanId, flags] = traceparentForm.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** The library tells only this way; with its own words come URLs, and all that it holds. */
function tellTrouble(onTrouble: (problem: string) => void): void {
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = () => {
    const now = performance.now();
    if (now - toldAt < troubleEveryMs) return;
    toldAt = now;
    onTrouble('Traces can not be delivered (OTEL_EXPORTER_OTLP_ENDPOINT): those of the meantime are lost.');
  };
  const quiet = () => {};
  diag.setLogger({ error: tell, warn: quiet, info: quiet, debug: quiet, verbose: quiet });
}
