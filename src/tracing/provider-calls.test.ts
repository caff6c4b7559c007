import { pino } from 'pino';
import { expect, test } from 'vitest';
import { kinds, startCollector } from '../../test/support/collector.ts';
import { collectLines } from '../../test/support/log-lines.ts';
import type { Call, SentRequest } from '../providers/http.ts';
import { createRedactor } from '../providers/redact.ts';
import type { RequestOutcome } from '../providers/trouble.ts';
import { createLogger } from './logger.ts';
import { createProviderCalls } from './provider-calls.ts';
import { noTracing, type Span } from './span.ts';
import { openTelemetry } from './telemetry.ts';
import { during } from './work.ts';

const sent = (priority: Call['priority']): SentRequest => ({
  call: { priority },
  method: 'GET',
  host: 'api.example.com:8443',
});
const workOf = (span: Span | null) => ({ requestId: 'r-1', who: 'ops', operation: null, errors: 0, span });

test('a person’s calls are told at info with the request that waits, polls at debug', () => {
  const log = collectLines();
  const called = createProviderCalls(createLogger('debug', createRedactor([]), log), noTracing);
  during(workOf(null), () => {
    called('shop', 'getCampaign', '200', 0.01234, sent('person'));
    called('shop', 'listCampaigns', 'timeout', 10, sent('poll'));
  });
  called('shop', 'signIn', '200', 0.5, sent('person'));
  expect(log.lines('provider request')).toEqual([
    expect.objectContaining({
      level: 30,
      account: 'shop',
      operation: 'getCampaign',
      outcome: '200',
      ms: 12.3,
      priority: 'person',
      requestId: 'r-1',
    }),
    expect.objectContaining({ level: 20, operation: 'listCampaigns', outcome: 'timeout', priority: 'poll' }),
    expect.objectContaining({ level: 20, operation: 'signIn', ms: 500 }),
  ]);
  expect(log.lines()[1]).not.toHaveProperty('requestId');
});

test('nothing is written below the level', () => {
  const log = collectLines();
  const called = createProviderCalls(pino({ level: 'info' }, log), noTracing);
  called('shop', 'listCampaigns', '200', 1, sent('poll'));
  expect(log.texts).toEqual([]);
});

test('a person’s call is a span of the request, a poll a trace of its own; what failed is told so', async () => {
  await using collector = await startCollector();
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOG_LEVEL: 'silent' };
  const { tracing } = await openTelemetry(environment, collectLines());
  const called = createProviderCalls(pino({ level: 'silent' }), tracing);
  const span = tracing.begin({ name: 'query', kind: 'server', attributes: {} });
  during(workOf(span), () => called('shop', 'getCampaign', '200', 0.01, sent('person')));
  const failures: RequestOutcome[] = ['timeout', '503', 'too large'];
  for (const outcome of failures) called('shop', 'listCampaigns', outcome, 0.01, sent('poll'));
  span?.end();
  await tracing.stop();

  const [call, ...polls] = collector.spans().filter(({ kind }) => kind === kinds.client);
  expect(call).toMatchObject({ name: 'getCampaign', traceId: span?.traceId, status: { code: 0 } });
  expect(call?.parentSpanId).not.toBe('');
  expect(call?.attributes).toEqual({
    'http.request.method': 'GET',
    'server.address': 'api.example.com',
    'server.port': 8443,
    'http.response.status_code': 200,
    'campaign_graph.account': 'shop',
    'campaign_graph.operation': 'getCampaign',
    'campaign_graph.priority': 'person',
  });
  expect(new Set(polls.map(({ traceId }) => traceId)).size).toBe(3);
  expect(
    polls.map(({ parentSpanId, status, attributes }) => [
      parentSpanId,
      status.code,
      attributes['error.type'],
      attributes['http.response.status_code'],
    ]),
  ).toEqual([
    ['', 2, 'timeout', undefined],
    ['', 2, '503', 503],
    ['', 2, 'too large', undefined],
  ]);
});
