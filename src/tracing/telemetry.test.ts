import { describe, expect, test } from 'vitest';
import { kinds, startCollector } from '../../test/support/collector.ts';
import { collectLines } from '../../test/support/log-lines.ts';
import { until } from '../../test/support/wait.ts';
import { noTracing, type SpanStart } from './span.ts';
import { type Environment, openTelemetry } from './telemetry.ts';

const start: SpanStart = { name: 'GET /graphql', kind: 'server', attributes: { 'url.path': '/graphql' } };

async function open(environment: Environment) {
  const log = collectLines();
  return { log, ...(await openTelemetry(environment, log)) };
}

describe('without a collector', () => {
  test.each<Environment>([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' },
  ])('nothing is traced: %j', async (environment) => {
    const { tracing } = await open(environment);
    expect(tracing).toBe(noTracing);
    expect(tracing.begin(start)).toBeNull();
    await tracing.stop();
  });

  test.each([
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' },
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'not a URL' },
  ])('an address that makes no sense is told by its name: %j', async (environment) => {
    const [name = ''] = Object.keys(environment);
    await expect(open(environment)).rejects.toThrow(
      `${name}: must be a URL that begins with http:// or https://`,
    );
  });
});

test.each(['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])(
  'a collector whose address in %s holds a password is refused, without repeating it',
  async (name) => {
    const opening = open({ [name]: 'https://us3r:5ecr3t@collector.example.com' });
    await expect(opening).rejects.toThrow(
      new Error(`${name}: must hold no user and no password (OTEL_EXPORTER_OTLP_HEADERS may)`),
    );
  },
);

describe('a collector', () => {
  test('is told of spans, with their places in the trace, times, attributes and errors', async () => {
    await using collector = await startCollector();
    const { tracing } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` });
    const request = tracing.begin(start);
    const operation = request?.child({ name: 'query', kind: 'internal', attributes: {} });
    const startedAt = performance.now() - 250;
    operation?.child({ name: 'read', kind: 'client', attributes: { status: 503 }, startedAt }).end('503');
    operation?.end();
    request?.set({ 'http.response.status_code': 200 });
    request?.end();
    request?.end('a second time');
    await tracing.stop();

    expect(collector.received.map(({ url }) => url)).toEqual(['/v1/traces']);
    const spans = collector.spans();
    const [call, query, root] = spans;
    expect(spans).toEqual([
      expect.objectContaining({ name: 'read', kind: kinds.client, parentSpanId: query?.spanId }),
      expect.objectContaining({ name: 'query', kind: kinds.internal, parentSpanId: root?.spanId }),
      expect.objectContaining({ name: 'GET /graphql', kind: kinds.server, parentSpanId: '' }),
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([request?.traceId]));
    expect(root?.attributes).toEqual({ 'url.path': '/graphql', 'http.response.status_code': 200 });
    expect(call?.attributes).toEqual({ status: 503, 'error.type': '503' });
    expect([call?.status.code, query?.status.code, root?.status.code]).toEqual([2, 0, 0]);
    const callMs = Number((call?.endTimeUnixNano ?? 0n) - (call?.startTimeUnixNano ?? 0n)) / 1e6;
    expect(callMs).toBeGreaterThanOrEqual(249);
    expect(Math.abs(Number((call?.endTimeUnixNano ?? 0n) / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    expect(collector.services()).toEqual(['campaign-graph']);
  });

  test.each([
    [
      'goes on',
      '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      '0af7651916cd43dd8448eb211c80319c',
    ],
    ['is begun where that makes no sense', '00-0af7-b7ad-01', null],
    ['is begun where its ids are none', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, null],
  ])('sees that a trace of somebody else %s', async (_name, traceparent, traceId) => {
    await using collector = await startCollector();
    const { tracing } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const span = tracing.begin(start, traceparent);
    span?.end();
    await tracing.stop();
    expect(collector.spans()).toEqual([
      expect.objectContaining({
        traceId: traceId ?? expect.stringMatching(/^(?!0+$)[0-9a-f]{32}$/),
        parentSpanId: traceId ? 'b7ad6b7169203331' : '',
      }),
    ]);
  });

  test('is sent nothing of what the caller does not want traced', async () => {
    await using collector = await startCollector();
    const { tracing } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    tracing.begin(start, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00')?.end();
    await tracing.stop();
    expect(collector.received).toEqual([]);
  });

  test('sees no secret, though it is long and stands at the end of what is cut', async () => {
    await using collector = await startCollector();
    const { tracing, redactor } = await open({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=blue,authorization=Bearer%20collectors-own-key',
    });
    redactor.addSecret('k3y-0123456789');
    const path = `/${'x'.repeat(190)}/k3y-0123456789/${'y'.repeat(300)}`;
    const span = tracing.begin({ name: 'GET k3y-0123456789', kind: 'server', attributes: { path } });
    span?.set({ told: 'with collectors-own-key' });
    span?.end('refused: k3y-0123456789');
    await tracing.stop();
    const [sent] = collector.spans();
    expect(JSON.stringify(sent?.attributes)).not.toMatch(/k3y|own-key/);
    expect(sent?.name).toBe('GET [redacted]');
    expect(sent?.attributes.told).toBe('with [redacted]');
    expect(String(sent?.attributes.path)).toHaveLength(200);
  });

  test('that is not there is told of once, and keeps nobody from stopping', async () => {
    await using collector = await startCollector(() => 400);
    const { tracing, log } = await open({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/traces` });
    for (let batch = 0; batch < 3 * 512; batch += 1) tracing.begin(start)?.end();
    await tracing.stop();
    expect(collector.received.length).toBeGreaterThan(1);
    expect(log.lines().map(({ level, msg }) => [level, msg])).toEqual([
      [40, expect.stringMatching(/^Traces can not be delivered/)],
    ]);
  });

  test('that never answers keeps nobody from stopping for long', async () => {
    await using collector = await startCollector(() => new Promise(() => {}));
    const { tracing } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    tracing.begin(start)?.end();
    const stopping = tracing.stop();
    await until(() => collector.received.length > 0);
    await stopping;
  }, 4_000);
});
