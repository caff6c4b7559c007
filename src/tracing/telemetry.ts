import type { DestinationStream, Logger } from 'pino';
import { holdsCredentials, noCredentials } from '../model/credentials.ts';
import { createRedactor, type Redactor } from '../providers/redact.ts';
import { createLogger } from './logger.ts';
import { noTracing, type Tracing } from './span.ts';

/** What is told of the service while it runs, to those who run it. */
export interface Telemetry {
  readonly logger: Logger;
  readonly tracing: Tracing;
  /** Keeps the secrets out of both; whoever gets to know one adds it. */
  readonly redactor: Redactor;
}

/** What is shorter stands in many a word. */
const shortestKey = 8;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Logs by LOG_LEVEL (`info` unless said), and traces by OTEL_EXPORTER_OTLP_ENDPOINT; see docs/operations.md.
 * @throws when one of the variables makes no sense; the message names it
 */
export async function openTelemetry(environment: Environment, logs: DestinationStream): Promise<Telemetry> {
  const redactor = createRedactor(headerSecrets(environment));
  const logger = createLogger(environment.LOG_LEVEL || 'info', redactor, logs);
  const url = tracesUrl(environment);
  if (url === null) return { logger, redactor, tracing: noTracing };
  // Loaded only where it is wanted: it takes time and memory.
  const { exportSpans } = await import('./otlp.ts');
  const onTrouble = (problem: string) => logger.warn(problem);
  return { logger, redactor, tracing: exportSpans({ url, redactor, onTrouble }) };
}

/** As OpenTelemetry has it ("OpenTelemetry Protocol Exporter", Endpoint URLs for OTLP/HTTP); null: no traces. */
function tracesUrl(environment: Environment): string | null {
  if (environment.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return null;
  const ofTraces = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  const endpoint = environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  const name = ofTraces ? 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT' : 'OTEL_EXPORTER_OTLP_ENDPOINT';
  const text = ofTraces || (endpoint ? `${endpoint.replace(/\/$/, '')}/v1/traces` : '');
  if (text === '') return null;
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    throw new Error(`${name}: must be a URL that begins with http:// or https://`);
  if (holdsCredentials(text)) throw new Error(`${name}: ${noCredentials} (OTEL_EXPORTER_OTLP_HEADERS may)`);
  return text;
}

/** The collector's own keys: `name=value,name=value`, percent-encoded; in a value, what follows its scheme. */
function headerSecrets(environment: Environment): string[] {
  const lists = [environment.OTEL_EXPORTER_OTLP_HEADERS, environment.OTEL_EXPORTER_OTLP_TRACES_HEADERS];
  const values = lists.flatMap((list = '') => list.split(',').map((one) => one.slice(one.indexOf('=') + 1)));
  return values.map((value) => value.split(/%20|\s/).at(-1) ?? '').filter((key) => key.length >= shortestKey);
}
