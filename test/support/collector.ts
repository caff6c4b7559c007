import { z } from 'zod';
import { startSampleServer } from './sample-server.ts';

const attribute = z.object({
  key: z.string(),
  value: z.object({ stringValue: z.string().optional(), intValue: z.coerce.number().optional() }),
});
const attributes = z
  .array(attribute)
  .default([])
  .transform(
    (list): Record<string, unknown> =>
      Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue ?? value.intValue])),
  );
const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().default(''),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: z.coerce.bigint(),
  endTimeUnixNano: z.coerce.bigint(),
  attributes,
  status: z.object({ code: z.number().default(0) }).default({ code: 0 }),
});
/** OTLP 1.7, "JSON Protobuf Encoding": only what tests look at. */
const exported = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
});

export type CollectedSpan = z.output<typeof span>;
/** As OTLP numbers them. */
export const kinds = { internal: 1, server: 2, client: 3 } as const;

/** An OpenTelemetry collector that keeps what it is sent. @param status what it answers with */
export async function startCollector(status: () => number | Promise<number> = () => 200) {
  const server = await startSampleServer(async () => ({ status: await status(), body: {} }));
  const bodies = () => server.received.map(({ body }) => exported.parse(JSON.parse(body)));
  return {
    url: server.url,
    received: server.received,
    spans: (): CollectedSpan[] =>
      bodies().flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      ),
    services: (): unknown[] =>
      bodies().flatMap(({ resourceSpans }) =>
        resourceSpans.map(({ resource }) => resource.attributes['service.name']),
      ),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
