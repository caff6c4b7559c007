import { expect, test } from 'vitest';
import { type CollectedSpan, kinds, startCollector } from './support/collector.ts';
import { runScript } from './support/process.ts';
import { until } from './support/wait.ts';

const reporting = { NODE_OPTIONS: '--import ./test/support/report-modules.ts', LOG_LEVEL: 'debug' };

/** Asks the demonstration for a campaign and reads it anew, as a person does, and stops it. */
async function askDemo(environment: Readonly<Record<string, string>>) {
  await using demo = runScript('src/main.ts', ['--port', '0'], { ...reporting, ...environment });
  const url = `${await demo.ready()}/graphql`;
  const ask = async (query: string) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return (await response.json()).data;
  };
  const { id } = await until(
    async () => (await ask('query Some { campaigns(first: 1) { nodes { id } } }')).campaigns.nodes[0],
  );
  await ask(`mutation Anew { refreshCampaign(id: "${id}") { errors { message } } }`);
  await fetch(new URL('/health/ready', url));
  demo.send('SIGTERM');
  expect(await demo.ended).toBe(0);
  return demo.errors;
}

/** Of the packages, in order, without the API, which prom-client always loads. */
function loaded(output: string): string[] {
  const names = [...output.matchAll(/^loaded (@opentelemetry\/\S+) by (?!.*\/prom-client\/)/gm)];
  return [...new Set(names.map(([, name = '']) => name))].toSorted();
}

test('nothing of OpenTelemetry is loaded where no collector is named', async () => {
  expect(loaded(await askDemo({}))).toEqual([]);
});

test('a collector sees requests, their operations and the provider’s requests that these wait for, and polls', async () => {
  await using collector = await startCollector();
  const output = await askDemo({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: 'ours' });
  expect(loaded(output)).toContain('@opentelemetry/sdk-trace');
  const spans = collector.spans();
  const childrenOf = (parent: CollectedSpan | undefined) =>
    spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);
  const named = (name: string) =>
    spans.find(({ attributes }) => attributes['graphql.operation.name'] === name);

  const [query, mutation] = [named('Some'), named('Anew')];
  expect(query).toMatchObject({ name: 'query', kind: kinds.internal });
  expect(mutation).toMatchObject({ name: 'mutation', attributes: { 'graphql.operation.type': 'mutation' } });
  const request = spans.find(({ spanId }) => spanId === mutation?.parentSpanId);
  expect(request).toMatchObject({
    name: 'POST /graphql',
    kind: kinds.server,
    parentSpanId: '',
    attributes: { 'http.request.method': 'POST', 'http.response.status_code': 200 },
  });
  const calls = childrenOf(mutation);
  expect(calls.length).toBeGreaterThan(0);
  for (const call of calls) {
    expect(call).toMatchObject({
      kind: kinds.client,
      traceId: request?.traceId,
      attributes: { 'server.address': '127.0.0.1', 'campaign_graph.priority': 'person' },
    });
  }
  const polls = spans.filter(({ attributes }) => attributes['campaign_graph.priority'] === 'poll');
  expect(polls.length).toBeGreaterThan(0);
  expect(polls.every(({ parentSpanId }) => parentSpanId === '')).toBe(true);
  expect(spans.some(({ name }) => name.includes('health'))).toBe(false);
  expect(new Set(collector.services())).toEqual(new Set(['ours']));

  const line = output.split('\n').find((text) => text.includes('"operation":"Anew"'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({ msg: 'request', traceId: request?.traceId });
  // No document, and nothing that stands in one.
  expect(JSON.stringify(collector.received)).not.toContain('refreshCampaign');
});
