import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { createHttp } from '../../src/providers/http.ts';
import type { Connection } from '../../src/providers/provider.ts';

const sampleFile = z.object({
  source: z.string(),
  repair: z.string().nullable(),
  status: z.number(),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.unknown(),
});

export type Sample = z.output<typeof sampleFile>;

/** A provider's answer as its document prints it, from the samples beside the adapter. */
export async function readSample(provider: string, name: string): Promise<Sample> {
  const url = new URL(`../../src/providers/${provider}/samples/${name}.json`, import.meta.url);
  return sampleFile.parse(JSON.parse(await readFile(url, 'utf8')));
}

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string goes out as it is; anything else as JSON. */
  readonly body: unknown;
}

/** An HTTP server on loopback that answers with what `answer` gives, and keeps what it was asked. */
export async function startSampleServer(answer: (received: Received) => Answer | Promise<Answer>) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const one: Received = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    received.push(one);
    const { status = 200, headers = {}, body } = await answer(one);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A connection without budget or metrics, for trying an adapter alone. */
export function openConnection(options: { timeoutMs?: number; now?: () => number } = {}): Connection {
  const gate = { admit: async () => {}, finished: () => {} };
  return {
    account: 'test',
    http: (http) => createHttp(http, { gate, timeoutMs: options.timeoutMs ?? 5_000 }),
    now: options.now ?? Date.now,
  };
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}
